/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the service manager is told: ready, stopping, and that the node is still alive.
 *
 * Without a service manager (NOTIFY_SOCKET is not set) nothing happens.
 */
#include "node.h"

/** How long the start waits for links and gateways before it says that it is ready anyway. */
#define NOTIFY_READY_US (3 * QN_US_PER_S)

struct notify {
	const char *missing;  /* What node_waits_for() said last. */
	uint64_t watchdog_us; /* How often a sign of life is wanted; 0: never. */
	struct qn_mono signed_at;
	uint64_t turns[QN_SHARD_WORKER_MAX]; /* Of each worker at the last sign. */
	uint64_t stream_turns;               /* Of the streams' thread. */
};

void notify_init(struct notify *notify);

/**
 * Says READY when the node has become that, or has had its time to, and what it lacks whenever
 * that changes; gives the signs of life as long as every worker turns, and the streams' thread. For
 * the control thread's loop.
 */
void notify_tick(struct notify *notify, struct node *node, struct qn_now now);

/** How long that loop may sleep, in milliseconds. */
int notify_rest_ms(const struct notify *notify, const struct node *node);

/** Says that the node stops, which may take so many seconds of waiting for traffic to go elsewhere. */
void notify_stopping(uint64_t drain_s);
