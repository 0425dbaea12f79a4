/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/task.h"

#include "base/broken.h"

/* The part of all slots that may be open for late replies. */
#define LATE_SHARE 4

/* The part of all places that queries to one address may hold when they become rare. */
#define SERVER_SHARE 16

#define TCP_ROUND_TRIPS 3
#define TCP_LEAST_US    (1 * QN_US_PER_S)

/* --- Limits ------------------------------------------------------------------------------ */

static uint16_t
server_slot(const struct qn_resolver *resolver, const struct qn_address *address)
{
	const struct qn_view octets = {address->octets, qn_family_octets(address->family)};

	return qn_quota_slot_of((uint32_t)qn_hash(resolver->store.hash_key, octets));
}

/* The operator's own servers are asked as often as is needed; a TTL of 0 makes nobody one. */
static uint32_t
server_rate(const struct qn_resolver *resolver, const struct qn_task *task)
{
	return task->zone.configured ? 0 : resolver->config->server_rate;
}

static uint32_t
zone_rate(const struct qn_resolver *resolver, const struct qn_task *task)
{
	return task->zone.configured ? 0 : resolver->config->zone_rate;
}

/* What an alias or a referral has led here is as new to the zone as any other question. */
static enum qn_quota_need
task_need(const struct qn_task *task)
{
	return qn_task_has_asked(task) ? QN_QUOTA_BEGUN : QN_QUOTA_NEW;
}

static bool
zone_allowed(const struct qn_resolver *resolver, const struct qn_task *task,
    enum qn_quota_need need, struct qn_now now)
{
	return qn_quota_allows(
	    &resolver->zones, task->zone_slot, zone_rate(resolver, task), need, task->network, now);
}

bool
qn_upstream_zone_allowed(
    const struct qn_resolver *resolver, const struct qn_task *task, struct qn_now now)
{
	return zone_allowed(resolver, task, task_need(task), now);
}

bool
qn_upstream_spare_allowed(
    const struct qn_resolver *resolver, const struct qn_task *task, struct qn_now now)
{
	return zone_allowed(resolver, task, QN_QUOTA_SPARE, now);
}

/* Whether one address holds so many places of a pool that others might find none. */
static bool
exceeds_share(const struct qn_pool *pool, uint32_t held)
{
	return pool->used > pool->capacity / 2 && held >= pool->capacity / SERVER_SHARE;
}

bool
qn_upstream_server_allowed(const struct qn_resolver *resolver, const struct qn_task *task,
    const struct qn_address *address, struct qn_now now)
{
	const uint16_t slot = server_slot(resolver, address);
	const struct qn_quota_slot *server = &resolver->servers.slots[slot];

	if (exceeds_share(&resolver->parts.upstreams, server->queries) ||
	    (!qn_task_has_asked(task) && exceeds_share(&resolver->parts.tasks, server->tasks)))
		return false;
	return qn_quota_allows(&resolver->servers, slot, server_rate(resolver, task),
	    task_need(task), task->network, now);
}

/* Counts a query for its server and its zone. */
static void
quota_take(struct qn_resolver *resolver, struct qn_task *task, struct qn_upstream *upstream,
    struct qn_now now)
{
	upstream->server_slot = server_slot(resolver, &upstream->server.address);
	upstream->counted = true;
	resolver->servers.slots[upstream->server_slot].queries++;
	if (upstream->task != NULL && !qn_task_has_asked(task)) {
		task->server_slot = upstream->server_slot;
		resolver->servers.slots[task->server_slot].tasks++;
	}
	qn_quota_spend(&resolver->servers, upstream->server_slot, server_rate(resolver, task),
	    task->network, now);
	qn_quota_spend(
	    &resolver->zones, task->zone_slot, zone_rate(resolver, task), task->network, now);
}

/* Nobody waits for the query any more. */
static void
quota_put(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	if (upstream->counted)
		resolver->servers.slots[upstream->server_slot].queries--;
	upstream->counted = false;
}

/* --- Asking ------------------------------------------------------------------------------ */

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

/* TCP takes a handshake first. */
static uint64_t
hedge_us(enum qn_transport transport, const struct qn_server_stats *stats)
{
	const uint64_t udp_us = qn_select_hedge_us(stats);

	return transport == QN_TRANSPORT_UDP ? udp_us : udp_us * TCP_ROUND_TRIPS;
}

