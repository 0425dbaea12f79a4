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

struct qn_trace_event *
qn_trace_add(struct qn_resolver *resolver, const struct qn_task *task, enum qn_trace_kind kind,
    struct qn_now now)
{
	struct qn_trace *trace = resolver->trace;

	if (trace == NULL || !task->traced)
		return NULL;
	if (trace->event_count == QN_TRACE_EVENT_MAX) {
		trace->lost_count++;
		return NULL;
	}
	struct qn_trace_event *event = &trace->events[trace->event_count++];

	*event = (struct qn_trace_event){
	    .time = now.mono,
	    .kind = kind,
	    .depth = task->depth,
	    .type = task->question.type,
	};
	qn_name_copy(&event->name, &task->name);
	if (task->zone_known)
		qn_name_copy(&event->zone, &task->zone.zone);
	return event;
}

struct qn_trace_event *
qn_trace_add_upstream(struct qn_resolver *resolver, const struct qn_task *task,
    const struct qn_upstream *upstream, enum qn_trace_kind kind, struct qn_now now)
{
	struct qn_trace_event *event = qn_trace_add(resolver, task, kind, now);

	if (event == NULL)
		return NULL;
	qn_name_copy(&event->name, &upstream->question.name);
	event->type = upstream->question.type;
	event->server = upstream->server;
	event->transport = upstream->transport;
	event->rtt_us = (uint32_t)qn_mono_since_us(upstream->sent, now.mono);
	return event;
}

void
qn_trace_end(struct qn_resolver *resolver)
{
	struct qn_trace *trace = resolver->trace;

	for (uint32_t i = 0; i < resolver->parts.tasks.capacity; i++) {
		struct qn_task *task = qn_pool_at(&resolver->parts.tasks, i);

		task->traced = false;
	}
	resolver->trace = NULL;
	atomic_store_explicit(&trace->done, true, memory_order_release);
}
