/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread that folds and four that read and tell, as the workers of a node do, on a table
 * so small that rows are replaced and used again all the time.
 *
 * What is told of an address follows from its number, so that a reader sees at once when it was
 * given the row of another, or one that is being changed. Runs two seconds; for longer:
 *
 *     QN_SECONDS=600 test_model_nsdb_threads
 *
 * The thread sanitizer sees neither liburcu nor its grace periods. It is told what they promise
 * and no more: what a reader did before it reported a quiescent state is over for the folding
 * thread that comes after. A row used again before that is a race for it.
 */
#include "nsdb/nsdb.h"
#include "select/ledger.h"
#include "support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <urcu/urcu-qsbr.h>

#define READER_COUNT  4
#define ADDRESS_COUNT 400
#define ZONE_COUNT    8
#define ROW_MAX       128
#define LOOKS         64 /* Between two quiescent states. */

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>

/* What liburcu allocates to wait for its own thread, that thread frees. */
const char *__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
	return "race:urcu_qsbr_barrier\n";
}

#define PROMISE_LET_GO(of)   __tsan_release(of)
#define PROMISE_ALL_GONE(of) __tsan_acquire(of)
#else
#define PROMISE_LET_GO(of)   (void)(of)
#define PROMISE_ALL_GONE(of) (void)(of)
#endif

static const struct qn_hash_key hash_key = {5, 6};

struct shared {
	struct qn_nsdb *nsdb;
	_Atomic bool stop;
	_Atomic uint64_t now_us;
	char grace; /* Its address stands for grace periods, before the sanitizer. */
};

struct reader {
	struct shared *shared;
	struct qn_random random;
	struct qn_ledger ledger;
	void *memory;
	uint64_t found_count;
	const char *fault;
};

static struct qn_address
address_number(uint32_t number)
{
	const uint8_t octets[16] = {10, 0, (uint8_t)(number >> 8), (uint8_t)number};

	return number % 2 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
}

/* Always the same for an address: smoothed, it stays what it is. */
static uint32_t
rtt_us_of(uint32_t number)
{
	return 8 * (1000 + number);
}

/* What is wrong with what was read of an address; NULL when nothing is. */
static const char *
fault_of(uint32_t number, uint64_t zone_hash, struct qn_opinion opinion, struct reader *reader)
{
	const struct qn_server_stats *stats = opinion.stats;

	reader->found_count += stats->replies > 0;
	if (stats->measured != (stats->replies > 0))
		return "half a row";
	if (stats->measured && stats->srtt_us != rtt_us_of(number))
		return "the statistics of another address";
	if (stats->updated.us > atomic_load(&reader->shared->now_us))
		return "news from the future";
	if (opinion.quality->outcome != QN_OUTCOME_SENT &&
	    opinion.quality->outcome !=
		(zone_hash % 2 == 0 ? QN_OUTCOME_REFUSED : QN_OUTCOME_SERVFAIL))
		return "the quality for another zone";
	return NULL;
}

static void
reader_tell(struct reader *reader, uint32_t number, uint64_t zone_hash)
{
	const uint8_t useless = zone_hash % 2 == 0 ? QN_OUTCOME_REFUSED : QN_OUTCOME_SERVFAIL;
	const struct qn_sample sample = {
	    .address = address_number(number),
	    .outcome = qn_random_below(&reader->random, 4) == 0 ? useless : QN_OUTCOME_USEFUL,
	    .rtt_us = rtt_us_of(number),
	    .zone_hash = zone_hash,
	    .when = {atomic_load(&reader->shared->now_us)},
	};

	qn_ledger_tell(&reader->ledger, &sample);
}

static void
reader_turn(struct reader *reader)
{
	for (unsigned i = 0; i < LOOKS && reader->fault == NULL; i++) {
		const uint32_t number = qn_random_below(&reader->random, ADDRESS_COUNT);
		const uint64_t zone_hash = 1 + qn_random_below(&reader->random, ZONE_COUNT);
		const struct qn_address address = address_number(number);

		reader->fault = fault_of(number, zone_hash,
		    qn_ledger_look(&reader->ledger, &address, zone_hash), reader);
		if (qn_random_below(&reader->random, 8) == 0)
			reader_tell(reader, number, zone_hash);
	}
}