/* TCP gives up by itself, too. Who has left the zone unanswered over TCP mostly has none. */
static uint64_t
timeout_us(
    enum qn_transport transport, struct qn_opinion opinion, unsigned tries, struct qn_now now)
{
	static const struct qn_zone_quality no_quality;

	if (transport == QN_TRANSPORT_UDP)
		return qn_select_timeout_us(opinion, tries, now);
	opinion.quality = &no_quality;
	const uint64_t tcp_us = qn_select_timeout_us(opinion, tries, now) * TCP_ROUND_TRIPS;

	return tcp_us > TCP_LEAST_US ? tcp_us : TCP_LEAST_US;
}

/* A question that only a silent server is left for is a probe now and then, not each time. */
static enum qn_sample_kind
kind_of(const struct qn_server_stats *stats, struct qn_now now)
{
	return stats->deprioritized && qn_stats_probe_due(stats, now.mono) ? QN_SAMPLE_PROBE
	                                                                   : QN_SAMPLE_QUERY;
}

/* Fills in what a query has to do with its server, and queues it. */
static void
upstream_queue(struct qn_resolver *resolver, struct qn_task *task, struct qn_upstream *upstream,
    uint8_t index, enum qn_transport transport, struct qn_now now)
{
	const struct qn_candidate *candidate = &task->zone.candidates[index];
	const struct qn_opinion opinion =
	    qn_ledger_look(&resolver->parts.ledger, &candidate->address, task->zone_hash);

	upstream->state = QN_UPSTREAM_QUEUED;
	upstream->candidate = index;
	upstream->server = (struct qn_endpoint){candidate->address, candidate->port};
	upstream->transport = transport;
	upstream->zone_hash = task->zone_hash;
	upstream->zone_labels = (uint8_t)qn_name_label_count(&task->zone.zone);
	upstream->forwarded = task->zone.forwarded;
	upstream->last_resort = task->last_resort && candidate->doubtful;
	upstream->cookie_renewed = false;
	upstream->edns_given_up = false;
	upstream->hearsay = false;
	upstream->lingers = false;
	upstream->kind = (uint8_t)kind_of(opinion.stats, now);
	upstream->hedge_us = hedge_us(transport, opinion.stats);
	upstream->timeout_us = timeout_us(transport, opinion, candidate->tries, now);
	upstream->overdue = false;
	upstream->sent = now.mono;
	upstream->trace_number = 0;
	upstream->timed.kind = QN_TIMED_UPSTREAM;
	qn_timer_init(&upstream->timed.timer);
	qn_list_init(&upstream->followers);
	qn_list_init(&upstream->flight_link);
	qn_list_init(&upstream->task_link);
	qn_list_append(&resolver->sends, &upstream->link);
	quota_take(resolver, task, upstream, now);
	qn_counter_add(&resolver->upstream_gauge, 1);
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
	upstream->task = task;
	upstream->edns = edns;
	upstream->minimized = qn_task_question(task, &upstream->question);
	upstream_queue(resolver, task, upstream, index, transport, now);
	qn_flight_begin(resolver, upstream);
	qn_list_append(&task->upstreams, &upstream->task_link);
	if (upstream->kind == QN_SAMPLE_PROBE)
		qn_upstream_tell(resolver, upstream, QN_OUTCOME_SENT, now);
	if (candidate->tries > 0)
		qn_counter_add(&resolver->counters.upstream_retried, 1);
	if (upstream->minimized)
		task->minimized_count++;
	candidate->tries++;
	return upstream;
}

void
qn_upstream_probe(struct qn_resolver *resolver, struct qn_task *task, uint8_t index,
    const struct qn_upstream *answered, struct qn_now now)
{
	struct qn_upstream *upstream = qn_pool_take(&resolver->parts.upstreams);

	if (upstream == NULL)
		return;
	task->query_count++;
	task->budget->query_left--;
	upstream->task = NULL;
	upstream->edns = qn_manners_edns(
	    qn_manners_find(&resolver->parts.manners, &task->zone.candidates[index].address), now);
	upstream->minimized = answered->minimized;
	upstream->question.type = answered->question.type;
	upstream->question.class = answered->question.class;
	qn_name_copy(&upstream->question.name, &answered->question.name);
	upstream_queue(resolver, task, upstream, index, QN_TRANSPORT_UDP, now);
	upstream->kind = QN_SAMPLE_PROBE;
	upstream->overdue = true;
	if (upstream->timeout_us < QN_SELECT_PROBE_US)
		upstream->timeout_us = QN_SELECT_PROBE_US;
	qn_counter_add(&resolver->spare_gauge, 1);
	qn_upstream_tell(resolver, upstream, QN_OUTCOME_SENT, now);
}

