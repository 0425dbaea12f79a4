/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/minimize.h"
#include "resolve/task.h"
#include "zone/zones.h"

/* Nameservers whose addresses are looked up at the same time, by how deep it is nested. */
#define LOOKUP_SERVERS(depth) ((depth) < 2 ? 2u : 1u)

/*
 * Nameservers without glue that the cache is asked about when a zone is taken up: all, so that
 * the best can be chosen, but few where a tangle of delegations may cause many such zones.
 */
#define CACHED_SERVERS(depth) ((depth) < 2 ? QN_DELEGATION_SERVER_MAX : 2u)

/* --- Following what is known ------------------------------------------------------------ */

/*
 * Begins anew with another name: nothing learned about the old one's zone counts, and nothing
 * may be added to the new one's servers that was looked up for the old one's.
 */
static void
task_set_name(struct qn_resolver *resolver, struct qn_task *task, const struct qn_name *name)
{
	qn_task_wait_no_more(resolver, task);
	qn_name_copy(&task->name, name);
	task->zone_known = false;
	task->seen_refused = false;
	task->seen_other = false;
}

enum followed {
	FOLLOWED, /* The name has changed. */
	NOTHING,  /* Nothing is known. */
	ENDED,    /* The task is finished or failed: hands off. */
};

/* Appends an alias that stands in one record and goes on with its target. */
static enum followed
follow_alias(struct qn_resolver *resolver, struct qn_task *task, const struct qn_rrset *alias,
    struct qn_now now)
{
	struct qn_view rest = alias->rdatas;
	struct qn_view rdata;
	struct qn_name target;

	if (task->alias_count == QN_ALIAS_MAX) {
		qn_counter_add(&resolver->counters.task_alias_limit, 1);
		qn_task_fail(resolver, task, QN_EDE_OTHER, now);
		return ENDED;
	}
	task->alias_count++;
	if (!qn_rdatas_next(&rest, &rdata) || !qn_rdata_name(&target, rdata) ||
	    !qn_task_append(resolver, task, alias, QN_SECTION_ANSWER)) {
		qn_task_fail(resolver, task, QN_EDE_INVALID_DATA, now);
		return ENDED;
	}
	task_set_name(resolver, task, &target);
	return FOLLOWED;
}

static void
finish_positive(struct qn_resolver *resolver, struct qn_task *task, const struct qn_rrset *rrset,
    struct qn_now now)
{
	if (qn_task_append(resolver, task, rrset, QN_SECTION_ANSWER))
		qn_task_finish(resolver, task, QN_RCODE_NOERROR, now);
	else
		qn_task_fail(resolver, task, QN_EDE_OTHER, now);
}

static void
finish_negative(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_negative *negative, struct qn_now now)
{
	if (negative->has_soa &&
	    !qn_task_append(resolver, task, &negative->soa, QN_SECTION_AUTHORITY)) {
		qn_task_fail(resolver, task, QN_EDE_OTHER, now);
		return;
	}
	if (!negative->has_soa && task->ttl_s > negative->ttl_s)
		task->ttl_s = negative->ttl_s;
	qn_task_finish(resolver, task, negative->rcode, now);
}

/*
 * Takes one link out of local data, where the walk begins. What they answer by themselves has
 * been answered before it came here, so there is nothing but an alias that leads out of them.
 */
static enum followed
follow_local(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_zones *local = resolver->config->local;
	struct qn_zone_match match;

	task->local =
	    task->local && local != NULL &&
	    qn_zones_find(local, &task->name, task->question.type, &match) == QN_ZONE_ALIAS;
	return task->local ? follow_alias(resolver, task, &match.rrset, now) : NOTHING;
}

