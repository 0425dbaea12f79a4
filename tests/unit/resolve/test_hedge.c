/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hedges and probes: when they are sent, what they may cost, and what becomes of the replies; and
 * for how long silence is waited for where there are none, because nobody else is left to ask.
 */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#define TASK_MAX 256
#define NAME_LEN 64
#define FAST_MS  8
#define SLOW_MS  25

static const char *const servers[] = {"192.0.2.7", "192.0.2.8"};

static int
open_stage(void **state)
{
	(void)state;
	stage_open(TASK_MAX, TASK_MAX);
	stage_delegate("a.test", (const char *const[]){servers[0], servers[1], NULL});
	return 0;
}

/* A server that answers every query after its time, or not at all. */
struct player {
	uint64_t delay_ms;
	bool dead;
	unsigned asked;
};

struct flight {
	uint32_t slot;
	uint64_t due_us;
	bool used;
	char question[QN_NAME_TEXT_MAX];
};

static struct player players[2];
static struct flight flights[TASK_MAX];
static unsigned sent_count;

static unsigned
player_of(const struct qn_address *address)
{
	char text[QN_ADDRESS_TEXT_MAX];

	qn_address_to_text(address, text);
	for (unsigned i = 0; i < COUNT_OF(servers); i++)
		if (strcmp(text, servers[i]) == 0)
			return i;
	fail_msg("nobody plays %s", text);
	return 0;
}

/* Nobody hears a reply any more whose query has made room for another. */
static void
drop_flight(uint32_t slot)
{
	for (unsigned i = 0; i < TASK_MAX; i++)
		flights[i].used = flights[i].used && flights[i].slot != slot;
}

static void
take_queries(void)
{
	struct qn_upstream_query query;

	while (stage_take(&query)) {
		struct player *player = &players[player_of(&query.server.address)];
		unsigned i = 0;

		drop_flight(query.slot);
		sent_count++;
		player->asked++;
		if (player->dead)
			continue;
		while (flights[i].used)
			i++;
		flights[i].used = true;
		flights[i].slot = query.slot;
		flights[i].due_us = stage.now_us + player->delay_ms * QN_US_PER_MS;
		snprintf(flights[i].question, sizeof(flights[i].question), "%s",
		    test_name_text(&query.question->name));
	}
}

static void
reply_due(void)
{
	for (unsigned i = 0; i < TASK_MAX; i++) {
		char question[QN_NAME_TEXT_MAX + 16];
		char answer[QN_NAME_TEXT_MAX + 32];

		if (!flights[i].used || flights[i].due_us > stage.now_us)
			continue;
		flights[i].used = false;
		snprintf(question, sizeof(question), "question %s A", flights[i].question);
		snprintf(answer, sizeof(answer), "answer %s 60 A 203.0.113.1", flights[i].question);
		stage_reply(
		    flights[i].slot, (const char *const[]){question, "flags qr aa", answer, NULL});
		take_queries();
	}
}

/* Lets the world turn until all questions are answered; how long that took, in ms. */
static uint64_t
play_until_answered(void)
{
	const uint64_t began_us = stage.now_us;

	take_queries();
	while (stage_answers() == 0) {
		stage_wait_ms(1);
		reply_due();
		take_queries();
	}
	return (stage.now_us - began_us) / QN_US_PER_MS;
}

/* Lets time pass for what nobody waits for. */
static void
play_ms(uint64_t duration_ms)
{
	for (uint64_t i = 0; i < duration_ms; i++) {
		take_queries();
		stage_wait_ms(1);
		reply_due();
	}
	take_queries();
}

static unsigned question_number;

static void
ask_in(const char *zone)
{
	char question[NAME_LEN];

	snprintf(question, sizeof(question), "n%u.%s A", question_number++, zone);
	assert_true(stage_ask(question));
}

static uint64_t
ask_next(void)
{
	ask_in("a.test");
	return play_until_answered();
}

/* Two servers, both known for what they are. */
static void
learn(void)
{
	memset(flights, 0, sizeof(flights));
	players[0] = (struct player){.delay_ms = FAST_MS};
	players[1] = (struct player){.delay_ms = SLOW_MS};
	for (unsigned i = 0; i < 100; i++) {
		(void)ask_next();
		play_ms(2);
	}
	play_ms(100);
	sent_count = 0;
	players[0].asked = players[1].asked = 0;
}

