/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zones whose nameservers have no addresses: for how long that is remembered, and when not.
 */
#include "stage.h"

#include <stdio.h>

#define SERVER_COUNT 8
#define NAME_LEN     64

/* "glueless.test" has eight nameservers in "dead.test", which 192.0.2.9 serves. */
static void
begin(uint32_t task_max)
{
	static const char *const names[] = {"ns1.dead.test", "ns2.dead.test", "ns3.dead.test",
	    "ns4.dead.test", "ns5.dead.test", "ns6.dead.test", "ns7.dead.test", "ns8.dead.test",
	    NULL};

	stage_open(task_max, 64);
	stage_delegate("dead.test", (const char *const[]){"192.0.2.9", NULL});
	stage_delegate_names("glueless.test", names);
}

/* Lets 192.0.2.9 say `flags` to all that is asked; how many queries that were. */
static unsigned
deny_all(const char *flags)
{
	struct qn_upstream_query query;
	unsigned count = 0;

	while (stage_take(&query)) {
		char question[QN_NAME_TEXT_MAX + NAME_LEN];

		snprintf(question, sizeof(question), "question %s A",
		    test_name_text(&query.question->name));
		stage_reply(query.slot, (const char *const[]){question, flags, NULL});
		stage_wait_ms(1);
		count++;
	}
	return count;
}

static unsigned
ask_number(unsigned number, const char *flags)
{
	char question[NAME_LEN];
	unsigned count;

	snprintf(question, sizeof(question), "n%u.glueless.test A", number);
	assert_true(stage_ask(question));
	count = deny_all(flags);
	assert_int_equal(stage_answers(), 1);
	assert_int_equal(stage.rcode, QN_RCODE_SERVFAIL);
	return count;
}

/* Of eight names without an address no more than six are looked up, two at a time. */
TEST(unresolved_zones_are_given_up)
{
	begin(64);
	assert_int_equal(ask_number(0, "flags qr aa NXDOMAIN"), 6);
	assert_int_equal(STAGE_COUNTER(zones_unresolved), 1);
	/* That is remembered for the next name, at first for a second. */
	assert_int_equal(ask_number(1, "flags qr aa NXDOMAIN"), 0);
	assert_int_equal(STAGE_COUNTER(zones_unresolved), 1);
	assert_int_equal(STAGE_COUNTER(lookups), 6);
	stage_wait_ms(1100);
	assert_int_equal(ask_number(2, "flags qr aa NXDOMAIN"), 2);
	assert_int_equal(STAGE_COUNTER(zones_unresolved), 2);
}

/* Nothing is remembered where our own limits kept an address from being found. */
TEST(unresolved_zones_are_not_starved_ones)
{
	begin(1);
	assert_int_equal(ask_number(0, "flags qr aa NXDOMAIN"), 0);
	assert_int_equal(STAGE_COUNTER(zones_unresolved), 0);
}

/* Nor where what was remembered of single names kept us from asking again. */
TEST(unresolved_zones_are_not_made_of_memories)
{
	begin(64);
	for (unsigned i = 1; i <= SERVER_COUNT; i++) {
		char question[NAME_LEN];

		snprintf(question, sizeof(question), "ns%u.dead.test A", i);
		assert_true(stage_ask(question));
		(void)deny_all("flags qr REFUSED");
		assert_int_equal(stage_answers(), 1);
	}
	assert_int_equal(ask_number(0, "flags qr REFUSED"), 0);
	assert_int_equal(STAGE_COUNTER(zones_unresolved), 0);
}

#define ON_STAGE(test) cmocka_unit_test_teardown(test, stage_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_STAGE(unresolved_zones_are_given_up),
	    ON_STAGE(unresolved_zones_are_not_starved_ones),
	    ON_STAGE(unresolved_zones_are_not_made_of_memories),
	};

	return cmocka_run_group_tests_name("unresolved", tests, NULL, NULL);
}
