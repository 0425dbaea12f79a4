/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/minimize.h"
#include "support/test.h"

/* Labels shown to the servers of one zone that know of no cut, step by step to the full name. */
static unsigned
steps_of(unsigned name_labels, unsigned zone_labels, unsigned *steps)
{
	unsigned known = zone_labels;
	unsigned count = 0;

	while (known < name_labels) {
		const unsigned shown = qn_minimize_next(name_labels, known, count);

		assert_in_range(shown, known + 1, name_labels);
		known = shown;
		steps[count++] = shown;
	}
	return count;
}

/* Few labels go one at a time. */
TEST(minimize_short_names)
{
	for (unsigned labels = 1; labels <= 10; labels++) {
		unsigned steps[16];

		assert_int_equal(steps_of(labels, 0, steps), labels);
		for (unsigned i = 0; i < labels; i++)
			assert_int_equal(steps[i], i + 1);
	}
}

/* RFC 9156 s2.3: never more than 10 steps; 4 of one label, the others share out the rest. */
TEST(minimize_long_names)
{
	for (unsigned labels = 11; labels <= 127; labels++) {
		for (unsigned zone_labels = 0; zone_labels < 4; zone_labels++) {
			unsigned steps[16];
			const unsigned count = steps_of(labels, zone_labels, steps);

			assert_true(count <= QN_MINIMIZE_COUNT_MAX);
			for (unsigned i = 0; i < QN_MINIMIZE_ONE_LABEL; i++)
				assert_int_equal(steps[i], zone_labels + i + 1);
			for (unsigned i = QN_MINIMIZE_ONE_LABEL + 1; i < count; i++)
				assert_true(
				    steps[i] - steps[i - 1] <= steps[i - 1] - steps[i - 2] + 1);
		}
	}
	unsigned steps[16];

	/* 20 labels: 16 are left for 6 steps. */
	assert_int_equal(steps_of(20, 0, steps), 10);
	assert_int_equal(steps[4], 7);
	assert_int_equal(steps[5], 10);
	assert_int_equal(steps[9], 20);
}

/* When the steps are used up, the full name is shown, however much of it is left. */
TEST(minimize_gives_up)
{
	assert_int_equal(qn_minimize_next(100, 10, QN_MINIMIZE_COUNT_MAX - 1), 100);
	assert_int_equal(qn_minimize_next(100, 10, QN_MINIMIZE_COUNT_MAX), 100);
	assert_int_equal(qn_minimize_next(100, 10, QN_MINIMIZE_COUNT_MAX + 1), 100);
	assert_int_equal(qn_minimize_next(3, 2, 0), 3);
	assert_int_equal(qn_minimize_next(3, 3, 0), 3);
	assert_int_equal(qn_minimize_next(0, 0, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(minimize_short_names),
	    cmocka_unit_test(minimize_long_names),
	    cmocka_unit_test(minimize_gives_up),
	};

	return cmocka_run_group_tests_name("minimize", tests, NULL, NULL);
}
