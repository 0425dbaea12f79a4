/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks that the node knows, played against the shard in virtual time, and what each costs.
 * Prints a table; ends with 1 and a sentence each when an attack costs more than it may, or
 * gets what it wants. Times are for a person to read and decide nothing.
 *
 *     attacks [ROUNDS]     times are the shortest of so many; default: 5
 */
#include "attacks/attack.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 5

static const struct attack *const groups[] = {
    attacks_by_delegations,
    attacks_by_aliases,
    attacks_by_lies,
    attacks_by_bulk,
    attacks_by_shares,
};

/* Complains; true if there was a reason to. */
static bool
is_broken(const struct attack *attack, const struct net *net, const struct net_cost *cost)
{
	const char *complaint = net_complaint(net);

	if (complaint != NULL)
		fprintf(stderr, "%s: %s\n", attack->name, complaint);
	if (cost->query_max > attack->query_max)
		fprintf(stderr, "%s: %u queries for one question, not %u at most\n", attack->name,
		    cost->query_max, attack->query_max);
	if (cost->victim_max > attack->victim_max)
		fprintf(stderr, "%s: %u queries to the victim for one question, not %u at most\n",
		    attack->name, cost->victim_max, attack->victim_max);
	return complaint != NULL || cost->query_max > attack->query_max ||
	       cost->victim_max > attack->victim_max;
}

static void
print_head(void)
{
	puts("| attack | questions | queries each | at most | bound | to the victim | worker us "
	     "each | longest call us | state KiB | cache octets each | others served |");
	puts("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
}

static void
print_row(
    const struct attack *attack, const struct net_cost *cost, const struct meter_reading *reading)
{
	const double questions = cost->question_count;

	printf("| %s | %u | %.1f |", attack->name, cost->question_count,
	    cost->query_count / questions);
	if (attack->query_max > 0)
		printf(" %u | %u | %u |", cost->query_max, attack->query_max, cost->victim_max);
	else
		printf(" | | |"); /* A flood: nobody waits for the end of one question. */
	printf(" %.1f | %.0f | %.0f | %.0f |", (double)reading->worker_ns / questions / 1000,
	    (double)reading->longest_ns / 1000, (double)reading->state_bytes / 1024,
	    (double)reading->cache_bytes / questions);
	if (cost->bystander_count > 0)
		printf(" %.0f %% |\n", 100.0 * cost->bystander_served / cost->bystander_count);
	else
		printf(" |\n");
	fflush(stdout);
}

/* Plays one attack so many times; true if the node has withstood it. */
static bool
play(struct net *net, const struct attack *attack, unsigned round_count)
{
	net_forget_times(net);
	for (unsigned round = 0; round < round_count; round++)
		attack->run(net);
	const struct net_cost cost = net_cost(net);
	const struct meter_reading reading = net_reading(net);

	print_row(attack, &cost, &reading);
	return !is_broken(attack, net, &cost);
}

int
main(int argc, char **argv)
{
	const unsigned long round_count = argc == 2 ? strtoul(argv[1], NULL, 10) : ROUNDS;
	struct net *net;
	bool withstood = true;

	if (argc > 2 || round_count == 0 || round_count > 1000) {
		fprintf(stderr, "usage: attacks [ROUNDS]\n");
		return 2;
	}
	net = net_create();
	if (net == NULL) {
		fprintf(stderr, "attacks: out of memory\n");
		return 1;
	}
	print_head();
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		for (const struct attack *attack = groups[i]; attack->name != NULL; attack++)
			withstood &= play(net, attack, (unsigned)round_count);
	net_destroy(net);
	return !withstood;
}
