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
	uint64_t zone_hash;
	bool probe_due;
	struct qn_candidate candidates[SERVERS];
	uint32_t count;
	uint32_t chosen[SERVERS];
};

static struct choice
choice_of(uint32_t count)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[1u << 20];
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	struct choice choice = {.random = test_random(5),
	    .now = test_now_us(1000 * QN_US_PER_S),
	    .zone_hash = ZONE_HASH};

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

/* Says that a probe of address `index` leaves. */
static void
choice_probed(struct choice *choice, uint32_t index)
{
	const struct qn_sample sample = {
	    .address = choice->candidates[index].address,
	    .kind = QN_SAMPLE_PROBE,
	    .outcome = QN_OUTCOME_SENT,
	    .zone_hash = ZONE_HASH,
	    .when = choice->now.mono,
	};

	qn_ledger_tell(&choice->ledger, &sample);
}

static uint32_t
choice_by(struct choice *choice, uint32_t (*select)(struct qn_choice *choice), uint32_t other)
{
	struct qn_choice among = {
	    .candidates = choice->candidates,
	    .candidate_count = choice->count,
	    .other = other,
	    .zone_hash = choice->zone_hash,
	    .ledger = &choice->ledger,
	    .random = &choice->random,
	    .now = choice->now,
	};
	const uint32_t index = select(&among);

	choice->probe_due = among.probe_due;
	return index;
}

static uint32_t
choice_next(struct choice *choice)
{
	return choice_by(choice, qn_select_next, QN_SELECT_NONE);
}

