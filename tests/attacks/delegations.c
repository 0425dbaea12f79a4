/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delegations that make the node work: to names of others, in circles, without an end, or of
 * a domain that is no more.
 */
#include "attacks/attack.h"
#include "attacks/reply.h"
#include "resolve/minimize.h"
#include "resolve/resolver.h"

#include <stdio.h>
#include <string.h>

#define QUESTIONS 50

/* The last `count` labels of a name that has at least so many. */
static struct qn_name
ending(const struct qn_name *name, unsigned count)
{
	struct qn_name end;

	qn_name_suffix(&end, name, count);
	return end;
}

/* --- Many nameservers of a victim: NXNSAttack ------------------------------------------- */

/* Refers what is asked for to `count` nameservers without addresses, as many as fit. */
static void
refer_to_many(
    struct reply *reply, const struct net_query *query, const char *format, unsigned count)
{
	const struct qn_name zone = ending(query->name, 2);
	char text[QN_NAME_TEXT_MAX];

	qn_name_to_text(&zone, text);
	text[zone.octets[0]] = '\0'; /* Its first label. */
	reply_begin(reply, query, 0);
	for (unsigned i = 0; i < count; i++) {
		char first[16];

		snprintf(first, sizeof(first), "n%u", i);
		const struct qn_name server = net_name(format, first, text);

		if (!reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, 3600, &server))
			return;
	}
}

static bool
nxns(struct net *net, const struct net_query *query, struct reply *reply)
{
	(void)net;
	refer_to_many(reply, query, "%s.%s.victim.", 60);
	return true;
}

