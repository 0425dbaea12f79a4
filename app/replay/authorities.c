/* SPDX-License-Identifier: BSD-2-Clause */
#include "authorities.h"

#include <stdlib.h>

/* Servers are this far away. */
#define ROUND_TRIP_US (1 * QN_US_PER_MS)

void
authorities_init(struct authorities *authorities, struct scenario *scenario, struct world *world,
    bool strict, bool scripted_only)
{
	*authorities = (struct authorities){
	    .scenario = scenario,
	    .world = world,
	    .glue = glue_gather(scenario),
	    .scripted_only = scripted_only,
	    .strict = strict,
	    .step = scenario->steps,
	};
}

void
authorities_free(struct authorities *authorities)
{
	while (authorities->newest != NULL) {
		struct upstream *upstream = authorities->newest;

		authorities->newest = upstream->next;
		ldns_pkt_free(upstream->message);
		free(upstream);
	}
	glue_free(&authorities->glue);
}

/* --- Answering -------------------------------------------------------------------------- */

static void
send_octets(struct authorities *authorities, const struct upstream *upstream,
    struct message_octets *octets, uint64_t delay_us)
{
	world_send(authorities->world, &upstream->path, (struct qn_view){octets->data, octets->len},
	    delay_us);
	free(octets->data);
}

static void
answer_from_entry(struct authorities *authorities, struct upstream *upstream, struct entry *entry)
{
	uint64_t delay_us = ROUND_TRIP_US + entry->sleep_s * QN_US_PER_S;
	struct message_octets octets;

	upstream->open = false;
	entry->used = true;
	if (entry->adjust & ADJUST_DO_NOT_ANSWER)
		return;
	for (const struct packet *packet = &entry->first; packet != NULL; packet = packet->next) {
		delay_us += packet->sleep_s * QN_US_PER_S;
		if (reply_make(&octets, entry, packet, upstream->message))
			send_octets(authorities, upstream, &octets, delay_us);
	}
}

static bool
entry_fits(const struct authorities *authorities, const struct entry *entry,
    const struct upstream *upstream)
{
	const struct match_rules rules = {authorities->strict, upstream->path.tcp};
	struct mismatch mismatch;

	return match_entry(entry, upstream->message, rules, &mismatch);
}

static bool
endpoint_fits(const struct qn_endpoint *wanted, const struct qn_endpoint *server)
{
	return qn_address_equal(&wanted->address, &server->address) &&
	       (wanted->port == 0 || wanted->port == server->port);
}

static bool
range_in_force(const struct authorities *authorities, const struct range *range,
    const struct qn_endpoint *server)
{
	const uint32_t id = authorities->step->id;

	if (id < range->first || id > range->last)
		return false;
	for (const struct address_item *item = range->addresses; item != NULL; item = item->next)
		if (endpoint_fits(&item->endpoint, server))
			return true;
	return range->addresses == NULL;
}

static struct entry *
find_in_ranges(const struct authorities *authorities, const struct upstream *upstream)
{
	for (struct range *range = authorities->scenario->ranges; range != NULL;
	     range = range->next) {
		if (!range_in_force(authorities, range, &upstream->path.server))
			continue;
		for (struct entry *entry = range->entries; entry != NULL; entry = entry->next)
			if (entry_fits(authorities, entry, upstream))
				return entry;
	}
	return NULL;
}

/*
 * REPLY steps answer one query each. In Deckard's files those to come are as good as ranges;
 * in Unbound's it is those that have been reached and found nothing to answer.
 */
static struct entry *
find_in_replies(const struct authorities *authorities, const struct upstream *upstream)
{
	const struct step *now = authorities->step;
	const bool flat = authorities->scenario->dialect == DIALECT_FLAT;

	for (const struct step *step = authorities->scenario->steps; step != NULL;
	     step = step->next) {
		if (step->kind != STEP_REPLY || step->entry->used)
			continue;
		if ((flat ? step->id >= now->id : step->id < now->id) &&
		    entry_fits(authorities, step->entry, upstream))
			return step->entry;
	}
	return NULL;
}

/* Whether a step is about the server that was asked: it names that, or none. */
static bool
step_means_server(const struct step *step, const struct upstream *upstream)
{
	return !step->has_address ||
	       qn_address_equal(&step->address, &upstream->path.server.address);
}

static bool
step_wants(
    const struct authorities *authorities, const struct step *step, const struct upstream *upstream)
{
	return step_means_server(step, upstream) && entry_fits(authorities, step->entry, upstream);
}

/* A CHECK_OUT_QUERY that copies the id does not only look at the query but answers it. */
static struct entry *
find_in_check(const struct authorities *authorities, const struct upstream *upstream)
{
	const struct step *step = authorities->step;

	if (step->kind != STEP_CHECK_OUT_QUERY || !(step->entry->adjust & ADJUST_COPY_ID))
		return NULL;
	return step_wants(authorities, step, upstream) ? step->entry : NULL;
}

static bool
refers_or_denies(const ldns_pkt *message)
{
	const ldns_pkt_rcode rcode = ldns_pkt_get_rcode(message);

	return ldns_pkt_ancount(message) == 0 &&
	       (rcode == LDNS_RCODE_NOERROR || rcode == LDNS_RCODE_NXDOMAIN);
}

