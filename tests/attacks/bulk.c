/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Too much of everything: the longest replies, servers of no use, more questions than the
 * node has places for.
 */
#include "attacks/attack.h"
#include "attacks/reply.h"
#include "resolve/resolver.h"

#include <stdio.h>

#define QUESTIONS 50

/* --- The longest replies ------------------------------------------------------------------ */

/* Of the smallest records there are: with more of them a client cannot be told the answer. */
#define LARGE_SET_RECORDS 3500

/* An RRset of 56 KiB. */
static bool
large_set(struct net *net, const struct net_query *query, struct reply *reply)
{
	(void)net;
	reply_begin(reply, query, QN_FLAG_AA);
	for (uint32_t address = 1; address <= LARGE_SET_RECORDS; address++)
		reply_add(reply, QN_SECTION_ANSWER, query->name, QN_TYPE_A, 3600,
		    (struct qn_view){(const uint8_t *)&address, sizeof(address)});
	return true;
}

static void
run_large_set(struct net *net)
{
	net_start(net, large_set, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_NOERROR);
}

/*
 * Owners that are each a pointer to the record before, as long as the node follows: a name
 * of two octets costs 255 steps to read, and there are 5000 of them.
 */
static bool
pointers(struct net *net, const struct net_query *query, struct reply *reply)
{
	struct qn_writer *writer = &reply->writer;
	size_t target = QN_HEADER_LEN;
	unsigned hops = 1;

	(void)net;
	reply_begin(reply, query, QN_FLAG_AA);
	while (writer->cap - writer->at >= 14) {
		const size_t at = writer->at;

		qn_write_u16(writer, (uint16_t)(0xc000 | target));
		qn_write_u16(writer, QN_TYPE_CNAME);
		qn_write_u16(writer, QN_CLASS_IN);
		qn_write_u32(writer, 3600);
		qn_write_u16(writer, 2);
		qn_write_u16(writer, (uint16_t)(0xc000 | target));
		reply->counts[QN_SECTION_ANSWER]++;
		if (++hops < QN_NAME_HOP_MAX)
			target = at;
	}
	return true;
}

