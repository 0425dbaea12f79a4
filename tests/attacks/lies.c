/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies with what is not theirs to say, replies of strangers, and broken ones.
 */
#include "attacks/attack.h"
#include "attacks/reply.h"

#define QUESTIONS 50
#define FORGERIES 1000

/* Ports that the node may ask from. */
#define PORT_FIRST 1024
#define PORT_COUNT 64512

static void
expect_unpoisoned(struct net *net, const struct net_answer *answer)
{
	const struct qn_address poison = net_address(NET_POISON);

	net_expect(net, !qn_address_equal(&answer->address, &poison), "an answer is poisoned");
}

/* Asks for names of the victim's zone, all of which have an address that only it may give. */
static void
ask_victim(struct net *net)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct qn_name name = net_name("q%u.victim.", i);
		const struct net_answer answer = net_ask(net, &name, QN_TYPE_A);

		net_expect(net, answer.rcode == QN_RCODE_NOERROR, "the victim is not answered");
		expect_unpoisoned(net, &answer);
		net_expect(net, net_cost(net).queries[NET_POISON] == 0,
		    "the liar's server was asked for what is not his");
	}
}

/* --- Who serves a zone ------------------------------------------------------------------- */

/* Adds that the victim's zone is served by the liar, with an address to go there. */
static void
add_nameserver(struct reply *reply, const char *server)
{
	const struct qn_name zone = net_name("victim.");
	const struct qn_name ns = net_name("%s", server);

	reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, 86400, &ns);
	reply_add_server(reply, QN_SECTION_ADDITIONAL, &ns, 86400, NET_POISON);
}

/* The attacker's own servers speak of the victim's zone beside what they are asked for. */
static bool
promiscuous(struct net *net, const struct net_query *query, struct reply *reply)
{
	reply_itself(net, query, reply);
	add_nameserver(reply, "ns.evil.");
	return true;
}

/* A forger has got replies accepted as the victim's (CVE-2025-11411). */
static bool
promiscuous_victim(struct net *net, const struct net_query *query, struct reply *reply)
{
	reply_itself(net, query, reply);
	add_nameserver(reply, "ns.victim.");
	return true;
}

static void
run_promiscuous(struct net *net)
{
	net_start(net, promiscuous, promiscuous_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_NOERROR);
	ask_victim(net);
}

/* Refers upwards, to the root and the victim's zone, with servers of the liar's. */
static bool
upwards(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name ns = net_name("ns.evil.");

	if (query->server == NET_POISON)
		return reply_itself(net, query, reply);
	reply_begin(reply, query, 0);
	reply_add_name(reply, QN_SECTION_AUTHORITY, &qn_name_root, QN_TYPE_NS, 86400, &ns);
	add_nameserver(reply, "ns.evil.");
	return true;
}

static void
run_upwards(struct net *net)
{
	net_start(net, upwards, reply_itself);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
	ask_victim(net);
}

/* --- Addresses that come late ------------------------------------------------------------- */

#define NET_FAST (NET_EVIL + 2)
#define LATE_US  (150 * QN_US_PER_MS)

/* The nameservers of "N.evil.": the address of the fast one comes at once. */
static bool
late_address(const struct net_query *query, struct reply *reply)
{
	const struct qn_name evil2 = net_name("evil2.");
	const bool is_late = query_starts(query, 's');

	if (query->type == QN_TYPE_A)
		reply_server(reply, query, is_late ? NET_POISON : NET_FAST);
	else
		reply_negative(reply, query, &evil2, QN_RCODE_NOERROR);
	if (is_late)
		reply->delay_us = LATE_US;
	return true;
}

/*
 * "N.evil." has one nameserver whose address comes at once, and one whose address, a liar's,
 * comes late. The first leads on by an alias to a name of the victim's that is not answered
 * just then: the late address must not become one of the victim's servers.
 */
static bool
late(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name evil2 = net_name("evil2.");
	const struct qn_name victim = net_name("victim.");
	const struct qn_name target = net_name("late%u.victim.", *net_state(net));
	const struct qn_name fast = net_name("fast%u.evil2.", *net_state(net));
	const struct qn_name slow = net_name("slow%u.evil2.", *net_state(net));
	struct qn_name zone;

	if (query->server == NET_POISON) {
		net_expect(net, !qn_name_within(query->name, &victim),
		    "the liar's server was asked for what is not his");
		return reply_itself(net, query, reply);
	}
	if (query->server == NET_FAST) {
		reply_alias(reply, query, &target);
		return true;
	}
	if (qn_name_within(query->name, &evil2))
		return late_address(query, reply);
	qn_name_suffix(&zone, query->name, 2);
	reply_begin(reply, query, 0);
	reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, 3600, &fast);
	reply_add_name(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, 3600, &slow);
	return true;
}

