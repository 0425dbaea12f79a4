/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries to authorities: for how long they are waited for, how many there may be.
 */
#include "stage.h"

#include <stdio.h>

#define TASK_MAX 64
#define NAME_LEN 64

static int
open_stage(void **state)
{
	(void)state;
	stage_open(TASK_MAX, TASK_MAX);
	return 0;
}

static bool
ask_number(const char *zone, unsigned number)
{
	char question[2 * NAME_LEN];

	snprintf(question, sizeof(question), "n%u.%s A", number, zone);
	return stage_ask(question);
}

/* Sends all that waits to be sent, into the void. */
static unsigned
lose_all(void)
{
	struct qn_upstream_query query;
	unsigned count = 0;

	while (stage_take(&query))
		count++;
	return count;
}

static unsigned
gauge_open(void)
{
	return (unsigned)qn_resolver_gauges(stage.resolver).upstream_in_flight;
}

/* The reply to the first try comes when the second is on its way. */
TEST(upstream_takes_a_late_reply)
{
	stage_delegate("slow.test", (const char *const[]){"192.0.2.7", NULL});
	assert_true(stage_ask("www.slow.test A"));
	const uint32_t first = stage_sent("192.0.2.7", "www.slow.test. A");

	stage_wait_ms(500);
	assert_int_equal(STAGE_COUNTER(upstream_timeouts), 1);
	(void)stage_sent("192.0.2.7", "www.slow.test. A");
	STAGE_REPLY(
	    first, "www.slow.test A", "flags qr aa", "answer www.slow.test 60 A 203.0.113.1");
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
	/* The second goes on for a while, to show how its server does. */
	stage_silent();
	assert_int_equal(gauge_open(), 1);
	stage_wait_ms(2000);
	stage_silent();
	assert_int_equal(gauge_open(), 0);
}

/* A lone silent server is asked on while its clients wait, and never in more than two slots. */
TEST(upstream_persists_while_clients_wait)
{
	unsigned queries = 0;

	stage_delegate("dead.test", (const char *const[]){"192.0.2.7", NULL});
	assert_true(stage_ask("www.dead.test A"));
	for (unsigned ms = 0; ms < 4900; ms++) {
		queries += lose_all();
		assert_in_range(gauge_open(), 1, 2);
		assert_int_equal(stage_answers(), 0);
		stage_wait_ms(1);
	}
	assert_in_range(queries, 4, 12);
	assert_true(STAGE_COUNTER(task_persisted) > 0);
	stage_wait_ms(2000);
	(void)lose_all();
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);
	stage_silent();
	assert_int_equal(gauge_open(), 0);
}

/* Whoever has been silent for long is not waited for so long again. */
TEST(upstream_gives_the_dead_up)
{
	stage_delegate("dead.test", (const char *const[]){"192.0.2.7", NULL});
	for (unsigned i = 0; i < 3; i++) {
		assert_true(ask_number("dead.test", i));
		for (unsigned ms = 0; ms < 7000; ms++) {
			(void)lose_all();
			stage_wait_ms(1);
		}
	}
	const uint64_t persisted = STAGE_COUNTER(task_persisted);

	assert_int_equal(stage_answers(), 3);
	assert_true(ask_number("dead.test", 3));
	for (unsigned ms = 0; ms < 4000; ms++) {
		(void)lose_all();
		stage_wait_ms(1);
	}
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(STAGE_COUNTER(task_persisted), persisted);
}

/* A quarter of all slots at most stay open for late replies. */
TEST(upstream_bounds_the_late)
{
	for (unsigned i = 0; i < TASK_MAX / 2; i++) {
		char zone[NAME_LEN];
		char address[NAME_LEN];

		snprintf(zone, sizeof(zone), "z%u.test", i);
		snprintf(address, sizeof(address), "192.0.2.%u", 10 + i);
		stage_delegate(zone, (const char *const[]){address, NULL});
		assert_true(ask_number(zone, i));
	}
	assert_int_equal(lose_all(), TASK_MAX / 2);
	stage_wait_ms(450);
	assert_int_equal(lose_all(), TASK_MAX / 2);
	assert_int_equal(gauge_open(), TASK_MAX / 2 + TASK_MAX / 4);
}

