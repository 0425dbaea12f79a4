/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/task.h"

#include "base/broken.h"

/* What a client is told whose question takes too long (rule 9); its task goes on. */
static const struct qn_answer out_of_time = {
    .rcode = QN_RCODE_SERVFAIL,
    .ede = QN_EDE_NO_REACHABLE_AUTHORITY,
};

/* Steps of tasks that one event may cause at once. */
#define SETTLE_STEPS 16

/* And all timers of one call of expire. */
#define EXPIRE_STEPS 64

/* A task waits for at most two families of two nameservers at a time, mostly for fewer. */
#define WAITS_PER_TASK 4

static uint32_t
power_of_two(uint32_t least)
{
	uint32_t power = 1;

	while (power < least)
		power *= 2;
	return power;
}

struct qn_resolver *
qn_resolver_init(struct qn_arena *arena, const struct qn_resolver_limits *limits,
    struct qn_cache *cache, const struct qn_standings *standings,
    const struct qn_hash_key *hash_key, const struct qn_resolve_config *config,
    const uint8_t seed[QN_RANDOM_SEED_LEN], struct qn_now now)
{
	const uint32_t table_len = power_of_two(limits->task_max);
	struct qn_resolver *resolver = qn_arena_take(arena, sizeof(*resolver));
	struct qn_list *table = qn_arena_take(arena, table_len * sizeof(*table));
	struct qn_resolver_parts measured;
	struct qn_resolver_parts *parts = resolver != NULL ? &resolver->parts : &measured;

	qn_pool_init(&parts->tasks, arena, limits->task_max, sizeof(struct qn_task));
	qn_pool_init(&parts->budgets, arena, limits->task_max, sizeof(struct qn_budget));
	qn_pool_init(
	    &parts->waits, arena, limits->task_max * WAITS_PER_TASK, sizeof(struct qn_wait));
	qn_pool_init(&parts->upstreams, arena, limits->upstream_max, sizeof(struct qn_upstream));
	qn_pool_init(&parts->small_pages, arena, limits->task_max, QN_PAGE_SMALL_LEN);
	qn_pool_init(&parts->large_pages, arena, QN_PAGE_LARGE_MAX, QN_PAGE_LARGE_LEN);
	qn_ledger_init(&parts->ledger, arena, limits->server_max, standings, *hash_key);
	qn_manners_init(&parts->manners, arena, limits->server_max, *hash_key);
	if (resolver == NULL)
		return NULL;

	resolver->config = config;
	resolver->store = (struct qn_store){cache, hash_key, resolver->store_scratch};
	resolver->table = table;
	resolver->table_mask = table_len - 1;
	for (uint32_t i = 0; i < table_len; i++)
		qn_list_init(&table[i]);
	qn_random_init(&resolver->random, seed);
	resolver->cookie_secret.k0 = qn_random_u64(&resolver->random);
	resolver->cookie_secret.k1 = qn_random_u64(&resolver->random);
	qn_wheel_init(&resolver->wheel, now.mono);
	for (uint32_t i = 0; i < QN_FLIGHT_SLOT_COUNT; i++)
		qn_list_init(&resolver->flights[i]);
	qn_list_init(&resolver->ready);
	qn_list_init(&resolver->sends);
	qn_list_init(&resolver->releases);
	qn_list_init(&resolver->late);
	qn_list_init(&resolver->expired);
	qn_list_init(&resolver->finished);
	return resolver;
}

void
qn_resolver_configure(struct qn_resolver *resolver, const struct qn_resolve_config *config)
{
	resolver->config = config;
}

/*
 * Steps tasks that can go on without an event. No event keeps the worker for longer than
 * SETTLE_STEPS take, nor does a call of expire for longer than EXPIRE_STEPS: what is left is
 * taken up by the next call of expire.
 */
static void
resolver_settle(struct qn_resolver *resolver, unsigned step_count, struct qn_now now)
{
	for (unsigned step = 0; step < step_count; step++) {
		struct qn_list *link = qn_list_pop(&resolver->ready);

		if (link == NULL)
			return;
		qn_task_step(resolver, qn_list_entry(link, struct qn_task, queue_link), now);
	}
}

