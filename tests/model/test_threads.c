/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One writer and three readers on the same cache, as the workers of a node are.
 *
 * Every value says which key and version it belongs to and ends with a checksum, so that a
 * reader sees at once when it was given parts of two. Runs two seconds; for longer:
 *
 *     QN_SECONDS=600 test_model_threads
 */
#include "cache_model.h"
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READER_COUNT 3
#define CACHE_LEN    (48u << 10)
#define KEY_COUNT    200

/* What a value starts and ends with; between them stands what model_value() gives. */
struct head {
	uint32_t number;
	uint32_t version;
};

#define SUM_LEN 8
#define LEAST   (sizeof(struct head) + SUM_LEN)

struct shared {
	struct qn_cache *cache;
	struct qn_hash_key hash_key;
	struct model_key keys[KEY_COUNT];
	_Atomic bool stop;
	_Atomic uint64_t now_us;
};

struct reader {
	struct shared *shared;
	struct qn_random random;
	uint32_t seen[KEY_COUNT]; /* Latest version of each key: it never goes back. */
	uint64_t found_count;
	const char *fault;
};

static uint64_t
sum_of(const uint8_t *bytes, size_t len)
{
	static const struct qn_hash_key key = {3, 4};

	return qn_hash(&key, (struct qn_view){bytes, len});
}

/* Length and TTL follow from key and version, so that readers know them. */
static size_t
value_len(uint32_t number, uint32_t version)
{
	const uint64_t bits = model_mix((uint64_t)version << 32 | number);
	const size_t most = bits % 16 == 0 ? QN_CACHE_VALUE_MAX : 400;

	return LEAST + (bits >> 8) % (most - LEAST + 1);
}

static uint32_t
value_ttl(uint32_t number, uint32_t version)
{
	return 1000 + (uint32_t)(model_mix((uint64_t)number << 32 | version) % 100000);
}

static size_t
value_write(uint8_t *value, uint32_t number, uint32_t version)
{
	const struct head head = {number, version};
	const size_t len = value_len(number, version);
	const size_t sum_at = len - SUM_LEN;

	memcpy(value, &head, sizeof(head));
	model_value(value + sizeof(head), sum_at - sizeof(head), number, version);
	const uint64_t sum = sum_of(value, sum_at);

	memcpy(value + sum_at, &sum, SUM_LEN);
	return len;
}

/* What is wrong with a value that was read; NULL when nothing is. */
static const char *
value_fault(
    struct reader *reader, uint32_t number, const uint8_t *value, const struct qn_cache_item *item)
{
	struct head head;
	uint64_t sum;

	if (item->value_len < LEAST)
		return "a length that was never put";
	memcpy(&head, value, sizeof(head));
	memcpy(&sum, value + item->value_len - SUM_LEN, SUM_LEN);
	if (sum != sum_of(value, item->value_len - SUM_LEN))
		return "a torn value";
	if (head.number != number)
		return "the value of another key";
	if (item->value_len != value_len(number, head.version))
		return "the length of another version";
	if (item->ttl_s != value_ttl(number, head.version))
		return "the TTL of another version";
	if (head.version < reader->seen[number])
		return "an older version than before";
	reader->seen[number] = head.version;
	return NULL;
}

static void *
reader_run(void *argument)
{
	struct reader *reader = argument;
	struct shared *shared = reader->shared;
	uint8_t value[QN_CACHE_VALUE_MAX];
	struct qn_cache_item item;

	while (reader->fault == NULL && !atomic_load(&shared->stop)) {
		const uint32_t number = qn_random_below(&reader->random, KEY_COUNT);
		const struct qn_cache_key key =
		    model_cache_key(&shared->keys[number], &shared->hash_key, 0);
		const struct qn_now now = test_now_us(atomic_load(&shared->now_us));

		qn_cache_prefetch(shared->cache, &key);
		if (qn_cache_get(shared->cache, &key, now, value, &item) == QN_CACHE_MISS)
			continue;
		reader->found_count++;
		reader->fault = value_fault(reader, number, value, &item);
	}
	return NULL;
}