/* Hears nothing of what the aliases lead to. */
static bool
late_victim(struct net *net, const struct net_query *query, struct reply *reply)
{
	return !query_starts(query, 'l') && reply_victim(net, query, reply);
}

static void
run_late(struct net *net)
{
	net_start(net, late, late_victim);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct qn_name name = net_name("www.q%u.evil.", i);

		*net_state(net) = i;
		const struct net_answer answer = net_ask(net, &name, QN_TYPE_A);

		expect_unpoisoned(net, &answer);
	}
}

/* --- Forged replies ----------------------------------------------------------------------- */

/* Sends the node a poisoned reply to `query`, as if it came from the server itself. */
static void
forge(struct net *net, const struct net_query *query, uint16_t id, uint16_t port)
{
	const struct qn_endpoint node = {query->node.address, port};
	struct qn_message message = *query->message;
	struct net_query answered = *query;
	static struct reply forged;

	message.id = id;
	answered.message = &message;
	reply_server(&forged, &answered, NET_POISON);
	net_send(net, &query->to, &node, reply_end(&forged), 1);
}

/* A forger who sees the port, but not the id. */
static bool
wrong_ids(struct net *net, const struct net_query *query, struct reply *reply)
{
	for (unsigned i = 1; !query->tcp && i <= FORGERIES; i++)
		forge(net, query, (uint16_t)(query->message->id + i), query->node.port);
	return reply_itself(net, query, reply);
}

static void
run_wrong_ids(struct net *net)
{
	net_start(net, reply_itself, wrong_ids);
	ask_victim(net);
	net_expect(
	    net, net_cost(net).query_count == 2 * QUESTIONS, "a near miss does not lead to TCP");
}

/* A forger who sees the id, but not the port, and tries those next to it. */
static bool
wrong_ports(struct net *net, const struct net_query *query, struct reply *reply)
{
	const uint32_t place = query->node.port - PORT_FIRST;

	for (unsigned i = 1; !query->tcp && i <= FORGERIES; i++)
		forge(net, query, query->message->id,
		    (uint16_t)(PORT_FIRST + (place + i) % PORT_COUNT));
	return reply_itself(net, query, reply);
}

static void
run_wrong_ports(struct net *net)
{
	net_start(net, reply_itself, wrong_ports);
	ask_victim(net);
}

/* Turns the case of the last letter of a name of the victim's. */
static void
turn_letter(struct qn_name *name)
{
	name->octets[name->len - 2] ^= 0x20;
}

/* A forger who has guessed all but the letter case. */
static bool
wrong_case(struct net *net, const struct net_query *query, struct reply *reply)
{
	struct qn_message message = *query->message;
	struct net_query other = *query;

	turn_letter(&message.question.name);
	other.message = &message;
	for (unsigned i = 1; !query->tcp && i <= FORGERIES; i++)
		forge(net, &other, query->message->id, query->node.port);
	return reply_itself(net, query, reply);
}

static void
run_wrong_case(struct net *net)
{
	net_start(net, reply_itself, wrong_case);
	ask_victim(net);
}

/* An error without the question, from a forger who has guessed port and id, but no letter case. */
static bool
bare_error(struct net *net, const struct net_query *query, struct reply *reply)
{
	uint8_t header[QN_HEADER_LEN];
	struct qn_writer writer = qn_writer_of((struct qn_span){header, sizeof(header)});

	qn_write_header(&writer, query->message->id, QN_FLAG_QR | QN_RCODE_FORMERR, 0);
	if (!query->tcp && query->message->edns.present)
		net_send(net, &query->to, &query->node, (struct qn_view){header, writer.at}, 1);
	return reply_itself(net, query, reply);
}

static bool
bare_error_at_first(struct net *net, const struct net_query *query, struct reply *reply)
{
	if (*net_state(net) == 0)
		return bare_error(net, query, reply);
	return reply_itself(net, query, reply);
}

static void
run_bare_errors(struct net *net)
{
	net_start(net, reply_itself, bare_error_at_first);
	ask_victim(net);
	const uint64_t plain = net_figure(net, "upstream_without_edns");

	net_expect(net, plain > 0, "an error without the question is not read");
	*net_state(net) = 1;
	net_ask_fresh(net, "later%u.victim.", 1, QN_RCODE_NOERROR);
	net_expect(net, net_figure(net, "upstream_without_edns") == plain,
	    "a forged error has taken EDNS and cookies from a server for good");
}

/* Replies cut off, with all that protects a query right: port, id, question, letter case. */
static bool
malformed(struct net *net, const struct net_query *query, struct reply *reply)
{
	reply_itself(net, query, reply);
	for (unsigned i = 0; !query->tcp && i < FORGERIES; i++) {
		const struct qn_view whole = reply_end(reply);

		/* Somewhere in the last record, which has 16 octets. */
		net_send(net, &query->to, &query->node,
		    (struct qn_view){whole.data, whole.len - 1 - i % 15}, 1);
	}
	return true;
}