/* Lets time pass. */
static void
choice_wait(struct choice *choice, uint64_t duration_us)
{
	choice->now = test_now_us(choice->now.mono.us + duration_us);
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
	choice_measure(&choice, 2, 20 * MS + MS / 2);
	choice_measure(&choice, 3, 22 * MS);
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

/* Worth a try before a really slow one only: probes find out about the others. */
TEST(select_expects_little_of_the_unknown)
{
	struct choice choice = choice_of(2);

	choice_measure(&choice, 0, 150 * MS);
	choice_run(&choice);
	assert_int_equal(choice.chosen[1], ROUND_COUNT);

	choice = choice_of(2);
	choice_measure(&choice, 0, 60 * MS);
	choice_run(&choice);
	assert_int_equal(choice.chosen[0], ROUND_COUNT);

	/* One loss says nothing yet of how fast it is. */
	choice = choice_of(2);
	choice_measure(&choice, 0, 150 * MS);
	choice_tell(&choice, 1, QN_OUTCOME_TIMED_OUT, 0);
	choice_run(&choice);
	assert_int_equal(choice.chosen[1], ROUND_COUNT);
}

/* A loss costs the time after which another is asked: often enough, and the slower one wins. */
TEST(select_counts_losses_as_time)
{
	struct choice choice = choice_of(2);

	for (unsigned i = 0; i < 400; i++) {
		choice_wait(&choice, QN_US_PER_S);
		choice_measure(&choice, 0, 10 * MS);
		choice_measure(&choice, 1, 25 * MS);
		if (i % 5 == 0)
			choice_tell(&choice, 0, QN_OUTCOME_TIMED_OUT, 0);
	}
	choice_run(&choice);
	assert_int_equal(choice.chosen[0], ROUND_COUNT);

	for (unsigned i = 0; i < 4000; i++) {
		choice_wait(&choice, QN_US_PER_S);
		choice_measure(&choice, 0, 20 * MS);
		choice_measure(&choice, 1, 25 * MS);
		if (i % 5 < 4)
			choice_tell(&choice, 0, QN_OUTCOME_TIMED_OUT, 0);
	}
	choice = (struct choice){.ledger = choice.ledger,
	    .random = choice.random,
	    .now = choice.now,
	    .zone_hash = ZONE_HASH,
	    .candidates = {choice.candidates[0], choice.candidates[1]},
	    .count = 2};
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

/* Whoever stays silent comes last, once, and is back when it has answered again. */
TEST(select_takes_the_deprioritized_last)
{
	struct choice choice = choice_of(2);

	choice_measure(&choice, 0, 1 * MS);
	choice_silence(&choice, 0);
	choice_measure(&choice, 1, 1000 * MS);
	choice_wait(&choice, 3600 * QN_US_PER_S);
	for (unsigned i = 0; i < QN_SELECT_TRIES_MAX; i++) {
		assert_int_equal(choice_next(&choice), 1);
		choice.candidates[1].tries++;
	}
	assert_int_equal(choice_next(&choice), 0);
	choice.candidates[0].tries++;
	assert_int_equal(choice_next(&choice), QN_SELECT_NONE);
	choice.candidates[0].tries = choice.candidates[1].tries = 0;
	for (unsigned i = 0; i < QN_GOOD_REPLIES; i++)
		choice_measure(&choice, 0, 1 * MS);
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
	choice.zone_hash = ZONE_HASH + 1;
	assert_int_equal(choice_next(&choice), 0);
	choice.zone_hash = ZONE_HASH;
	choice_wait(&choice, QN_US_PER_S);
	assert_int_equal(choice_next(&choice), 0);
}

TEST(select_hedges_with_the_next_best)
{
	struct choice choice = choice_of(4);

	choice_measure(&choice, 0, 8 * MS);
	choice_measure(&choice, 1, 70 * MS);
	choice_measure(&choice, 2, 25 * MS);
	choice_measure(&choice, 3, 10 * MS);
	choice_silence(&choice, 3);
	choice.candidates[0].tries = 1;
	assert_int_equal(choice_by(&choice, qn_select_hedge, 0), 2);
	choice.candidates[2].failed = true;
	assert_int_equal(choice_by(&choice, qn_select_hedge, 0), 1);
	/* Not with one that has been asked, nor with one that is silent. */
	choice.candidates[1].tries = 1;
	assert_int_equal(choice_by(&choice, qn_select_hedge, 0), QN_SELECT_NONE);
}

/* Of two unknown addresses that of the other family: its path may be better. */
TEST(select_hedges_with_the_other_family)
{
	const uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8};
	unsigned other = 0;

	for (unsigned i = 0; i < ROUND_COUNT; i++) {
		struct choice choice = choice_of(4);

		choice.candidates[2].address = qn_address_ipv6(octets);
		choice.random = test_random(i);
		other += choice_by(&choice, qn_select_hedge, 0) == 2;
	}
	assert_int_equal(other, ROUND_COUNT);
}

/* First who is new, then the one with the best prospects, whatever became of it. */
TEST(select_probes)
{
	struct choice choice = choice_of(4);

	choice_measure(&choice, 0, 8 * MS);
	choice_measure(&choice, 1, 25 * MS);
	choice_measure(&choice, 2, 70 * MS);
	choice_silence(&choice, 0);
	choice_probed(&choice, 0);
	/* Nobody needs to be measured again that soon, but for the new one. */
	(void)choice_next(&choice);
	assert_true(choice.probe_due);
	assert_int_equal(choice_by(&choice, qn_select_probe, 1), 3);
	choice_measure(&choice, 3, 180 * MS);
	(void)choice_next(&choice);
	assert_false(choice.probe_due);
	assert_int_equal(choice_by(&choice, qn_select_probe, 1), QN_SELECT_NONE);
	/* The best of all has fallen silent: it comes first, after a second. */
	choice_wait(&choice, QN_PROBE_LEAST_US);
	(void)choice_next(&choice);
	assert_true(choice.probe_due);
	assert_int_equal(choice_by(&choice, qn_select_probe, 1), 0);
	/* Not if this very question has been put to it, or if it refuses the zone. */
	choice.candidates[0].tries = 1;
	assert_int_equal(choice_by(&choice, qn_select_probe, 1), QN_SELECT_NONE);
	choice_wait(&choice, QN_REMEASURE_US);
	assert_int_equal(choice_by(&choice, qn_select_probe, 1), 2);
	choice_tell(&choice, 3, QN_OUTCOME_REFUSED, 180 * MS);
	assert_int_equal(choice_by(&choice, qn_select_probe, 2), 1);
}

TEST(select_persists_with_the_living)
{
	struct choice choice = choice_of(2);

	choice_measure(&choice, 0, 10 * MS);
	choice_measure(&choice, 1, 20 * MS);
	choice.candidates[0].tries = choice.candidates[1].tries = QN_SELECT_TRIES_MAX;
	assert_int_equal(choice_next(&choice), QN_SELECT_NONE);
	assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), 0);
	/* All that were on their way in the moment that it paused are silences of this moment. */
	for (unsigned i = 0; i < 50; i++)
		choice_tell(&choice, 0, QN_OUTCOME_TIMED_OUT, 0);
	choice.candidates[1].failed = true;
	assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), 0);
	choice.candidates[1].failed = false;
	choice.now.mono.us += 2 * QN_US_PER_S;
	assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), 1);
	choice.candidates[1].failed = true;
	assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), QN_SELECT_NONE);
}