/* --- Events ----------------------------------------------------------------------------- */

/* A task with clients has its timer at the deadline of the first, else at its own. */
static void
task_rearm(struct qn_resolver *resolver, struct qn_task *task)
{
	struct qn_mono deadline = task->budget->deadline;

	if (!qn_list_empty(&task->askers)) {
		const struct qn_asker *first =
		    qn_list_entry(task->askers.next, struct qn_asker, link);

		if (qn_mono_reached(first->deadline, deadline))
			deadline = first->deadline;
	}
	qn_wheel_start(&resolver->wheel, &task->timed.timer, deadline);
}

/* Where an asker goes among the others, who stand in the order of their deadlines. */
static struct qn_list *
askers_due_after(struct qn_task *task, struct qn_mono deadline)
{
	struct qn_list *link = &task->askers;

	while (link->prev != &task->askers &&
	       qn_list_entry(link->prev, struct qn_asker, link)->deadline.us > deadline.us)
		link = link->prev;
	return link;
}

static void
asker_wait(struct qn_resolver *resolver, struct qn_task *task, struct qn_asker *asker,
    uint64_t wait_us, struct qn_now now)
{
	asker->deadline = qn_mono_after_us(now.mono, QN_BREAK(deadline) ? UINT32_MAX : wait_us);
	asker->expired = false;
	qn_list_append(askers_due_after(task, asker->deadline), &asker->link);
	task->asker_count++;
	task_rearm(resolver, task);
}

enum qn_ask_result
qn_resolver_ask(struct qn_resolver *resolver, const struct qn_question *question,
    struct qn_asker *asker, uint64_t wait_us, struct qn_now now)
{
	const uint64_t started = qn_counter_get(&resolver->counters.tasks_started);
	struct qn_task *task = qn_task_open(resolver, question, NULL, now);

	if (task == NULL || task->asker_count >= QN_RESOLVE_ASKER_MAX) {
		qn_counter_add(&resolver->counters.tasks_shed, 1);
		return QN_ASK_SHED;
	}
	if (qn_counter_get(&resolver->counters.tasks_started) == started)
		qn_counter_add(&resolver->counters.tasks_joined, 1);
	qn_task_promote(resolver, task, now);
	if (task->network == QN_QUOTA_NETWORK_NONE)
		task->network = asker->network;
	asker_wait(resolver, task, asker, wait_us, now);
	resolver_settle(resolver, SETTLE_STEPS, now);
	return QN_ASK_WAIT;
}

void
qn_resolver_refresh(
    struct qn_resolver *resolver, const struct qn_question *question, struct qn_now now)
{
	qn_task_refresh(resolver, question, now);
	resolver_settle(resolver, SETTLE_STEPS, now);
}

bool
qn_resolver_trace(struct qn_resolver *resolver, struct qn_trace *trace,
    const struct qn_question *question, struct qn_now now)
{
	struct qn_task *task;

	if (resolver->trace != NULL)
		return false;
	task = qn_task_begin(resolver, question, now);
	if (task == NULL)
		return false;
	task->refresh = true;
	qn_trace_begin(resolver, trace, task, now);
	asker_wait(resolver, task, &trace->asker, trace->patience_us, now);
	resolver_settle(resolver, SETTLE_STEPS, now);
	return true;
}

/* Whether a reply brings a question forward. */
static bool
reply_is_useful(enum qn_reply_kind kind)
{
	switch (kind) {
	case QN_REPLY_ANSWER:
	case QN_REPLY_ALIAS:
	case QN_REPLY_NEGATIVE:
	case QN_REPLY_REFERRAL:
	case QN_REPLY_TRUNCATED:
		return true;
	case QN_REPLY_BAD_COOKIE:
	case QN_REPLY_NO_EDNS:
	case QN_REPLY_REFUSED:
	case QN_REPLY_SERVFAIL:
	case QN_REPLY_DOUBTFUL:
	case QN_REPLY_LAME:
		break;
	}
	return false;
}