/*
 * When half of all places are taken, those who ask one silent address hold a sixteenth at
 * most, whatever their zones are called: others still find a place, and get their answers.
 */
TEST(upstream_bounds_one_address)
{
	char zone[NAME_LEN];
	uint32_t slot;

	for (unsigned i = 0; i < TASK_MAX; i++) {
		snprintf(zone, sizeof(zone), "z%u.test", i);
		stage_delegate(zone, (const char *const[]){"192.0.2.7", NULL});
		assert_true(ask_number(zone, i));
		(void)lose_all();
		(void)stage_answers();
	}
	assert_int_equal(qn_resolver_gauges(stage.resolver).tasks, TASK_MAX / 2);
	assert_int_equal(STAGE_COUNTER(tasks_shed_rate), TASK_MAX / 2);
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);

	stage_delegate("well.test", (const char *const[]){"192.0.2.8", NULL});
	assert_true(stage_ask("www.well.test A"));
	slot = stage_sent("192.0.2.8", "www.well.test. A");
	STAGE_REPLY(
	    slot, "www.well.test A", "flags qr aa", "answer www.well.test 60 A 203.0.113.1");
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
	/* Nothing is remembered about what was shed. */
	assert_int_equal(STAGE_COUNTER(lookup_known_failure), 0);
}

/* Asks `count` questions that are answered at once, from one network each unless `lone`. */
static unsigned
answered_to(const char *zone, unsigned first, unsigned count, bool lone)
{
	struct qn_upstream_query query;
	unsigned sent = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!lone)
			stage.network++;
		assert_true(ask_number(zone, first + i));
		while (stage_take(&query)) {
			char name[QN_NAME_TEXT_MAX + sizeof("question  A")];

			sent++;
			snprintf(name, sizeof(name), "question %s A",
			    test_name_text(&query.question->name));
			stage_reply(
			    query.slot, (const char *const[]){name, "flags qr REFUSED", NULL});
		}
		(void)stage_answers();
	}
	return sent;
}

static unsigned
answered_of(const char *zone, unsigned first, unsigned count)
{
	return answered_to(zone, first, count, false);
}

/* The rate of a zone: three quarters of a second's queries at once, then one each 10 ms. */
TEST(upstream_bounds_the_rate_of_a_zone)
{
	stage.config.zone_rate = 100;
	stage_delegate("busy.test", (const char *const[]){"192.0.2.7", NULL});
	assert_int_equal(answered_of("busy.test", 0, 200), 75);
	assert_int_equal(STAGE_COUNTER(tasks_shed_rate), 125);
	stage_wait_ms(100);
	assert_int_equal(answered_of("busy.test", 1000, 200), 10);
	/* Another zone on the same address is not concerned. */
	stage_delegate("idle.test", (const char *const[]){"192.0.2.7", NULL});
	assert_int_equal(answered_of("idle.test", 0, 50), 50);
}

/* The rate of an address, whatever the zones are called. */
TEST(upstream_bounds_the_rate_of_an_address)
{
	stage.config.server_rate = 100;
	stage_delegate("one.test", (const char *const[]){"192.0.2.7", NULL});
	stage_delegate("two.test", (const char *const[]){"192.0.2.7", NULL});
	assert_int_equal(answered_of("one.test", 0, 60) + answered_of("two.test", 0, 60), 75);
	stage_wait_ms(2000);
	assert_int_equal(answered_of("one.test", 1000, 200), 75);
	/* With another address the zone is served from there. */
	stage_delegate("two.test", (const char *const[]){"192.0.2.7", "192.0.2.8", NULL});
	assert_true(answered_of("two.test", 1000, 20) >= 20);
}

/* One network may have half of it at once, and then little more; the rest is for the others. */
TEST(upstream_shares_the_rate_of_a_zone)
{
	stage.config.zone_rate = 100;
	stage_delegate("busy.test", (const char *const[]){"192.0.2.7", NULL});
	stage.network = 1000;
	assert_in_range(answered_to("busy.test", 0, 200, true), 50, 55);
	stage_wait_ms(100);
	assert_in_range(answered_to("busy.test", 1000, 200, true), 8, 12);
	stage.network = 1;
	assert_in_range(answered_of("busy.test", 2000, 100), 20, 25);
}

