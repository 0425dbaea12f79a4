/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/quality.h"
#include "support/test.h"

#define S QN_US_PER_S

static void
fold(struct qn_zone_quality *quality, enum qn_outcome outcome, uint64_t when_us)
{
	const struct qn_sample sample = {.outcome = outcome, .when = {when_us}};

	qn_quality_fold(quality, &sample);
}

/* One reply that speaks about the zone is enough; two in a row that may be about one name are. */
TEST(quality_avoids_the_useless)
{
	static const struct {
		enum qn_outcome outcome;
		unsigned needed;
	} cases[] = {
	    {QN_OUTCOME_REFUSED, 1},
	    {QN_OUTCOME_LAME, 1},
	    {QN_OUTCOME_SERVFAIL, 2},
	    {QN_OUTCOME_MALFORMED, 2},
	};

	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct qn_zone_quality quality = {0};

		for (unsigned j = 0; j < cases[i].needed; j++) {
			assert_int_equal(quality.avoid_until.us, 0);
			fold(&quality, cases[i].outcome, 10 * S);
		}
		assert_int_equal(quality.avoid_until.us, 11 * S);
		assert_int_equal(quality.outcome, cases[i].outcome);
		assert_false(qn_quality_clean(&quality));
	}
}

TEST(quality_avoids_ever_longer)
{
	static const uint64_t avoided_s[] = {0, 1, 2, 4, 8, 16, 32, 60, 60};
	struct qn_zone_quality quality = {0};

	for (unsigned i = 0; i < COUNT_OF(avoided_s); i++) {
		fold(&quality, QN_OUTCOME_SERVFAIL, 100 * S);
		assert_int_equal(
		    quality.avoid_until.us, avoided_s[i] == 0 ? 0 : (100 + avoided_s[i]) * S);
	}
	for (unsigned i = 0; i < 300; i++)
		fold(&quality, QN_OUTCOME_LAME, 100 * S);
	assert_int_equal(quality.failures, UINT8_MAX);
	assert_int_equal(quality.avoid_until.us, 160 * S);
}

TEST(quality_recovers_with_a_useful_reply)
{
	struct qn_zone_quality quality = {0};

	for (unsigned i = 0; i < 50; i++)
		fold(&quality, QN_OUTCOME_REFUSED, 10 * S);
	assert_true(quality.useless > QN_SHARE_ONE * 0.99);
	fold(&quality, QN_OUTCOME_USEFUL, 20 * S);
	assert_int_equal(quality.avoid_until.us, 0);
	assert_int_equal(quality.failures, 0);
	/* The share is slower to forget. */
	assert_true(quality.useless > QN_SHARE_ONE * 0.8);
	assert_false(qn_quality_clean(&quality));
	for (unsigned i = 0; i < 40; i++)
		fold(&quality, QN_OUTCOME_USEFUL, 21 * S);
	assert_true(qn_quality_clean(&quality));
}

/* A third of useless replies, evenly spread: the share says so. */
TEST(quality_knows_the_share)
{
	struct qn_zone_quality quality = {0};
	double sum = 0;

	for (unsigned i = 0; i < 3000; i++) {
		fold(&quality, i % 3 == 0 ? QN_OUTCOME_SERVFAIL : QN_OUTCOME_USEFUL, i * S);
		sum += (double)quality.useless / QN_SHARE_ONE / 3000;
		assert_int_equal(quality.avoid_until.us, 0);
	}
	assert_true(sum > 0.3 && sum < 0.36);
}

TEST(quality_is_not_about_silence)
{
	static const enum qn_outcome outcomes[] = {
	    QN_OUTCOME_SENT, QN_OUTCOME_NEUTRAL, QN_OUTCOME_LATE, QN_OUTCOME_TIMED_OUT};
	struct qn_zone_quality quality = {0};

	for (unsigned i = 0; i < COUNT_OF(outcomes); i++)
		fold(&quality, outcomes[i], 10 * S);
	assert_true(qn_quality_clean(&quality));
	assert_int_equal(quality.updated.us, 0);
	fold(&quality, QN_OUTCOME_REFUSED, 11 * S);
	for (unsigned i = 0; i < COUNT_OF(outcomes); i++)
		fold(&quality, outcomes[i], 12 * S);
	assert_int_equal(quality.avoid_until.us, 12 * S);
	assert_int_equal(quality.failures, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quality_avoids_the_useless),
	    cmocka_unit_test(quality_avoids_ever_longer),
	    cmocka_unit_test(quality_recovers_with_a_useful_reply),
	    cmocka_unit_test(quality_knows_the_share),
	    cmocka_unit_test(quality_is_not_about_silence),
	};

	return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
