/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/trace.h"

#include "resolve/task.h"

const char *
qn_reply_kind_text(enum qn_reply_kind kind)
{
	switch (kind) {
	case QN_REPLY_ANSWER:
		return "answer";
	case QN_REPLY_ALIAS:
		return "alias";
	case QN_REPLY_NEGATIVE:
		return "negative";
	case QN_REPLY_REFERRAL:
		return "referral";
	case QN_REPLY_TRUNCATED:
		return "truncated";
	case QN_REPLY_BAD_COOKIE:
		return "bad cookie";
	case QN_REPLY_NO_EDNS:
		return "no EDNS";
	case QN_REPLY_REFUSED:
		return "refused";
	case QN_REPLY_SERVFAIL:
		return "failure";
	case QN_REPLY_DOUBTFUL:
		return "not authoritative";
	case QN_REPLY_LAME:
		break;
	}
	return "lame";
}

void
qn_trace_init(
    struct qn_trace *trace, const struct qn_question *question, const struct qn_address *client)
{
	qn_name_copy(&trace->question.name, &question->name);
	trace->question.type = question->type;
	trace->question.class = question->class;
	trace->client = *client;
	trace->patience_us = QN_RESOLVE_TASK_US;
	trace->dropped = false;
	trace->event_count = 0;
	trace->lost_count = 0;
	atomic_init(&trace->taken, false);
	atomic_init(&trace->done, false);
}

/* A new event at the end; NULL when there is no room left. */
static struct qn_trace_event *
event_add(struct qn_trace *trace, enum qn_trace_kind kind, const struct qn_name *name,
    uint16_t type, struct qn_now now)
{
	if (trace->event_count == QN_TRACE_EVENT_MAX) {
		trace->lost_count++;
		return NULL;
	}
	struct qn_trace_event *event = &trace->events[trace->event_count++];

	*event = (struct qn_trace_event){.time = now.mono, .kind = kind, .type = type};
	qn_name_copy(&event->name, name);
	qn_name_copy(&event->zone, &qn_name_root);
	qn_name_copy(&event->target, &qn_name_root);
	return event;
}

static void
trace_finish(struct qn_trace *trace, uint16_t rcode, uint16_t ede)
{
	trace->rcode = rcode;
	trace->ede = ede;
	/* The last touch: the trace is its owner's again. */
	atomic_store_explicit(&trace->done, true, memory_order_release);
}

void
qn_trace_local(struct qn_trace *trace, const struct qn_answer *answer, struct qn_now now)
{
	struct qn_trace_event *event;

	trace->started = now.mono;
	trace->dropped = answer == NULL;
	if (trace->dropped) {
		trace_finish(trace, QN_RCODE_NOERROR, QN_EDE_NONE);
		return;
	}
	event = event_add(trace, QN_TRACE_LOCAL, &trace->question.name, trace->question.type, now);
	qn_assert(event != NULL); /* It is the first. */
	event->verdict = answer->answer_count > 0 ? QN_REPLY_ANSWER : QN_REPLY_NEGATIVE;
	trace_finish(trace, answer->rcode, answer->ede);
}

void
qn_trace_led(struct qn_trace *trace, const struct qn_name *target, struct qn_now now)
{
	struct qn_trace_event *event =
	    event_add(trace, QN_TRACE_LOCAL, &trace->question.name, trace->question.type, now);

	qn_assert(event != NULL); /* It is the first. */
	event->verdict = QN_REPLY_ALIAS;
	qn_name_copy(&event->target, target);
}

/* --- What a resolver writes ------------------------------------------------------------- */

/* The number that a task or a query was given belongs to the trace being written. */
static bool
is_current(const struct qn_resolver *resolver, uint32_t number)
{
	return resolver->trace != NULL && number == resolver->trace_number;
}

void
qn_trace_begin(
    struct qn_resolver *resolver, struct qn_trace *trace, struct qn_task *task, struct qn_now now)
{
	resolver->trace = trace;
	resolver->trace_number++;
	trace->started = now.mono;
	task->trace_number = resolver->trace_number;
	qn_trace_add(resolver, task, QN_TRACE_QUESTION, now);
}

void
qn_trace_end(struct qn_resolver *resolver, const struct qn_answer *answer)
{
	trace_finish(resolver->trace, answer->rcode, answer->ede);
	resolver->trace = NULL;
}

struct qn_trace_event *
qn_trace_add(struct qn_resolver *resolver, const struct qn_task *task, enum qn_trace_kind kind,
    struct qn_now now)
{
	struct qn_trace_event *event;

	if (!is_current(resolver, task->trace_number))
		return NULL;
	event = event_add(resolver->trace, kind, &task->name, task->question.type, now);
	if (event != NULL)
		event->depth = task->depth;
	return event;
}

struct qn_trace_event *
qn_trace_known(struct qn_resolver *resolver, const struct qn_task *task, enum qn_trace_kind kind,
    enum qn_reply_kind verdict, struct qn_now now)
{
	struct qn_trace_event *event = qn_trace_add(resolver, task, kind, now);

	if (event != NULL)
		event->verdict = verdict;
	return event;
}

void
qn_trace_lookup(struct qn_resolver *resolver, const struct qn_task *task,
    const struct qn_question *question, enum qn_trace_kind kind, const char *why, struct qn_now now)
{
	struct qn_trace_event *event = qn_trace_add(resolver, task, kind, now);

	if (event == NULL)
		return;
	event->depth++;
	qn_name_copy(&event->name, &question->name);
	event->type = question->type;
	event->why = why;
}

void
qn_trace_sent(struct qn_resolver *resolver, struct qn_upstream *upstream, struct qn_now now)
{
	const struct qn_task *task = upstream->task;
	struct qn_trace_event *event = qn_trace_add(resolver, task, QN_TRACE_QUERY, now);

	upstream->trace_number = 0;
	if (event == NULL)
		return;
	upstream->trace_number = task->trace_number;
	upstream->trace_event = event;
	qn_name_copy(&event->name, &upstream->question.name);
	event->type = upstream->question.type;
	qn_name_copy(&event->zone, &task->zone.zone);
	event->server = upstream->server;
	event->transport = upstream->transport;
	event->edns = upstream->edns;
	event->minimized = upstream->minimized;
}

struct qn_trace_event *
qn_trace_outcome(struct qn_resolver *resolver, const struct qn_upstream *upstream,
    enum qn_trace_outcome outcome, struct qn_now now)
{
	struct qn_trace_event *event = upstream->trace_event;

	if (!is_current(resolver, upstream->trace_number))
		return NULL;
	event->outcome = outcome;
	event->took_us = (uint32_t)qn_mono_since_us(event->time, now.mono);
	return event;
}

void
qn_trace_replied(struct qn_resolver *resolver, const struct qn_upstream *upstream, uint16_t rcode,
    struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;
	struct qn_trace_event *event = qn_trace_outcome(resolver, upstream, QN_TRACE_REPLIED, now);

	if (event == NULL)
		return;
	event->verdict = reply->kind;
	event->rcode = rcode;
	if (reply->kind == QN_REPLY_REFERRAL)
		qn_name_copy(&event->target, &reply->delegation.zone);
	if (reply->kind == QN_REPLY_ALIAS)
		qn_name_copy(&event->target, &reply->target);
}
