/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gets how much of a rate, of which all want more than there is.
 */
#include "resolve/quota.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define RATE     10000u
#define SLOT     7
#define LENGTH_S 5
#define STEP_US  5

static struct qn_quota *quota;

static int
open_quota(void **state)
{
	(void)state;
	quota = calloc(1, sizeof(*quota));
	assert_non_null(quota);
	return 0;
}

static int
close_quota(void **state)
{
	(void)state;
	free(quota);
	return 0;
}

static bool
try(enum qn_quota_need need, uint32_t network, uint64_t now_us)
{
	const struct qn_now now = test_now_us(now_us);

	if (!qn_quota_allows(quota, SLOT, RATE, need, network, now))
		return false;
	qn_quota_spend(quota, SLOT, RATE, network, now);
	return true;
}

/* Networks that ask at the same rate each, what they want in all, and what they have got. */
struct crowd {
	uint32_t first;
	uint32_t count;
	uint32_t wants_per_s;
	uint32_t asked;
	uint32_t served;
};

static uint32_t
network_of(uint32_t number)
{
	return (number + 1) * 2654435761u;
}

/* Has both ask side by side, as evenly as they can. */
static void
compete(struct crowd *flood, struct crowd *honest)
{
	struct crowd *const crowds[] = {flood, honest};

	for (uint64_t us = 0; us < LENGTH_S * QN_US_PER_S; us += STEP_US)
		for (unsigned i = 0; i < COUNT_OF(crowds); i++) {
			struct crowd *crowd = crowds[i];

			if (us * crowd->wants_per_s / QN_US_PER_S < crowd->asked)
				continue;
			crowd->served += try(QN_QUOTA_NEW,
			    network_of(crowd->first + crowd->asked % crowd->count),
			    1000 * QN_US_PER_S + us);
			crowd->asked++;
		}
}

/* Nobody else wants any of it: then one network may have it all. */
TEST(quota_is_not_wasted)
{
	struct crowd flood = {0, 1, 10 * RATE, 0, 0};
	struct crowd nobody = {1, 1, 0, 1, 0};

	compete(&flood, &nobody);
	assert_in_range(flood.served, LENGTH_S * RATE, LENGTH_S * RATE + RATE / 2 + RATE / 16);
}

/* However much one network, or 256 of them, ask for: those who ask little get all they want. */
TEST(quota_is_shared)
{
	static const uint32_t networks[] = {1, 2, 16, 256};

	for (unsigned i = 0; i < COUNT_OF(networks); i++) {
		struct crowd flood = {0, networks[i], 10 * RATE, 0, 0};
		struct crowd honest = {1000, 100, 500, 0, 0};

		memset(quota, 0, sizeof(*quota));
		compete(&flood, &honest);
		/* A few of them share the account of one that floods. */
		assert_true(honest.served >= honest.asked / 100 * 92);
		assert_true(flood.served + honest.served >= LENGTH_S * RATE);
		assert_true(flood.served + honest.served <= LENGTH_S * RATE + RATE);
	}
}

/* What a network has used is forgotten within seconds. */
TEST(quota_forgets)
{
	uint64_t us = QN_US_PER_S;

	for (unsigned i = 0; i < 2 * RATE; i++)
		(void)try(QN_QUOTA_NEW, 1, us);
	assert_false(try(QN_QUOTA_NEW, 1, us));
	/* Others have kept the bucket three fifths empty for a while. */
	us += 20 * QN_US_PER_S;
	for (unsigned i = 0; i < RATE / 5 * 3; i++)
		assert_true(try(QN_QUOTA_NEW, network_of(i), us));
	assert_true(try(QN_QUOTA_NEW, 1, us));
}

/* How many queries go when networks ask that have not asked yet, until hardly any is allowed. */
static unsigned
taken_as(enum qn_quota_need need, uint32_t first)
{
	unsigned taken = 0;

	for (uint32_t i = 0; i < 4 * RATE; i++)
		taken += try(need, network_of(first + i), QN_US_PER_S);
	return taken;
}

/* What is new ends at three quarters; what has begun may have the rest; what is spare, half. */
TEST(quota_lets_begun_end)
{
	assert_int_equal(taken_as(QN_QUOTA_SPARE, 0), RATE / 2);
	assert_int_equal(taken_as(QN_QUOTA_NEW, 4 * RATE), RATE / 4);
	assert_int_equal(taken_as(QN_QUOTA_BEGUN, 8 * RATE), RATE / 4);
}

/* That rest is shared, too: a network that has had much does not take it from the others. */
TEST(quota_shares_what_is_left_for_begun)
{
	const uint64_t us = QN_US_PER_S;
	unsigned taken = 0;

	while (try(QN_QUOTA_BEGUN, 1, us))
		taken++;
	assert_in_range(taken, RATE / 4 * 3, RATE / 4 * 3 + RATE / 16);
	assert_true(try(QN_QUOTA_BEGUN, 2, us));
}

/* Two zones in which the same network asks have nothing to do with each other. */
TEST(quota_keeps_slots_apart)
{
	const struct qn_now now = test_now_us(QN_US_PER_S);

	for (unsigned i = 0; i < 2 * RATE; i++)
		(void)try(QN_QUOTA_NEW, 1, QN_US_PER_S);
	assert_false(qn_quota_allows(quota, SLOT, RATE, QN_QUOTA_NEW, 1, now));
	for (unsigned i = 0; i < RATE / 5 * 3; i++)
		qn_quota_spend(quota, SLOT + 1, RATE, network_of(i), now);
	assert_true(qn_quota_allows(quota, SLOT + 1, RATE, QN_QUOTA_NEW, 1, now));
}

TEST(quota_without_a_rate)
{
	const struct qn_now now = test_now_us(QN_US_PER_S);

	for (unsigned i = 0; i < 2 * RATE; i++) {
		assert_true(qn_quota_allows(quota, SLOT, 0, QN_QUOTA_SPARE, 1, now));
		qn_quota_spend(quota, SLOT, 0, 1, now);
	}
	assert_true(qn_quota_allows(quota, SLOT, RATE, QN_QUOTA_SPARE, 1, now));
}

#define WITH_QUOTA(test) cmocka_unit_test_setup_teardown(test, open_quota, close_quota)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_QUOTA(quota_is_not_wasted),
	    WITH_QUOTA(quota_is_shared),
	    WITH_QUOTA(quota_forgets),
	    WITH_QUOTA(quota_lets_begun_end),
	    WITH_QUOTA(quota_shares_what_is_left_for_begun),
	    WITH_QUOTA(quota_keeps_slots_apart),
	    WITH_QUOTA(quota_without_a_rate),
	};

	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