/* Takes one link out of the cache: the answer, its absence, or an alias. */
static enum followed
follow_cache(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_store *store = &resolver->store;
	struct qn_rrset *rrset = &resolver->reply.sets[0];
	struct qn_negative *negative = &resolver->reply.negative;
	const struct qn_route *route = qn_route_find(resolver->config, &task->name);
	/* What the public tree denies may well exist where the operator leads. */
	const struct qn_name *top = route != NULL ? &route->zone : &qn_name_root;

	if (qn_store_get_rrset(store, &task->name, task->question.type, now, rrset)) {
		qn_trace_add(resolver, task, QN_TRACE_CACHE, now);
		finish_positive(resolver, task, rrset, now);
		return ENDED;
	}
	if (qn_store_get_negative(store, &task->name, task->question.type, now, negative) ||
	    qn_store_get_nxdomain_above(store, &task->name, top, now, negative)) {
		qn_trace_add(resolver, task, QN_TRACE_CACHE, now);
		finish_negative(resolver, task, negative, now);
		return ENDED;
	}
	if (task->question.type != QN_TYPE_CNAME &&
	    qn_store_get_rrset(store, &task->name, QN_TYPE_CNAME, now, rrset)) {
		qn_trace_add(resolver, task, QN_TRACE_CACHE, now);
		return follow_alias(resolver, task, rrset, now);
	}
	return NOTHING;
}

/* --- Nameserver addresses --------------------------------------------------------------- */

/* Adds what the cache knows of a nameserver that came without glue. */
static void
server_from_cache(struct qn_resolver *resolver, struct qn_delegation *zone, uint8_t index,
    uint16_t type, struct qn_now now)
{
	struct qn_rrset *rrset = &resolver->reply.sets[0];
	struct qn_view rdata;

	if (!qn_store_get_rrset(&resolver->store, &zone->servers[index].name, type, now, rrset))
		return;
	while (qn_rdatas_next(&rrset->rdatas, &rdata)) {
		const struct qn_address address =
		    type == QN_TYPE_A ? qn_address_ipv4(rdata.data) : qn_address_ipv6(rdata.data);

		qn_delegation_add_address(zone, index, &address);
	}
}

/* Readies the zone of the task for asking: addresses that we can reach, without a query. */
static void
zone_prepare(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_delegation *zone = &task->zone;

	unsigned left = CACHED_SERVERS(task->depth);

	qn_delegation_keep_families(zone, resolver->config);
	for (uint8_t i = 0; i < zone->server_count && left > 0; i++) {
		if (zone->servers[i].address_count > 0)
			continue;
		left--;
		if (resolver->config->use_ipv4)
			server_from_cache(resolver, zone, i, QN_TYPE_A, now);
		if (resolver->config->use_ipv6)
			server_from_cache(resolver, zone, i, QN_TYPE_AAAA, now);
	}
	task->known_labels = (uint8_t)qn_name_label_count(&zone->zone);
}

/* Whether a delegation leads nowhere by itself: no address, and all names inside the zone. */
static bool
delegation_is_blind(const struct qn_delegation *zone)
{
	for (uint8_t i = 0; i < zone->server_count; i++)
		if (!qn_name_within(&zone->servers[i].name, &zone->zone))
			return false;
	return zone->candidate_count == 0;
}

/*
 * Finds the deepest known delegation that can be used to ask for `name`. On the way to the
 * address of a nameserver a blind one is passed over: the zone above may know the address,
 * though it did not say so in its referral.
 */
static bool
find_delegation(
    struct qn_resolver *resolver, struct qn_task *task, struct qn_name *name, struct qn_now now)
{
	struct qn_delegation *zone = &task->zone;

	while (qn_store_get_delegation(&resolver->store, name, now, zone))
		if (task->depth == 0 || !delegation_is_blind(zone) ||
		    !qn_name_parent(name, &zone->zone))
			return true;
	return false;
}

static bool
question_is_priming(const struct qn_question *question)
{
	return question->type == QN_TYPE_NS && question->name.len == qn_name_root.len;
}

/* Starts at the hints, and has the root asked who really serves it (RFC 9609 s3). */
static void
zone_from_hints(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_question priming = {qn_name_root, QN_TYPE_NS, QN_CLASS_IN};

	qn_delegation_from_hints(&task->zone, resolver->config);
	if (!question_is_priming(&task->question))
		qn_task_refresh(resolver, &priming, now);
}

