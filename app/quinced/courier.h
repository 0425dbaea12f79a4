/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A worker's side of the streams: clients' messages and servers' replies come out of a pipe,
 * answers and queries go into another.
 *
 * Owner:  the worker; the node sets it up while the loop does not run.
 * Bounds: a message is taken only while there is room for the longest reply to it. What waits
 *         for an answer and finds no room later is told that there is none, and counted.
 */
#include "shard/shard.h"
#include "stream/link.h"
#include "worker_counters.h"

struct courier {
	struct qn_stream_link *link; /* NULL: there are no streams. */
	struct worker_counters *counters;
	bool wrote; /* Something that the thread of the streams has not been told of. */
	uint8_t spare[sizeof(struct qn_stream_note) + QN_SHARD_STREAM_REPLY_LEN];
};

/** Handles what has come, up to a bound; returns how much it was. */
uint32_t courier_receive(struct courier *courier, struct qn_shard *shard, struct qn_now now);

/** Passes one answer on that a client has waited for; false when there is none now. */
bool courier_answer(struct courier *courier, struct qn_shard *shard, struct qn_now now);

/** Passes the queries for TCP on and wakes the reader, if there is anything. Once a turn. */
void courier_send(struct courier *courier, struct qn_shard *shard);
