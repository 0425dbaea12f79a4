/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The walk of one question, written down step by step for a person to read.
 *
 * Owner:  whoever asked for it until it is handed to a resolver, then the resolver until
 *         `done` is set, then its owner again.
 * Memory: the caller's, one block; what does not fit is counted, not kept.
 * Bounds: a resolver writes one trace at a time; `done` is set `patience_us` after its begin at
 *         the latest.
 */
#include "cache/answer.h"
#include "resolve/reply.h"
#include "resolve/resolver.h"

#include <stdatomic.h>

#define QN_TRACE_EVENT_MAX 256

/** A step; `name` and `type` say what about. */
enum qn_trace_kind {
	QN_TRACE_QUESTION, /* Is taken up: what was asked, or the address of a nameserver. */
	QN_TRACE_JOINED,   /* That address is being looked up already; waits for it, too. */
	QN_TRACE_SKIPPED,  /* That address is not looked up: `why`. */
	QN_TRACE_LOCAL,    /* Local data had it: `verdict`. */
	QN_TRACE_CACHE,    /* The cache had it: `verdict`. */
	QN_TRACE_QUERY,    /* Was sent to `server` of `zone`; what came of it: `outcome`. */
	QN_TRACE_END,      /* Of a question, with `rcode` and `ede`. */
};

enum qn_trace_outcome {
	QN_TRACE_PENDING, /* Nothing until the question was over. */
	QN_TRACE_REPLIED, /* `verdict`, `rcode`. */
	QN_TRACE_TIMED_OUT,
	QN_TRACE_UNSENT,
	QN_TRACE_SUSPECT, /* A near miss, which may be forged: asked again over TCP. */
};

struct qn_trace_event {
	struct qn_mono time; /* When a query was sent; when it happened. */
	enum qn_trace_kind kind;
	uint8_t depth; /* 0: about what was asked; more: about addresses of nameservers. */
	struct qn_name name;
	uint16_t type;
	struct qn_name zone;
	struct qn_endpoint server;
	enum qn_transport transport;
	bool edns;
	bool minimized; /* `name` and `type` are shortened (RFC 9156). */
	enum qn_trace_outcome outcome;
	uint32_t took_us; /* Until the outcome. */
	enum qn_reply_kind verdict;
	struct qn_name target; /* Of a referral, the zone; of an alias, where it leads. */
	uint16_t rcode;
	uint16_t ede;
	const char *why; /* A few words. */
};

struct qn_trace {
	struct qn_question question;
	struct qn_address client; /* Who would ask; of no family: nobody in particular. */
	uint64_t patience_us;     /* QN_RESOLVE_TASK_US, unless the owner makes it less. */
	struct qn_asker asker;    /* The resolver's. */
	struct qn_mono started;
	uint16_t rcode; /* The answer's. */
	uint16_t ede;
	bool dropped; /* By local data: there is no answer. */
	uint32_t event_count;
	uint32_t lost_count; /* Events that did not fit. */
	_Atomic bool taken; /* By a worker: two may both take it for theirs while local data change. */
	_Atomic bool done;
	struct qn_trace_event events[QN_TRACE_EVENT_MAX];
};

/** Makes a trace of `question`, as if `client` asked it, ready to be handed to a resolver. */
void qn_trace_init(
    struct qn_trace *trace, const struct qn_question *question, const struct qn_address *client);

/** Writes and ends a trace of what local data answered by themselves; NULL: they dropped it. */
void qn_trace_local(struct qn_trace *trace, const struct qn_answer *answer, struct qn_now now);

/** Writes that aliases in local data lead to `target`, which is going to be resolved. */
void qn_trace_led(struct qn_trace *trace, const struct qn_name *target, struct qn_now now);

/** Words for a verdict: "referral". */
const char *qn_reply_kind_text(enum qn_reply_kind kind);
