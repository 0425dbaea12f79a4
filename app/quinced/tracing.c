/* SPDX-License-Identifier: BSD-2-Clause */
#include "tracing.h"

#include "node.h"
#include "wire/text.h"

#include <stdlib.h>
#include <string.h>

/* Beginning and end. */

/* Whether a worker took it for its own: while local data change, it may be that none does. */
static bool
is_taken(const struct tracing *tracing)
{
	return atomic_load_explicit(&tracing->trace.taken, memory_order_relaxed);
}

/* Whether a worker may still touch it. */
static bool
is_running(const struct tracing *tracing)
{
	if (!command_is_done(&tracing->command))
		return true;
	return is_taken(tracing) &&
	       !atomic_load_explicit(&tracing->refused, memory_order_relaxed) &&
	       !atomic_load_explicit(&tracing->trace.done, memory_order_acquire);
}

/* Only the worker that resolves the question does anything. */
static bool
trace_on_worker(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct tracing *tracing = (struct tracing *)command;

	if (!qn_shard_trace(shard, &tracing->trace, now))
		atomic_store_explicit(&tracing->refused, true, memory_order_relaxed);
	return true;
}

const char *
tracing_begin(struct node *node, struct tracing **slot, const struct qn_question *question,
    const struct qn_address *client, uint64_t patience_us, struct qn_now now)
{
	const struct qn_shard_view *view = qn_shard_view_of(&node->config.live, client);
	struct tracing *tracing = *slot;

	if (tracing == NULL) {
		tracing = *slot = calloc(1, sizeof(*tracing));
		if (tracing == NULL)
			return "No memory is left for a trace.";
	} else if (tracing->wanted || is_running(tracing)) {
		return "Another question is being traced; try again when it is over.";
	}
	tracing->wanted = true;
	tracing->deadline = qn_mono_after_us(now.mono, patience_us + TRACING_GRACE_US);
	atomic_store_explicit(&tracing->refused, false, memory_order_relaxed);
	qn_trace_init(&tracing->trace, question, client);
	tracing->trace.patience_us = patience_us;
	strcpy(tracing->view, view == NULL ? "" : view->name);
	tracing->command.run = trace_on_worker;
	node_command(node, &tracing->command);
	return NULL;
}

void
tracing_end(struct tracing *tracing)
{
	tracing->wanted = false;
}

enum tracing_state
tracing_state(const struct tracing *tracing, struct qn_now now)
{
	if (is_running(tracing))
		return qn_mono_reached(tracing->deadline, now.mono) ? TRACING_LATE : TRACING_RUNS;
	return !is_taken(tracing) || atomic_load_explicit(&tracing->refused, memory_order_relaxed)
	           ? TRACING_REFUSED
	           : TRACING_DONE;
}

/* The report. */

static const char *
kind_text(enum qn_trace_kind kind)
{
	switch (kind) {
	case QN_TRACE_QUESTION:
		return "question";
	case QN_TRACE_JOINED:
		return "joined";
	case QN_TRACE_SKIPPED:
		return "skipped";
	case QN_TRACE_LOCAL:
		return "local";
	case QN_TRACE_CACHE:
		return "cache";
	case QN_TRACE_QUERY:
		return "query";
	case QN_TRACE_END:
		break;
	}
	return "end";
}

static const char *
outcome_text(enum qn_trace_outcome outcome)
{
	switch (outcome) {
	case QN_TRACE_PENDING:
		return "pending";
	case QN_TRACE_REPLIED:
		return "reply";
	case QN_TRACE_TIMED_OUT:
		return "timeout";
	case QN_TRACE_UNSENT:
		return "unsent";
	case QN_TRACE_SUSPECT:
		break;
	}
	return "suspect";
}

static void
set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

/* In lower case: that of a server's names is what the query happened to have (0x20). */
static void
set_name(json_t *object, const char *key, const struct qn_name *name)
{
	char text[QN_NAME_TEXT_MAX];
	const size_t len = qn_name_to_text(name, text);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)qn_octet_lower((uint8_t)text[i]);
	set_text(object, key, text);
}