/*
 * Finds the deepest zone known to hold the name: a DS lives above the cut (RFC 4035
 * s3.1.4.1), a forwarded zone has nothing below it, a stub zone gives way to deeper cuts.
 */
static void
task_find_zone(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_resolve_config *config = resolver->config;
	const struct qn_route *route = qn_route_find(config, &task->name);
	struct qn_name name;

	qn_name_copy(&name, &task->name);
	if (task->question.type == QN_TYPE_DS &&
	    (route == NULL || !qn_name_equal(&name, &route->zone)))
		qn_name_parent(&name, &name);
	if (route != NULL && route->kind == QN_ROUTE_FORWARD)
		qn_delegation_from_route(&task->zone, route);
	else if (!find_delegation(resolver, task, &name, now))
		zone_from_hints(resolver, task, now);
	if (route != NULL && task->zone.zone.len <= route->zone.len)
		qn_delegation_from_route(&task->zone, route);
	zone_prepare(resolver, task, now);
	task->zone_known = true;
	task->last_resort = false;
	task->foreign_glue_used = false;
	task->minimize = config->minimization != QN_MINIMIZATION_OFF && !task->zone.forwarded;
	task->minimized_count = 0;
}

/* Starts, or joins, the question for one address family of a nameserver. */
static bool
lookup_start(struct qn_resolver *resolver, struct qn_task *task, uint8_t server, uint16_t type,
    struct qn_now now)
{
	struct qn_question question = {.type = type, .class = QN_CLASS_IN};
	struct qn_failure failure;
	struct qn_task *child;

	qn_name_copy(&question.name, &task->zone.servers[server].name);
	if (qn_store_get_failure(&resolver->store, &question.name, type, now, &failure)) {
		qn_counter_add(&resolver->counters.lookup_known_failure, 1);
		return false;
	}
	if (task->depth == QN_RESOLVE_DEPTH_MAX) {
		qn_counter_add(&resolver->counters.lookup_depth, 1);
		task->starved = true;
		return false;
	}
	if (task->budget->lookup_left == 0) {
		qn_counter_add(&resolver->counters.lookup_budget, 1);
		task->starved = task->depth > 0;
		return false;
	}
	task->budget->lookup_left--;
	child = qn_task_open(resolver, &question, task, now);
	if (child == NULL) {
		task->starved = true;
		return false;
	}
	if (qn_task_depends_on(child, task)) {
		qn_counter_add(&resolver->counters.lookup_cycle, 1);
		task->starved = task->depth > 0; /* Asked by itself it may have no cycle. */
		return false;
	}
	qn_counter_add(&resolver->counters.lookups, 1);
	return qn_task_wait(resolver, task, child, server);
}

/* Whether asking for the addresses of a nameserver could bring one that is not known yet. */
static bool
lookup_is_worth_it(const struct qn_delegation *zone, const struct qn_nameserver *server)
{
	if (server->looked_up)
		return false;
	/* The zone's own servers would have to be asked, and all of them have failed. */
	return server->address_count == 0 || !qn_name_within(&server->name, &zone->zone);
}

/*
 * Looks up the addresses of the next nameservers for which that makes sense. True when the
 * task waits for at least one of them. Which come first is left to chance: it spreads the
 * load, and nobody can choose the victim of a delegation to strangers' names (NXNSAttack).
 */
static bool
lookup_servers(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_delegation *zone = &task->zone;
	const uint32_t first = qn_random_below(&resolver->random, zone->server_count);
	unsigned started = 0;

	for (uint8_t i = 0; i < zone->server_count && started < LOOKUP_SERVERS(task->depth); i++) {
		const uint8_t index = (uint8_t)((first + i) % zone->server_count);
		struct qn_nameserver *server = &zone->servers[index];
		bool waiting = false;

		if (!lookup_is_worth_it(zone, server))
			continue;
		server->looked_up = true;
		if (resolver->config->use_ipv4)
			waiting |= lookup_start(resolver, task, index, QN_TYPE_A, now);
		if (resolver->config->use_ipv6)
			waiting |= lookup_start(resolver, task, index, QN_TYPE_AAAA, now);
		started += waiting;
	}
	return started > 0;
}

