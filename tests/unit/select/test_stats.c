/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/stats.h"
#include "support/test.h"

#define MS QN_US_PER_MS
#define S  QN_US_PER_S

static void
fold(struct qn_server_stats *stats, enum qn_sample_kind kind, enum qn_outcome outcome,
    uint32_t rtt_us, uint64_t when_us)
{
	const struct qn_sample sample = {
	    .kind = kind, .outcome = outcome, .rtt_us = rtt_us, .when = {when_us}};

	qn_stats_fold(stats, &sample);
}

static void
reply(struct qn_server_stats *stats, uint32_t rtt_us, uint64_t when_us)
{
	fold(stats, QN_SAMPLE_QUERY, QN_OUTCOME_USEFUL, rtt_us, when_us);
}

static void
silence(struct qn_server_stats *stats, enum qn_outcome outcome, uint64_t when_us)
{
	fold(stats, QN_SAMPLE_QUERY, outcome, 0, when_us);
}

/* A server that has answered a hundred times within 8 ms, until `until_us`. */
static struct qn_server_stats
proven(uint64_t until_us)
{
	struct qn_server_stats stats = {0};

	for (unsigned i = 100; i > 0; i--)
		reply(&stats, 8000, until_us - i * 10 * MS);
	return stats;
}

/* RFC 6298 s2.2 and s2.3. */
TEST(stats_smooth_round_trips)
{
	struct qn_server_stats stats = {0};
	struct qn_random random = test_random(1);
	double srtt = 80000;
	double rttvar = 40000;

	reply(&stats, 80000, S);
	assert_true(stats.measured);
	assert_int_equal(stats.srtt_us, 80000);
	assert_int_equal(stats.rttvar_us, 40000);
	for (unsigned i = 0; i < 2000; i++) {
		const uint32_t rtt_us = 1000 + qn_random_below(&random, i < 1000 ? 200000 : 5000);
		const double off = srtt > rtt_us ? srtt - rtt_us : rtt_us - srtt;

		rttvar = rttvar * 3 / 4 + off / 4;
		srtt = srtt * 7 / 8 + rtt_us / 8.0;
		reply(&stats, rtt_us, S);
		assert_true(stats.srtt_us > srtt - 20 && stats.srtt_us < srtt + 20);
		assert_true(stats.rttvar_us > rttvar - 40 && stats.rttvar_us < rttvar + 40);
	}
}

/* What is longer than any query lives is cut down, so that no sum overflows. */
TEST(stats_take_any_round_trip)
{
	static const uint32_t rtts[] = {0, UINT32_MAX - 1, 0, 1, UINT32_MAX - 1, UINT32_MAX - 1};
	struct qn_server_stats stats = {0};

	for (unsigned i = 0; i < 10000; i++) {
		reply(&stats, rtts[i % COUNT_OF(rtts)], S);
		assert_in_range(stats.srtt_us, 0, 10 * S);
		assert_in_range(stats.rttvar_us, 0, 10 * S);
		assert_in_range(stats.p95_us, 0, 30 * S);
	}
}

TEST(stats_of_tcp_leave_the_round_trip_alone)
{
	struct qn_server_stats stats = {0};

	silence(&stats, QN_OUTCOME_TIMED_OUT, S);
	reply(&stats, QN_RTT_NONE, S);
	assert_false(stats.measured);
	assert_int_equal(stats.timeouts, 0);
	reply(&stats, 8000, S);
	reply(&stats, QN_RTT_NONE, S);
	assert_int_equal(stats.srtt_us, 8000);
	assert_int_equal(stats.replies, 3);
}

/* Round trips of different shapes, around 20 ms. */
static uint32_t
draw_constant(struct qn_random *random)
{
	return 20000 + 0 * qn_random_below(random, 2);
}

static uint32_t
draw_uniform(struct qn_random *random)
{
	return 10000 + qn_random_below(random, 20000);
}

static uint32_t
draw_bell(struct qn_random *random)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += qn_random_below(random, 2000);
	return 8000 + sum;
}

static uint32_t
draw_two_paths(struct qn_random *random)
{
	return qn_random_below(random, 10) == 0 ? 60000 + qn_random_below(random, 5000)
	                                        : 15000 + qn_random_below(random, 1000);
}