/* Who answers others, but never for this zone, is not asked on and on for it. */
TEST(select_does_not_persist_with_strangers)
{
	struct choice choice = choice_of(1);

	choice_measure(&choice, 0, 10 * MS);
	choice.zone_hash = ZONE_HASH + 1;
	for (unsigned i = 0; i < 4; i++) {
		const struct qn_sample sample = {.address = choice.candidates[0].address,
		    .outcome = QN_OUTCOME_TIMED_OUT,
		    .zone_hash = ZONE_HASH + 1,
		    .when = choice.now.mono};

		assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), 0);
		qn_ledger_tell(&choice.ledger, &sample);
	}
	assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), QN_SELECT_NONE);
	choice.zone_hash = ZONE_HASH;
	assert_int_equal(choice_by(&choice, qn_select_persist, QN_SELECT_NONE), 0);
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

/* For how long an address is waited for of which no zone says anything. */
static uint64_t
timeout_of(const struct qn_server_stats *stats, unsigned tries)
{
	static const struct qn_zone_quality no_quality;

	return qn_select_timeout_us(
	    (struct qn_opinion){stats, &no_quality}, tries, test_now_us(1000 * QN_US_PER_S));
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
	    {1 * MS, 0, 0, 20 * MS},
	    {1 * MS, 0, 1, 100 * MS},
	    {1 * MS, 0, 2, 200 * MS},
	    {0, 0, 0, 20 * MS},
	    {1400 * MS, 100 * MS, 0, 1500 * MS},
	    {UINT32_MAX, UINT32_MAX, 0, 1500 * MS},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_server_stats server = {
		    .measured = true, .srtt_us = cases[i].srtt_us, .rttvar_us = cases[i].rttvar_us};

		assert_int_equal(timeout_of(&server, cases[i].tries), cases[i].timeout_us);
	}
	assert_int_equal(timeout_of(&unknown, 0), 400 * MS);
	assert_int_equal(timeout_of(&unknown, 1), 800 * MS);
	assert_int_equal(timeout_of(&unknown, 2), 1500 * MS);
	assert_int_equal(timeout_of(&unmeasured, 0), 400 * MS);
}

