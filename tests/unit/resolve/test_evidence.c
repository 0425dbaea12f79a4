/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What queries tell about servers: samples for what a server did, and none for what a forger can
 * have done.
 */
#include "stage.h"

#define SERVER "192.0.2.7"

static uint32_t sample_count;

static int
open_stage(void **state)
{
	(void)state;
	stage_open(64, 64);
	stage_delegate("zone.test", (const char *const[]){SERVER, NULL});
	sample_count = 0;
	return 0;
}

/* The next sample, which has to be about the one server there is, and its zone. */
static struct qn_sample
next_sample(void)
{
	const struct qn_sample *sample =
	    qn_sample_ring_peek(qn_resolver_samples(stage.resolver), sample_count++);
	struct qn_address server;

	assert_non_null(sample);
	assert_true(qn_address_from_text(&server, SERVER));
	assert_true(qn_address_equal(&sample->address, &server));
	assert_int_not_equal(sample->zone_hash, 0);
	assert_int_equal(sample->when.us, stage_now().mono.us);
	return *sample;
}

static void
assert_no_sample(void)
{
	assert_null(qn_sample_ring_peek(qn_resolver_samples(stage.resolver), sample_count));
}

/* Asks for a name of the zone, and replies after 8 ms with these flags and records. */
#define ASK_AND_REPLY(name, ...)                                      \
	do {                                                          \
		assert_true(stage_ask(name " A"));                    \
		const uint32_t slot = stage_sent(SERVER, name ". A"); \
		stage_wait_ms(8);                                     \
		STAGE_REPLY(slot, name " A", __VA_ARGS__);            \
		(void)stage_answers();                                \
	} while (0)

TEST(evidence_of_replies)
{
	struct qn_sample sample;

	ASK_AND_REPLY("a.zone.test", "flags qr aa", "answer a.zone.test 60 A 203.0.113.1");
	sample = next_sample();
	assert_int_equal(sample.outcome, QN_OUTCOME_USEFUL);
	assert_in_range(sample.rtt_us, 8 * QN_US_PER_MS, 10 * QN_US_PER_MS);
	ASK_AND_REPLY("b.zone.test", "flags qr REFUSED");
	assert_int_equal(next_sample().outcome, QN_OUTCOME_REFUSED);
	ASK_AND_REPLY("c.zone.test", "flags qr SERVFAIL");
	assert_int_equal(next_sample().outcome, QN_OUTCOME_SERVFAIL);
	assert_no_sample();
}

/* Late first, then timed out: both are told, in this order and once each. */
TEST(evidence_of_silence)
{
	static const uint8_t expected[] = {QN_OUTCOME_LATE, QN_OUTCOME_TIMED_OUT};
	const struct qn_sample *sample;

	assert_true(stage_ask("a.zone.test A"));
	(void)stage_sent(SERVER, "a.zone.test. A");
	stage_wait_ms(450);
	for (unsigned i = 0; i < COUNT_OF(expected); i++) {
		sample = qn_sample_ring_peek(qn_resolver_samples(stage.resolver), i);
		assert_non_null(sample);
		assert_int_equal(sample->outcome, expected[i]);
	}
}

/*
 * A forger who guesses the port, but not the id or the letter case, has the query asked again
 * over TCP. Nothing is believed about the server, and what TCP takes is no round trip.
 */
TEST(evidence_is_not_made_by_forgers)
{
	assert_true(stage_ask("a.zone.test A"));
	const uint32_t slot = stage_sent(SERVER, "a.zone.test. A");

	for (unsigned i = 0; i < 1000; i++)
		qn_resolver_suspect(stage.resolver, slot, stage_now());
	assert_no_sample();
	const uint32_t again = stage_sent(SERVER, "a.zone.test. A");

	stage_silent();
	stage_wait_ms(1);
	STAGE_REPLY(again, "a.zone.test A", "flags qr aa", "answer a.zone.test 60 A 203.0.113.1");
	const struct qn_sample sample = next_sample();

	assert_int_equal(sample.outcome, QN_OUTCOME_USEFUL);
	assert_int_equal(sample.rtt_us, QN_RTT_NONE);
	assert_no_sample();
}

/* A query that cannot leave says nothing about whom it was for. */
TEST(evidence_is_not_made_by_our_own_troubles)
{
	assert_true(stage_ask("a.zone.test A"));
	qn_resolver_unsent(stage.resolver, stage_sent(SERVER, "a.zone.test. A"), stage_now());
	assert_no_sample();
}

#define UNIT(function) cmocka_unit_test_setup_teardown(function, open_stage, stage_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT(evidence_of_replies),
	    UNIT(evidence_of_silence),
	    UNIT(evidence_is_not_made_by_forgers),
	    UNIT(evidence_is_not_made_by_our_own_troubles),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
