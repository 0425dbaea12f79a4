/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/select.h"
#include "support/test.h"

#define MS          1000u
#define SERVERS     4
#define ROUND_COUNT 1000
#define ZONE_HASH   7

/* A few addresses, what is known of them, and how often each was chosen. */
struct choice {
	struct qn_ledger ledger;
	struct qn_random random;
	struct qn_now now;
	struct qn_candidate candidates[SERVERS];
	uint32_t count;
	uint32_t chosen[SERVERS];
};

static struct choice
choice_of(uint32_t count)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[1u << 20];
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	struct choice choice = {.random = test_random(5), .now = test_now_us(1000 * QN_US_PER_S)};

	qn_ledger_init(&choice.ledger, &arena, 64, NULL, (struct qn_hash_key){1, 2});
	for (; choice.count < count; choice.count++) {
		const uint8_t octets[4] = {192, 0, 2, (uint8_t)(1 + choice.count)};

		choice.candidates[choice.count].address = qn_address_ipv4(octets);
	}
	return choice;
}

static void
choice_tell(struct choice *choice, uint32_t index, enum qn_outcome outcome, uint32_t rtt_us)
{
	const struct qn_sample sample = {
	    .address = choice->candidates[index].address,
	    .outcome = (uint8_t)outcome,
	    .rtt_us = rtt_us,
	    .zone_hash = ZONE_HASH,
	    .when = choice->now.mono,
	};

	qn_ledger_tell(&choice->ledger, &sample);
}

/* Makes the round trip to address `index` one that has long been `rtt_us`. */
static void
choice_measure(struct choice *choice, uint32_t index, uint32_t rtt_us)
{
	choice_tell(choice, index, QN_OUTCOME_USEFUL, rtt_us);
}

/* Lets address `index` be silent for two seconds: it is avoided for one more. */
static void
choice_silence(struct choice *choice, uint32_t index)
{
	for (unsigned i = 0; i < 3; i++) {
		choice_tell(choice, index, QN_OUTCOME_TIMED_OUT, 0);
		choice->now = test_now_us(choice->now.mono.us + QN_US_PER_S);
	}
	choice->now = test_now_us(choice->now.mono.us - QN_US_PER_S);
}

static uint32_t
choice_next(struct choice *choice)
{
	return qn_select_next(choice->candidates, choice->count, ZONE_HASH, &choice->ledger,
	    &choice->random, choice->now);
}

static void
choice_run(struct choice *choice)
{
	for (uint32_t i = 0; i < ROUND_COUNT; i++) {
		const uint32_t index = choice_next(choice);

		assert_true(index < choice->count);
		choice->chosen[index]++;
	}
}

TEST(select_takes_the_fastest)
{
	struct choice choice = choice_of(4);

	choice_measure(&choice, 0, 180 * MS);
	choice_measure(&choice, 1, 25 * MS);
	choice_measure(&choice, 2, 8 * MS);
	choice_measure(&choice, 3, 70 * MS);
	choice_run(&choice);
	assert_int_equal(choice.chosen[2], ROUND_COUNT);
}

/* Load and guesswork are spread over those that are about as fast. */
TEST(select_spreads_over_equals)
{
	struct choice choice = choice_of(4);

	choice_measure(&choice, 0, 20 * MS);
	choice_measure(&choice, 1, 20 * MS);
	choice_measure(&choice, 2, 24 * MS);
	choice_measure(&choice, 3, 31 * MS);
	choice_run(&choice);
	assert_in_range(choice.chosen[0], ROUND_COUNT / 4, ROUND_COUNT / 2);
	assert_in_range(choice.chosen[1], ROUND_COUNT / 4, ROUND_COUNT / 2);
	assert_in_range(choice.chosen[2], ROUND_COUNT / 20, ROUND_COUNT / 4);
	assert_int_equal(choice.chosen[3], 0);
}

/* None of them known: all get their turn. */
TEST(select_spreads_over_the_unknown)
{
	struct choice choice = choice_of(4);

	choice_run(&choice);
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(choice.chosen[i], ROUND_COUNT / 6, ROUND_COUNT / 3);
}

/* Worth a try before a slow one, not before a fast one. */
TEST(select_expects_little_of_the_unknown)
{
	struct choice choice = choice_of(2);

	choice_measure(&choice, 0, 60 * MS);
	choice_run(&choice);
	assert_int_equal(choice.chosen[1], ROUND_COUNT);

	choice = choice_of(2);
	choice_measure(&choice, 0, 10 * MS);
	choice_run(&choice);
	assert_int_equal(choice.chosen[0], ROUND_COUNT);

	/* One loss says nothing yet of how fast it is. */
	choice = choice_of(2);
	choice_measure(&choice, 0, 60 * MS);
	choice_tell(&choice, 1, QN_OUTCOME_TIMED_OUT, 0);
	choice_run(&choice);
	assert_int_equal(choice.chosen[1], ROUND_COUNT);
}