/* What a reply says about the server. */
static enum qn_outcome
outcome_of(enum qn_reply_kind kind)
{
	switch (kind) {
	case QN_REPLY_ANSWER:
	case QN_REPLY_ALIAS:
	case QN_REPLY_NEGATIVE:
	case QN_REPLY_REFERRAL:
		return QN_OUTCOME_USEFUL;
	case QN_REPLY_TRUNCATED:
	case QN_REPLY_BAD_COOKIE:
	case QN_REPLY_NO_EDNS:
		break;
	case QN_REPLY_REFUSED:
		return QN_OUTCOME_REFUSED;
	case QN_REPLY_SERVFAIL:
		return QN_OUTCOME_SERVFAIL;
	case QN_REPLY_DOUBTFUL:
	case QN_REPLY_LAME:
		return QN_OUTCOME_LAME;
	}
	return QN_OUTCOME_NEUTRAL;
}

/*
 * A reply without a cookie from a server that has given one. Over UDP it may be forged, and has
 * been asked for again; over TCP it is the server that makes none any more.
 */
static void
cookie_missed(struct qn_resolver *resolver, const struct qn_upstream *upstream, struct qn_now now)
{
	const struct qn_address *server = &upstream->server.address;
	const struct qn_manners *manners = qn_manners_find(&resolver->parts.manners, server);

	if (upstream->transport == QN_TRANSPORT_TCP && manners != NULL && manners->cookie_len > 0)
		qn_manners_set_cookie(
		    &resolver->parts.manners, server, (struct qn_view){NULL, 0}, now);
}

/* Keeps the server's part of a cookie; the transport has matched our part. */
static void
cookie_learn(struct qn_resolver *resolver, const struct qn_upstream *upstream,
    const struct qn_edns *edns, struct qn_now now)
{
	struct qn_cookie cookie;
	struct qn_view data;

	if (!upstream->edns)
		return;
	if (!qn_edns_option_find(edns, QN_EDNS_COOKIE, &data)) {
		cookie_missed(resolver, upstream, now);
		return;
	}
	if (!qn_cookie_read(&cookie, data) || cookie.len == QN_COOKIE_CLIENT_LEN)
		return;
	qn_manners_set_cookie(&resolver->parts.manners, &upstream->server.address,
	    (struct qn_view){
		cookie.octets + QN_COOKIE_CLIENT_LEN, cookie.len - QN_COOKIE_CLIENT_LEN},
	    now);
}

/*
 * Takes note of what a reply says about its server. An error without the question has nothing
 * of the letter case, and nothing that is known of a server changes by what it says.
 */
static void
reply_learn(struct qn_resolver *resolver, struct qn_upstream *upstream,
    const struct qn_message *message, bool case_kept, struct qn_now now)
{
	const struct qn_address *server = &upstream->server.address;

	if (message->question_count == 0 && upstream->transport == QN_TRANSPORT_UDP) {
		upstream->hearsay = true;
		return;
	}
	if (upstream->transport == QN_TRANSPORT_TCP)
		upstream->hearsay = false;
	qn_upstream_tell(resolver, upstream, outcome_of(resolver->reply.kind), now);
	cookie_learn(resolver, upstream, &message->edns, now);
	if (!reply_is_useful(resolver->reply.kind))
		return;
	/* Only who has just refused EDNS: what is known already must end some day. */
	if (upstream->edns_given_up && !upstream->hearsay)
		qn_manners_set_no_edns(&resolver->parts.manners, server, now);
	if (!case_kept)
		qn_manners_set_no_case(&resolver->parts.manners, server, now);
}

/* Hands the reply to a query to the other tasks that waited for it. */
static void
share_reply(struct qn_resolver *resolver, const struct qn_upstream *upstream,
    struct qn_list *followers, struct qn_now now)
{
	for (struct qn_list *link = qn_list_pop(followers); link != NULL;
	     link = qn_list_pop(followers))
		qn_task_share(
		    resolver, qn_list_entry(link, struct qn_task, follow_link), upstream, now);
}