static void
sleep_us(long duration_us)
{
	nanosleep(&(struct timespec){.tv_nsec = duration_us * 1000}, NULL);
}

/* Mostly reports its quiescent states as it turns, and now and then rests offline. */
static void *
reader_run(void *argument)
{
	struct reader *reader = argument;

	urcu_qsbr_register_thread();
	while (reader->fault == NULL && !atomic_load(&reader->shared->stop)) {
		reader_turn(reader);
		PROMISE_LET_GO(&reader->shared->grace);
		if (qn_random_below(&reader->random, 100) > 0) {
			urcu_qsbr_quiescent_state();
			continue;
		}
		urcu_qsbr_thread_offline();
		sleep_us(100);
		urcu_qsbr_thread_online();
	}
	PROMISE_LET_GO(&reader->shared->grace);
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void *
memory_of(size_t size)
{
	void *memory = aligned_alloc(QN_ARENA_ALIGN, size);

	assert_non_null(memory);
	return memory;
}

static void
reader_init(struct reader *reader, struct shared *shared, uint64_t seed)
{
	struct qn_arena arena = qn_arena_measure();

	qn_ledger_init(&reader->ledger, &arena, ROW_MAX, NULL, hash_key);
	*reader = (struct reader){
	    .shared = shared,
	    .random = test_random(seed),
	    .memory = memory_of(arena.used),
	};
	arena = qn_arena_over((struct qn_span){reader->memory, arena.used});
	qn_ledger_init(&reader->ledger, &arena, ROW_MAX, qn_nsdb_standings(shared->nsdb), hash_key);
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void
fold_until(struct shared *shared, struct reader readers[READER_COUNT], double seconds)
{
	struct qn_sample_ring *rings[READER_COUNT];
	struct timespec start;

	for (unsigned i = 0; i < READER_COUNT; i++)
		rings[i] = readers[i].ledger.ring;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (seconds_since(&start) < seconds) {
		PROMISE_ALL_GONE(&shared->grace);
		qn_nsdb_fold(shared->nsdb, rings, READER_COUNT);
		atomic_fetch_add(&shared->now_us, 1000);
		sleep_us(200);
	}
}

TEST(nsdb_is_read_while_it_is_folded)
{
	const char *text = getenv("QN_SECONDS");
	const size_t size = qn_nsdb_size(ROW_MAX);
	void *memory = memory_of(size);
	static struct shared shared;
	static struct reader readers[READER_COUNT];
	pthread_t threads[READER_COUNT];
	uint64_t found_count = 0;

	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	shared.nsdb =
	    qn_nsdb_init((struct qn_span){memory, size}, ROW_MAX, hash_key, QN_NSDB_THREADS);
	atomic_store(&shared.now_us, QN_US_PER_S);
	for (unsigned i = 0; i < READER_COUNT; i++) {
		reader_init(&readers[i], &shared, 1 + i);
		assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &readers[i]), 0);
	}
	fold_until(&shared, readers, text == NULL ? 2 : atof(text));
	atomic_store(&shared.stop, true);
	for (unsigned i = 0; i < READER_COUNT; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	qn_nsdb_fini(shared.nsdb);
	const struct qn_nsdb_figures figures = qn_nsdb_figures(shared.nsdb);

	for (unsigned i = 0; i < READER_COUNT; i++) {
		if (readers[i].fault != NULL)
			fail_msg("reader %u was given %s", i, readers[i].fault);
		found_count += readers[i].found_count;
		free(readers[i].memory);
	}
	print_message("# %ju looks found something; %ju rows published, %ju evicted\n",
	    (uintmax_t)found_count, (uintmax_t)figures.published, (uintmax_t)figures.evicted);
	assert_true(found_count > 0 && figures.evicted > 0);
	assert_true(figures.folded > 0 && figures.published > 0);
	free(memory);
	urcu_qsbr_unregister_thread();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nsdb_is_read_while_it_is_folded),
	};

	return cmocka_run_group_tests_name("nsdb_threads", tests, NULL, NULL);
}