/* Most replies short, few very long: a coin is thrown until it shows tails. */
static uint32_t
draw_tail(struct qn_random *random)
{
	uint32_t rtt_us = 10000 + qn_random_below(random, 3000);

	while (qn_random_below(random, 2) == 0)
		rtt_us += 3000 + qn_random_below(random, 3000);
	return rtt_us;
}

TEST(stats_know_when_most_replies_come)
{
	static uint32_t (*const draws[])(struct qn_random *) = {
	    draw_uniform, draw_bell, draw_two_paths, draw_tail};
	struct qn_random random = test_random(2);

	for (unsigned i = 0; i < COUNT_OF(draws); i++) {
		struct qn_server_stats stats = {0};
		unsigned later = 0;

		for (unsigned j = 0; j < 20500; j++) {
			const uint32_t rtt_us = draws[i](&random);

			if (j >= 500)
				later += rtt_us > stats.p95_us;
			reply(&stats, rtt_us, S);
		}
		/* 4 to 6.5 % of 20000. */
		assert_in_range(later, 800, 1300);
	}
}

TEST(stats_of_a_steady_server_are_tight)
{
	struct qn_server_stats stats = {0};
	struct qn_random random = test_random(3);

	reply(&stats, draw_constant(&random), S);
	assert_in_range(stats.p95_us, 20000, 25000);
	for (unsigned i = 0; i < 500; i++)
		reply(&stats, draw_constant(&random), S);
	assert_in_range(stats.p95_us, 19000, 21000);
	/* A longer way: known after a few replies. */
	for (unsigned i = 0; i < 10; i++)
		reply(&stats, 80000, S);
	assert_true(stats.p95_us > 70000);
}

TEST(stats_know_the_usual_loss)
{
	static const unsigned losses[] = {0, 1, 5, 20, 40};
	struct qn_random random = test_random(4);

	for (unsigned i = 0; i < COUNT_OF(losses); i++) {
		struct qn_server_stats stats = {0};
		double sum = 0;

		for (unsigned j = 0; j < 20000; j++) {
			if (qn_random_below(&random, 100) >= losses[i])
				reply(&stats, 8000, S);
			else
				silence(&stats, QN_OUTCOME_TIMED_OUT, S);
			sum += 100.0 * stats.loss / QN_SHARE_ONE / 20000;
		}
		assert_true(sum < losses[i] * 1.25 + 0.01 && sum > losses[i] * 0.75 - 0.01);
	}
}

/* At first every second, then after a twelfth of the silence, at last every minute. */
TEST(stats_notice_a_death_and_probe_ever_more_seldom)
{
	const uint64_t death_us = 100 * S;
	struct qn_server_stats stats = proven(death_us);
	uint64_t before_us = death_us + 20 * MS;
	unsigned probes = 0;

	silence(&stats, QN_OUTCOME_TIMED_OUT, death_us);
	assert_false(stats.deprioritized);
	silence(&stats, QN_OUTCOME_TIMED_OUT, before_us);
	assert_true(stats.deprioritized);
	assert_int_equal(stats.silent_since.us, death_us);
	for (; before_us < death_us + 2000 * S; probes++) {
		const uint64_t now_us = stats.probe_at.us;
		const uint64_t twelfth_us = (before_us - death_us) / 12;

		assert_int_equal(now_us - before_us, twelfth_us < S        ? S
						     : twelfth_us < 60 * S ? twelfth_us
									   : 60 * S);
		assert_false(qn_stats_probe_due(&stats, (struct qn_mono){now_us - 1}));
		assert_true(qn_stats_probe_due(&stats, (struct qn_mono){now_us}));
		fold(&stats, QN_SAMPLE_PROBE, QN_OUTCOME_SENT, 0, now_us);
		assert_false(qn_stats_probe_due(&stats, (struct qn_mono){now_us}));
		fold(&stats, QN_SAMPLE_PROBE, QN_OUTCOME_TIMED_OUT, 0, now_us + 400 * MS);
		assert_true(stats.deprioritized);
		before_us = now_us;
	}
	assert_in_range(probes, 78, 92);
}

