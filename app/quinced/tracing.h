/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The trace of one question: sent to the workers, waited for, reported as JSON.
 *
 * A node traces one question at a time for people, and one for its health.
 * Owner:  the control thread, but for what the question's worker writes until it is over.
 * Memory: one for each of the two, from its first trace to the node's end: a worker may still be
 *         writing when the client that asked has gone, or has been told that it takes too long.
 * Bounds: who asked is told that it takes too long a second after a worker has to be done with it.
 */
#include "command.h"
#include "resolve/trace.h"

#include <jansson.h>

#define TRACING_GRACE_US (1 * QN_US_PER_S)
#define TRACING_TIME_US  (QN_RESOLVE_TASK_US + TRACING_GRACE_US) /* A trace for people. */

struct node;

struct tracing {
	struct command command;
	_Atomic bool refused;       /* By the question's worker. */
	bool wanted;                /* Somebody waits for the report. */
	char view[QN_SHARD_ID_MAX]; /* That of the client; empty: none. */
	struct qn_mono deadline;
	struct qn_trace trace;
};

enum tracing_state {
	TRACING_RUNS,
	TRACING_DONE,    /* There is something to report. */
	TRACING_REFUSED, /* The worker had no place for the question, or none took it. */
	TRACING_LATE,    /* It is not over yet, and should be. */
};

/**
 * Has `node` trace `question`, of class IN, for `patience_us` at most, in `*slot`, which is made
 * when it is NULL, as if `client` asked it, who may be of no family: in no view. Returns NULL, or a
 * sentence why it does not.
 */
QN_MUST_USE const char *tracing_begin(struct node *node, struct tracing **slot,
    const struct qn_question *question, const struct qn_address *client, uint64_t patience_us,
    struct qn_now now);

/** Where it stands. But for TRACING_RUNS the caller then lets go of it: see tracing_end(). */
enum tracing_state tracing_state(const struct tracing *tracing, struct qn_now now);

/** What is written in a trace that is done. The caller owns it; NULL when memory is short. */
json_t *tracing_report(const struct tracing *tracing);

/** Nobody waits for it any more. */
void tracing_end(struct tracing *tracing);