static void
run_pointers(struct net *net)
{
	net_start(net, pointers, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* 13 nameservers, and as many addresses for them as fit 64 KiB. */
static bool
large_glue(struct net *net, const struct net_query *query, struct reply *reply)
{
	uint32_t address = 0x01000001;

	(void)net;
	reply_begin(reply, query, 0);
	for (unsigned i = 0; i < QN_DELEGATION_SERVER_MAX; i++) {
		const struct qn_name server = net_name("n%u.evil.", i);

		reply_add_name(reply, QN_SECTION_AUTHORITY, query->name, QN_TYPE_NS, 3600, &server);
	}
	for (unsigned i = 0;; i++) {
		const struct qn_name server = net_name("n%u.evil.", i % QN_DELEGATION_SERVER_MAX);
		const uint8_t octets[4] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
		    (uint8_t)(address >> 8), NET_SILENT};

		address += 256;
		if (!reply_add(reply, QN_SECTION_ADDITIONAL, &server, QN_TYPE_A, 3600,
			(struct qn_view){octets, sizeof(octets)}))
			return true;
	}
}

static void
run_large_glue(struct net *net)
{
	net_start(net, large_glue, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* --- Servers of no use --------------------------------------------------------------------- */

/* 13 nameservers with 6 addresses each, all of them of the attacker's one server. */
static bool
refer_to_78(const struct net_query *query, struct reply *reply)
{
	struct qn_name zone;

	qn_name_suffix(&zone, query->name, 2);
	reply_begin(reply, query, 0);
	for (unsigned i = 0; i < QN_DELEGATION_SERVER_MAX; i++) {
		const struct qn_name server = net_name("n%u.evil.", i);

		reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, 3600, &server);
	}
	for (unsigned i = 0; i < QN_DELEGATION_CANDIDATE_MAX; i++) {
		const struct qn_name server = net_name("n%u.evil.", i % QN_DELEGATION_SERVER_MAX);

		reply_add_server(reply, QN_SECTION_ADDITIONAL, &server, 3600, (uint8_t)(100 + i));
	}
	return true;
}

/* Each way of being useless that the node has something to try against, in turn. */
static bool
useless(struct net *net, const struct net_query *query, struct reply *reply)
{
	static const uint16_t rcodes[] = {
	    QN_RCODE_SERVFAIL, QN_RCODE_REFUSED, QN_RCODE_FORMERR, QN_RCODE_NOTIMP};

	if (query->server == NET_EVIL)
		return refer_to_78(query, reply);
	reply_begin(
	    reply, query, (*net_state(net))++ % 2 == 0 ? QN_FLAG_TC : rcodes[query->server % 4]);
	return true;
}

static void
run_useless(struct net *net)
{
	net_start(net, useless, reply_victim);
	net_ask_fresh(net, "www.q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

static bool
silent(struct net *net, const struct net_query *query, struct reply *reply)
{
	(void)net;
	return query->server == NET_EVIL && refer_to_78(query, reply);
}

static void
run_silent(struct net *net)
{
	net_start(net, silent, reply_victim);
	net_ask_fresh(net, "www.q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* --- Floods of questions ------------------------------------------------------------------- */

#define FLOOD_QUESTIONS 100000
#define FLOOD_CLIENTS   60000 /* Networks that they come from. */
#define FLOOD_ZONES     100

/* What others get while the flood is on: a hit, and a miss. */
static void
expect_service(struct net *net)
{
	const struct qn_name hit = net_name("www.victim.");
	const struct qn_name miss = net_name("new.victim.");
	const uint64_t answered = net_cost(net).answer_count;

	net_submit(net, &hit, QN_TYPE_A, 0xffffff);
	net_submit(net, &miss, QN_TYPE_A, 0xffffff);
	net_run(net, 100 * QN_US_PER_MS);
	net_expect(net, net_cost(net).answer_count == answered + 2, "a flood keeps others out");
	net_expect(net, net_last_answer(net).rcode == QN_RCODE_NXDOMAIN,
	    "a flood has others told that nothing works");
}

/* Everything that was parked is free again. */
static void
expect_rest(struct net *net)
{
	net_run(net, 20 * QN_US_PER_S);
	net_expect(net,
	    net_figure(net, "tasks") + net_figure(net, "parked_clients") +
		    net_figure(net, "upstream_in_flight") ==
		0,
	    "20 s after a flood there is something left of it");
}

/* Names that nobody has asked for, in a zone whose server is silent: 100 000 a second. */
static void
run_random_names(struct net *net)
{
	net_start(net, reply_itself, reply_victim);
	for (unsigned i = 0; i < FLOOD_QUESTIONS; i++) {
		const struct qn_name name = net_name("q%u.silent.", i);

		net_submit(net, &name, QN_TYPE_A, i % FLOOD_CLIENTS);
		if (i % 100 == 99)
			net_run(net, QN_US_PER_MS);
	}
	expect_service(net);
	expect_rest(net);
}

/* "dN.evil.", for N up to FLOOD_ZONES, are all delegated to the silent server. */
static bool
to_silent(struct net *net, const struct net_query *query, struct reply *reply)
{
	struct qn_name zone;

	if (qn_name_label_count(query->name) < 2)
		return reply_itself(net, query, reply);
	qn_name_suffix(&zone, query->name, 2);
	if (!query_starts(query, 'd') && !query_starts(query, 'q'))
		return reply_itself(net, query, reply);
	reply_refer(reply, query, &zone, 86400, NET_SILENT);
	return true;
}

/* The same in many zones, each of which stays far below what one may take of the node. */
static void
run_many_zones(struct net *net)
{
	net_start(net, to_silent, reply_victim);
	for (unsigned i = 0; i < FLOOD_QUESTIONS; i++) {
		const struct qn_name name = net_name("q%u.d%u.evil.", i, i % FLOOD_ZONES);

		net_submit(net, &name, QN_TYPE_A, i % FLOOD_CLIENTS);
		if (i % 100 == 99)
			net_run(net, QN_US_PER_MS);
	}
	expect_service(net);
	expect_rest(net);
}

/* One question that takes long, from everybody. */
static void
run_one_name(struct net *net)
{
	const struct qn_name name = net_name("www.silent.");

	net_start(net, reply_itself, reply_victim);
	for (unsigned i = 0; i < FLOOD_QUESTIONS; i++) {
		net_submit(net, &name, QN_TYPE_A, i % FLOOD_CLIENTS);
		if (i % 100 == 99)
			net_run(net, QN_US_PER_MS);
	}
	net_expect(net, net_figure(net, "parked_clients") <= QN_RESOLVE_ASKER_MAX,
	    "%u clients wait for one question", (unsigned)net_figure(net, "parked_clients"));
	expect_service(net);
	expect_rest(net);
}

/* As many questions from one network, each of them new and slow. */
static void
run_one_network(struct net *net)
{
	net_start(net, reply_itself, reply_victim);
	for (unsigned i = 0; i < FLOOD_QUESTIONS; i++) {
		const struct qn_name name = net_name("q%u.silent.", i % 5000);

		net_submit(net, &name, QN_TYPE_A, 7);
		if (i % 100 == 99)
			net_run(net, QN_US_PER_MS);
	}
	net_expect(net, net_figure(net, "parked_clients") <= NET_CLIENT_MAX / 16 + 1,
	    "%u clients of one network wait", (unsigned)net_figure(net, "parked_clients"));
	expect_service(net);
	expect_rest(net);
}

const struct attack attacks_by_bulk[] = {
    {"56 KiB: an RRset of 3500 addresses", run_large_set, 2, 0},
    {"64 KiB: compression bomb", run_pointers, 2, 0},
    {"64 KiB: 4000 addresses of 13 nameservers", run_large_glue, QN_RESOLVE_QUERY_MAX, 0},
    {"78 addresses, all of them useless", run_useless, QN_RESOLVE_QUERY_MAX, 0},
    {"78 addresses, all of them silent", run_silent, QN_RESOLVE_QUERY_MAX, 0},
    {"100 000 random names of a silent zone", run_random_names, 0, 0},
    {"100 000 of 100 zones with one silent server", run_many_zones, 0, 0},
    {"100 000 clients, one slow name", run_one_name, 0, 0},
    {"100 000 questions of one /24", run_one_network, 0, 0},
    {.name = NULL},
};