/* --- Last resorts ----------------------------------------------------------------------- */

/* Adds the addresses that `from` has for nameserver `index` of `zone`. */
static void
add_glue_of(struct qn_delegation *zone, uint8_t index, const struct qn_delegation *from)
{
	const struct qn_name *name = &zone->servers[index].name;

	for (uint8_t i = 0; i < from->candidate_count; i++)
		if (qn_name_equal(&from->servers[from->candidates[i].server].name, name))
			qn_delegation_add_address(zone, index, &from->candidates[i].address);
}

/*
 * Adds the addresses that the delegation of a nameserver's own zone has as glue for it: its
 * zone may tell other ones, which have just failed. True when that brought anything new.
 */
static bool
use_foreign_glue(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_delegation *zone = &task->zone;
	struct qn_delegation *own = &resolver->reply.delegation;
	const uint8_t count = zone->candidate_count;

	if (zone->forwarded || task->foreign_glue_used)
		return false;
	task->foreign_glue_used = true;
	for (uint8_t i = 0; i < zone->server_count; i++) {
		const struct qn_name *name = &zone->servers[i].name;
		struct qn_name above;

		qn_name_copy(&above, name);
		do {
			if (!qn_store_get_delegation(&resolver->store, &above, now, own))
				break;
			add_glue_of(zone, i, own);
		} while (qn_name_parent(&above, &own->zone));
	}
	qn_delegation_keep_families(zone, resolver->config);
	return zone->candidate_count > count;
}

/*
 * Asks those servers again that answered, but not as authorities, and takes their word this
 * time: a zone whose servers are all set up wrongly is still better than no zone.
 */
static bool
use_doubtful(struct qn_resolver *resolver, struct qn_task *task)
{
	bool found = false;

	if (task->last_resort)
		return false;
	task->last_resort = true;
	for (uint8_t i = 0; i < task->zone.candidate_count; i++) {
		struct qn_candidate *candidate = &task->zone.candidates[i];

		if (!candidate->doubtful)
			continue;
		candidate->failed = false;
		candidate->tries = 0;
		found = true;
	}
	if (found)
		qn_counter_add(&resolver->counters.last_resorts, 1);
	return found;
}

/* --- Asking ----------------------------------------------------------------------------- */

/* Labels of the name that the next query shows. */
static unsigned
shown_labels(const struct qn_task *task)
{
	const unsigned labels = qn_name_label_count(&task->name);

	return task->minimize ? qn_minimize_next(labels, task->known_labels, task->minimized_count)
	                      : labels;
}

/*
 * Passes over endings of the name that are known to be no zone cut, because their zone has
 * answered for them: what was learned for one name spares the next one a query.
 */
static void
minimize_from_cache(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const unsigned labels = qn_name_label_count(&task->name);

	for (unsigned shown = shown_labels(task); shown < labels; shown = shown_labels(task)) {
		struct qn_name ending;

		qn_name_suffix(&ending, &task->name, shown);
		if (!qn_store_has_name(&resolver->store, &ending, now))
			return;
		task->known_labels = (uint8_t)shown;
	}
}

/* The question as much of it as the zone's servers need to see (RFC 9156 s2.3). */
static bool
question_minimize(struct qn_task *task, struct qn_question *question)
{
	const unsigned shown = shown_labels(task);

	question->class = QN_CLASS_IN;
	if (shown == qn_name_label_count(&task->name)) {
		qn_name_copy(&question->name, &task->name);
		question->type = task->question.type;
		return false;
	}
	/* What is asked for stays hidden, but for NS: that is what the step is about anyway. */
	qn_name_suffix(&question->name, &task->name, shown);
	question->type = task->question.type == QN_TYPE_NS ? QN_TYPE_NS : QN_TYPE_A;
	return true;
}