static bool
is_deprioritized(const struct qn_resolver *resolver, const struct qn_upstream *upstream)
{
	return qn_ledger_look(
	    &resolver->parts.ledger, &upstream->server.address, upstream->zone_hash)
	    .stats->deprioritized;
}

void
qn_upstream_tell(struct qn_resolver *resolver, const struct qn_upstream *upstream,
    enum qn_outcome outcome, struct qn_now now)
{
	/* Nobody knows whether the server has silence to answer for that others have caused. */
	if (upstream->hearsay && !qn_outcome_replied((uint8_t)outcome))
		return;
	/* Over TCP, time goes by for the handshake, too, and many who answer over UDP are silent. */
	const bool tcp = upstream->transport == QN_TRANSPORT_TCP;
	const uint64_t rtt_us = tcp ? QN_RTT_NONE : qn_mono_since_us(upstream->sent, now.mono);
	const struct qn_sample sample = {
	    .address = upstream->server.address,
	    .kind = upstream->kind,
	    .outcome = (uint8_t)outcome,
	    .zone_only = tcp,
	    .rtt_us = (uint32_t)rtt_us,
	    .zone_hash = upstream->zone_hash,
	    .when = now.mono,
	};

	if (!qn_ledger_tell(&resolver->parts.ledger, &sample))
		return;
	qn_counter_add(is_deprioritized(resolver, upstream)
			   ? &resolver->counters.servers_deprioritized
			   : &resolver->counters.servers_trusted,
	    1);
}

unsigned
qn_task_waited_count(const struct qn_task *task)
{
	unsigned count = 0;

	for (const struct qn_list *link = task->upstreams.next; link != &task->upstreams;
	     link = link->next)
		count += qn_list_entry(link, const struct qn_upstream, task_link)->state !=
		         QN_UPSTREAM_LATE;
	return count;
}

/* --- Ending ------------------------------------------------------------------------------ */

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

/* Leaves the slot of a query open for its reply, and shuts the oldest such one for it. */
static void
late_add(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	quota_put(resolver, upstream);
	upstream->lingers = true;
	qn_list_append(&resolver->late, &upstream->link);
	if (++resolver->late_count > resolver->parts.upstreams.capacity / LATE_SHARE)
		qn_upstream_release(
		    resolver, qn_list_entry(resolver->late.next, struct qn_upstream, link));
}

void
qn_upstream_linger(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	qn_assert(upstream->state == QN_UPSTREAM_WAITED);
	followers_wake(resolver, upstream);
	upstream->state = QN_UPSTREAM_LATE;
	qn_wheel_stop(&resolver->wheel, &upstream->timed.timer);
	late_add(resolver, upstream);
}

/* Ends the wait for a query whose server has not yet shown how long it takes this time. */
static void
upstream_spare(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	followers_wake(resolver, upstream);
	upstream->state = QN_UPSTREAM_SPARE;
	upstream->task = NULL;
	qn_list_remove(&upstream->task_link);
	qn_counter_add(&resolver->spare_gauge, 1);
	late_add(resolver, upstream);
}

void
qn_upstream_release(struct qn_resolver *resolver, struct qn_upstream *upstream)
{
	qn_assert(upstream->state != QN_UPSTREAM_OVER);
	followers_wake(resolver, upstream);
	if (upstream->lingers)
		resolver->late_count--;
	if (upstream->task == NULL)
		qn_counter_sub(&resolver->spare_gauge, 1);
	quota_put(resolver, upstream);
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
    const struct qn_upstream *answered, struct qn_list *followers)
{
	while (!qn_list_empty(&task->upstreams)) {
		struct qn_upstream *upstream =
		    qn_list_entry(task->upstreams.next, struct qn_upstream, task_link);

		if (question_equal(&upstream->question, &answered->question))
			qn_flight_end(upstream, followers);
		if (upstream != answered && upstream->state == QN_UPSTREAM_WAITED &&
		    (upstream->transport == QN_TRANSPORT_UDP || !upstream->hearsay))
			upstream_spare(resolver, upstream);
		else
			qn_upstream_release(resolver, upstream);
	}
}