TEST(select_tries_each_before_any_again)
{
	struct choice choice = choice_of(3);
	static const uint32_t order[] = {0, 2, 1, 0, 2, 1, 0, 2, 1};

	choice_measure(&choice, 0, 1 * MS);
	choice_measure(&choice, 1, 3000 * MS);
	choice_measure(&choice, 2, 100 * MS);
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		const uint32_t index = choice_next(&choice);

		assert_int_equal(index, order[i]);
		choice.candidates[index].tries++;
	}
	assert_int_equal(choice_next(&choice), QN_SELECT_NONE);
}

/* Whoever stays silent comes last, but comes, and is back when its time is over. */
TEST(select_takes_the_avoided_last)
{
	struct choice choice = choice_of(2);

	choice_measure(&choice, 0, 1 * MS);
	choice_silence(&choice, 0);
	choice_tell(&choice, 0, QN_OUTCOME_TIMED_OUT, 0);
	choice_measure(&choice, 1, 1000 * MS);
	const uint64_t probe_us =
	    qn_ledger_look(&choice.ledger, &choice.candidates[0].address, ZONE_HASH)
		.stats->probe_at.us;

	choice.now = test_now_us(probe_us - 1);
	for (unsigned i = 0; i < QN_SELECT_TRIES_MAX; i++) {
		assert_int_equal(choice_next(&choice), 1);
		choice.candidates[1].tries++;
	}
	assert_int_equal(choice_next(&choice), 0);
	choice.candidates[1].tries = 0;
	assert_int_equal(choice_next(&choice), 1);
	choice.now = test_now_us(probe_us);
	assert_int_equal(choice_next(&choice), 0);
}

/* Fast, but useless for this zone: it comes last for this one only. */
TEST(select_takes_the_useless_for_a_zone_last)
{
	struct choice choice = choice_of(2);

	choice_measure(&choice, 0, 1 * MS);
	choice_measure(&choice, 1, 1000 * MS);
	choice_tell(&choice, 0, QN_OUTCOME_REFUSED, 1 * MS);
	assert_int_equal(choice_next(&choice), 1);
	assert_int_equal(qn_select_next(choice.candidates, 2, ZONE_HASH + 1, &choice.ledger,
			     &choice.random, choice.now),
	    0);
	choice.now = test_now_us(choice.now.mono.us + QN_US_PER_S);
	assert_int_equal(choice_next(&choice), 0);
}

TEST(select_leaves_out_the_useless)
{
	struct choice choice = choice_of(2);

	choice.candidates[0].failed = true;
	choice_run(&choice);
	assert_int_equal(choice.chosen[1], ROUND_COUNT);
	choice.candidates[1].failed = true;
	assert_int_equal(choice_next(&choice), QN_SELECT_NONE);
	choice.count = 0;
	assert_int_equal(choice_next(&choice), QN_SELECT_NONE);
}

/* RFC 6298 s2: smoothed time and four times its variance, doubled with each try. */
TEST(select_waits)
{
	const struct qn_server_stats unknown = {0};
	const struct qn_server_stats unmeasured = {.timeouts = 1};
	const struct {
		uint32_t srtt_us;
		uint32_t rttvar_us;
		unsigned tries;
		uint64_t timeout_us;
	} cases[] = {
	    {100 * MS, 20 * MS, 0, 180 * MS},
	    {100 * MS, 20 * MS, 1, 360 * MS},
	    {100 * MS, 20 * MS, 2, 720 * MS},
	    {100 * MS, 20 * MS, 3, 1440 * MS},
	    {100 * MS, 20 * MS, 4, 1500 * MS},
	    {100 * MS, 20 * MS, 1000, 1500 * MS},
	    {1 * MS, 0, 0, 50 * MS},
	    {1 * MS, 0, 1, 100 * MS},
	    {0, 0, 0, 50 * MS},
	    {1400 * MS, 100 * MS, 0, 1500 * MS},
	    {UINT32_MAX, UINT32_MAX, 0, 1500 * MS},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_server_stats server = {
		    .measured = true, .srtt_us = cases[i].srtt_us, .rttvar_us = cases[i].rttvar_us};

		assert_int_equal(
		    qn_select_timeout_us(&server, cases[i].tries), cases[i].timeout_us);
	}
	assert_int_equal(qn_select_timeout_us(&unknown, 0), 400 * MS);
	assert_int_equal(qn_select_timeout_us(&unknown, 1), 800 * MS);
	assert_int_equal(qn_select_timeout_us(&unknown, 2), 1500 * MS);
	assert_int_equal(qn_select_timeout_us(&unmeasured, 0), 400 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(select_takes_the_fastest),
	    cmocka_unit_test(select_spreads_over_equals),
	    cmocka_unit_test(select_spreads_over_the_unknown),
	    cmocka_unit_test(select_expects_little_of_the_unknown),
	    cmocka_unit_test(select_tries_each_before_any_again),
	    cmocka_unit_test(select_takes_the_avoided_last),
	    cmocka_unit_test(select_takes_the_useless_for_a_zone_last),
	    cmocka_unit_test(select_leaves_out_the_useless),
	    cmocka_unit_test(select_waits),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
