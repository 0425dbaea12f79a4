/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics that two workers share, against a naive model: arrays without bounds, indexed by
 * the number of an address and of a zone.
 *
 * After every step, what each worker believes of some address has to be what the model says: the
 * shared values, or the worker's own as long as they hold evidence that has not been folded.
 *
 *     QN_SEED=7 QN_STEPS=10000000 test_model_nsdb
 */
#include "nsdb/nsdb.h"
#include "select/ledger.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define WORKER_COUNT  2
#define ADDRESS_COUNT 40
#define ZONE_COUNT    4
/* So many more rows than there are addresses and zones that no bucket overflows. */
#define ROW_MAX 16384

static const struct qn_hash_key hash_key = {5, 6};

/* What is known of one address, and of it for each zone. */
struct knowledge {
	struct qn_server_stats stats;
	struct qn_zone_quality qualities[ZONE_COUNT];
	bool useless[ZONE_COUNT]; /* Whether there is anything against it. */
};

struct model_worker {
	struct knowledge own[ADDRESS_COUNT];
	bool fresh[ADDRESS_COUNT]; /* `own` has evidence that has not been folded. */
	bool fresh_zone[ADDRESS_COUNT][ZONE_COUNT];
	struct qn_sample samples[8192];
	uint32_t sample_count;
};

struct model {
	struct knowledge shared[ADDRESS_COUNT];
	struct model_worker workers[WORKER_COUNT];
};

static struct qn_address
address_number(uint32_t number)
{
	const uint8_t octets[16] = {10, 0, 0, (uint8_t)number};

	return number % 2 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
}

static void
knowledge_fold(struct knowledge *knowledge, const struct qn_sample *sample)
{
	const uint64_t zone = sample->zone_hash - 1;

	qn_stats_fold(&knowledge->stats, sample);
	if (!qn_quality_concerned(sample, knowledge->useless[zone]))
		return;
	qn_quality_fold(&knowledge->qualities[zone], sample);
	knowledge->useless[zone] = true;
}

static void
model_tell(struct model *model, unsigned worker_number, const struct qn_sample *sample)
{
	struct model_worker *worker = &model->workers[worker_number];
	const uint32_t number = sample->address.octets[3];
	const uint64_t zone = sample->zone_hash - 1;
	struct knowledge *own = &worker->own[number];
	const struct knowledge *shared = &model->shared[number];

	if (!worker->fresh[number])
		own->stats = shared->stats;
	if (!worker->fresh_zone[number][zone]) {
		own->qualities[zone] = shared->qualities[zone];
		own->useless[zone] = shared->useless[zone];
	}
	worker->fresh[number] = true;
	worker->fresh_zone[number][zone] |= qn_quality_concerned(sample, own->useless[zone]);
	knowledge_fold(own, sample);
	worker->samples[worker->sample_count++] = *sample;
}

/* The newest sample of a worker as the ledger has passed it on: it says whose a silence is. */
static const struct qn_sample *
newest_of(const struct qn_ledger *ledger)
{
	const uint64_t count =
	    qn_sample_ring_head(ledger->ring) - qn_sample_ring_tail(ledger->ring);

	return qn_sample_ring_peek(ledger->ring, (uint32_t)count - 1);
}

static void
model_fold(struct model *model)
{
	for (unsigned i = 0; i < WORKER_COUNT; i++) {
		struct model_worker *worker = &model->workers[i];

		for (uint32_t j = 0; j < worker->sample_count; j++)
			knowledge_fold(&model->shared[worker->samples[j].address.octets[3]],
			    &worker->samples[j]);
		worker->sample_count = 0;
		memset(worker->fresh, 0, sizeof(worker->fresh));
		memset(worker->fresh_zone, 0, sizeof(worker->fresh_zone));
	}
}