/* The unknown server is measured with a question that has been answered, once. */
TEST(probe_measures_the_unknown)
{
	learn();
	assert_in_range(STAGE_COUNTER(probes), 1, 3);
	assert_int_equal(ask_next(), FAST_MS);
	assert_int_equal(players[0].asked, 1);
	assert_int_equal(players[1].asked, 0);
}

/* The fast one dies: nobody waits for long, and soon nobody is sent to it. */
TEST(hedge_spares_the_wait)
{
	uint64_t wait_ms;

	learn();
	players[0].dead = true;
	wait_ms = ask_next();
	assert_in_range(wait_ms, FAST_MS + SLOW_MS, FAST_MS + SLOW_MS + 5);
	assert_int_equal(STAGE_COUNTER(hedges), 1);
	assert_int_equal(STAGE_COUNTER(hedges_won), 1);
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(ask_next(), SLOW_MS, FAST_MS + SLOW_MS + 5);
	assert_int_equal(STAGE_COUNTER(servers_deprioritized), 1);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask_next(), SLOW_MS);
}

/* It comes back: two seconds later all are sent to it, and nobody has waited for that. */
TEST(probe_notices_recovery)
{
	learn();
	players[0].dead = true;
	for (unsigned i = 0; i < 400; i++)
		(void)ask_next();
	assert_true(STAGE_COUNTER(probes) >= 5);
	players[0].dead = false;
	for (unsigned i = 0; i < 80; i++)
		assert_true(ask_next() <= SLOW_MS);
	assert_int_equal(STAGE_COUNTER(servers_trusted), 1);
	players[0].asked = 0;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask_next(), FAST_MS);
	assert_in_range(players[0].asked, 100, 105);
}

/* At most one query in ten is a hedge, and where nothing is answered there are none. */
TEST(hedges_stay_few)
{
	unsigned hedges;

	learn();
	hedges = (unsigned)STAGE_COUNTER(hedges);
	/* Every other reply of the fast one comes too late to be waited for. */
	for (unsigned i = 0; i < 2000; i++) {
		players[0].delay_ms = i % 2 == 0 ? FAST_MS : FAST_MS + 5;
		(void)ask_next();
		play_ms(20);
	}
	hedges = (unsigned)STAGE_COUNTER(hedges) - hedges;
	assert_true(hedges <= sent_count / 10 + 32);

	players[0].dead = players[1].dead = true;
	const uint64_t before = STAGE_COUNTER(hedges);

	for (unsigned i = 0; i < 60; i++) {
		char question[NAME_LEN];

		snprintf(question, sizeof(question), "n%u.a.test A", question_number++);
		assert_true(stage_ask(question));
		play_ms(500);
		(void)stage_answers();
	}
	assert_true(STAGE_COUNTER(hedges) - before <= 32);
	play_ms(10000);
	assert_int_equal(qn_resolver_gauges(stage.resolver).upstream_in_flight, 0);
}

/* No query is spared for a zone that is asked as often as half of what it may be. */
TEST(hedges_make_way)
{
	learn();
	stage.config.zone_rate = 1;
	players[0].dead = true;
	assert_true(stage_ask("slow.a.test A"));
	take_queries();
	play_ms(1000);
	assert_int_equal(STAGE_COUNTER(upstream_timeouts), 1);
	assert_int_equal(STAGE_COUNTER(hedges), 0);
	assert_int_equal(STAGE_COUNTER(hedges_withheld), 0);
}

/* Takes the query that comes next, within so many ms; false when none does. */
static bool
take_within(struct qn_upstream_query *query, unsigned most_ms)
{
	for (unsigned ms = 0; ms < most_ms; ms++) {
		if (stage_take(query))
			return true;
		stage_wait_ms(1);
	}
	return false;
}

static void
deny(const struct qn_upstream_query *query)
{
	char question[NAME_LEN];

	snprintf(
	    question, sizeof(question), "question %s A", test_name_text(&query->question->name));
	stage_reply(query->slot, (const char *const[]){question, "flags qr aa NXDOMAIN", NULL});
}

/* A question to whose servers answer only when a hedge has been sent; false when none was. */
static bool
ask_for_a_hedge(const char *zone)
{
	struct qn_upstream_query first, second;
	char question[NAME_LEN];

	snprintf(question, sizeof(question), "n%u.%s A", question_number++, zone);
	assert_true(stage_ask(question));
	assert_true(stage_take(&first));
	const bool hedged = take_within(&second, 1000);

	deny(&first);
	if (hedged)
		deny(&second);
	while (stage_answers() == 0)
		stage_wait_ms(1);
	while (stage_take(&first))
		deny(&first);
	return hedged;
}

