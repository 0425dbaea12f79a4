/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The walk of one question, written down step by step for a person to read.
 *
 * Owner:  whoever asked for it until it is handed to a resolver, then the resolver until
 *         `done` is set, then its owner again.
 * Memory: the caller's, one block; what does not fit is counted, not kept.
 */
#include "resolve/reply.h"
#include "resolve/resolver.h"

#include <stdatomic.h>

#define QN_TRACE_EVENT_MAX 256

enum qn_trace_kind {
	QN_TRACE_QUESTION, /* A question is taken up: the client's, or one for a nameserver. */
	QN_TRACE_CACHE,    /* The cache knew the answer, or an alias. */
	QN_TRACE_QUERY,    /* Sent to `server`, about `zone`. */
	QN_TRACE_REPLY,    /* `verdict`, after `rtt_us`. */
	QN_TRACE_TIMEOUT,  /* Nothing came for `rtt_us`. */
	QN_TRACE_UNSENT,   /* Could not be sent. */
	QN_TRACE_SUSPECT,  /* A near miss: goes on over TCP. */
	QN_TRACE_END,      /* The question is answered, or failed, with `rcode`. */
};

struct qn_trace_event {
	struct qn_mono time;
	enum qn_trace_kind kind;
	uint8_t depth; /* 0: the question itself; more: for its nameservers' addresses. */
	struct qn_name name;
	uint16_t type;
	struct qn_name zone;
	struct qn_endpoint server;
	enum qn_transport transport;
	enum qn_reply_kind verdict;
	uint16_t rcode;
	uint16_t ede;
	uint32_t rtt_us;
};

struct qn_trace {
	struct qn_question question;
	struct qn_asker asker; /* The resolver's. */
	struct qn_mono started;
	uint32_t event_count;
	uint32_t lost_count; /* Events that did not fit. */
	_Atomic bool done;
	struct qn_trace_event events[QN_TRACE_EVENT_MAX];
};

/** Words for a verdict: "referral". */
const char *qn_reply_kind_text(enum qn_reply_kind kind);
