/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache against a model that remembers everything: long runs of random operations.
 *
 * A run follows from its seed. A failure names seed and step; to replay it, or to run longer:
 *
 *     QN_SEED=7 QN_STEPS=1000000 test_model_cache
 */
#include "cache_model.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define STEPS      40000
#define LOOK_EVERY 1000
#define CANARY_LEN 4096
#define CANARY     0xa7

/* Where the clock's seconds come near the end of 32 bits, no more years pass. */
#define YEARS_MOST_US (50ull * 365 * 86400 * QN_US_PER_S)

struct shape {
	size_t cache_len;
	uint32_t key_count;
	uint32_t value_len; /* Most values are shorter. */
	bool evicts;
};

/* What the model knows of a key. */
struct entry {
	bool there;   /* Put, and neither removed nor found missing since. */
	bool exposed; /* A sweep may have taken it. */
	bool doomed;  /* There since before the sweep began that is to take it. */
	uint32_t version;
	uint32_t ttl_s;
	size_t len;
	uint64_t put_us;
};

struct run {
	uint64_t seed;
	uint64_t step;
	const struct shape *shape;
	struct qn_random random;
	struct qn_hash_key hash_key;
	uint64_t now_us;
	struct qn_cache *cache;
	uint8_t *memory;
	struct model_key *keys;
	struct entry *entries;
	uint64_t lost;         /* Entries found missing that something else has taken. */
	uint64_t lost_evicted; /* Of these, those that only an eviction can have taken. */
	bool sweeping;
	struct qn_cache_sweep sweep;
	uint64_t swept_count; /* Entries that sweeps before this one have taken. */
};

/* Ends the test, saying how to come back here, unless `holds`. */
static void
run_check(const struct run *run, bool holds, int line, const char *expression)
{
	if (!holds)
		fail_msg("QN_SEED=%llu, step %llu, line %d: %s", (unsigned long long)run->seed,
		    (unsigned long long)run->step, line, expression);
}

#define CHECK(run, expression) run_check(run, expression, __LINE__, #expression)

static struct qn_now
run_now(const struct run *run)
{
	return test_now_us(run->now_us);
}

static struct qn_cache_key
run_key(struct run *run, uint32_t number)
{
	return model_cache_key(&run->keys[number], &run->hash_key, qn_random_u64(&run->random));
}

static void
run_begin(struct run *run, const struct shape *shape, uint64_t seed)
{
	*run = (struct run){.seed = seed, .shape = shape, .random = test_random(seed)};
	run->hash_key.k0 = qn_random_u64(&run->random);
	run->hash_key.k1 = qn_random_u64(&run->random);
	run->now_us = qn_random_below(&run->random, 3000000);
	run->memory = aligned_alloc(QN_ARENA_ALIGN, shape->cache_len + CANARY_LEN);
	assert_non_null(run->memory);
	memset(run->memory, CANARY, shape->cache_len + CANARY_LEN);
	run->cache = qn_cache_init((struct qn_span){run->memory, shape->cache_len}, run_now(run));
	run->keys = calloc(shape->key_count, sizeof(*run->keys));
	run->entries = calloc(shape->key_count, sizeof(*run->entries));
	assert_true(run->keys != NULL && run->entries != NULL);
	for (uint32_t i = 0; i < shape->key_count; i++)
		run->keys[i] = model_key(i);
}

static void
run_end(struct run *run)
{
	for (size_t i = 0; i < CANARY_LEN; i++)
		CHECK(run, run->memory[run->shape->cache_len + i] == CANARY);
	free(run->memory);
	free(run->keys);
	free(run->entries);
}

/* --- Operations ------------------------------------------------------------------------- */

/* Entries that evictions and sweeps have taken. */
static uint64_t
run_taken(const struct run *run)
{
	return qn_cache_figures(run->cache).evicted_count + run->swept_count +
	       (run->sweeping ? run->sweep.removed_count : 0);
}

/* The model believed in an entry that is not there: only what took it may explain that. */
static void
entry_lost(struct run *run, struct entry *entry)
{
	if (!entry->there)
		return;
	entry->there = false;
	run->lost++;
	run->lost_evicted += !entry->exposed;
	CHECK(run, run->lost <= run_taken(run));
	CHECK(run, run->lost_evicted <= qn_cache_figures(run->cache).evicted_count);
}