/* A zone whose servers are just late has hedges withheld; others still get theirs. */
TEST(hedges_are_shared)
{
	unsigned count = 0;

	learn();
	for (unsigned i = 0; i < 400; i++)
		(void)ask_next();
	play_ms(100);
	stage_delegate("b.test", (const char *const[]){servers[0], servers[1], NULL});
	while (count < 100 && ask_for_a_hedge("a.test"))
		count++;
	assert_in_range(count, 10, 30);
	assert_true(STAGE_COUNTER(hedges_withheld) > 0);
	assert_true(ask_for_a_hedge("b.test"));
}

/*
 * A server that truncates and does not answer over TCP: another is asked when that takes too
 * long, and soon nobody is sent there for this zone. It is none the worse for other zones.
 */
TEST(hedge_spares_the_wait_for_tcp)
{
	struct qn_upstream_query query;
	const char *const first = servers[0];

	learn();
	for (unsigned i = 0; i < 2; i++) {
		char name[NAME_LEN], question[2 * NAME_LEN];

		snprintf(name, sizeof(name), "n%u.a.test. A", question_number++);
		snprintf(question, sizeof(question), "question %s", name);
		assert_true(stage_ask(name));
		stage_reply(stage_sent(first, name),
		    (const char *const[]){question, "flags qr aa tc", NULL});
		assert_true(take_within(&query, 1));
		assert_int_equal(query.transport, QN_TRANSPORT_TCP);
		/* Thrice what it is waited for over UDP, and far below the second that TCP gets. */
		assert_true(take_within(&query, 5 * FAST_MS));
		assert_int_equal(query.transport, QN_TRANSPORT_UDP);
		assert_int_equal(player_of(&query.server.address), 1);
		deny(&query);
		assert_int_equal(stage_answers(), 1);
		while (STAGE_COUNTER(upstream_timeouts) == i)
			stage_wait_ms(1);
	}
	(void)stage_take(&query);
	assert_int_equal(STAGE_COUNTER(servers_deprioritized), 0);
	assert_int_equal(ask_next(), SLOW_MS);
	stage_delegate("b.test", (const char *const[]){servers[0], servers[1], NULL});
	assert_true(stage_ask("www.b.test A"));
	(void)stage_sent(first, "www.b.test. A");
}

/* Whoever forges a reply has the server asked over TCP: silence there says nothing. */
TEST(silence_over_tcp_may_be_a_forgers)
{
	struct qn_upstream_query query;

	learn();
	for (unsigned i = 0; i < 3; i++) {
		char question[NAME_LEN];

		snprintf(question, sizeof(question), "n%u.a.test A", question_number++);
		assert_true(stage_ask(question));
		assert_true(stage_take(&query));
		assert_int_equal(player_of(&query.server.address), 0);
		qn_resolver_suspect(stage.resolver, query.slot, stage_now());
		assert_true(take_within(&query, 1));
		assert_int_equal(query.transport, QN_TRANSPORT_TCP);
		assert_true(take_within(&query, 5 * FAST_MS));
		deny(&query);
		assert_int_equal(stage_answers(), 1);
		stage_wait_ms(2000);
		(void)stage_take(&query);
	}
}

/* --- Nobody else to ask --------------------------------------------------------------------- */

#define LONE          "lone.test"
#define LONE_MS       5
#define SLOWER_MS     100
#define SLOWEST_MS    700
#define STRANGE_MS    500
#define STRANGE_COUNT 8

/* Clients ask ten times a second, for so long; what comes of it does not matter. */
static void
play_asking_ms(const char *zone, uint64_t duration_ms)
{
	for (uint64_t ms = 0; ms < duration_ms; ms += 100) {
		ask_in(zone);
		play_ms(100);
		(void)stage_answers();
	}
}

/* Lets the world turn for so long: how many questions were answered well. */
static unsigned
play_good_answers(uint64_t duration_ms)
{
	unsigned count = 0;

	for (uint64_t i = 0; i < duration_ms; i++) {
		play_ms(1);
		const unsigned answered = stage_answers();

		count += answered > 0 && stage.rcode == QN_RCODE_NOERROR ? answered : 0;
	}
	return count;
}

