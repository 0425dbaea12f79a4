/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cycles that one worker spends on a cache hit.
 *
 * A batch is 32 bursts of 32 ready-made queries; the counter is read round each batch, inside
 * which nothing runs but what the worker does with a burst. The queries of a batch are drawn
 * from the entries of the cache: evenly, or by Zipf's law with exponent 1. Printed are the
 * lower quartile over all batches and, as a measure of how quiet the machine was, the median.
 *
 *     bench_hit              all figures
 *     bench_hit CASE ...     hot1k, uniform10m, zipf10m, or a number of entries drawn evenly
 *     bench_hit --count      hot1k, few batches: to have instructions counted by callgrind
 */
#include "node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST         32u
#define BATCH_BURSTS  32u
#define BATCHES       400u
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

static void
report(const char *name, struct bench_batches *batches)
{
	char label[128];

	snprintf(label, sizeof(label), "hit.cycles_per_query.%s", name);
	bench_report(label, bench_batches_at(batches, 0.25), "cycles");
	snprintf(label, sizeof(label), "hit.cycles_per_query.%s.median", name);
	bench_report(label, bench_batches_at(batches, 0.5), "cycles");
}

static void
measure(const char *name, struct node *node, draw_function *draw, uint32_t batch_count)
{
	static struct bench_batches batches;
	struct node_queries queries;
	uint64_t random = 1;

	batches.count = 0;
	node_queries_build(&queries, BURST * BATCH_BURSTS);
	/* The first batches find the caches of the processor cold. */
	for (uint32_t i = 0; i < batch_count / 10; i++)
		(void)batch_run(node, &queries, draw, &random);
	for (uint32_t i = 0; i < batch_count; i++)
		bench_batches_add(&batches, batch_run(node, &queries, draw, &random));
	report(name, &batches);
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
		const char *name = cases[i];
		const bool counting = strcmp(name, "--count") == 0;
		const bool zipf = strcmp(name, "zipf10m") == 0;

		if (zipf || strcmp(name, "uniform10m") == 0) {
			if (large.entry_count == 0)
				node_build(&large, 1, 10000000);
			measure(name, &large, zipf ? draw_zipf : draw_evenly, BATCHES);
			continue;
		}
		const bool hot = counting || strcmp(name, "hot1k") == 0;

		node_build(&small, 1, hot ? 1000 : (uint32_t)strtoul(name, NULL, 10));
		measure(counting ? "hot1k" : name, &small, draw_evenly,
		    counting ? COUNT_BATCHES : BATCHES);
	}
	return 0;
}