static void
check_found(struct run *run, uint32_t number, enum qn_cache_found found, const uint8_t *value,
    const struct qn_cache_item *item)
{
	const struct entry *entry = &run->entries[number];
	const uint64_t age_us = run->now_us - entry->put_us;
	uint8_t expected[QN_CACHE_VALUE_MAX];

	CHECK(run, entry->there);
	CHECK(run, item->value_len == entry->len);
	model_value(expected, entry->len, number, entry->version);
	CHECK(run, memcmp(value, expected, entry->len) == 0);
	CHECK(run, item->ttl_s == entry->ttl_s);
	/* Ages are whole seconds of the cache's clock, so up to one off either way. */
	CHECK(run, item->age_s <= age_us / QN_US_PER_S + 1);
	CHECK(run, item->age_s + 1ull >= age_us / QN_US_PER_S);
	/* Never beyond the TTL, not even by a microsecond; never a second too early. */
	if (found == QN_CACHE_FRESH)
		CHECK(run, age_us < entry->ttl_s * QN_US_PER_S);
	else
		CHECK(run, age_us + QN_US_PER_S > entry->ttl_s * QN_US_PER_S);
}

static void
do_get(struct run *run, uint32_t number)
{
	const struct qn_cache_key key = run_key(run, number);
	uint8_t value[MODEL_VALUE_ROOM];
	struct qn_cache_item item;

	memset(value + QN_CACHE_VALUE_MAX, CANARY, sizeof(value) - QN_CACHE_VALUE_MAX);
	const enum qn_cache_found found =
	    qn_cache_get(run->cache, &key, run_now(run), value, &item);

	for (size_t i = QN_CACHE_VALUE_MAX; i < sizeof(value); i++)
		CHECK(run, value[i] == CANARY);
	if (found == QN_CACHE_MISS)
		entry_lost(run, &run->entries[number]);
	else
		check_found(run, number, found, value, &item);
}

static size_t
draw_len(struct run *run)
{
	switch (qn_random_below(&run->random, 200)) {
	case 0:
		return QN_CACHE_VALUE_MAX;
	case 1:
		return QN_CACHE_VALUE_MAX + 1 + qn_random_below(&run->random, 63);
	case 2:
		return qn_random_below(&run->random, QN_CACHE_VALUE_MAX);
	default:
		return qn_random_below(&run->random, run->shape->value_len + 1);
	}
}

static uint32_t
draw_ttl(struct run *run)
{
	static const uint32_t special[] = {
	    0, 1, 2, 86400, QN_CACHE_TTL_MAX, QN_CACHE_TTL_MAX + 1, UINT32_MAX};

	if (qn_random_below(&run->random, 4) == 0)
		return special[qn_random_below(&run->random, COUNT_OF(special))];
	return qn_random_below(&run->random, 40);
}

/* Works out from the figures what a put has done, and believes no more than that. */
static void
check_put(struct run *run, uint32_t number, const struct qn_cache_figures *before)
{
	const struct qn_cache_figures after = qn_cache_figures(run->cache);
	struct entry *entry = &run->entries[number];
	const uint64_t evicted = after.evicted_count - before->evicted_count;
	const uint64_t replaced = before->entry_count + 1 - evicted - after.entry_count;

	CHECK(run, replaced <= 1);
	CHECK(run, entry->there || replaced == 0);
	CHECK(run, evicted <= model_block_count(&run->keys[number], entry->len) + 1);
	CHECK(run, run->shape->evicts || evicted == 0);
	if (replaced == 0)
		entry_lost(run, entry);
}