static void
compare(const struct model *model, const struct qn_ledger ledgers[WORKER_COUNT], uint32_t number,
    uint64_t zone_hash)
{
	const struct qn_address address = address_number(number);
	const uint64_t zone = zone_hash - 1;

	for (unsigned i = 0; i < WORKER_COUNT; i++) {
		const struct model_worker *worker = &model->workers[i];
		const struct qn_opinion opinion = qn_ledger_look(&ledgers[i], &address, zone_hash);
		const struct knowledge *stats =
		    worker->fresh[number] ? &worker->own[number] : &model->shared[number];
		const struct knowledge *quality = worker->fresh_zone[number][zone]
		                                      ? &worker->own[number]
		                                      : &model->shared[number];

		assert_memory_equal(opinion.stats, &stats->stats, sizeof(*opinion.stats));
		assert_memory_equal(
		    opinion.quality, &quality->qualities[zone], sizeof(*opinion.quality));
	}
}

static struct qn_sample
draw(struct qn_random *random, uint64_t now_us)
{
	return (struct qn_sample){
	    .address = address_number(qn_random_below(random, ADDRESS_COUNT)),
	    .kind = (uint8_t)qn_random_below(random, 3),
	    .outcome = (uint8_t)qn_random_below(random, QN_OUTCOME_COUNT),
	    .zone_only = qn_random_below(random, 10) == 0,
	    .rtt_us =
		qn_random_below(random, 10) == 0 ? QN_RTT_NONE : qn_random_below(random, 300000),
	    .zone_hash = 1 + qn_random_below(random, ZONE_COUNT),
	    .when = {now_us},
	};
}

static uint64_t
option(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void *
memory_of(size_t size)
{
	void *memory = aligned_alloc(QN_ARENA_ALIGN, size);

	assert_non_null(memory);
	return memory;
}

TEST(nsdb_is_what_the_model_says)
{
	const size_t size = qn_nsdb_size(ROW_MAX);
	void *memory = memory_of(size);
	struct qn_nsdb *nsdb =
	    qn_nsdb_init((struct qn_span){memory, size}, ROW_MAX, hash_key, QN_NSDB_NOBODY);
	struct qn_random random = test_random(option("QN_SEED", 1));
	struct model *model = calloc(1, sizeof(*model));
	struct qn_arena arena = qn_arena_measure();
	struct qn_ledger ledgers[WORKER_COUNT];
	struct qn_sample_ring *rings[WORKER_COUNT];
	uint64_t now_us = 1000 * QN_US_PER_S;

	for (unsigned i = 0; i < WORKER_COUNT; i++)
		qn_ledger_init(&ledgers[i], &arena, ROW_MAX, NULL, hash_key);
	void *ledger_memory = memory_of(arena.used);

	arena = qn_arena_over((struct qn_span){ledger_memory, arena.used});
	for (unsigned i = 0; i < WORKER_COUNT; i++) {
		qn_ledger_init(&ledgers[i], &arena, ROW_MAX, qn_nsdb_standings(nsdb), hash_key);
		rings[i] = ledgers[i].ring;
	}
	assert_non_null(model);
	for (uint64_t step = option("QN_STEPS", 300000); step > 0; step--) {
		const unsigned worker = qn_random_below(&random, WORKER_COUNT);
		const struct qn_sample sample = draw(&random, now_us);

		now_us += qn_random_below(&random, 20000);
		qn_ledger_tell(&ledgers[worker], &sample);
		model_tell(model, worker, newest_of(&ledgers[worker]));
		if (qn_random_below(&random, 50) == 0) {
			qn_nsdb_fold(nsdb, rings, WORKER_COUNT);
			model_fold(model);
		}
		compare(model, ledgers, sample.address.octets[3], sample.zone_hash);
		compare(model, ledgers, qn_random_below(&random, ADDRESS_COUNT),
		    1 + qn_random_below(&random, ZONE_COUNT));
	}
	assert_int_equal(qn_nsdb_figures(nsdb).evicted, 0);
	free(ledger_memory);
	free(model);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nsdb_is_what_the_model_says),
	};

	return cmocka_run_group_tests_name("nsdb", tests, NULL, NULL);
}