static void
task_fail_budget(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	qn_counter_add(&resolver->counters.task_budget, 1);
	task->starved = task->depth > 0;
	qn_task_fail(resolver, task, QN_EDE_OTHER, now);
}

/* Queues one query to candidate `index`. */
static void
task_ask(struct qn_resolver *resolver, struct qn_task *task, uint8_t index,
    enum qn_transport transport, bool edns, struct qn_now now)
{
	struct qn_candidate *candidate = &task->zone.candidates[index];
	struct qn_upstream *upstream;

	if (task->query_count == QN_RESOLVE_QUERY_MAX || task->budget->query_left == 0) {
		task_fail_budget(resolver, task, now);
		return;
	}
	upstream = qn_pool_take(&resolver->parts.upstreams);
	if (upstream == NULL) {
		qn_counter_add(&resolver->counters.tasks_shed, 1);
		task->starved = true;
		qn_task_fail(resolver, task, QN_EDE_NOT_READY, now);
		return;
	}
	task->query_count++;
	task->budget->query_left--;
	upstream->task = task;
	upstream->candidate = index;
	upstream->server = (struct qn_endpoint){candidate->address, candidate->port};
	upstream->transport = transport;
	upstream->edns = edns;
	upstream->cookie_renewed = false;
	upstream->minimized = question_minimize(task, &upstream->question);
	upstream->timeout_us = qn_select_timeout_us(
	    qn_ledger_find(&resolver->parts.ledger, &candidate->address), candidate->tries);
	upstream->timed.kind = QN_TIMED_UPSTREAM;
	qn_timer_init(&upstream->timed.timer);
	qn_list_append(&resolver->sends, &upstream->link);
	qn_counter_add(&resolver->upstream_gauge, 1);
	if (candidate->tries > 0)
		qn_counter_add(&resolver->counters.upstream_retried, 1);
	if (upstream->minimized)
		task->minimized_count++;
	candidate->tries++;
	task->upstream = upstream;
}

/* Asks the best address there is; without any, finds more; without hope, fails. */
static void
task_query(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	if (task->upstream != NULL)
		return;

	const uint32_t index = qn_select_next(task->zone.candidates, task->zone.candidate_count,
	    &resolver->parts.ledger, &resolver->random, now);

	if (index != QN_SELECT_NONE) {
		const struct qn_server *server =
		    qn_ledger_find(&resolver->parts.ledger, &task->zone.candidates[index].address);

		task_ask(resolver, task, (uint8_t)index, QN_TRANSPORT_UDP,
		    server == NULL || !server->no_edns, now);
		return;
	}
	if (!qn_list_empty(&task->waits) || lookup_servers(resolver, task, now))
		return;
	if (use_foreign_glue(resolver, task, now) || use_doubtful(resolver, task)) {
		qn_task_ready(resolver, task);
		return;
	}
	qn_counter_add(&resolver->counters.task_unreachable, 1);
	qn_task_fail(resolver, task, QN_EDE_NO_REACHABLE_AUTHORITY, now);
}

/* Takes one link out of what is known without asking anybody. */
static enum followed
follow_known(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const enum followed followed = follow_local(resolver, task, now);

	return followed != NOTHING || task->refresh ? followed : follow_cache(resolver, task, now);
}

void
qn_task_step(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	while (!task->zone_known) {
		switch (follow_known(resolver, task, now)) {
		case ENDED:
			return;
		case FOLLOWED:
			break;
		case NOTHING:
			task_find_zone(resolver, task, now);
			break;
		}
	}
	minimize_from_cache(resolver, task, now);
	task_query(resolver, task, now);
}

/* --- Replies ---------------------------------------------------------------------------- */

