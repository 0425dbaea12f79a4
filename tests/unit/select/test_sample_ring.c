/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/sample_ring.h"
#include "support/test.h"

#define CAPACITY 8

static struct qn_sample_ring *
ring_new(void)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[4096];
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	struct qn_sample_ring *ring = qn_arena_take(&arena, sizeof(*ring));

	qn_sample_ring_init(ring, &arena, CAPACITY);
	return ring;
}

static void
put(struct qn_sample_ring *ring, uint32_t rtt_us)
{
	qn_sample_ring_put(ring, &(struct qn_sample){.rtt_us = rtt_us});
}

TEST(ring_gives_what_was_put)
{
	struct qn_sample_ring *ring = ring_new();
	uint32_t put_count = 0, taken = 0;

	assert_null(qn_sample_ring_peek(ring, 0));
	for (unsigned round = 0; round < 100; round++) {
		const unsigned count = round % (CAPACITY + 1);

		for (unsigned i = 0; i < count; i++)
			put(ring, put_count++);
		assert_int_equal(qn_sample_ring_head(ring), put_count);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(qn_sample_ring_peek(ring, i)->rtt_us, taken + i);
		assert_null(qn_sample_ring_peek(ring, count));
		qn_sample_ring_release(ring, count);
		taken += count;
		assert_int_equal(qn_sample_ring_tail(ring), taken);
	}
	assert_int_equal(qn_counter_get(&ring->dropped), 0);
}

/* What does not fit is counted, and what is there stays. */
TEST(ring_drops_what_does_not_fit)
{
	struct qn_sample_ring *ring = ring_new();

	for (uint32_t i = 0; i < CAPACITY + 3; i++)
		put(ring, i);
	assert_int_equal(qn_counter_get(&ring->dropped), 3);
	assert_int_equal(qn_sample_ring_head(ring), CAPACITY);
	for (uint32_t i = 0; i < CAPACITY; i++)
		assert_int_equal(qn_sample_ring_peek(ring, i)->rtt_us, i);
	qn_sample_ring_release(ring, 1);
	put(ring, 99);
	assert_int_equal(qn_sample_ring_peek(ring, CAPACITY - 1)->rtt_us, 99);
	assert_int_equal(qn_counter_get(&ring->dropped), 3);
}

TEST(ring_wants_a_power_of_two)
{
	struct qn_arena arena = qn_arena_measure();

	assert_is_bug((qn_sample_ring_init(NULL, &arena, 6), 0));
	assert_is_bug((qn_sample_ring_init(NULL, &arena, 0), 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ring_gives_what_was_put),
	    cmocka_unit_test(ring_drops_what_does_not_fit),
	    cmocka_unit_test(ring_wants_a_power_of_two),
	};

	return cmocka_run_group_tests_name("sample_ring", tests, NULL, NULL);
}
