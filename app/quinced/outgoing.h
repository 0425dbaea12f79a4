/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Frames that one worker is about to send on one port, gathered into bursts.
 *
 * Owner:  one worker. A frame that is added is the port's afterwards, sent or not.
 */
#include "port/port.h"
#include "worker_counters.h"

struct outgoing {
	struct qn_port *port;
	struct worker_counters *counters;
	uint16_t queue;
	uint32_t count;
	struct qn_packet packets[QN_PORT_BURST_MAX];
};

/** Adds a frame; sends those waiting when there is no more room. */
void outgoing_add(struct outgoing *outgoing, const struct qn_packet *packet);

/** Sends all that wait; what the device will not take is dropped and counted. */
void outgoing_flush(struct outgoing *outgoing);