static void
set_type(json_t *object, uint16_t type)
{
	char text[QN_MNEMONIC_MAX];

	set_text(object, "type", qn_type_to_text(type, text));
}

static void
set_rcode(json_t *object, uint16_t rcode)
{
	char text[QN_MNEMONIC_MAX];

	set_text(object, "rcode", qn_rcode_to_text(rcode, text));
}

static void
set_result(json_t *object, uint16_t rcode, uint16_t ede)
{
	set_rcode(object, rcode);
	if (ede != QN_EDE_NONE)
		json_object_set_new(object, "ede", json_integer(ede));
}

static void
set_ms(json_t *object, const char *key, uint64_t us)
{
	json_object_set_new(object, key, json_real((double)us / QN_US_PER_MS));
}

/* What a reply, the cache or local data said. */
static void
set_verdict(json_t *object, const struct qn_trace_event *event)
{
	set_text(object, "verdict", qn_reply_kind_text(event->verdict));
	if (event->verdict == QN_REPLY_ALIAS || event->verdict == QN_REPLY_REFERRAL)
		set_name(object, "target", &event->target);
}

static void
set_query(json_t *object, const struct qn_trace_event *event)
{
	char server[QN_ADDRESS_TEXT_MAX];

	qn_address_to_text(&event->server.address, server);
	set_name(object, "zone", &event->zone);
	set_text(object, "server", server);
	json_object_set_new(object, "port", json_integer(event->server.port));
	set_text(object, "transport", event->transport == QN_TRANSPORT_TCP ? "tcp" : "udp");
	json_object_set_new(object, "edns", json_boolean(event->edns));
	json_object_set_new(object, "minimized", json_boolean(event->minimized));
	set_text(object, "outcome", outcome_text(event->outcome));
	if (event->outcome != QN_TRACE_PENDING)
		set_ms(object, "took_ms", event->took_us);
	if (event->outcome == QN_TRACE_REPLIED) {
		set_verdict(object, event);
		set_rcode(object, event->rcode);
	}
}

static json_t *
report_step(const struct qn_trace *trace, const struct qn_trace_event *event)
{
	json_t *report = json_object();

	set_ms(report, "at_ms", qn_mono_since_us(trace->started, event->time));
	json_object_set_new(report, "depth", json_integer(event->depth));
	set_text(report, "step", kind_text(event->kind));
	set_name(report, "name", &event->name);
	set_type(report, event->type);
	switch (event->kind) {
	case QN_TRACE_QUESTION:
	case QN_TRACE_JOINED:
		break;
	case QN_TRACE_SKIPPED:
		set_text(report, "why", event->why);
		break;
	case QN_TRACE_LOCAL:
	case QN_TRACE_CACHE:
		set_verdict(report, event);
		break;
	case QN_TRACE_QUERY:
		set_query(report, event);
		break;
	case QN_TRACE_END:
		set_result(report, event->rcode, event->ede);
		break;
	}
	return report;
}

json_t *
tracing_report(const struct tracing *tracing)
{
	const struct qn_trace *trace = &tracing->trace;
	json_t *report = json_object();
	json_t *steps = json_array();

	for (uint32_t i = 0; i < trace->event_count; i++)
		json_array_append_new(steps, report_step(trace, &trace->events[i]));
	set_name(report, "name", &trace->question.name);
	set_type(report, trace->question.type);
	if (tracing->view[0] != '\0')
		set_text(report, "view", tracing->view);
	json_object_set_new(report, "dropped", json_boolean(trace->dropped));
	if (!trace->dropped)
		set_result(report, trace->rcode, trace->ede);
	json_object_set_new(report, "lost_steps", json_integer(trace->lost_count));
	json_object_set_new(report, "steps", steps);
	return report;
}
