/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cycles that one worker spends on a cache hit.
 *
 * A batch is 32 bursts of 32 ready-made queries; the counter is read round each batch, inside
 * which nothing runs but what the worker does with a burst. The queries of a batch are drawn
 * from the entries of the cache: evenly, or by Zipf's law with exponent 1. Batches come in
 * groups; printed is the lowest median of a group, and beside it the median of all batches: they
 * are far apart where others use the processor, or what it shares with others.
 *
 *     bench_hit              all figures
 *     bench_hit CASE ...     hot1k, uniform10m, zipf10m, or a number of entries drawn evenly
 *     bench_hit --count      hot1k, few batches, and the number of queries: for callgrind
 */
#include "node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST         32u
#define BATCH_BURSTS  32u
#define GROUP_BATCHES 50u
#define GROUPS        60u
#define COUNT_BATCHES 20u

/* Draws an entry: its number, below `entry_count`. */
typedef uint32_t draw_function(uint64_t *random, uint32_t entry_count);

static uint32_t
draw_evenly(uint64_t *random, uint32_t entry_count)
{
	return (uint32_t)((bench_random(random) >> 32) * entry_count >> 32);
}

/*
 * Zipf's law with exponent 1: rank r with a probability in proportion to 1/r. The inverse of
 * the continuous distribution, which is the same but for the first few ranks; ranks are spread
 * over the entries, so that the most wanted do not lie side by side.
 */
static uint32_t
draw_zipf(uint64_t *random, uint32_t entry_count)
{
	const double rank = exp(bench_random_unit(random) * log((double)entry_count + 1));

	return (uint32_t)((uint64_t)(rank - 1) * 2654435761u % entry_count);
}

/*
 * All that the worker does with a burst of hits, but for receiving and sending it. Of some
 * thousand hits one takes the long way, because another entry has the same tag.
 */
__attribute__((noinline)) static void
worker_burst(struct node *node, struct qn_packet *packets)
{
	enum qn_shard_hit outcomes[BURST];

	qn_shard_answer_hits(node->shards[0], 0, packets, BURST, outcomes, node->now);
	for (uint32_t i = 0; i < BURST; i++)
		if (outcomes[i] != QN_SHARD_HIT &&
		    qn_shard_input(node->shards[0], 0, &packets[i], node->now).verdict !=
			QN_SHARD_SEND) {
			fprintf(stderr, "bench_hit: a query was not a hit\n");
			exit(1);
		}
}

/* Cycles a query of one batch. */
static double
batch_run(struct node *node, struct node_queries *queries, draw_function *draw, uint64_t *random)
{
	for (uint32_t i = 0; i < queries->count; i++)
		node_query_set(queries, i, draw(random, node->entry_count));
	node_queries_reset(queries);
	const uint64_t start = bench_ticks();

	for (uint32_t i = 0; i < queries->count; i += BURST)
		worker_burst(node, queries->packets + i);
	return (double)(bench_ticks() - start) / queries->count;
}

/* Runs a group of batches and adds them to all; the group's median. */
static double
group_run(struct node *node, struct node_queries *queries, draw_function *draw, uint64_t *random,
    struct bench_batches *all)
{
	static struct bench_batches group;

	group.count = 0;
	for (uint32_t i = 0; i < GROUP_BATCHES; i++) {
		const double cycles = batch_run(node, queries, draw, random);

		bench_batches_add(&group, cycles);
		bench_batches_add(all, cycles);
	}
	return bench_batches_at(&group, 0.5);
}

static void
measure(const char *name, struct node *node, draw_function *draw)
{
	static struct bench_batches all;
	struct node_queries queries;
	char label[128];
	uint64_t random = 1;
	double best;

	node_queries_build(&queries, BURST * BATCH_BURSTS);
	/* The first group finds the caches of the processor cold. */
	best = group_run(node, &queries, draw, &random, &all);
	all.count = 0;
	for (uint32_t i = 0; i < GROUPS; i++) {
		const double cycles = group_run(node, &queries, draw, &random, &all);

		best = cycles < best ? cycles : best;
	}
	snprintf(label, sizeof(label), "hit.cycles_per_query.%s", name);
	bench_report(label, best, "cycles");
	snprintf(label, sizeof(label), "hit.cycles_per_query.%s.median", name);
	bench_report(label, bench_batches_at(&all, 0.5), "cycles");
}

/* Few batches, and how many queries they were. */
static void
count(struct node *node)
{
	struct node_queries queries;
	uint64_t random = 1;

	node_queries_build(&queries, BURST * BATCH_BURSTS);
	for (uint32_t i = 0; i < COUNT_BATCHES; i++)
		(void)batch_run(node, &queries, draw_evenly, &random);
	bench_report("hit.queries", (double)COUNT_BATCHES * BURST * BATCH_BURSTS, "queries");
}

int
main(int argc, char **argv)
{
	static const char *const all[] = {"hot1k", "uniform10m", "zipf10m"};
	static struct node small, large;
	const char *const *cases = argc > 1 ? (const char *const *)argv + 1 : all;
	const int case_count = argc > 1 ? argc - 1 : 3;

	bench_pin(1);
	for (int i = 0; i < case_count; i++) {
		const bool zipf = strcmp(cases[i], "zipf10m") == 0;
		const bool counting = strcmp(cases[i], "--count") == 0;

		if (zipf || strcmp(cases[i], "uniform10m") == 0) {
			if (large.entry_count == 0)
				node_build(&large, 1, 10000000);
			measure(cases[i], &large, zipf ? draw_zipf : draw_evenly);
			continue;
		}
		node_build(&small, 1,
		    counting || strcmp(cases[i], "hot1k") == 0
			? 1000
			: (uint32_t)strtoul(cases[i], NULL, 10));
		if (counting)
			count(&small);
		else
			measure(cases[i], &small, draw_evenly);
	}
	return 0;
}