/* What an alias leads to a zone is as new there as what was asked for in the first place. */
TEST(upstream_takes_aliases_for_new)
{
	stage.config.zone_rate = 100;
	stage_delegate("busy.test", (const char *const[]){"192.0.2.7", NULL});
	stage_delegate("alias.test", (const char *const[]){"192.0.2.6", NULL});
	assert_int_equal(answered_of("busy.test", 0, 200), 75);
	stage.network++;
	assert_true(stage_ask("www.alias.test A"));
	STAGE_REPLY(stage_sent("192.0.2.6", "www.alias.test. A"), "www.alias.test A", "flags qr aa",
	    "answer www.alias.test 60 CNAME www.busy.test");
	stage_silent();
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);
}

/* What has begun in a zone goes on there while nothing new is begun. */
TEST(upstream_lets_begun_end)
{
	struct qn_upstream_query query;

	stage.config.zone_rate = 100;
	stage_delegate("busy.test", (const char *const[]){"192.0.2.7", "192.0.2.8", NULL});
	stage.network++;
	assert_true(stage_ask("www.busy.test A"));
	assert_true(stage_take(&query));
	assert_in_range(answered_of("busy.test", 0, 100), 73, 76);
	assert_true(STAGE_COUNTER(tasks_shed_rate) > 0);
	STAGE_REPLY(query.slot, "www.busy.test A", "flags qr REFUSED");
	assert_true(stage_take(&query));
	STAGE_REPLY(query.slot, "www.busy.test A", "flags qr aa NXDOMAIN");
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_NXDOMAIN);
}

/* Asks `count` questions whose zone its parent delegates for no time; how many go there. */
static unsigned
sent_to_fleeting(unsigned count)
{
	struct qn_upstream_query query;
	unsigned sent = 0;

	for (unsigned i = 0; i < count; i++) {
		char question[NAME_LEN];

		stage.network++;
		assert_true(ask_number("fleeting.parent.test", i));
		assert_true(stage_take(&query));
		snprintf(question, sizeof(question), "question %s A",
		    test_name_text(&query.question->name));
		stage_reply(
		    query.slot, (const char *const[]){question, "flags qr",
				    "authority fleeting.parent.test 0 NS ns.fleeting.parent.test",
				    "additional ns.fleeting.parent.test 0 A 192.0.2.7", NULL});
		if (stage_take(&query)) {
			sent++;
			stage_reply(
			    query.slot, (const char *const[]){question, "flags qr REFUSED", NULL});
		}
		(void)stage_answers();
	}
	return sent;
}

/* Nobody gets an address asked faster by delegating a zone to it, be it with a TTL of 0. */
TEST(upstream_bounds_the_rate_whatever_the_ttl)
{
	stage.config.server_rate = 100;
	stage_delegate("one.test", (const char *const[]){"192.0.2.7", NULL});
	stage_delegate("parent.test", (const char *const[]){"192.0.2.6", NULL});
	assert_int_equal(answered_of("one.test", 0, 80), 75);
	assert_int_equal(sent_to_fleeting(40), 0);
	stage_wait_ms(100);
	assert_int_equal(sent_to_fleeting(40), 10);
}

/* Asks for a new name of the zone, and takes the query. */
static struct qn_upstream_query
asked_plainly(const char *zone, unsigned number, bool edns)
{
	struct qn_upstream_query query;

	assert_true(ask_number(zone, number));
	assert_true(stage_take(&query));
	assert_int_equal(query.edns, edns);
	return query;
}

/* Replies to a query with these flags, and no such name where that is an answer. */
static void
reply_denied(const struct qn_upstream_query *query, const char *flags)
{
	char question[NAME_LEN];

	snprintf(
	    question, sizeof(question), "question %s A", test_name_text(&query->question->name));
	stage_reply(query->slot, (const char *const[]){question, flags, NULL});
}