/*
 * Resolvers ask for shortened names with a type of their own choice, A or NS, and a referral is
 * the same for both: the entry for NS, if what it has is one, or a denial.
 */
static struct entry *
find_referral(const struct authorities *authorities, const struct upstream *upstream)
{
	struct upstream for_ns = *upstream;
	struct entry *entry;
	ldns_rr *question;

	for_ns.message = ldns_pkt_clone(upstream->message);
	question = ldns_rr_list_rr(ldns_pkt_question(for_ns.message), 0);
	if (question != NULL)
		ldns_rr_set_type(question, LDNS_RR_TYPE_NS);
	entry = find_in_ranges(authorities, &for_ns);
	ldns_pkt_free(for_ns.message);
	return entry != NULL && refers_or_denies(entry->first.message) ? entry : NULL;
}

static void
try_unscripted(struct authorities *authorities, struct upstream *upstream)
{
	struct entry *entry = find_referral(authorities, upstream);
	struct message_octets octets;

	if (entry != NULL) {
		struct entry adjusted = *entry;

		adjusted.adjust |= ADJUST_COPY_QUERY;
		answer_from_entry(authorities, upstream, &adjusted);
		entry->used = true;
	} else if (glue_answer(&authorities->glue, upstream->message, &octets)) {
		upstream->open = false;
		send_octets(authorities, upstream, &octets, ROUND_TRIP_US);
	}
}

static void
try_to_answer(struct authorities *authorities, struct upstream *upstream)
{
	struct entry *entry = find_in_check(authorities, upstream);

	if (entry == NULL)
		entry = find_in_ranges(authorities, upstream);
	if (entry == NULL)
		entry = find_in_replies(authorities, upstream);
	if (entry != NULL)
		answer_from_entry(authorities, upstream, entry);
	else if (!authorities->scripted_only)
		try_unscripted(authorities, upstream);
}

void
authorities_enter(struct authorities *authorities, const struct step *step)
{
	authorities->step = step;
	for (struct upstream *upstream = authorities->newest; upstream != NULL;
	     upstream = upstream->next)
		if (upstream->open)
			try_to_answer(authorities, upstream);
}

const struct upstream *
authorities_query(struct authorities *authorities, const struct world_query *query)
{
	ldns_pkt *message;
	struct upstream *upstream;

	if (ldns_wire2pkt(&message, query->octets.data, query->octets.len) != LDNS_STATUS_OK) {
		authorities->asked_garbage = true;
		return NULL;
	}
	upstream = memory_take(sizeof(*upstream));
	*upstream = (struct upstream){
	    .next = authorities->newest,
	    .path = query->path,
	    .open = true,
	    .message = message,
	};
	authorities->newest = upstream;
	authorities->count++;
	try_to_answer(authorities, upstream);
	return upstream;
}

/* --- Steps ------------------------------------------------------------------------------ */

void
authorities_begin_question(struct authorities *authorities)
{
	authorities->previous = authorities->newest;
}

void
authorities_forgive(struct authorities *authorities)
{
	authorities->forgiven = authorities->newest;
}

static bool
same_question(const ldns_pkt *a, const ldns_pkt *b)
{
	const ldns_rr *one = ldns_rr_list_rr(ldns_pkt_question(a), 0);
	const ldns_rr *other = ldns_rr_list_rr(ldns_pkt_question(b), 0);

	return one != NULL && other != NULL && ldns_rr_compare(one, other) == 0;
}

/* The newest open query with the question of `message`, or with any when that is NULL. */
static struct upstream *
newest_open(const struct authorities *authorities, const ldns_pkt *message)
{
	for (struct upstream *upstream = authorities->newest; upstream != NULL;
	     upstream = upstream->next)
		if (upstream->open &&
		    (message == NULL || same_question(message, upstream->message)))
			return upstream;
	return NULL;
}

void
authorities_reply(struct authorities *authorities, const struct step *step)
{
	struct upstream *upstream;

	if (step->entry->used)
		return;
	upstream = newest_open(authorities, step->entry->first.message);
	if (upstream == NULL)
		upstream = newest_open(authorities, NULL);
	if (upstream == NULL)
		return;
	answer_from_entry(authorities, upstream, step->entry);
	/* The older ones are the same query, given up for this one. */
	for (struct upstream *older = upstream->next; older != NULL; older = older->next)
		if (same_question(older->message, upstream->message))
			older->open = false;
}

bool
authorities_drop(struct authorities *authorities, const struct step *step)
{
	for (struct upstream *upstream = authorities->newest; upstream != NULL;
	     upstream = upstream->next) {
		if (!upstream->open || !step_means_server(step, upstream))
			continue;
		upstream->open = false;
		if (step->kind == STEP_ERROR)
			world_fail(authorities->world, &upstream->path);
		return true;
	}
	return false;
}

bool
authorities_check(struct authorities *authorities, const struct step *step)
{
	for (struct upstream *upstream = authorities->newest; upstream != authorities->previous;
	     upstream = upstream->next)
		if (!upstream->checked && step_wants(authorities, step, upstream)) {
			upstream->checked = true;
			return true;
		}
	return false;
}

const struct upstream *
authorities_unscripted(const struct authorities *authorities)
{
	const struct upstream *first = NULL;

	for (const struct upstream *upstream = authorities->newest;
	     upstream != authorities->forgiven; upstream = upstream->next)
		if (upstream->open)
			first = upstream;
	return first;
}