static void
do_put(struct run *run, uint32_t number)
{
	struct entry *entry = &run->entries[number];
	const struct qn_cache_figures before = qn_cache_figures(run->cache);
	const struct qn_cache_key key = run_key(run, number);
	const uint32_t ttl_s = draw_ttl(run);
	uint8_t value[MODEL_VALUE_ROOM];

	entry->len = draw_len(run);
	entry->version++;
	entry->ttl_s = ttl_s < QN_CACHE_TTL_MAX ? ttl_s : QN_CACHE_TTL_MAX;
	entry->put_us = run->now_us;
	model_value(value, entry->len, number, entry->version);
	const bool kept = qn_cache_put(
	    run->cache, &key, ttl_s, (struct qn_view){value, entry->len}, run_now(run));

	CHECK(run, kept == (entry->len <= QN_CACHE_VALUE_MAX));
	if (kept) {
		check_put(run, number, &before);
		entry->there = true;
	} else {
		const uint64_t gone = before.entry_count - qn_cache_figures(run->cache).entry_count;

		CHECK(run, gone <= entry->there);
		if (gone == 0)
			entry_lost(run, entry);
		entry->there = false;
	}
	entry->doomed = false;
	entry->exposed = run->sweeping && qn_name_within(&run->keys[number].name, &run->sweep.name);
	if (qn_random_below(&run->random, 4) != 0)
		return;
	/* What was just put is there, whatever it cost others. */
	do_get(run, number);
	CHECK(run, entry->there == kept);
}

static void
do_remove(struct run *run, uint32_t number)
{
	const struct qn_cache_key key = run_key(run, number);
	struct entry *entry = &run->entries[number];

	if (qn_cache_remove(run->cache, &key))
		CHECK(run, entry->there);
	else
		entry_lost(run, entry);
	entry->there = false;
	CHECK(run, !qn_cache_remove(run->cache, &key));
}

/* Begins to sweep a zone, a name that was put, or now and then everything. */
static void
sweep_begin(struct run *run, uint32_t number)
{
	struct qn_name name = model_zone_name(number % MODEL_ZONE_COUNT);

	switch (qn_random_below(&run->random, 8)) {
	case 0:
		name = qn_name_root;
		break;
	case 1:
		break;
	default:
		name = run->keys[number].name;
		break;
	}
	for (uint32_t i = 0; i < run->shape->key_count; i++) {
		struct entry *entry = &run->entries[i];

		entry->doomed = entry->there && qn_name_within(&run->keys[i].name, &name);
		entry->exposed |= entry->doomed;
	}
	qn_cache_sweep_begin(&run->sweep, &name);
	run->sweeping = true;
}

/* After the sweep nothing is left of what was there before it. */
static void
sweep_end(struct run *run)
{
	run->sweeping = false;
	run->swept_count += run->sweep.removed_count;
	for (uint32_t i = 0; i < run->shape->key_count; i++)
		if (run->entries[i].doomed) {
			run->entries[i].doomed = false;
			do_get(run, i);
			CHECK(run, !run->entries[i].there);
		}
}

/* Sweeps on, by a few blocks or by many; puts, gets and removes come between. */
static void
do_sweep(struct run *run, uint32_t number)
{
	static const uint32_t most[] = {1, 100, 1000, 50000};
	const uint32_t block_max =
	    1 + qn_random_below(&run->random, most[qn_random_below(&run->random, 4)]);
	const uint32_t before = run->sweep.removed_count;

	if (!run->sweeping) {
		sweep_begin(run, number);
		return;
	}
	const bool ended = qn_cache_sweep_run(run->cache, &run->sweep, block_max);

	CHECK(run, run->sweep.removed_count - before <= block_max);
	if (ended)
		sweep_end(run);
}

static void
pass_time(struct run *run)
{
	static const uint32_t most_us[] = {1, 1000, 900000, 1000001, 5000000, 40000000};

	run->now_us += qn_random_below(&run->random, most_us[qn_random_below(&run->random, 6)] + 1);
	if (qn_random_below(&run->random, 2000) == 0 && run->now_us < YEARS_MOST_US)
		run->now_us += (QN_CACHE_TTL_MAX - 5000ull) * QN_US_PER_S;
}

/* Looks at every key; then the model knows exactly what is there, and what it occupies. */
static void
look_at_all(struct run *run)
{
	uint64_t entry_count = 0;
	uint64_t block_used = 0;

	for (uint32_t i = 0; i < run->shape->key_count; i++) {
		do_get(run, i);
		if (!run->entries[i].there)
			continue;
		entry_count++;
		block_used += model_block_count(&run->keys[i], run->entries[i].len);
	}
	const struct qn_cache_figures figures = qn_cache_figures(run->cache);

	CHECK(run, figures.entry_count == entry_count);
	CHECK(run, figures.block_used == block_used);
	CHECK(run, figures.block_used <= figures.block_count);
	CHECK(run, figures.block_count * QN_CACHE_BLOCK_LEN < run->shape->cache_len);
	CHECK(run, run_taken(run) == run->lost);
}

