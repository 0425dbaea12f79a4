/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"
#include "support/test.h"

static const size_t sizes[] = {1, 0, 64, 65, 1000, 8};

#define SIZES_ROUNDED (64 + 0 + 64 + 128 + 1024 + 64)

TEST(arena_measures_what_it_takes)
{
	struct qn_arena arena = qn_arena_measure();

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		assert_null(qn_arena_take(&arena, sizes[i]));
	assert_int_equal(arena.used, SIZES_ROUNDED);
}

TEST(arena_gives_aligned_zeroed_parts)
{
	_Alignas(QN_ARENA_ALIGN) uint8_t block[SIZES_ROUNDED];
	struct qn_arena arena = qn_arena_over((struct qn_span){block, sizeof(block)});
	const uint8_t *end = block;

	memset(block, 0xff, sizeof(block));
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		const uint8_t *part = qn_arena_take(&arena, sizes[i]);

		assert_int_equal((uintptr_t)part % QN_ARENA_ALIGN, 0);
		assert_true(part >= end);
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(part[at], 0);
		end = part + sizes[i];
	}
	assert_int_equal(arena.used, sizeof(block));
	assert_is_bug(qn_arena_take(&arena, 1));
}

TEST(arena_refuses_sizes_that_wrap)
{
	struct qn_arena arena = qn_arena_measure();

	assert_is_bug(qn_arena_take(&arena, SIZE_MAX));
	assert_is_bug(qn_arena_take(&arena, SIZE_MAX - QN_ARENA_ALIGN + 2));
	for (unsigned i = 0; i < 3; i++)
		assert_null(qn_arena_take(&arena, SIZE_MAX / 4));
	assert_is_bug(qn_arena_take(&arena, SIZE_MAX / 4));
}

TEST(arena_wants_an_aligned_block)
{
	_Alignas(QN_ARENA_ALIGN) uint8_t block[2 * QN_ARENA_ALIGN];

	assert_is_bug(qn_arena_over((struct qn_span){block + 8, QN_ARENA_ALIGN}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arena_measures_what_it_takes),
	    cmocka_unit_test(arena_gives_aligned_zeroed_parts),
	    cmocka_unit_test(arena_refuses_sizes_that_wrap),
	    cmocka_unit_test(arena_wants_an_aligned_block),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
