/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much more two workers answer than one: hits only, each worker on a core of its own, with
 * a shard of its own and the caches shared, so that half of the answers come out of the other's.
 *
 * A trial is a fraction of a second during which every worker answers bursts of ready-made
 * queries as fast as it can, drawn from 100 000 entries; trials with one and two workers take
 * turns. Counted are the answers; putting the queries back into their buffers is counted in,
 * for one worker as for two. Printed is the median of the ratios of neighbouring trials.
 *
 * As a measure of the machine the same is done with two nodes of one worker each, which share
 * nothing (scale.2nodes): where two cores are the two halves of one, or share their clock with
 * others, no program gets twice as much out of both.
 *
 *     bench_scale
 */
#include "node.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define BURST       32u
#define QUERY_COUNT 4096u
#define ENTRY_COUNT 100000u
#define TRIALS      15u
#define TRIAL_S     0.2

struct worker {
	pthread_t thread;
	uint16_t core;
	uint16_t index; /* In its node. */
	struct node *node;
	struct node_queries queries;
	pthread_barrier_t *start;
	double answers_per_s;
};

/* Answers all queries once, and puts them back. */
static void
answer_all(struct worker *worker)
{
	enum qn_shard_hit outcomes[BURST];

	for (uint32_t i = 0; i < QUERY_COUNT; i += BURST) {
		struct qn_packet *packets = worker->queries.packets + i;

		qn_shard_answer_hits(worker->node->shards[worker->index], 0, packets, BURST,
		    outcomes, worker->node->now);
		for (uint32_t k = 0; k < BURST; k++)
			if (outcomes[k] == QN_SHARD_NO_QUERY)
				abort();
	}
	node_queries_reset(&worker->queries);
}

static void *
worker_run(void *argument)
{
	struct worker *worker = argument;
	uint64_t count = 0;

	bench_pin(worker->core);
	answer_all(worker);
	pthread_barrier_wait(worker->start);
	const double start_s = bench_seconds();
	double passed_s;

	do {
		answer_all(worker);
		count += QUERY_COUNT;
		passed_s = bench_seconds() - start_s;
	} while (passed_s < TRIAL_S);
	worker->answers_per_s = (double)count / passed_s;
	return NULL;
}

/* Answers a second of the first `count` workers together. */
static double
trial(struct worker *workers, uint16_t count)
{
	pthread_barrier_t start;
	double sum = 0;

	pthread_barrier_init(&start, NULL, count);
	for (uint16_t i = 0; i < count; i++) {
		workers[i].start = &start;
		if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) != 0)
			abort();
	}
	for (uint16_t i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		sum += workers[i].answers_per_s;
	}
	pthread_barrier_destroy(&start);
	return sum;
}

static void
worker_build(struct worker *worker, struct node *node, uint16_t core, uint16_t index)
{
	uint64_t random = 1 + core;

	*worker = (struct worker){.core = core, .index = index, .node = node};
	node_queries_build(&worker->queries, QUERY_COUNT);
	for (uint32_t i = 0; i < QUERY_COUNT; i++)
		node_query_set(
		    &worker->queries, i, (uint32_t)(bench_random(&random) % ENTRY_COUNT));
	node_queries_reset(&worker->queries);
}

int
main(void)
{
	static struct bench_batches shared, apart, rates;
	static struct node node, nodes[2];
	struct worker workers[2], loners[2];

	node_build(&node, 2, ENTRY_COUNT);
	for (uint16_t i = 0; i < 2; i++) {
		node_build(&nodes[i], 1, ENTRY_COUNT);
		worker_build(&workers[i], &node, i, i);
		worker_build(&loners[i], &nodes[i], i, 0);
	}
	for (unsigned i = 0; i < TRIALS; i++) {
		const double one = trial(workers, 1);

		bench_batches_add(&rates, one / 1e6);
		bench_batches_add(&shared, trial(workers, 2) / one);
		bench_batches_add(&apart, trial(loners, 2) / trial(loners, 1));
	}
	bench_report("scale.1worker", bench_batches_at(&rates, 0.5), "Mqps");
	bench_report("scale.2workers", bench_batches_at(&shared, 0.5), "ratio");
	bench_report("scale.2nodes", bench_batches_at(&apart, 0.5), "ratio");
	return 0;
}
