/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aliases without an end, and what comes along with them.
 */
#include "attacks/attack.h"
#include "attacks/reply.h"
#include "resolve/reply.h"

#define QUESTIONS 50

/* Each alias leads to another that nobody has seen. */
static bool
endless(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name next = net_name("c%u.evil.", (*net_state(net))++);

	reply_alias(reply, query, &next);
	return true;
}

static void
run_endless(struct net *net)
{
	net_start(net, endless, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* The whole chain in every reply, as a server does that serves all of its zones. */
static bool
chain(struct net *net, const struct net_query *query, struct reply *reply)
{
	struct qn_name owner;

	qn_name_copy(&owner, query->name);
	reply_begin(reply, query, QN_FLAG_AA);
	for (;;) {
		const struct qn_name next = net_name("c%u.evil.", (*net_state(net))++);

		if (reply->writer.at > 1100 ||
		    !reply_add_name(reply, QN_SECTION_ANSWER, &owner, QN_TYPE_CNAME, 3600, &next))
			return true;
		qn_name_copy(&owner, &next);
	}
}

static void
run_chain(struct net *net)
{
	net_start(net, chain, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/* N.evil stands for N.evil2 and the other way round. */
static bool
loop(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name evil = net_name("evil.");
	const struct qn_name evil2 = net_name("evil2.");
	const bool first = qn_name_within(query->name, &evil);
	struct qn_name target;

	(void)net;
	if (!qn_name_replace_suffix(
		&target, query->name, first ? &evil : &evil2, first ? &evil2 : &evil)) {
		reply_negative(reply, query, query->name, QN_RCODE_NOERROR);
		return true;
	}
	reply_alias(reply, query, &target);
	return true;
}

static void
run_loop(struct net *net)
{
	net_start(net, loop, reply_victim);
	net_ask_fresh(net, "q%u.evil.", QUESTIONS, QN_RCODE_SERVFAIL);
}

/*
 * A forger has got one reply accepted: the victim's zone has, he says, an alias to its most
 * important name, whose address he adds (docs/decisions/0005).
 */
static bool
in_zone(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name www = net_name("www.victim.");

	reply_victim(net, query, reply);
	if (!query_starts(query, 'r') || query->type != QN_TYPE_A)
		return true;
	reply_alias(reply, query, &www);
	reply_add_server(reply, QN_SECTION_ANSWER, &www, 86400, NET_POISON);
	return true;
}

static void
run_in_zone(struct net *net)
{
	const struct qn_name www = net_name("www.victim.");

	net_start(net, reply_itself, in_zone);
	net_run(net, 7200 * QN_US_PER_S); /* Nothing is known of www any more. */
	net_measure(net);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		const struct qn_name name = net_name("r%u.victim.", i);
		const struct qn_address honest = net_address(NET_VICTIM);
		const struct net_answer aliased = net_ask(net, &name, QN_TYPE_A);
		const struct net_answer own = net_ask(net, &www, QN_TYPE_A);

		net_expect(net, qn_address_equal(&aliased.address, &honest),
		    "the end of a forged alias is forged");
		net_expect(net, qn_address_equal(&own.address, &honest), "www.victim. is poisoned");
	}
}

const struct attack attacks_by_aliases[] = {
    {"alias after alias", run_endless, QN_ALIAS_MAX + 1, 0},
    {"alias after alias, 60 in each reply", run_chain, QN_ALIAS_MAX + 1, 0},
    {"alias loop over two zones", run_loop, 2, 0},
    {"in-zone poison behind a forged alias", run_in_zone, 6, 6},
    {.name = NULL},
};