/* Takes the alias of a reply: a CNAME, a DNAME and the CNAME made from it, or a DNAME alone. */
static enum followed
take_alias(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;

	for (unsigned i = 0; i < reply->set_count; i++) {
		const struct qn_rrset *set = &reply->sets[i];

		qn_store_put_rrset(&resolver->store, set, reply->rank, now);
		if (set->type != QN_TYPE_DNAME) {
			if (follow_alias(resolver, task, set, now) == ENDED)
				return ENDED;
			continue;
		}
		/* The CNAME made from it comes next and does the renaming. */
		if (!qn_task_append(resolver, task, set, QN_SECTION_ANSWER)) {
			qn_task_fail(resolver, task, QN_EDE_OTHER, now);
			return ENDED;
		}
	}
	return FOLLOWED;
}

/* Takes the root's own word for its servers, unless it names no address that we can reach. */
static void
root_primed(struct qn_resolver *resolver, struct qn_now now)
{
	struct qn_delegation *root = &resolver->reply.delegation;

	qn_delegation_keep_families(root, resolver->config);
	if (root->candidate_count > 0)
		qn_store_put_delegation(&resolver->store, root, now);
}

static void
replied_answer(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;

	qn_store_put_rrset(&resolver->store, &reply->sets[0], reply->rank, now);
	if (question_is_priming(&task->question) && !task->zone.forwarded)
		root_primed(resolver, now);
	finish_positive(resolver, task, &reply->sets[0], now);
}

static void
replied_negative(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;

	if (take_alias(resolver, task, now) == ENDED)
		return;
	if (reply->negative.rcode != QN_RCODE_YXDOMAIN)
		qn_store_put_negative(
		    &resolver->store, &reply->target, task->question.type, &reply->negative, now);
	finish_negative(resolver, task, &reply->negative, now);
}

static void
replied_alias(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	if (take_alias(resolver, task, now) != ENDED)
		qn_task_ready(resolver, task);
}

/* Goes down one zone cut. Only a reply from above may say where it is (rule 12). */
static void
replied_referral(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	qn_store_put_delegation(&resolver->store, &resolver->reply.delegation, now);
	qn_store_drop_delegations(
	    &resolver->store, &resolver->reply.delegation.zone, &task->zone.zone);
	qn_task_wait_no_more(resolver, task);
	qn_delegation_copy(&task->zone, &resolver->reply.delegation);
	zone_prepare(resolver, task, now);
	task->last_resort = false;
	task->foreign_glue_used = false;
	qn_task_ready(resolver, task);
}

/* Goes on with the full name for good. */
static void
minimize_abandon(struct qn_resolver *resolver, struct qn_task *task)
{
	task->minimize = false;
	qn_counter_add(&resolver->counters.minimization_abandoned, 1);
}

/* A shortened name has been answered: the zone reaches further down than was known. */
static void
replied_minimized(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;
	const bool nxdomain =
	    reply->kind == QN_REPLY_NEGATIVE && reply->negative.rcode == QN_RCODE_NXDOMAIN;

	if (nxdomain && resolver->config->minimization == QN_MINIMIZATION_STRICT) {
		replied_negative(resolver, task, now); /* RFC 8020: nothing is below. */
		return;
	}
	if (nxdomain) {
		/* Relaxed: some servers deny names that have others below them. */
		minimize_abandon(resolver, task);
	} else {
		task->known_labels = (uint8_t)qn_name_label_count(&upstream->question.name);
		for (unsigned i = 0; i < reply->set_count; i++)
			qn_store_put_rrset(&resolver->store, &reply->sets[i], reply->rank, now);
		if (reply->kind == QN_REPLY_NEGATIVE)
			qn_store_put_negative(&resolver->store, &reply->target,
			    upstream->question.type, &reply->negative, now);
	}
	task->zone.candidates[upstream->candidate].tries = 0;
	qn_task_ready(resolver, task);
}

/* A useless reply: goes on with the full name if it was shortened, else at the next address. */
static void
replied_useless(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	struct qn_candidate *candidate = &task->zone.candidates[upstream->candidate];

	if (upstream->minimized && resolver->config->minimization == QN_MINIMIZATION_RELAXED) {
		minimize_abandon(resolver, task);
		candidate->tries = 0;
	} else {
		candidate->failed = true;
		candidate->doubtful = resolver->reply.kind == QN_REPLY_DOUBTFUL;
		if (resolver->reply.kind == QN_REPLY_REFUSED)
			task->seen_refused = true;
		else
			task->seen_other = true;
	}
	qn_task_ready(resolver, task);
}