/* Who refuses EDNS is spared it for an hour, however often it is asked meanwhile. */
TEST(upstream_tries_edns_again)
{
	struct qn_upstream_query query;

	stage_delegate("plain.test", (const char *const[]){"192.0.2.7", NULL});
	query = asked_plainly("plain.test", 0, true);
	reply_denied(&query, "flags qr FORMERR");
	assert_true(stage_take(&query));
	assert_false(query.edns);
	reply_denied(&query, "flags qr aa NXDOMAIN");
	stage.now_us += QN_MANNERS_US / 2;
	query = asked_plainly("plain.test", 1, false);
	reply_denied(&query, "flags qr aa NXDOMAIN");
	stage.now_us += QN_MANNERS_US / 2;
	query = asked_plainly("plain.test", 2, true);
	reply_denied(&query, "flags qr aa NXDOMAIN");
	assert_int_equal(stage_answers(), 3);
}

/* A server is measured in the form that it understands, not in that of the one that answered. */
TEST(upstream_probes_with_edns)
{
	struct qn_upstream_query query;
	struct qn_address plain;

	stage_delegate("plain.test", (const char *const[]){"192.0.2.7", "192.0.2.8", NULL});
	query = asked_plainly("plain.test", 0, true);
	plain = query.server.address;
	reply_denied(&query, "flags qr FORMERR");
	assert_true(stage_take(&query));
	assert_true(qn_address_equal(&query.server.address, &plain));
	reply_denied(&query, "flags qr aa NXDOMAIN");
	query = asked_plainly("plain.test", 1, false);
	assert_true(qn_address_equal(&query.server.address, &plain));
	reply_denied(&query, "flags qr aa NXDOMAIN");
	assert_true(stage_take(&query));
	assert_false(qn_address_equal(&query.server.address, &plain));
	assert_true(query.edns);
}

/* An answer of 256 records is kept; one of more is told, and asked for again. */
TEST(upstream_keeps_no_answer_of_many_records)
{
	static char records[QN_STORE_RECORD_MAX + 1][NAME_LEN];
	static const char *lines[QN_STORE_RECORD_MAX + 4];

	stage_delegate("many.test", (const char *const[]){"192.0.2.7", NULL});
	lines[0] = "question www.many.test A";
	lines[1] = "flags qr aa";
	for (unsigned i = 0; i <= QN_STORE_RECORD_MAX; i++) {
		snprintf(
		    records[i], NAME_LEN, "answer www.many.test 60 A 10.0.%u.%u", i / 256, i % 256);
		lines[2 + i] = records[i];
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_true(stage_ask("www.many.test A"));
		stage_reply(stage_sent("192.0.2.7", "www.many.test. A"), lines);
		assert_int_equal(stage_answers(), 1);
		assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
	}
	lines[2 + QN_STORE_RECORD_MAX] = NULL;
	assert_true(stage_ask("www.many.test A"));
	stage_reply(stage_sent("192.0.2.7", "www.many.test. A"), lines);
	assert_true(stage_ask("www.many.test A"));
	stage_silent();
	assert_int_equal(stage_answers(), 2);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, stage_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_STAGE(upstream_takes_a_late_reply),
	    ON_STAGE(upstream_persists_while_clients_wait),
	    ON_STAGE(upstream_gives_the_dead_up),
	    ON_STAGE(upstream_bounds_the_late),
	    ON_STAGE(upstream_bounds_one_address),
	    ON_STAGE(upstream_bounds_the_rate_of_a_zone),
	    ON_STAGE(upstream_shares_the_rate_of_a_zone),
	    ON_STAGE(upstream_takes_aliases_for_new),
	    ON_STAGE(upstream_lets_begun_end),
	    ON_STAGE(upstream_bounds_the_rate_of_an_address),
	    ON_STAGE(upstream_bounds_the_rate_whatever_the_ttl),
	    ON_STAGE(upstream_tries_edns_again),
	    ON_STAGE(upstream_probes_with_edns),
	    ON_STAGE(upstream_keeps_no_answer_of_many_records),
	};

	return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
