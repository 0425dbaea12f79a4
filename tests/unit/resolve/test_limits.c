/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits that questions run into: of clients that wait, of nesting, of pages for long answers.
 */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#define TASK_MAX 64
#define NAME_LEN 64

/* Pages that an answer can be put together in that does not fit a small one (resolve/task.h). */
#define LARGE_MAX 16

/* As many strings as make an answer that needs a large page. */
#define LONG_COUNT 20
#define STRING_LEN 250
#define ANSWER_LEN (NAME_LEN + STRING_LEN + 16)

static int
open_stage(void **state)
{
	(void)state;
	stage_open(TASK_MAX, TASK_MAX);
	stage_delegate("long.test", (const char *const[]){"192.0.2.7", NULL});
	return 0;
}

/* So many wait for one question, and all of them get its answer; who comes then is turned away. */
TEST(limits_of_clients_that_wait)
{
	for (unsigned i = 0; i < QN_RESOLVE_ASKER_MAX; i++)
		assert_true(stage_ask("www.long.test A"));
	assert_false(stage_ask("www.long.test A"));
	assert_int_equal(STAGE_COUNTER(tasks_joined), QN_RESOLVE_ASKER_MAX - 1);
	assert_int_equal(STAGE_COUNTER(tasks_shed), 1);
	/* Another question has places of its own. */
	assert_true(stage_ask("www.long.test AAAA"));
	STAGE_REPLY(stage_sent("192.0.2.7", "www.long.test. A"), "www.long.test A", "flags qr aa",
	    "answer www.long.test 60 A 203.0.113.1");
	assert_int_equal(stage_answers(), QN_RESOLVE_ASKER_MAX);
	assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
	assert_true(stage_ask("www.long.test A"));
}

/* Zones 0 to `count` - 1, each of which has its only nameserver in the next. */
static void
delegate_nested(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char zone[NAME_LEN], server[NAME_LEN];

		snprintf(zone, sizeof(zone), "z%u.test", i);
		snprintf(server, sizeof(server), "ns.z%u.test", i + 1);
		stage_delegate_names(zone, (const char *const[]){server, NULL});
	}
}

/* The deepest nameserver that is still looked up: the question for it is sent. */
TEST(limits_of_nesting_are_reached)
{
	delegate_nested(QN_RESOLVE_DEPTH_MAX);
	stage_delegate("z8.test", (const char *const[]){"192.0.2.8", NULL});
	assert_true(stage_ask("www.z0.test A"));
	stage_wait_ms(1);
	(void)stage_sent("192.0.2.8", "ns.z8.test. A");
	assert_int_equal(STAGE_COUNTER(lookups), QN_RESOLVE_DEPTH_MAX);
	assert_int_equal(STAGE_COUNTER(lookup_depth), 0);
}

/* One deeper, and it is given up; of the deepest name, which others may ask for, nothing is kept. */
TEST(limits_of_nesting_are_kept)
{
	delegate_nested(QN_RESOLVE_DEPTH_MAX + 1);
	stage_delegate("z9.test", (const char *const[]){"192.0.2.9", NULL});
	assert_true(stage_ask("www.z0.test A"));
	stage_wait_ms(1);
	stage_silent();
	assert_int_equal(STAGE_COUNTER(lookups), QN_RESOLVE_DEPTH_MAX);
	assert_int_equal(STAGE_COUNTER(lookup_depth), 1);
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);
	assert_false(stage_remembers_failure("ns.z8.test A"));
	/* It is not nested for who asks for it. */
	assert_true(stage_ask("ns.z8.test A"));
	(void)stage_sent("192.0.2.9", "ns.z9.test. A");
}

/* Gives "NAME TXT" an answer that is longer than a small page. */
static void
reply_at_length(uint32_t slot, const char *name)
{
	static char question[NAME_LEN + 16], answers[LONG_COUNT][ANSWER_LEN];
	const char *lines[LONG_COUNT + 3] = {question, "flags qr aa"};

	snprintf(question, sizeof(question), "question %s TXT", name);
	for (unsigned i = 0; i < LONG_COUNT; i++) {
		const int len = snprintf(answers[i], sizeof(answers[i]), "answer %s 60 TXT ", name);

		memset(answers[i] + len, 'a' + (int)i, STRING_LEN);
		answers[i][len + STRING_LEN] = 0;
		lines[2 + i] = answers[i];
	}
	stage_reply(slot, lines);
}

/* Asks for what has a long answer; the client does not fetch it yet. */
static void
ask_at_length(unsigned number)
{
	char name[NAME_LEN], question[NAME_LEN + 16];
	struct qn_upstream_query query;

	snprintf(name, sizeof(name), "n%u.long.test", number);
	snprintf(question, sizeof(question), "%s TXT", name);
	assert_true(stage_ask(question));
	assert_true(stage_take(&query));
	reply_at_length(query.slot, name);
}

/* That there is no page for an answer is no failure of its name: the next one may have one. */
TEST(limits_of_long_answers_are_not_remembered)
{
	for (unsigned i = 0; i < LARGE_MAX; i++)
		ask_at_length(i);
	assert_int_equal(qn_resolver_gauges(stage.resolver).large_pages, LARGE_MAX);
	assert_int_equal(STAGE_COUNTER(tasks_failed), 0);
	ask_at_length(LARGE_MAX);
	assert_int_equal(STAGE_COUNTER(tasks_failed), 1);
	assert_int_equal(STAGE_COUNTER(tasks_shed), 1);
	assert_int_equal(stage_answers(), LARGE_MAX + 1);
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);
	assert_false(stage_remembers_failure("n16.long.test TXT"));
	/* All pages are free again. */
	assert_int_equal(qn_resolver_gauges(stage.resolver).large_pages, 0);
	ask_at_length(LARGE_MAX + 1);
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_NOERROR);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, open_stage, stage_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_STAGE(limits_of_clients_that_wait),
	    ON_STAGE(limits_of_nesting_are_reached),
	    ON_STAGE(limits_of_nesting_are_kept),
	    ON_STAGE(limits_of_long_answers_are_not_remembered),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
