/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/task.h"

#include "base/broken.h"

/* The part of all slots that may be open for late replies. */
#define LATE_SHARE 4

static void
task_fail_budget(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	qn_counter_add(&resolver->counters.task_budget, 1);
	task->starved = task->depth > 0;
	qn_task_fail(resolver, task, QN_EDE_OTHER, now);
}

/* Takes a place for one more query of the task; NULL when that ended the task. */
static struct qn_upstream *
upstream_take(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_upstream *upstream;

	if (!QN_BREAK(budget) &&
	    (task->query_count == QN_RESOLVE_QUERY_MAX || task->budget->query_left == 0)) {
		task_fail_budget(resolver, task, now);
		return NULL;
	}
	upstream = qn_pool_take(&resolver->parts.upstreams);
	if (upstream == NULL) {
		qn_counter_add(&resolver->counters.tasks_shed, 1);
		task->starved = true;
		qn_task_fail(resolver, task, QN_EDE_NOT_READY, now);
		return NULL;
	}
	task->query_count++;
	task->budget->query_left--;
	qn_counter_add(&resolver->upstream_gauge, 1);
	return upstream;
}

/* Makes room for one more query of the task: the oldest gives way. */
static void
task_limit_open(struct qn_resolver *resolver, struct qn_task *task)
{
	unsigned count = 0;

	for (struct qn_list *link = task->upstreams.next; link != &task->upstreams;
	     link = link->next)
		count++;
	if (count < QN_TASK_OPEN_MAX)
		return;
	qn_upstream_release(
	    resolver, qn_list_entry(task->upstreams.next, struct qn_upstream, task_link));
}

struct qn_upstream *
qn_upstream_ask(struct qn_resolver *resolver, struct qn_task *task, uint8_t index,
    enum qn_transport transport, bool edns, struct qn_now now)
{
	struct qn_candidate *candidate = &task->zone.candidates[index];
	struct qn_upstream *upstream = upstream_take(resolver, task, now);

	if (upstream == NULL)
		return NULL;
	task_limit_open(resolver, task);
	upstream->state = QN_UPSTREAM_QUEUED;
	upstream->task = task;
	upstream->candidate = index;
	upstream->server = (struct qn_endpoint){candidate->address, candidate->port};
	upstream->transport = transport;
	upstream->edns = edns;
	upstream->last_resort = task->last_resort && candidate->doubtful;
	upstream->cookie_renewed = false;
	upstream->minimized = qn_task_question(task, &upstream->question);
	qn_flight_begin(resolver, upstream);
	upstream->timeout_us = qn_select_timeout_us(
	    qn_ledger_find(&resolver->parts.ledger, &candidate->address), candidate->tries);
	upstream->timed.kind = QN_TIMED_UPSTREAM;
	qn_timer_init(&upstream->timed.timer);
	qn_list_append(&resolver->sends, &upstream->link);
	qn_list_append(&task->upstreams, &upstream->task_link);
	if (candidate->tries > 0)
		qn_counter_add(&resolver->counters.upstream_retried, 1);
	if (upstream->minimized)
		task->minimized_count++;
	candidate->tries++;
	return upstream;
}

bool
qn_task_has_waited(const struct qn_task *task)
{
	for (const struct qn_list *link = task->upstreams.next; link != &task->upstreams;
	     link = link->next)
		if (qn_list_entry(link, const struct qn_upstream, task_link)->state !=
		    QN_UPSTREAM_LATE)
			return true;
	return false;
}

/* Has those who followed a query ask for themselves. */
static void
followers_wake(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	struct qn_list followers;

	qn_list_init(&followers);
	qn_flight_end(upstream, &followers);
	for (struct qn_list *link = qn_list_pop(&followers); link != NULL;
	     link = qn_list_pop(&followers))
		qn_task_ready(resolver, qn_list_entry(link, struct qn_task, follow_link));
}

void
qn_upstream_linger(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	qn_assert(upstream->state == QN_UPSTREAM_WAITED);
	followers_wake(resolver, upstream);
	upstream->state = QN_UPSTREAM_LATE;
	qn_wheel_stop(&resolver->wheel, &upstream->timed.timer);
	qn_list_append(&resolver->late, &upstream->link);
	if (++resolver->late_count > resolver->parts.upstreams.capacity / LATE_SHARE)
		qn_upstream_release(
		    resolver, qn_list_entry(resolver->late.next, struct qn_upstream, link));
}

void
qn_upstream_release(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	qn_assert(upstream->state != QN_UPSTREAM_OVER);
	followers_wake(resolver, upstream);
	if (upstream->state == QN_UPSTREAM_LATE)
		resolver->late_count--;
	upstream->state = QN_UPSTREAM_OVER;
	upstream->task = NULL;
	qn_list_remove(&upstream->task_link);
	qn_wheel_stop(&resolver->wheel, &upstream->timed.timer);
	qn_list_remove(&upstream->link);
	qn_list_append(&resolver->releases, &upstream->link);
}

static bool
question_equal(const struct qn_question *a, const struct qn_question *b)
{
	return a->type == b->type && qn_name_equal(&a->name, &b->name);
}

void
qn_upstream_release_all(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_question *answered, struct qn_list *followers)
{
	while (!qn_list_empty(&task->upstreams)) {
		struct qn_upstream *upstream =
		    qn_list_entry(task->upstreams.next, struct qn_upstream, task_link);

		if (question_equal(&upstream->question, answered))
			qn_flight_end(upstream, followers);
		qn_upstream_release(resolver, upstream);
	}
}