static void
step(struct run *run)
{
	const uint32_t number = qn_random_below(&run->random, run->shape->key_count);
	const uint32_t choice = qn_random_below(&run->random, 1000);

	pass_time(run);
	if (choice < 450)
		do_put(run, number);
	else if (choice < 900)
		do_get(run, number);
	else if (choice < 980)
		do_remove(run, number);
	else
		do_sweep(run, number);
}

/* Every block that was ever taken has come back: all of them can be filled at once. */
static void
check_blocks_come_back(struct run *run)
{
	static const uint8_t value[QN_CACHE_VALUE_MAX];
	const struct model_key first = model_key(0);
	const uint64_t evicted = qn_cache_figures(run->cache).evicted_count;

	for (uint32_t i = 0; i < run->shape->key_count; i++)
		if (i % 2 == 0)
			do_remove(run, i);
	qn_cache_sweep_begin(&run->sweep, &qn_name_root);
	while (!qn_cache_sweep_run(run->cache, &run->sweep, 1000))
		;
	CHECK(run, qn_cache_figures(run->cache).entry_count == 0);
	CHECK(run, qn_cache_figures(run->cache).block_used == 0);

	const uint64_t each = model_block_count(&first, sizeof(value));
	const uint64_t fit = qn_cache_figures(run->cache).block_count / each;
	uint64_t put = 0;

	for (uint32_t i = 0; put < fit; i++) {
		const struct model_key named = model_key(i);
		const struct qn_cache_key key = model_cache_key(&named, &run->hash_key, 0);

		if (model_block_count(&named, sizeof(value)) != each)
			continue;
		qn_cache_put(
		    run->cache, &key, 1, (struct qn_view){value, sizeof(value)}, run_now(run));
		put++;
	}
	CHECK(run, qn_cache_figures(run->cache).entry_count == fit);
	CHECK(run, qn_cache_figures(run->cache).block_used == fit * each);
	CHECK(run, qn_cache_figures(run->cache).evicted_count == evicted);
}

static void
run_shape(const struct shape *shape)
{
	const uint64_t seed = model_option("QN_SEED", 0);
	const uint64_t step_count = model_option("QN_STEPS", STEPS);
	const uint64_t last = seed != 0 ? seed : 3;

	for (uint64_t i = seed != 0 ? seed : 1; i <= last; i++) {
		struct run run;

		run_begin(&run, shape, i);
		for (run.step = 1; run.step <= step_count; run.step++) {
			step(&run);
			if (run.step % LOOK_EVERY == 0)
				look_at_all(&run);
		}
		look_at_all(&run);
		CHECK(&run, run.swept_count > 0);
		CHECK(&run, (qn_cache_figures(run.cache).evicted_count > 0) == shape->evicts);
		check_blocks_come_back(&run);
		run_end(&run);
	}
}

/* Everything fits: what was put is found until it is removed. */
TEST(cache_with_room)
{
	run_shape(&(struct shape){4 << 20, 300, 300, false});
}

/* Blocks run out all the time. */
TEST(cache_short_of_blocks)
{
	run_shape(&(struct shape){48 << 10, 400, 300, true});
}

/* Entries of one block: slots run out first. */
TEST(cache_short_of_slots)
{
	run_shape(&(struct shape){64 << 10, 2000, 4, true});
}

/* A length that is no multiple of anything. */
TEST(cache_of_odd_length)
{
	run_shape(&(struct shape){(33 << 10) + 64 * 7, 200, 600, true});
}

/* --- Who stays -------------------------------------------------------------------------- */

/* Hot names among names that are asked for once, as a scan or an attack brings them. */
struct contest {
	struct qn_cache *cache;
	struct qn_hash_key hash_key;
	size_t value_len;
	uint32_t next_scan; /* Numbers of names nobody has asked for. */
};

/* Asks for a name and puts it when it is not there; whether it was. */
static bool
contest_ask(struct contest *contest, uint32_t number)
{
	static uint8_t value[QN_CACHE_VALUE_MAX];
	const struct model_key named = model_key(number);
	const struct qn_cache_key key = model_cache_key(&named, &contest->hash_key, 0);
	struct qn_cache_item item;

	if (qn_cache_get(contest->cache, &key, test_now_us(0), value, &item) != QN_CACHE_MISS)
		return true;
	qn_cache_put(
	    contest->cache, &key, 60, (struct qn_view){value, contest->value_len}, test_now_us(0));
	return false;
}

