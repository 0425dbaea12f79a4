/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/limit.h"
#include "support/test.h"

static unsigned
passes(struct qn_limit *limit, unsigned tries, uint64_t at_us)
{
	unsigned count = 0;

	for (unsigned i = 0; i < tries; i++)
		count += qn_limit_pass(limit, (struct qn_mono){at_us});
	return count;
}

TEST(limit_lets_a_burst_through)
{
	struct qn_limit limit;

	qn_limit_init(&limit, 1000, 50);
	assert_int_equal(passes(&limit, 1000, 5000000), 50);
	assert_int_equal(passes(&limit, 1000, 5000000), 0);
	/* What was not used is not saved up beyond the burst. */
	assert_int_equal(passes(&limit, 1000, 900000000), 50);
}

TEST(limit_keeps_the_rate)
{
	struct qn_limit limit;
	unsigned count = 0;

	qn_limit_init(&limit, 1000, 50);
	for (uint64_t us = 0; us < 10000000; us += 100)
		count += passes(&limit, 3, 1000000 + us);
	/* 30 000 tries a second for ten seconds. */
	assert_in_range(count, 10000, 10050);
}

TEST(limit_below_the_rate_loses_nothing)
{
	struct qn_limit limit;

	qn_limit_init(&limit, 1000, 1);
	for (uint64_t us = 0; us < 10000000; us += 1000)
		assert_int_equal(passes(&limit, 1, 1000000 + us), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limit_lets_a_burst_through),
	    cmocka_unit_test(limit_keeps_the_rate),
	    cmocka_unit_test(limit_below_the_rate_loses_nothing),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
