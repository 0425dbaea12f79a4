/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One request over the control socket, and its reply.
 *
 * A request is a JSON object: {"command": "lookup", "name": "www.example.", "type": "A"}. The
 * reply is an object, too: what was asked for, or {"error": "SENTENCE"}. What only workers can
 * do is sent to them, and the reply waits until all have done it.
 *
 * Owner:  the control thread; workers write to `flush` while it is waited for.
 */
#include "node.h"

#include <jansson.h>

/** Forgetting a name on every worker. */
struct flush {
	struct command command;
	struct qn_name name;
	_Atomic uint64_t entry_count; /* Entries forgotten. */
};

/** What workers still have to do before there is a reply. */
enum exchange_wait {
	EXCHANGE_WAIT_NOTHING,
	EXCHANGE_WAIT_FLUSH,
	EXCHANGE_WAIT_TRACE,
};

/** All zero when there is none. */
struct exchange {
	json_t *reply; /* NULL until it is there. */
	enum exchange_wait wait;
	struct flush flush;
	struct tracing *tracing; /* The node's, while it is waited for. */
};

/** Handles the request in `line`; afterwards there is a reply, or workers are waited for. */
void exchange_begin(struct exchange *exchange, struct node *node, const char *line, size_t line_len,
    struct qn_now now);

/** Makes the reply if what was waited for is there; false while there is still some waiting. */
bool exchange_go_on(struct exchange *exchange, struct qn_now now);

/** Takes the reply as one line of text, newline included, which the caller frees. */
char *exchange_take_reply(struct exchange *exchange);

/** Replies with an error instead of handling a request. */
__attribute__((format(printf, 2, 3))) void exchange_refuse(
    struct exchange *exchange, const char *format, ...);
