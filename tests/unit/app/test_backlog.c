/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that wait for their turn: in order, up to a bound, with room kept for replies.
 */
#include "backlog.h"
#include "support/test.h"

static bool
add(struct backlog *backlog, uint32_t number, bool is_query)
{
	return backlog_add(
	    backlog, &(struct backlog_entry){.mail = {{.len = number}, 0, is_query}});
}

static uint32_t
add_all(struct backlog *backlog, uint32_t first, bool is_query)
{
	uint32_t number = first;

	while (add(backlog, number, is_query))
		number++;
	return number;
}

TEST(packets_come_out_in_the_order_they_went_in)
{
	static struct backlog backlog;
	struct backlog_entry entry;
	uint32_t in = 0, out = 0;

	assert_false(backlog_take(&backlog, &entry));
	/* More than once round, at all fillings. */
	for (uint32_t round = 0; round < 3 * BACKLOG_MAX; round++) {
		assert_true(add(&backlog, in++, true));
		assert_true(add(&backlog, in++, false));
		assert_true(backlog_take(&backlog, &entry));
		assert_int_equal(entry.mail.packet.len, out++);
		if (backlog.count > BACKLOG_QUERY_MAX / 2)
			while (backlog_take(&backlog, &entry))
				assert_int_equal(entry.mail.packet.len, out++);
	}
}

TEST(queries_are_shed_before_replies)
{
	static struct backlog backlog;
	struct backlog_entry entry;
	uint32_t number = add_all(&backlog, 0, true);

	assert_int_equal(number, BACKLOG_QUERY_MAX);
	number = add_all(&backlog, number, false);
	assert_int_equal(number, BACKLOG_MAX);
	assert_false(add(&backlog, number, true));

	/* Queries have room again when so many of any kind are gone that they had it before. */
	for (uint32_t i = 0; i <= BACKLOG_MAX - BACKLOG_QUERY_MAX; i++) {
		assert_false(add(&backlog, number, true));
		assert_true(backlog_take(&backlog, &entry));
		assert_int_equal(entry.mail.packet.len, i);
		assert_int_equal(entry.mail.is_query, i < BACKLOG_QUERY_MAX);
	}
	assert_true(add(&backlog, number, true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(packets_come_out_in_the_order_they_went_in),
	    cmocka_unit_test(queries_are_shed_before_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