/* Late replies are noticed sooner: in a packet's time, three of them. */
TEST(stats_notice_a_death_before_any_timeout)
{
	struct qn_server_stats stats = proven(100 * S);

	for (unsigned i = 0; i < 2; i++)
		silence(&stats, QN_OUTCOME_LATE, 100 * S + i * 10 * MS);
	assert_false(stats.deprioritized);
	silence(&stats, QN_OUTCOME_LATE, 100 * S + 20 * MS);
	assert_true(stats.deprioritized);
}

/* A burst that one disturbance swallows is no outage. */
TEST(stats_shrug_off_one_short_disturbance)
{
	struct qn_server_stats stats = proven(100 * S);

	for (unsigned i = 0; i < 20; i++)
		silence(&stats, QN_OUTCOME_LATE, 100 * S + i * 200);
	assert_false(stats.deprioritized);
	reply(&stats, 14000, 100 * S + 5 * MS);
	assert_int_equal(stats.late, 0);
	for (unsigned i = 0; i < 20; i++)
		silence(&stats, QN_OUTCOME_TIMED_OUT, 101 * S);
	assert_false(stats.deprioritized);
	reply(&stats, 8000, 101 * S);
	assert_false(stats.deprioritized);
	assert_true(stats.loss > 0);
}

/* Two good replies; one is not enough, nor are two with a silence between them. */
TEST(stats_trust_again_after_good_probes)
{
	struct qn_server_stats stats = proven(100 * S);
	const uint16_t loss = stats.loss;

	silence(&stats, QN_OUTCOME_TIMED_OUT, 101 * S);
	silence(&stats, QN_OUTCOME_TIMED_OUT, 102 * S);
	assert_true(stats.deprioritized);
	fold(&stats, QN_SAMPLE_PROBE, QN_OUTCOME_SENT, 0, 110 * S);
	fold(&stats, QN_SAMPLE_PROBE, QN_OUTCOME_USEFUL, 8000, 110 * S + 8 * MS);
	assert_true(stats.deprioritized);
	/* The next probe follows soon: it is in use again within 2 s of the first good one. */
	assert_true(qn_stats_probe_due(&stats, (struct qn_mono){111 * S}));
	silence(&stats, QN_OUTCOME_TIMED_OUT, 111 * S);
	reply(&stats, 8000, 112 * S);
	assert_true(stats.deprioritized);
	reply(&stats, 8000, 113 * S);
	assert_false(stats.deprioritized);
	/* An outage is not loss: nothing is held against it. */
	assert_true(stats.loss <= loss);
	assert_int_equal(stats.timeouts, 0);
	assert_false(qn_stats_probe_due(&stats, (struct qn_mono){114 * S}));
	assert_true(qn_stats_probe_due(&stats, (struct qn_mono){113 * S + QN_REMEASURE_US}));
}

/* Whoever comes back by a longer way is late by what is known of it, and trusted all the same. */
TEST(stats_trust_who_is_slower_than_before)
{
	struct qn_server_stats stats = proven(100 * S);

	silence(&stats, QN_OUTCOME_TIMED_OUT, 101 * S);
	silence(&stats, QN_OUTCOME_TIMED_OUT, 102 * S);
	for (unsigned i = 0; i < QN_GOOD_REPLIES; i++) {
		assert_true(stats.deprioritized);
		silence(&stats, QN_OUTCOME_LATE, 110 * S + i * S + 10 * MS);
		reply(&stats, 100 * MS, 110 * S + i * S + 100 * MS);
	}
	assert_false(stats.deprioritized);
}

/* 20 % of loss, 100 queries a second for ten minutes: it is hardly ever taken for dead. */
TEST(stats_tell_loss_from_death)
{
	struct qn_random random = test_random(5);
	struct qn_server_stats stats = {0};
	unsigned deprioritized = 0;

	for (uint64_t at_us = S; at_us < 600 * S; at_us += 10 * MS) {
		const bool before = stats.deprioritized;

		if (qn_random_below(&random, 100) < 20) {
			silence(&stats, QN_OUTCOME_LATE, at_us);
			silence(&stats, QN_OUTCOME_TIMED_OUT, at_us);
		} else {
			reply(&stats, 8000, at_us);
		}
		if (at_us > 10 * S)
			deprioritized += stats.deprioritized && !before;
	}
	assert_in_range(deprioritized, 0, 10);
	/* And yet a death is noticed within a dozen queries. */
	for (unsigned i = 0; i < 12; i++)
		silence(&stats, QN_OUTCOME_TIMED_OUT, 601 * S + i * 10 * MS);
	assert_true(stats.deprioritized);
}

