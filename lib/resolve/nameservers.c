/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/minimize.h"
#include "resolve/task.h"

#include "base/broken.h"

/* Nameservers whose addresses are looked up at the same time, by how deep it is nested. */
#define LOOKUP_SERVERS(depth) ((depth) < 2 ? 2u : 1u)

/*
 * Nameservers without glue that the cache is asked about when a zone is taken up: all, so that
 * the best can be chosen, but few where a tangle of delegations may cause many such zones.
 */
#define CACHED_SERVERS(depth) ((depth) < 2 ? QN_DELEGATION_SERVER_MAX : 2u)

/* Nameservers without any address after which the others of a zone are not looked up. */
#define UNRESOLVED_SERVERS 5u

/* No question has this type: what is remembered under it is about the delegation. */
#define UNRESOLVED_TYPE 0

/* Nameservers whose own zone's glue is looked at when their addresses have failed. */
#define FOREIGN_GLUE_SERVERS 3

/* --- The zone to ask -------------------------------------------------------------------- */

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
void
qn_task_zone_prepare(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
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

bool
qn_question_is_priming(const struct qn_question *question)
{
	return question->type == QN_TYPE_NS &&
	       (QN_BREAK(child_ns) || question->name.len == qn_name_root.len);
}

/* Starts at the hints, and has the root asked who really serves it (RFC 9609 s3). */
static void
zone_from_hints(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_question priming = {qn_name_root, QN_TYPE_NS, QN_CLASS_IN};

	qn_delegation_from_hints(&task->zone, resolver->config);
	if (!qn_question_is_priming(&task->question))
		qn_task_refresh(resolver, &priming, now);
}

/*
 * Finds the deepest zone known to hold the name: a DS lives above the cut (RFC 4035
 * s3.1.4.1), a forwarded zone has nothing below it, a stub zone gives way to deeper cuts.
 */
void
qn_task_find_zone(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_resolve_config *config = resolver->config;
	const struct qn_route *route = qn_route_find(config, &task->name);
	struct qn_name name;

	qn_name_copy(&name, &task->name);
	if (task->question.type == QN_TYPE_DS &&
	    (route == NULL || !qn_name_equal(&name, &route->zone)))
		qn_name_parent(&name, &name);
	const bool known = (route == NULL || route->kind == QN_ROUTE_STUB) &&
	                   find_delegation(resolver, task, &name, now);

	if (route != NULL && (!known || task->zone.zone.len <= route->zone.len))
		qn_delegation_from_route(&task->zone, route);
	else if (!known)
		zone_from_hints(resolver, task, now);
	qn_task_zone_prepare(resolver, task, now);
	task->zone_known = true;
	task->last_resort = false;
	task->foreign_glue_used = false;
	task->minimize = config->minimization != QN_MINIMIZATION_OFF && !task->zone.forwarded;
	/* A nameserver's name hides less and costs more: one shortened query will do. */
	task->minimized_count = task->depth > 0 ? QN_MINIMIZE_COUNT_MAX - 2 : 0;
}

/* --- Looking up addresses --------------------------------------------------------------- */

/* Why the address of a nameserver is not looked up; NULL when nothing speaks against it. */
static const char *
lookup_refused(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_question *question, struct qn_now now)
{
	struct qn_resolve_counters *counters = &resolver->counters;
	struct qn_failure failure;

	if (qn_store_get_failure(
		&resolver->store, &question->name, question->type, now, &failure)) {
		qn_counter_add(&counters->lookup_known_failure, 1);
		return "failed a moment ago";
	}
	if (task->depth == QN_RESOLVE_DEPTH_MAX) {
		qn_counter_add(&counters->lookup_depth, 1);
		task->starved = true;
		return "nested too deep";
	}
	if (task->budget->lookup_left == 0) {
		qn_counter_add(&counters->lookup_budget, 1);
		task->starved = task->depth > 0;
		return "too many lookups";
	}
	return NULL;
}

/* Starts, or joins, the question for one address family of a nameserver; false: it does not. */
static bool
lookup_try(struct qn_resolver *resolver, struct qn_task *task, uint8_t server, uint16_t type,
    struct qn_now now)
{
	const uint64_t started = qn_counter_get(&resolver->counters.tasks_started);
	struct qn_question question = {.type = type, .class = QN_CLASS_IN};
	struct qn_task *child;
	const char *why;

	qn_name_copy(&question.name, &task->zone.servers[server].name);
	why = lookup_refused(resolver, task, &question, now);
	if (why != NULL) {
		qn_trace_lookup(resolver, task, &question, QN_TRACE_SKIPPED, why, now);
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
		qn_trace_lookup(
		    resolver, task, &question, QN_TRACE_SKIPPED, "waits for this itself", now);
		return false;
	}
	if (qn_counter_get(&resolver->counters.tasks_started) == started)
		qn_trace_lookup(resolver, task, &question, QN_TRACE_JOINED, NULL, now);
	qn_counter_add(&resolver->counters.lookups, 1);
	return qn_task_wait(resolver, task, child, server);
}

static bool
lookup_start(struct qn_resolver *resolver, struct qn_task *task, uint8_t server, uint16_t type,
    struct qn_now now)
{
	const bool started = lookup_try(resolver, task, server, type, now);

	if (started)
		task->lookups_started++;
	else
		task->lookups_refused = true;
	return started;
}

/* Whether so many nameservers have no address that the others are not worth the queries. */
static bool
too_many_unresolved(const struct qn_resolver *resolver, const struct qn_task *task)
{
	const unsigned families = resolver->config->use_ipv4 + resolver->config->use_ipv6;

	return task->zone.candidate_count == 0 &&
	       task->lookups_failed >= UNRESOLVED_SERVERS * families;
}

/* Whether the zone was given up a moment ago; it is asked about before the first lookup. */
static bool
zone_was_unresolved(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_failure failure;

	return task->zone.candidate_count == 0 && task->lookups_started == 0 &&
	       qn_store_get_failure(
		   &resolver->store, &task->zone.zone, UNRESOLVED_TYPE, now, &failure);
}

/*
 * Only lookups count that ended for reasons of their own: limits, cycles and what is remembered
 * of single names say nothing about the zone, and could be forced upon it by strangers.
 */
void
qn_task_unresolved(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const bool all = task->lookups_started > 0 && !task->lookups_refused &&
	                 task->lookups_failed == task->lookups_started;

	if (!too_many_unresolved(resolver, task) && (!all || task->zone.candidate_count > 0))
		return;
	qn_counter_add(&resolver->counters.zones_unresolved, 1);
	qn_store_put_failure(&resolver->store, &task->zone.zone, UNRESOLVED_TYPE, QN_RCODE_SERVFAIL,
	    QN_EDE_NO_REACHABLE_AUTHORITY, now);
}

/* Whether asking for the addresses of a nameserver could bring one that is not known yet. */
static bool
lookup_is_worth_it(
    const struct qn_delegation *zone, const struct qn_nameserver *server, bool glue_failed)
{
	if (server->looked_up || (server->address_count > 0 && !glue_failed))
		return false;
	/* The zone's own servers would have to be asked, and all of them have failed. */
	return server->address_count == 0 || !qn_name_within(&server->name, &zone->zone);
}

/*
 * Looks up the addresses of the next nameservers for which that makes sense. True when the
 * task waits for at least one of them. Which come first is left to chance: it spreads the
 * load, and nobody can choose the victim of a delegation to strangers' names (NXNSAttack).
 */
bool
qn_task_lookup_servers(
    struct qn_resolver *resolver, struct qn_task *task, bool glue_failed, struct qn_now now)
{
	struct qn_delegation *zone = &task->zone;
	const uint32_t first = qn_random_below(&resolver->random, zone->server_count);
	unsigned started = 0;

	if (too_many_unresolved(resolver, task))
		return false;
	if (zone_was_unresolved(resolver, task, now)) {
		qn_counter_add(&resolver->counters.lookup_known_failure, 1);
		task->starved = true;
		return false;
	}
	for (uint8_t i = 0; i < zone->server_count && started < LOOKUP_SERVERS(task->depth); i++) {
		const uint8_t index = (uint8_t)((first + i) % zone->server_count);
		struct qn_nameserver *server = &zone->servers[index];
		bool waiting = false;

		if (!lookup_is_worth_it(zone, server, glue_failed))
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
	for (uint8_t i = 0; i < zone->server_count && i < FOREIGN_GLUE_SERVERS; i++) {
		struct qn_name above;

		if (!qn_store_get_delegation(&resolver->store, &zone->servers[i].name, now, own))
			continue;
		add_glue_of(zone, i, own);
		/* The deepest may be of the nameserver's own making: the next one counts, too. */
		if (qn_name_parent(&above, &own->zone) &&
		    qn_store_get_delegation(&resolver->store, &above, now, own))
			add_glue_of(zone, i, own);
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
	for (uint8_t i = 0; i < task->zone.candidate_count; i++) {
		struct qn_candidate *candidate = &task->zone.candidates[i];

		if (!candidate->doubtful)
			continue;
		candidate->failed = false;
		candidate->tries = 0;
		found = true;
	}
	task->last_resort = found;
	if (found)
		qn_counter_add(&resolver->counters.last_resorts, 1);
	return found;
}

bool
qn_task_last_resort(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	return use_foreign_glue(resolver, task, now) || use_doubtful(resolver, task);
}