void
qn_resolver_reply(struct qn_resolver *resolver, uint32_t slot, const struct qn_message *message,
    bool case_kept, struct qn_now now)
{
	struct qn_upstream *upstream = qn_pool_at(&resolver->parts.upstreams, slot);
	struct qn_task *task = upstream->task;
	struct qn_list followers;
	struct qn_name zone;

	if (upstream->state == QN_UPSTREAM_OVER)
		return; /* The transport has not heard yet. */
	const struct qn_reply_context context = {
	    .question = &upstream->question,
	    .zone = &zone,
	    .hash_key = resolver->store.hash_key,
	    .edns_sent = upstream->edns,
	    .forwarded = upstream->forwarded,
	    .last_resort = upstream->last_resort,
	};

	qn_name_suffix(&zone, &upstream->question.name, upstream->zone_labels);
	qn_reply_judge(&resolver->reply, message, &context);
	reply_learn(resolver, upstream, message, case_kept, now);
	qn_trace_replied(resolver, upstream, qn_message_rcode(message), now);
	if (task == NULL) {
		qn_upstream_release(resolver, upstream);
		return;
	}
	qn_list_init(&followers);
	if (reply_is_useful(resolver->reply.kind)) {
		qn_upstream_useful(resolver, task, upstream, now);
		qn_list_remove(&task->follow_link);
		qn_upstream_release_all(resolver, task, upstream, &followers);
	} else {
		qn_flight_end(upstream, &followers);
		qn_upstream_release(resolver, upstream);
	}
	qn_task_replied(resolver, task, upstream, now);
	share_reply(resolver, upstream, &followers, now);
	resolver_settle(resolver, SETTLE_STEPS, now);
}

void
qn_resolver_unsent(struct qn_resolver *resolver, uint32_t slot, struct qn_now now)
{
	struct qn_upstream *upstream = qn_pool_at(&resolver->parts.upstreams, slot);
	struct qn_task *task = upstream->task;

	if (upstream->state == QN_UPSTREAM_OVER)
		return;
	qn_counter_add(&resolver->counters.upstream_unsent, 1);
	qn_trace_outcome(resolver, upstream, QN_TRACE_UNSENT, now);
	qn_upstream_release(resolver, upstream);
	if (task != NULL)
		qn_task_unsent(resolver, task, upstream);
	resolver_settle(resolver, SETTLE_STEPS, now);
}

void
qn_resolver_suspect(struct qn_resolver *resolver, uint32_t slot, struct qn_now now)
{
	struct qn_upstream *upstream = qn_pool_at(&resolver->parts.upstreams, slot);
	struct qn_task *task = upstream->task;

	if (task == NULL || upstream->transport == QN_TRANSPORT_TCP)
		return;
	qn_counter_add(&resolver->counters.upstream_suspect, 1);
	qn_trace_outcome(resolver, upstream, QN_TRACE_SUSPECT, now);
	upstream->hearsay = true;
	qn_upstream_release(resolver, upstream);
	qn_task_retry_tcp(resolver, task, upstream, now);
	resolver_settle(resolver, SETTLE_STEPS, now);
}

static void
upstream_expired(struct qn_resolver *resolver, struct qn_upstream *upstream, struct qn_now now)
{
	struct qn_task *task = upstream->task;

	if (!upstream->overdue) {
		qn_upstream_overdue(resolver, upstream, now);
		return;
	}
	qn_counter_add(&resolver->counters.upstream_timeouts, 1);
	qn_trace_outcome(resolver, upstream, QN_TRACE_TIMED_OUT, now);
	qn_upstream_tell(resolver, upstream, QN_OUTCOME_TIMED_OUT, now);
	if (task == NULL) {
		qn_upstream_release(resolver, upstream);
		return;
	}
	/* The task is ready before those who follow it: it knows whose silence they share. */
	qn_task_silent(resolver, task, upstream);
	qn_upstream_linger(resolver, upstream);
}