TEST(stats_of_an_address_never_asked)
{
	struct qn_server_stats stats = {0};

	assert_true(qn_stats_probe_due(&stats, (struct qn_mono){0}));
	fold(&stats, QN_SAMPLE_PROBE, QN_OUTCOME_SENT, 0, 5 * S);
	assert_false(qn_stats_probe_due(&stats, (struct qn_mono){5 * S}));
	assert_int_equal(stats.updated.us, 0);
	silence(&stats, QN_OUTCOME_TIMED_OUT, 6 * S);
	silence(&stats, QN_OUTCOME_TIMED_OUT, 7 * S);
	assert_true(stats.deprioritized);
	assert_false(stats.measured);
	assert_int_equal(stats.updated.us, 7 * S);
}

TEST(stats_count_no_further_than_they_can)
{
	struct qn_server_stats stats = {0};

	for (unsigned i = 0; i < 70000; i++) {
		silence(&stats, QN_OUTCOME_TIMED_OUT, 1 * S);
		silence(&stats, QN_OUTCOME_LATE, 1 * S);
	}
	assert_int_equal(stats.timeouts, UINT16_MAX);
	assert_int_equal(stats.late, UINT8_MAX);
	for (unsigned i = 0; i < 300; i++)
		reply(&stats, 1000, 2 * S);
	assert_int_equal(stats.replies, UINT8_MAX);
	assert_in_range(stats.loss, 0, QN_SHARE_ONE / 2);
}

/* Evidence may arrive out of order, since workers have rings of their own. */
TEST(stats_never_grow_older)
{
	struct qn_server_stats stats = {0};

	reply(&stats, 1000, 9 * S);
	reply(&stats, 1000, 8 * S);
	assert_int_equal(stats.updated.us, 9 * S);
	silence(&stats, QN_OUTCOME_TIMED_OUT, 7 * S);
	silence(&stats, QN_OUTCOME_TIMED_OUT, 6 * S);
	assert_int_equal(stats.updated.us, 9 * S);
}

TEST(stats_are_worth_more_with_more_evidence)
{
	struct qn_server_stats once = {0}, often = {0}, never = {0};

	for (unsigned i = 0; i < 100; i++)
		reply(&often, 1000, 100 * S);
	reply(&once, 1000, 300 * S);
	silence(&never, QN_OUTCOME_TIMED_OUT, 300 * S);
	assert_true(qn_stats_worth_us(&often) > qn_stats_worth_us(&once));
	assert_true(qn_stats_worth_us(&once) > qn_stats_worth_us(&never));
	reply(&once, 1000, 3000 * S);
	assert_true(qn_stats_worth_us(&once) > qn_stats_worth_us(&often));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stats_smooth_round_trips),
	    cmocka_unit_test(stats_take_any_round_trip),
	    cmocka_unit_test(stats_of_tcp_leave_the_round_trip_alone),
	    cmocka_unit_test(stats_know_when_most_replies_come),
	    cmocka_unit_test(stats_of_a_steady_server_are_tight),
	    cmocka_unit_test(stats_know_the_usual_loss),
	    cmocka_unit_test(stats_notice_a_death_and_probe_ever_more_seldom),
	    cmocka_unit_test(stats_notice_a_death_before_any_timeout),
	    cmocka_unit_test(stats_shrug_off_one_short_disturbance),
	    cmocka_unit_test(stats_trust_again_after_good_probes),
	    cmocka_unit_test(stats_trust_who_is_slower_than_before),
	    cmocka_unit_test(stats_tell_loss_from_death),
	    cmocka_unit_test(stats_of_an_address_never_asked),
	    cmocka_unit_test(stats_count_no_further_than_they_can),
	    cmocka_unit_test(stats_never_grow_older),
	    cmocka_unit_test(stats_are_worth_more_with_more_evidence),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