static void
run_nxns(struct net *net)
{
	net_start(net, nxns, reply_victim);
	net_ask_fresh(net, "www.q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* The victim has been hit so hard that it answers nobody any more. */
static void
run_nxns_silent(struct net *net)
{
	net_start(net, nxns, reply_nothing);
	net_ask_fresh(net, "www.q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* --- Many nameservers that lead nowhere: NRDelegationAttack ------------------------------ */

/*
 * A referral of 64 KiB to servers whose names are delegated in turn, each to an address at
 * which nobody is.
 */
static bool
nrdelegation(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name evil2 = net_name("evil2.");

	(void)net;
	if (!qn_name_within(query->name, &evil2)) {
		refer_to_many(reply, query, "%s.%s.evil2.", UINT16_MAX);
		return true;
	}
	const struct qn_name zone = ending(query->name, 2);

	reply_refer(reply, query, &zone, 3600, NET_SILENT);
	return true;
}

static void
run_nrdelegation(struct net *net)
{
	net_start(net, nrdelegation, reply_victim);
	net_ask_fresh(net, "www.q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* --- Nameservers that need each other ---------------------------------------------------- */

/* The servers of N.evil are in N.evil2, and those of N.evil2 in N.evil. */
static bool
cycle(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name zone = ending(query->name, 2);
	const struct qn_name evil = net_name("evil.");
	char text[QN_NAME_TEXT_MAX];

	(void)net;
	qn_name_to_text(&zone, text);
	text[zone.octets[0]] = '\0';
	const struct qn_name server =
	    net_name("ns.%s.%s.", text, qn_name_within(&zone, &evil) ? "evil2" : "evil");

	reply_begin(reply, query, 0);
	reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, 3600, &server);
	return true;
}

static void
run_cycle(struct net *net)
{
	net_start(net, cycle, reply_victim);
	net_ask_fresh(net, "www.q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* --- A delegation for each label --------------------------------------------------------- */

static bool
bottomless(struct net *net, const struct net_query *query, struct reply *reply)
{
	(void)net;
	reply_refer(reply, query, query->name, 3600, NET_EVIL);
	return true;
}

/* As many labels as a name can have, in front of one that has not been asked. */
static struct qn_name
longest_name(unsigned number)
{
	struct qn_name name = net_name("q%u.evil.", number);

	while (name.len + 2 + 3 <= QN_NAME_MAX) { /* There is "ns" to come. */
		memmove(name.octets + 2, name.octets, name.len);
		name.octets[0] = 1;
		name.octets[1] = 'x';
		name.len = (uint8_t)(name.len + 2);
	}
	return name;
}

static void
run_bottomless(struct net *net)
{
	net_start(net, bottomless, reply_victim);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct qn_name name = longest_name(i);

		net_expect(net, net_ask(net, &name, QN_TYPE_A).came, "a client got no answer");
	}
}

/* --- All of it at once: CAMP -------------------------------------------------------------- */

/*
 * An alias whose target lies eight delegations down, each of them to twelve names that do not
 * exist in the victim's zone and one that leads on; at the end the next alias begins.
 */
static bool
camp(struct net *net, const struct net_query *query, struct reply *reply)
{
	const unsigned labels = qn_name_label_count(query->name);
	const struct qn_name evil2 = net_name("evil2.");
	const uint32_t number = ++*net_state(net);
	const struct qn_name target = net_name("h.g.f.e.d.c.b.a.c%u.evil.", number);
	const struct qn_name works = net_name("n%u.evil2.", number);

	if (qn_name_within(query->name, &evil2)) {
		reply_server(reply, query, NET_EVIL);
		return true;
	}
	if (labels == 2 || labels == 10) {
		reply_alias(reply, query, &target);
		return true;
	}
	reply_begin(reply, query, 0);
	reply_add_name(reply, QN_SECTION_AUTHORITY, query->name, QN_TYPE_NS, 3600, &works);
	for (unsigned i = 1; i < QN_DELEGATION_SERVER_MAX; i++) {
		const struct qn_name server = net_name("n%u.c%u.victim.", i, number);

		reply_add_name(reply, QN_SECTION_AUTHORITY, query->name, QN_TYPE_NS, 3600, &server);
	}
	return true;
}

static void
run_camp(struct net *net)
{
	net_start(net, camp, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* --- A domain that is no more: ghost domains ---------------------------------------------- */

#define GHOST_TTL_S 60

/*
 * "evil." has delegated "ghost.evil." for a minute and does so no more. Its server, though,
 * names itself with the longest TTL there is in every reply.
 */
static bool
ghost(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name zone = net_name("ghost.evil.");
	const struct qn_name evil = net_name("evil.");
	const struct qn_name ns = net_name("ns.ghost.evil.");

	if (query->server == NET_EVIL) {
		if (*net_state(net) == 0 && qn_name_within(query->name, &zone))
			reply_refer(reply, query, &zone, GHOST_TTL_S, NET_POISON);
		else
			reply_negative(reply, query, &evil, QN_RCODE_NXDOMAIN);
		return true;
	}
	if (query->type == QN_TYPE_NS) {
		reply_begin(reply, query, QN_FLAG_AA);
		reply_add_name(reply, QN_SECTION_ANSWER, query->name, QN_TYPE_NS, INT32_MAX, &ns);
	} else {
		reply_server(reply, query, NET_POISON);
	}
	reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, INT32_MAX, &ns);
	reply_add_server(reply, QN_SECTION_ADDITIONAL, &ns, INT32_MAX, NET_POISON);
	return true;
}

static void
run_ghost(struct net *net)
{
	const struct qn_name zone = net_name("ghost.evil.");
	const struct qn_name first = net_name("www.ghost.evil.");

	net_start(net, ghost, reply_victim);
	net_ask(net, &first, QN_TYPE_A);
	const struct qn_mono known = net_now(net);

	*net_state(net) = 1;
	for (unsigned i = 0; i < 2 * GHOST_TTL_S; i++) {
		const struct qn_name name = net_name("w%u.ghost.evil.", i);

		net_ask(net, &zone, QN_TYPE_NS);
		const bool answered = net_ask(net, &name, QN_TYPE_A).rcode == QN_RCODE_NOERROR;
		const uint64_t since_us = qn_mono_since_us(known, net_now(net));

		net_expect(net, !answered || since_us <= GHOST_TTL_S * QN_US_PER_S,
		    "the ghost is answered for %u s", (unsigned)(since_us / QN_US_PER_S));
		net_run(net, QN_US_PER_S);
	}
}

/* A question for a nameserver's address: with the shortened name and then the full one. */
#define LOOKUPS (2 * QN_RESOLVE_TREE_LOOKUP_MAX)

/* The same when nobody answers: each is sent as often as any query is. */
#define SILENT_LOOKUPS (QN_SELECT_TRIES_MAX * QN_RESOLVE_TREE_LOOKUP_MAX)

const struct attack attacks_by_delegations[] = {
    {"NXNSAttack: 60 nameservers of a victim", run_nxns, LOOKUPS + 2, LOOKUPS},
    {"NXNSAttack, and the victim is silent", run_nxns_silent, SILENT_LOOKUPS + 2, SILENT_LOOKUPS},
    {"NRDelegation: 64 KiB of them, to nowhere", run_nrdelegation, SILENT_LOOKUPS + 2, 0},
    {"nameservers that need each other", run_cycle, 4, 0},
    {"a delegation for each of 122 labels", run_bottomless, QN_MINIMIZE_COUNT_MAX + 1, 0},
    {"CAMP: aliases, delegations and nameservers", run_camp, QN_RESOLVE_QUERY_MAX, LOOKUPS},
    {"ghost domain, asked every second", run_ghost, 2, 0},
    {.name = NULL},
};