/* Tells the clients whose time is up; at its own deadline the task ends. */
static void
task_expired(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	if (qn_mono_reached(task->budget->deadline, now.mono)) {
		qn_counter_add(&resolver->counters.task_deadline, 1);
		task->starved = task->depth > 0;
		qn_task_fail(resolver, task, QN_EDE_NO_REACHABLE_AUTHORITY, now);
		return;
	}
	while (!qn_list_empty(&task->askers)) {
		struct qn_asker *asker = qn_list_entry(task->askers.next, struct qn_asker, link);

		if (!qn_mono_reached(asker->deadline, now.mono))
			break;
		asker->expired = true;
		qn_list_remove(&asker->link);
		qn_list_append(&resolver->expired, &asker->link);
		task->asker_count--;
	}
	task_rearm(resolver, task);
}

uint32_t
qn_resolver_expire(struct qn_resolver *resolver, struct qn_now now, uint32_t count_max)
{
	uint32_t count = 0;

	for (; count < count_max; count++) {
		struct qn_timer *timer = qn_wheel_expire(&resolver->wheel, now.mono);

		if (timer == NULL)
			break;
		struct qn_timed *timed = qn_list_entry(timer, struct qn_timed, timer);

		switch (timed->kind) {
		case QN_TIMED_TASK:
			task_expired(resolver, qn_list_entry(timed, struct qn_task, timed), now);
			break;
		case QN_TIMED_UPSTREAM:
			upstream_expired(
			    resolver, qn_list_entry(timed, struct qn_upstream, timed), now);
			break;
		}
	}
	resolver_settle(resolver, EXPIRE_STEPS, now);
	return count;
}

uint64_t
qn_resolver_rest_us(const struct qn_resolver *resolver, struct qn_now now, uint64_t most_us)
{
	if (qn_resolver_has_effects(resolver))
		return 0;
	return qn_wheel_rest_us(&resolver->wheel, now.mono, most_us);
}

/* --- Effects ---------------------------------------------------------------------------- */

bool
qn_resolver_has_effects(const struct qn_resolver *resolver)
{
	return !qn_list_empty(&resolver->ready) || !qn_list_empty(&resolver->sends) ||
	       !qn_list_empty(&resolver->releases) || !qn_list_empty(&resolver->expired) ||
	       !qn_list_empty(&resolver->finished);
}

/* Makes the cookie for a server, with what that server gave last, if it gave any. */
static void
cookie_add(const struct qn_resolver *resolver, struct qn_cookie *cookie,
    const struct qn_upstream *upstream, const struct qn_manners *manners)
{
	qn_cookie_for_server(cookie, &resolver->cookie_secret, &upstream->server.address);
	if (manners == NULL || manners->cookie_len == 0)
		return;
	memcpy(cookie->octets + cookie->len, manners->cookie, manners->cookie_len);
	cookie->len = (uint8_t)(cookie->len + manners->cookie_len);
}

bool
qn_resolver_take_send(
    struct qn_resolver *resolver, struct qn_upstream_query *query, struct qn_now now)
{
	struct qn_list *link = qn_list_pop(&resolver->sends);

	if (link == NULL)
		return false;
	struct qn_upstream *upstream = qn_list_entry(link, struct qn_upstream, link);
	const struct qn_manners *manners =
	    qn_manners_find(&resolver->parts.manners, &upstream->server.address);

	*query = (struct qn_upstream_query){
	    .slot = qn_pool_index(&resolver->parts.upstreams, upstream),
	    .server = upstream->server,
	    .transport = upstream->transport,
	    .edns = upstream->edns,
	    .recursion_desired = upstream->forwarded || upstream->last_resort,
	    .mix_case = qn_manners_case(manners, now),
	    .question = &upstream->question,
	};
	if (upstream->edns)
		cookie_add(resolver, &query->cookie, upstream, manners);
	/* The time that counts begins when the query leaves. */
	upstream->sent = now.mono;
	if (upstream->task == NULL) {
		upstream->state = QN_UPSTREAM_SPARE;
	} else {
		upstream->state = QN_UPSTREAM_WAITED;
		qn_trace_sent(resolver, upstream, now);
	}
	qn_wheel_start(&resolver->wheel, &upstream->timed.timer,
	    qn_mono_after_us(
		now.mono, upstream->overdue ? upstream->timeout_us : upstream->hedge_us));
	if (upstream->minimized)
		qn_counter_add(&resolver->counters.upstream_minimized, 1);
	if (!upstream->edns)
		qn_counter_add(&resolver->counters.upstream_without_edns, 1);
	return true;
}