/* A zone whose lone server was near, has been silent for long, and was asked a moment ago. */
static void
lose_lone_server(void)
{
	memset(flights, 0, sizeof(flights));
	stage_delegate(LONE, (const char *const[]){servers[0], NULL});
	players[0] = (struct player){.delay_ms = LONE_MS};
	for (unsigned i = 0; i < 20; i++) {
		ask_in(LONE);
		assert_int_equal(play_until_answered(), LONE_MS);
	}
	players[0].dead = true;
	play_asking_ms(LONE, 10000);
	assert_int_equal(play_good_answers(7000), 0);
	ask_in(LONE);
	(void)play_until_answered();
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);
	players[0].dead = false;
}

/* It comes back by a longer way, with nobody else whose replies would have it probed. */
TEST(longer_way_back_is_waited_for)
{
	lose_lone_server();
	players[0].delay_ms = SLOWER_MS;
	for (unsigned i = 0; i < 10; i++) {
		ask_in(LONE);
		assert_int_equal(play_until_answered(), SLOWER_MS);
		assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
	}
	assert_int_equal(STAGE_COUNTER(servers_trusted), 1);
}

/* A very long way is found by a question that is a probe, however many there are that are none. */
TEST(longest_way_back_is_probed)
{
	lose_lone_server();
	const uint64_t before = STAGE_COUNTER(tasks_answered);

	players[0].delay_ms = SLOWEST_MS;
	play_asking_ms(LONE, 3000);
	assert_in_range(STAGE_COUNTER(tasks_answered) - before, 5, 20);
	(void)play_good_answers(2000);
	ask_in(LONE);
	assert_int_equal(play_until_answered(), SLOWEST_MS);
	assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
}

static void
ask_strangers(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ask_in("strange.test");
}

/* A fast server, with a zone that it has never answered for. */
static void
learn_strange(void)
{
	learn();
	stage_delegate("strange.test", (const char *const[]){servers[0], NULL});
}

/* The same in a world of its own. */
static void
learn_strange_again(void **state)
{
	(void)stage_close(state);
	(void)open_stage(state);
	learn_strange();
}

/* The zone always takes longer than others on the same server do, however many ask at once. */
TEST(zone_may_take_longer_than_others)
{
	for (unsigned count = 1; count <= STRANGE_COUNT; count++) {
		learn_strange_again(state);
		players[0].delay_ms = STRANGE_MS;
		ask_strangers(count);
		assert_int_equal(play_good_answers(5000), count);
	}
}

/* As all zones are strangers after a start: a pause then is waited for as ever. */
TEST(pause_before_the_first_answer_is_waited_for)
{
	for (unsigned count = 1; count <= STRANGE_COUNT; count++) {
		learn_strange_again(state);
		players[0].dead = true;
		ask_strangers(count);
		assert_int_equal(play_good_answers(600), 0);
		players[0].dead = false;
		assert_int_equal(play_good_answers(5000), count);
	}
}

/* It was silent for the zone: that does not last, and costs few queries as long as it does. */
TEST(silence_for_a_zone_may_end)
{
	learn_strange();
	players[0].dead = true;
	ask_strangers(STRANGE_COUNT);
	assert_int_equal(play_good_answers(6000), 0);
	players[0].asked = 0;
	ask_strangers(1);
	assert_in_range(play_until_answered(), 2000, 3000);
	assert_int_equal(players[0].asked, QN_SELECT_TRIES_MAX);
	players[0] = (struct player){.delay_ms = STRANGE_MS};
	ask_strangers(1);
	assert_int_equal(play_good_answers(5000), 1);
	assert_int_equal(STAGE_COUNTER(servers_deprioritized), 0);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, stage_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_STAGE(probe_measures_the_unknown),
	    ON_STAGE(hedge_spares_the_wait),
	    ON_STAGE(probe_notices_recovery),
	    ON_STAGE(hedges_stay_few),
	    ON_STAGE(hedges_make_way),
	    ON_STAGE(hedges_are_shared),
	    ON_STAGE(hedge_spares_the_wait_for_tcp),
	    ON_STAGE(silence_over_tcp_may_be_a_forgers),
	    ON_STAGE(longer_way_back_is_waited_for),
	    ON_STAGE(longest_way_back_is_probed),
	    ON_STAGE(zone_may_take_longer_than_others),
	    ON_STAGE(pause_before_the_first_answer_is_waited_for),
	    ON_STAGE(silence_for_a_zone_may_end),
	};

	return cmocka_run_group_tests_name("hedge", tests, NULL, NULL);
}
