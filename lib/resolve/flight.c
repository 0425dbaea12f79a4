/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/task.h"

static struct qn_list *
flight_slot(struct qn_resolver *resolver, const struct qn_question *question)
{
	struct qn_cache_key key;

	qn_cache_key_init(
	    &key, resolver->store.hash_key, QN_CACHE_DELEGATION, &question->name, question->type);
	return &resolver->flights[key.hash % QN_FLIGHT_SLOT_COUNT];
}

bool
qn_flight_follow(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_question *question)
{
	struct qn_list *slot = flight_slot(resolver, question);

	for (struct qn_list *link = slot->next; link != slot; link = link->next) {
		struct qn_upstream *upstream = qn_list_entry(link, struct qn_upstream, flight_link);

		if (upstream->question.type != question->type ||
		    !qn_name_equal(&upstream->question.name, &question->name) ||
		    !qn_name_equal(&upstream->task->zone.zone, &task->zone.zone))
			continue;
		qn_list_append(&upstream->followers, &task->follow_link);
		qn_counter_add(&resolver->counters.upstream_followed, 1);
		return true;
	}
	return false;
}

void
qn_flight_begin(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	if (upstream->minimized)
		qn_list_append(flight_slot(resolver, &upstream->question), &upstream->flight_link);
}

void
qn_flight_end(struct qn_resolver *resolver, struct qn_upstream *upstream, bool minimize_in_vain)
{
	qn_list_remove(&upstream->flight_link);
	for (struct qn_list *link = qn_list_pop(&upstream->followers); link != NULL;
	     link = qn_list_pop(&upstream->followers)) {
		struct qn_task *task = qn_list_entry(link, struct qn_task, follow_link);

		if (minimize_in_vain) {
			task->minimize = false;
		} else {
			qn_task_leave_zone(resolver, task);
			task->zone_known = false;
		}
		qn_task_ready(resolver, task);
	}
}