static void
contest_begin(struct contest *contest, size_t cache_len, size_t value_len)
{
	void *memory = aligned_alloc(QN_ARENA_ALIGN, cache_len);

	assert_non_null(memory);
	*contest = (struct contest){
	    .cache = qn_cache_init((struct qn_span){memory, cache_len}, test_now_us(0)),
	    .hash_key = {1, 2},
	    .value_len = value_len,
	    .next_scan = 1000000,
	};
}

static void
contest_end(struct contest *contest)
{
	free(contest->cache); /* The first part of its own block. */
}

/* Entries that the cache holds when it is full. */
static uint32_t
contest_fill(struct contest *contest)
{
	while (qn_cache_figures(contest->cache).evicted_count < 1000)
		(void)contest_ask(contest, contest->next_scan++);
	return (uint32_t)qn_cache_figures(contest->cache).entry_count;
}

struct hits {
	double cache;
	double fifo;
};

/*
 * Asks `round_count` times for one of `hot_count` hot names and then for one that is new, and
 * says how often the hot ones were there: in the cache, and in a queue of `capacity` entries
 * that leave in the order they came.
 */
static struct hits
contest_run(struct contest *contest, uint32_t first, uint32_t hot_count, uint32_t capacity,
    uint32_t round_count)
{
	uint64_t *came = calloc(hot_count, sizeof(*came));
	struct qn_random random = test_random(first);
	uint64_t clock = capacity;
	uint32_t cache_hits = 0;
	uint32_t fifo_hits = 0;

	assert_non_null(came);
	for (uint32_t i = 0; i < round_count; i++) {
		const uint32_t hot = qn_random_below(&random, hot_count);

		cache_hits += contest_ask(contest, first + hot);
		if (came[hot] != 0 && clock - came[hot] < capacity)
			fifo_hits++;
		else
			came[hot] = clock++;
		(void)contest_ask(contest, contest->next_scan++);
		clock++;
	}
	free(came);
	return (struct hits){(double)cache_hits / round_count, (double)fifo_hits / round_count};
}

/* A scan of names asked for once does not drive out what is asked for again and again. */
static void
check_hot_set(size_t cache_len, size_t value_len, double least)
{
	struct contest contest;

	contest_begin(&contest, cache_len, value_len);
	const uint32_t capacity = contest_fill(&contest);
	const uint32_t hot_count = capacity * 3 / 10;

	(void)contest_run(&contest, 1, hot_count, capacity, 10 * hot_count);
	const struct hits settled = contest_run(&contest, 1, hot_count, capacity, 20 * hot_count);

	print_message("# %u entries, %u hot: hits %.4f, in a queue %.4f\n", capacity, hot_count,
	    settled.cache, settled.fifo);
	assert_true(settled.cache > least);
	assert_true(settled.cache > settled.fifo + 0.15);

	/* Fashions change: another hot set takes over, whatever was hot before. */
	(void)contest_run(&contest, 500000, hot_count, capacity, 20 * hot_count);
	const struct hits renewed =
	    contest_run(&contest, 500000, hot_count, capacity, 20 * hot_count);

	print_message("# another hot set: hits %.4f\n", renewed.cache);
	assert_true(renewed.cache > least);
	contest_end(&contest);
}

TEST(cache_keeps_the_hot_set_when_blocks_run_out)
{
	check_hot_set(1 << 20, 100, 0.99);
}

/* The queue has no say then: each new entry takes the place of one out of twenty. */
TEST(cache_keeps_the_hot_set_when_slots_run_out)
{
	check_hot_set(1 << 20, 0, 0.9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cache_with_room),
	    cmocka_unit_test(cache_short_of_blocks),
	    cmocka_unit_test(cache_short_of_slots),
	    cmocka_unit_test(cache_of_odd_length),
	    cmocka_unit_test(cache_keeps_the_hot_set_when_blocks_run_out),
	    cmocka_unit_test(cache_keeps_the_hot_set_when_slots_run_out),
	};

	return cmocka_run_group_tests_name("model-cache", tests, NULL, NULL);
}