/* Its cookie is known now: once more, and over TCP if even that does not please it. */
static void
replied_bad_cookie(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	if (upstream->transport == QN_TRANSPORT_TCP) {
		replied_useless(resolver, task, upstream);
		return;
	}
	if (upstream->cookie_renewed) {
		qn_task_retry_tcp(resolver, task, upstream, now);
		return;
	}
	task_ask(resolver, task, upstream->candidate, QN_TRANSPORT_UDP, upstream->edns, now);
	if (task->state == QN_TASK_RUNNING && task->upstream != NULL)
		task->upstream->cookie_renewed = true;
}

void
qn_task_replied(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	struct qn_resolve_counters *counters = &resolver->counters;
	struct qn_trace_event *event =
	    qn_trace_add_upstream(resolver, task, upstream, QN_TRACE_REPLY, now);

	if (event != NULL)
		event->verdict = resolver->reply.kind;
	switch (resolver->reply.kind) {
	case QN_REPLY_ANSWER:
		qn_counter_add(&counters->reply_answer, 1);
		if (upstream->minimized)
			replied_minimized(resolver, task, upstream, now);
		else
			replied_answer(resolver, task, now);
		return;
	case QN_REPLY_ALIAS:
		qn_counter_add(&counters->reply_alias, 1);
		if (upstream->minimized)
			replied_minimized(resolver, task, upstream, now);
		else
			replied_alias(resolver, task, now);
		return;
	case QN_REPLY_NEGATIVE:
		qn_counter_add(&counters->reply_negative, 1);
		if (upstream->minimized)
			replied_minimized(resolver, task, upstream, now);
		else
			replied_negative(resolver, task, now);
		return;
	case QN_REPLY_REFERRAL:
		qn_counter_add(&counters->reply_referral, 1);
		replied_referral(resolver, task, now);
		return;
	case QN_REPLY_TRUNCATED:
		qn_counter_add(&counters->reply_truncated, 1);
		if (upstream->transport == QN_TRANSPORT_UDP)
			qn_task_retry_tcp(resolver, task, upstream, now);
		else
			replied_useless(resolver, task, upstream);
		return;
	case QN_REPLY_BAD_COOKIE:
		qn_counter_add(&counters->reply_bad_cookie, 1);
		replied_bad_cookie(resolver, task, upstream, now);
		return;
	case QN_REPLY_NO_EDNS:
		qn_counter_add(&counters->reply_no_edns, 1);
		task_ask(resolver, task, upstream->candidate, upstream->transport, false, now);
		return;
	case QN_REPLY_REFUSED:
		qn_counter_add(&counters->reply_refused, 1);
		replied_useless(resolver, task, upstream);
		return;
	case QN_REPLY_SERVFAIL:
		qn_counter_add(&counters->reply_servfail, 1);
		replied_useless(resolver, task, upstream);
		return;
	case QN_REPLY_DOUBTFUL:
	case QN_REPLY_LAME:
		qn_counter_add(&counters->reply_lame, 1);
		replied_useless(resolver, task, upstream);
		return;
	}
}

void
qn_task_retry_tcp(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	task_ask(resolver, task, upstream->candidate, QN_TRANSPORT_TCP, upstream->edns, now);
}

/* Silence may be loss; twice in a row it may also be a server that a shortened name confuses. */
void
qn_task_silent(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	if (upstream->minimized && task->zone.candidates[upstream->candidate].tries >= 2 &&
	    resolver->config->minimization == QN_MINIMIZATION_RELAXED)
		minimize_abandon(resolver, task);
	qn_task_ready(resolver, task);
}

void
qn_task_unsent(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	task->zone.candidates[upstream->candidate].failed = true;
	qn_task_ready(resolver, task);
}