/* The one try that the dead get is as long as that of the unknown, and longer as a probe. */
TEST(select_waits_for_a_longer_way_back)
{
	const uint64_t now_us = 1000 * QN_US_PER_S;
	struct qn_server_stats server = {
	    .measured = true,
	    .srtt_us = 5 * MS,
	    .timeouts = 8,
	    .deprioritized = true,
	    .silent_since = {now_us - 2 * QN_US_PER_S},
	    .probe_at = {now_us + 1},
	};

	assert_int_equal(timeout_of(&server, 0), 400 * MS);
	server.probe_at.us = now_us;
	assert_int_equal(timeout_of(&server, 0), 1000 * MS);
	/* What it took before is the least in any case. */
	server.srtt_us = 1200 * MS;
	assert_int_equal(timeout_of(&server, 0), 1200 * MS);
	/* As long as it is persisted with, many short tries find it sooner. */
	server.srtt_us = 5 * MS;
	server.silent_since.us = now_us - QN_US_PER_S;
	assert_int_equal(timeout_of(&server, 0), 20 * MS);
	server.silent_since.us = now_us - 2 * QN_US_PER_S;
	server.timeouts = 7;
	assert_int_equal(timeout_of(&server, 0), 20 * MS);
}

/* What others are answered in says nothing of a zone that never is; but others must not wait. */
TEST(select_waits_for_strangers)
{
	const struct qn_now now = test_now_us(1000 * QN_US_PER_S);
	const struct qn_server_stats server = {.measured = true, .srtt_us = 5 * MS};
	struct qn_zone_quality quality = {.failures = 1, .outcome = QN_OUTCOME_TIMED_OUT};
	const struct qn_opinion opinion = {&server, &quality};

	/* One silence may be loss. */
	assert_int_equal(qn_select_timeout_us(opinion, 0, now), 20 * MS);
	assert_int_equal(qn_select_timeout_us(opinion, 1, now), 100 * MS);
	quality.avoid_until.us = now.mono.us + 1;
	assert_int_equal(qn_select_timeout_us(opinion, 0, now), 400 * MS);
	assert_int_equal(qn_select_timeout_us(opinion, 1, now), 800 * MS);
	assert_int_equal(qn_select_timeout_us(opinion, 2, now), 1500 * MS);
	quality.outcome = QN_OUTCOME_SERVFAIL;
	assert_int_equal(qn_select_timeout_us(opinion, 0, now), 20 * MS);
	assert_int_equal(qn_select_timeout_us(opinion, 1, now), 100 * MS);
}

/* Before the timeout, and behind nearly all replies. */
TEST(select_hedges_before_it_gives_up)
{
	static const uint32_t p95s_us[] = {0, 1, 8 * MS, 25 * MS, 400 * MS, 1400 * MS, 10000 * MS};
	const struct qn_server_stats unknown = {0};

	for (size_t i = 0; i < COUNT_OF(p95s_us); i++) {
		const struct qn_server_stats server = {
		    .measured = true, .srtt_us = p95s_us[i], .p95_us = p95s_us[i]};
		const uint64_t hedge_us = qn_select_hedge_us(&server);

		assert_true(hedge_us > p95s_us[i]);
		assert_true(hedge_us <= p95s_us[i] + p95s_us[i] / 8 + MS);
		assert_true(hedge_us < timeout_of(&server, 0));
	}
	assert_true(qn_select_hedge_us(&unknown) < timeout_of(&unknown, 0));
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
	    cmocka_unit_test(select_counts_losses_as_time),
	    cmocka_unit_test(select_takes_the_deprioritized_last),
	    cmocka_unit_test(select_takes_the_useless_for_a_zone_last),
	    cmocka_unit_test(select_leaves_out_the_useless),
	    cmocka_unit_test(select_hedges_with_the_next_best),
	    cmocka_unit_test(select_hedges_with_the_other_family),
	    cmocka_unit_test(select_probes),
	    cmocka_unit_test(select_persists_with_the_living),
	    cmocka_unit_test(select_does_not_persist_with_strangers),
	    cmocka_unit_test(select_waits),
	    cmocka_unit_test(select_waits_for_a_longer_way_back),
	    cmocka_unit_test(select_waits_for_strangers),
	    cmocka_unit_test(select_hedges_before_it_gives_up),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