/* Goes on with a sweep, or begins the next one: of the zone of `number`. */
static void
writer_sweep(struct shared *shared, struct qn_cache_sweep *sweep, uint32_t number)
{
	const struct qn_name zone = model_zone_name(number % MODEL_ZONE_COUNT);

	if (qn_cache_sweep_run(shared->cache, sweep, 100))
		qn_cache_sweep_begin(sweep, &zone);
}

/* Puts mostly, removes and sweeps now and then, until the time is over. */
static uint64_t
writer_run(struct shared *shared, double seconds)
{
	struct qn_random random = test_random(model_option("QN_SEED", 1));
	static uint32_t versions[KEY_COUNT];
	uint8_t value[QN_CACHE_VALUE_MAX];
	struct qn_cache_sweep sweep;
	struct timespec start, now;
	uint64_t put_count = 0;

	qn_cache_sweep_begin(&sweep, &qn_name_root);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (unsigned i = 0; i < 1000; i++) {
			const uint32_t number = qn_random_below(&random, KEY_COUNT);
			const uint32_t choice = qn_random_below(&random, 1000);
			const struct qn_cache_key key =
			    model_cache_key(&shared->keys[number], &shared->hash_key, 0);
			const struct qn_now at = test_now_us(atomic_load(&shared->now_us));

			if (choice < 10) {
				writer_sweep(shared, &sweep, number);
			} else if (choice < 50) {
				(void)qn_cache_remove(shared->cache, &key);
			} else {
				const uint32_t version = ++versions[number];
				const size_t len = value_write(value, number, version);

				(void)qn_cache_put(shared->cache, &key, value_ttl(number, version),
				    (struct qn_view){value, len}, at);
				put_count++;
			}
		}
		atomic_fetch_add(&shared->now_us, 1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 <
		 seconds);
	return put_count;
}

TEST(cache_is_read_while_it_is_written)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[CACHE_LEN];
	static struct reader readers[READER_COUNT];
	static struct shared shared;
	pthread_t threads[READER_COUNT];
	struct qn_cache_sweep sweep;
	uint64_t found_count = 0;

	shared.cache = qn_cache_init((struct qn_span){memory, sizeof(memory)}, test_now_us(0));
	shared.hash_key = (struct qn_hash_key){5, 6};
	for (uint32_t i = 0; i < KEY_COUNT; i++)
		shared.keys[i] = model_key(i);
	for (unsigned i = 0; i < READER_COUNT; i++) {
		readers[i] = (struct reader){.shared = &shared, .random = test_random(100 + i)};
		assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &readers[i]), 0);
	}
	const uint64_t put_count = writer_run(&shared, (double)model_option("QN_SECONDS", 2));

	atomic_store(&shared.stop, true);
	for (unsigned i = 0; i < READER_COUNT; i++) {
		pthread_join(threads[i], NULL);
		found_count += readers[i].found_count;
		if (readers[i].fault != NULL)
			fail_msg("reader %u got %s", i, readers[i].fault);
	}
	const struct qn_cache_figures figures = qn_cache_figures(shared.cache);

	print_message("# %llu puts, %llu evictions, %llu hits\n", (unsigned long long)put_count,
	    (unsigned long long)figures.evicted_count, (unsigned long long)found_count);
	/* There was something to see, and what readers wrote did no harm to the lists. */
	assert_true(found_count > 1000 && figures.evicted_count > 1000);
	qn_cache_sweep_begin(&sweep, &qn_name_root);
	while (!qn_cache_sweep_run(shared.cache, &sweep, 100))
		;
	assert_int_equal(qn_cache_figures(shared.cache).entry_count, 0);
	assert_int_equal(qn_cache_figures(shared.cache).block_used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cache_is_read_while_it_is_written),
	};

	return cmocka_run_group_tests_name("model-threads", tests, NULL, NULL);
}
