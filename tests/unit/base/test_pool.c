/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pool.h"
#include "base/random.h"
#include "support/test.h"

#define CAPACITY  100u
#define ITEM_SIZE 12 /* Not a multiple of 8: rounded up inside. */

static _Alignas(QN_ARENA_ALIGN) uint8_t block[8192];

static struct qn_pool
pool_over_block(uint32_t capacity)
{
	struct qn_arena arena = qn_arena_over((struct qn_span){block, sizeof(block)});
	struct qn_pool pool;

	qn_pool_init(&pool, &arena, capacity, ITEM_SIZE);
	return pool;
}

TEST(pool_measures_what_it_takes)
{
	struct qn_arena measure = qn_arena_measure();
	struct qn_arena arena = qn_arena_over((struct qn_span){block, sizeof(block)});
	struct qn_pool pool;

	qn_pool_init(&pool, &measure, CAPACITY, ITEM_SIZE);
	qn_pool_init(&pool, &arena, CAPACITY, ITEM_SIZE);
	assert_int_equal(measure.used, arena.used);
	assert_true(arena.used >= CAPACITY * ITEM_SIZE);
}

TEST(pool_gives_each_object_once)
{
	struct qn_pool pool = pool_over_block(CAPACITY);
	bool seen[CAPACITY] = {false};

	for (uint32_t i = 0; i < CAPACITY; i++) {
		uint8_t *item = qn_pool_take(&pool);

		assert_non_null(item);
		assert_int_equal((uintptr_t)item % 8, 0);
		const uint32_t index = qn_pool_index(&pool, item);

		assert_false(seen[index]);
		seen[index] = true;
		assert_ptr_equal(qn_pool_at(&pool, index), item);
		memset(item, (int)index, ITEM_SIZE);
	}
	assert_null(qn_pool_take(&pool));
	for (uint32_t i = 0; i < CAPACITY; i++)
		for (size_t at = 0; at < ITEM_SIZE; at++)
			assert_int_equal(((uint8_t *)qn_pool_at(&pool, i))[at], i);
}

/* Takes and puts back at random beside a plain record of who has what. */
TEST(pool_agrees_with_a_plain_record)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
	struct qn_pool pool = pool_over_block(CAPACITY);
	struct qn_random random;
	bool taken[CAPACITY] = {false};
	uint32_t taken_count = 0;

	qn_random_init(&random, seed);
	for (unsigned step = 0; step < 20000; step++) {
		const uint32_t index = qn_random_below(&random, CAPACITY);

		if (taken[index]) {
			qn_pool_put(&pool, qn_pool_at(&pool, index));
			taken[index] = false;
			taken_count--;
		} else {
			void *item = qn_pool_take(&pool);

			assert_non_null(item);
			assert_false(taken[qn_pool_index(&pool, item)]);
			taken[qn_pool_index(&pool, item)] = true;
			taken_count++;
		}
		assert_int_equal(pool.used, taken_count);
	}
}

TEST(pool_of_nothing_is_exhausted)
{
	struct qn_pool pool = pool_over_block(0);

	assert_null(qn_pool_take(&pool));
}

TEST(pool_refuses_what_is_not_its_own)
{
	struct qn_pool pool = pool_over_block(CAPACITY);
	uint8_t *item = qn_pool_take(&pool);

	assert_is_bug(qn_pool_put(&pool, item + 1));
	assert_is_bug(qn_pool_put(&pool, item - pool.item_size));
	assert_is_bug(qn_pool_put(&pool, pool.items + CAPACITY * pool.item_size));
	assert_is_bug(qn_pool_at(&pool, CAPACITY));
	qn_pool_put(&pool, item);
	assert_is_bug(qn_pool_put(&pool, item));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pool_measures_what_it_takes),
	    cmocka_unit_test(pool_gives_each_object_once),
	    cmocka_unit_test(pool_agrees_with_a_plain_record),
	    cmocka_unit_test(pool_of_nothing_is_exhausted),
	    cmocka_unit_test(pool_refuses_what_is_not_its_own),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
