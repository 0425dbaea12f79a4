/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floods that are answered: twice as many questions as a zone may be asked, and who is served.
 */
#include "attacks/attack.h"
#include "attacks/reply.h"

#define FLOOD_MS     3000
#define FLOOD_PER_MS 20    /* Twice NET_RATE. */
#define FLOOD_MANY   60000 /* Networks that ask once each. */

/* Bystanders ask 500 questions a second, from many networks. */
#define BYSTANDER_EACH_MS 2
#define BYSTANDER_COUNT   1500

/* Servers of the attacker's, so that the rate of one is no limit to him. */
#define EVIL_FIRST 100
#define EVIL_COUNT 4

/* Asks for `pattern` with two new numbers, so many times, from so many networks. */
static void
flood(struct net *net, const char *pattern, unsigned network_count)
{
	unsigned number = 0;

	for (unsigned ms = 0; ms < FLOOD_MS; ms++) {
		const struct qn_name honest = net_name("h%u.victim.", ms);

		for (unsigned i = 0; i < FLOOD_PER_MS; i++, number++) {
			const struct qn_name name = net_name(pattern, number, number % EVIL_COUNT);

			net_submit(net, &name, QN_TYPE_A, number % network_count);
		}
		if (ms % BYSTANDER_EACH_MS == 0)
			net_submit(net, &honest, QN_TYPE_A,
			    NET_BYSTANDER_FIRST + ms / BYSTANDER_EACH_MS % BYSTANDER_COUNT);
		net_run(net, QN_US_PER_MS);
	}
	net_run(net, 20 * QN_US_PER_S);
}

static void
expect_served(struct net *net, unsigned percent)
{
	const struct net_cost cost = net_cost(net);

	net_expect(net, cost.bystander_served * 100ull >= cost.bystander_count * (uint64_t)percent,
	    "of %u questions of bystanders %u were answered", cost.bystander_count,
	    cost.bystander_served);
}

/* From one network: everybody else gets what they ask for. */
static void
run_one_network(struct net *net)
{
	net_start(net, reply_itself, reply_victim);
	flood(net, "q%u.victim.", 1);
	expect_served(net, 95);
}

/* From 100 networks: the same, but for those who share the account of one. */
static void
run_some_networks(struct net *net)
{
	net_start(net, reply_itself, reply_victim);
	flood(net, "q%u.victim.", 100);
	expect_served(net, 90);
}

/* "dN.evil." is delegated to the attacker's servers; all names in it stand for the victim's. */
static bool
to_victim(struct net *net, const struct net_query *query, struct reply *reply)
{
	struct qn_name zone;

	if (query->server == NET_EVIL && query_starts(query, 'k'))
		return reply_itself(net, query, reply);
	if (query->server == NET_EVIL) {
		qn_name_suffix(&zone, query->name, 2);
		reply_refer(reply, query, &zone, 86400,
		    (uint8_t)(EVIL_FIRST + (zone.octets[2] - '0') % EVIL_COUNT));
		return true;
	}
	const struct qn_name target = net_name("r%u.victim.", (*net_state(net))++);

	reply_alias(reply, query, &target);
	return true;
}

/*
 * By way of aliases, from networks that ask once each: nothing tells these questions from
 * others, and of those that are too many each has the same chance.
 */
static void
run_by_aliases(struct net *net)
{
	net_start(net, to_victim, reply_victim);
	flood(net, "q%u.d%u.evil.", FLOOD_MANY);
	expect_served(net, 33);
}

const struct attack attacks_by_shares[] = {
    {"60 000 random names, one network", run_one_network, 0, 0},
    {"60 000 random names, 100 networks", run_some_networks, 0, 0},
    {"60 000 by way of aliases, 60 000 networks", run_by_aliases, 0, 0},
    {.name = NULL},
};
