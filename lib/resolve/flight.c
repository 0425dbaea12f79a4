/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/task.h"

/* Tasks that one query serves besides its own: they all go on in the same event. */
#define FOLLOWER_MAX 64

static struct qn_list *
flight_slot(struct qn_resolver *resolver, const struct qn_question *question)
{
	struct qn_cache_key key;

	qn_cache_key_init(
	    &key, resolver->store.hash_key, QN_CACHE_DELEGATION, &question->name, question->type);
	return &resolver->flights[key.hash % QN_FLIGHT_SLOT_COUNT];
}

static bool
flight_suits(const struct qn_upstream *upstream, const struct qn_task *task,
    const struct qn_question *question)
{
	return upstream->follower_count < FOLLOWER_MAX &&
	       upstream->question.type == question->type &&
	       upstream->last_resort == task->last_resort &&
	       qn_name_equal(&upstream->question.name, &question->name) &&
	       qn_name_equal(&upstream->task->zone.zone, &task->zone.zone);
}

bool
qn_flight_follow(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_question *question)
{
	struct qn_list *slot = flight_slot(resolver, question);

	for (struct qn_list *link = slot->next; link != slot; link = link->next) {
		struct qn_upstream *upstream = qn_list_entry(link, struct qn_upstream, flight_link);

		if (!flight_suits(upstream, task, question))
			continue;
		qn_list_append(&upstream->followers, &task->follow_link);
		upstream->follower_count++;
		qn_counter_add(&resolver->counters.upstream_followed, 1);
		return true;
	}
	return false;
}

void
qn_flight_begin(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	qn_list_init(&upstream->followers);
	upstream->follower_count = 0;
	qn_list_init(&upstream->flight_link);
	qn_list_append(flight_slot(resolver, &upstream->question), &upstream->flight_link);
}

void
qn_flight_end(struct qn_upstream *upstream, struct qn_list *followers)
{
	qn_list_remove(&upstream->flight_link);
	qn_list_splice(followers, &upstream->followers);
}
