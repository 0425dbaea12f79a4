/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a worker rests, where the length of its turns is counted, and whose fault a long one is.
 */
#include "absence.h"
#include "rest.h"
#include "support/test.h"
#include "worker_counters.h"

#include <string.h>

static struct qn_mono
at_us(uint64_t us)
{
	return (struct qn_mono){us};
}

TEST(work_keeps_a_worker_awake)
{
	struct rest rest = {0};

	for (uint64_t us = 1000000; us < 1100000; us += 10)
		assert_int_equal(rest_after_turn(&rest, true, at_us(us)), 0);
	assert_int_equal(rest_after_turn(&rest, false, at_us(1099990 + REST_SPIN_US - 1)), 0);
	assert_true(rest_after_turn(&rest, false, at_us(1099990 + REST_SPIN_US)) > 0);
}

TEST(silence_makes_sleeps_longer_up_to_the_bound)
{
	struct rest rest = {0};
	uint64_t longest_us = 0;

	assert_int_equal(rest_after_turn(&rest, true, at_us(5000)), 0);
	for (uint64_t idle_us = 0; idle_us < 10 * QN_US_PER_S; idle_us += 37) {
		const uint64_t sleep_us = rest_after_turn(&rest, false, at_us(5000 + idle_us));

		assert_true(sleep_us >= longest_us);
		assert_true(sleep_us <= REST_MOST_US);
		/* Never a large part of the silence: what comes next may come as soon again. */
		assert_true(sleep_us <= idle_us / 5 + 1);
		longest_us = sleep_us;
	}
	assert_int_equal(longest_us, REST_MOST_US);
	assert_int_equal(rest_after_turn(&rest, true, at_us(20 * QN_US_PER_S)), 0);
}

TEST(turns_are_counted_in_powers_of_two)
{
	static const struct {
		uint64_t duration_us;
		const char *name;
	} cases[] = {
	    {0, "worker_turn_0us"},
	    {1, "worker_turn_1us"},
	    {2, "worker_turn_2us"},
	    {3, "worker_turn_2us"},
	    {4, "worker_turn_4us"},
	    {1023, "worker_turn_512us"},
	    {1024, "worker_turn_1024us"},
	    {32767, "worker_turn_16384us"},
	    {32768, "worker_turn_32768us"},
	    {UINT64_MAX, "worker_turn_32768us"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(
		    worker_counter_name(worker_counter_of_turn(cases[i].duration_us)),
		    cases[i].name);
}

TEST(long_turn_is_the_fault_of_who_had_the_core)
{
	static const struct {
		uint64_t turn_us;
		uint64_t ran_us; /* Of the turn and what was before it. */
		bool explained;
	} cases[] = {
	    {ABSENCE_LONG_US, ABSENCE_LONG_US, false},
	    {ABSENCE_LONG_US, ABSENCE_LONG_US - 1, true},
	    {ABSENCE_LONG_US, 0, true},
	    {ABSENCE_LONG_US - 1, 0, false},
	    {100000, 99000, false},
	    {100000, ABSENCE_LONG_US, false},
	    {100000, 5000, true},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct absence absence = {.read_us = 7000000, .ran_us = 3000000};
		const uint64_t now_us = 7000000 + ABSENCE_PERIOD_US - 1 + cases[i].turn_us;

		assert_int_equal(
		    absence_explains(&absence, now_us, cases[i].turn_us, 3000000 + cases[i].ran_us),
		    cases[i].explained);
		/* The next turn is not blamed for it, nor excused by it. */
		assert_false(absence_is_due(&absence, now_us + ABSENCE_PERIOD_US - 1));
		assert_true(absence_is_due(&absence, now_us + ABSENCE_PERIOD_US));
		assert_false(absence_explains(
		    &absence, now_us + 9000, 9000, 3000000 + cases[i].ran_us + 9000));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(work_keeps_a_worker_awake),
	    cmocka_unit_test(silence_makes_sleeps_longer_up_to_the_bound),
	    cmocka_unit_test(turns_are_counted_in_powers_of_two),
	    cmocka_unit_test(long_turn_is_the_fault_of_who_had_the_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