static void
run_malformed(struct net *net)
{
	net_start(net, reply_itself, malformed);
	ask_victim(net);
}

/* --- What is known of a server ------------------------------------------------------------ */

/* All forgeries at once; *net_state() is 0 before they begin. */
static bool
all_forgeries(struct net *net, const struct net_query *query, struct reply *reply)
{
	if (*net_state(net) == 0)
		return reply_itself(net, query, reply);
	wrong_ports(net, query, reply);
	if (*net_state(net) % 3 == 0)
		wrong_ids(net, query, reply);
	if (*net_state(net) % 3 == 1)
		wrong_case(net, query, reply);
	malformed(net, query, reply);
	return bare_error(net, query, reply);
}

/* The same, and nobody is there over TCP, with which the node would finish. */
static bool
all_forgeries_without_tcp(struct net *net, const struct net_query *query, struct reply *reply)
{
	return !query->tcp && all_forgeries(net, query, reply);
}

/* Who forges replies must not change what is believed of the server that they seem to be from. */
static void
expect_standing_kept(struct net *net)
{
	struct qn_server_stats before, after;

	ask_victim(net);
	before = net_standing(net, NET_VICTIM);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct qn_name name = net_name("flood%u.victim.", i);

		*net_state(net) = i + 1;
		net_ask(net, &name, QN_TYPE_A);
	}
	after = net_standing(net, NET_VICTIM);
	net_expect(net, before.measured && after.replies >= before.replies, "nothing is known");
	net_expect(net, after.srtt_us == before.srtt_us,
	    "forgeries have moved a round trip from %u to %u us", before.srtt_us, after.srtt_us);
	net_expect(net, after.timeouts == 0 && after.late == 0 && after.loss == before.loss,
	    "forgeries have made a server seem silent");
	net_expect(net, !after.deprioritized, "forgeries have had a server deprioritized");
}

static void
run_standing(struct net *net)
{
	net_start(net, reply_itself, all_forgeries);
	expect_standing_kept(net);
}

static void
run_standing_without_tcp(struct net *net)
{
	net_start(net, reply_itself, all_forgeries_without_tcp);
	expect_standing_kept(net);
}

/* Each "dN.evil." is delegated to the victim's server, which does not serve it. */
static bool
to_victim(struct net *net, const struct net_query *query, struct reply *reply)
{
	struct qn_name zone;

	if (qn_name_label_count(query->name) < 2 || !query_starts(query, 'd') ||
	    query->server != NET_EVIL)
		return reply_itself(net, query, reply);
	qn_name_suffix(&zone, query->name, 2);
	reply_refer(reply, query, &zone, 86400, NET_VICTIM);
	return true;
}

/* Like some that are real: says nothing at all to who asks about zones of others. */
static bool
drop_others(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name zone = net_name("victim.");

	return qn_name_within(query->name, &zone) && reply_victim(net, query, reply);
}

/* Whoever delegates zones to a server must not make it seem dead. */
static void
run_silence(struct net *net)
{
	const struct qn_name www = net_name("www.victim.");
	struct qn_server_stats before, after;

	net_start(net, to_victim, drop_others);
	before = net_standing(net, NET_VICTIM);
	net_ask_fresh(net, "d%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
	after = net_standing(net, NET_VICTIM);
	net_expect(net, before.measured && after.timeouts == 0 && after.late == 0,
	    "strangers' zones have made a server seem silent");
	net_expect(net, !after.deprioritized, "strangers' zones have had a server deprioritized");
	net_run(net, 7200 * QN_US_PER_S); /* Nothing is known of www any more. */
	net_ask(net, &www, QN_TYPE_A);
	net_expect(net, net_standing(net, NET_VICTIM).loss == before.loss,
	    "strangers' zones have made a server seem lossy");
}

const struct attack attacks_by_lies[] = {
    {"NS records that nobody asked for", run_promiscuous, 1, 1},
    {"referral upwards, to servers of a liar", run_upwards, 2, 1},
    {"late address of a zone left behind", run_late, 9, 4},
    {"1000 forged replies, wrong ids", run_wrong_ids, 2, 2},
    {"1000 forged replies, wrong ports", run_wrong_ports, 1, 1},
    {"1000 forged replies, wrong letter case", run_wrong_case, 2, 2},
    {"forged error without the question", run_bare_errors, 2, 2},
    {"1000 malformed replies", run_malformed, 1, 1},
    {"flood of all of these, and what is known", run_standing, 3, 3},
    {"delegations to one who does not answer", run_silence, 6, 5},
    {"the same against a server without TCP", run_standing_without_tcp, 12, 12},
    {.name = NULL},
};
