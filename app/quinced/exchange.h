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
 * Owner:  the control thread; workers write to `flush` while is_waiting() says so.
 */
#include "node.h"

#include <jansson.h>

/** Forgetting a name on every worker. */
struct flush {
	struct command command;
	struct qn_name name;
	_Atomic uint64_t entry_count; /* Entries forgotten. */
};

/** All zero when there is none. */
struct exchange {
	json_t *reply; /* NULL until it is there. */
	bool flushing;
	struct flush flush;
};

/** Handles the request in `line`; afterwards there is a reply, or workers are waited for. */
void exchange_begin(
    struct exchange *exchange, struct node *node, const char *line, size_t line_len);

/** Whether workers have not done yet what they were told to; makes the reply when they have. */
bool exchange_is_waiting(struct exchange *exchange);

/** Takes the reply as one line of text, newline included, which the caller frees. */
char *exchange_take_reply(struct exchange *exchange);

/** Replies with an error instead of handling a request. */
__attribute__((format(printf, 2, 3))) void exchange_refuse(
    struct exchange *exchange, const char *format, ...);
