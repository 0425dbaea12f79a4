/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits that questions run into: of pages for long answers.
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
	    ON_STAGE(limits_of_long_answers_are_not_remembered),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