bool
qn_resolver_take_release(struct qn_resolver *resolver, uint32_t *slot)
{
	struct qn_list *link = qn_list_pop(&resolver->releases);

	if (link == NULL)
		return false;
	struct qn_upstream *upstream = qn_list_entry(link, struct qn_upstream, link);

	*slot = qn_pool_index(&resolver->parts.upstreams, upstream);
	qn_pool_put(&resolver->parts.upstreams, upstream);
	qn_counter_sub(&resolver->upstream_gauge, 1);
	return true;
}

/* Takes the next asker, a trace's too; NULL when there is none. */
static struct qn_asker *
take_asker(struct qn_resolver *resolver, struct qn_answer *answer)
{
	struct qn_list *link = qn_list_pop(&resolver->expired);

	if (link != NULL) {
		*answer = out_of_time;
		return qn_list_entry(link, struct qn_asker, link);
	}
	if (qn_list_empty(&resolver->finished))
		return NULL;
	struct qn_task *task = qn_list_entry(resolver->finished.next, struct qn_task, queue_link);

	link = qn_list_pop(&task->askers);
	*answer = task->answer;
	if (qn_list_empty(&task->askers)) {
		qn_list_remove(&task->queue_link);
		resolver->fetched = task;
	}
	return qn_list_entry(link, struct qn_asker, link);
}

/* The asker that take_asker() would give; NULL when there is none. The answer before it is done. */
static struct qn_asker *
next_asker(struct qn_resolver *resolver)
{
	const struct qn_list *link = resolver->expired.next;

	if (resolver->fetched != NULL) {
		qn_task_free(resolver, resolver->fetched);
		resolver->fetched = NULL;
	}
	if (link == &resolver->expired) {
		if (qn_list_empty(&resolver->finished))
			return NULL;
		link =
		    qn_list_entry(resolver->finished.next, struct qn_task, queue_link)->askers.next;
	}
	return qn_list_entry(link, struct qn_asker, link);
}

struct qn_asker *
qn_resolver_next_asker(struct qn_resolver *resolver)
{
	struct qn_asker *asker = next_asker(resolver);
	struct qn_answer answer;

	if (asker != NULL && resolver->trace != NULL && asker == &resolver->trace->asker) {
		(void)take_asker(resolver, &answer);
		qn_trace_end(resolver, &answer);
		asker = next_asker(resolver);
	}
	return asker;
}

struct qn_asker *
qn_resolver_take_answer(struct qn_resolver *resolver, struct qn_answer *answer)
{
	(void)qn_resolver_next_asker(resolver); /* Ends a trace whose turn it is. */
	return take_asker(resolver, answer);
}

/* --- Figures ---------------------------------------------------------------------------- */

struct qn_sample_ring *
qn_resolver_samples(struct qn_resolver *resolver)
{
	return resolver->parts.ledger.ring;
}

const struct qn_resolve_counters *
qn_resolver_counters(const struct qn_resolver *resolver)
{
	return &resolver->counters;
}

struct qn_resolve_gauges
qn_resolver_gauges(const struct qn_resolver *resolver)
{
	return (struct qn_resolve_gauges){
	    .tasks = qn_counter_get(&resolver->task_gauge),
	    .upstream_in_flight = qn_counter_get(&resolver->upstream_gauge),
	    .upstream_spare = qn_counter_get(&resolver->spare_gauge),
	    .large_pages = qn_counter_get(&resolver->large_gauge),
	};
}
