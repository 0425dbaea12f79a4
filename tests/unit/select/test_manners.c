/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/manners.h"
#include "support/test.h"

#include <string.h>

static struct qn_manners_table
table_new(uint32_t row_count)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[1u << 20];
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	struct qn_manners_table table;

	qn_manners_init(&table, &arena, row_count, (struct qn_hash_key){3, 4});
	return table;
}

static struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return address;
}

static struct qn_now
at_s(uint64_t s)
{
	return test_now_us(s * QN_US_PER_S);
}

TEST(manners_are_remembered)
{
	struct qn_manners_table table = table_new(64);
	const struct qn_address one = address_of("192.0.2.1");
	const struct qn_address two = address_of("192.0.2.2");
	const uint8_t cookie[QN_SERVER_COOKIE_MAX] = {1, 2, 3};
	const struct qn_manners *row;

	assert_null(qn_manners_find(&table, &one));
	qn_manners_set_no_edns(&table, &one, at_s(1));
	qn_manners_set_no_case(&table, &two, at_s(1));
	qn_manners_set_cookie(&table, &two, (struct qn_view){cookie, sizeof(cookie)}, at_s(1));
	row = qn_manners_find(&table, &one);
	assert_true(!qn_manners_edns(row, at_s(1)) && qn_manners_case(row, at_s(1)));
	assert_int_equal(row->cookie_len, 0);
	row = qn_manners_find(&table, &two);
	assert_true(qn_manners_edns(row, at_s(1)) && !qn_manners_case(row, at_s(1)));
	assert_int_equal(row->cookie_len, sizeof(cookie));
	assert_memory_equal(row->cookie, cookie, sizeof(cookie));
	/* A shorter one takes its place. */
	qn_manners_set_cookie(&table, &two, (struct qn_view){cookie, 8}, at_s(1));
	assert_int_equal(row->cookie_len, 8);
}

/* The same leading octets in both families are two servers. */
TEST(manners_tell_families_apart)
{
	struct qn_manners_table table = table_new(64);
	const struct qn_address ipv4 = address_of("192.0.2.1");
	const struct qn_address ipv6 = address_of("c000:201::");

	qn_manners_set_no_edns(&table, &ipv4, at_s(1));
	assert_null(qn_manners_find(&table, &ipv6));
	qn_manners_set_no_case(&table, &ipv6, at_s(1));
	assert_false(qn_manners_edns(qn_manners_find(&table, &ipv4), at_s(1)));
	assert_true(qn_manners_edns(qn_manners_find(&table, &ipv6), at_s(1)));
}

/* One set of four: who was used longest ago makes room, and leaves nothing to the next. */
TEST(manners_of_the_least_used_are_forgotten)
{
	struct qn_manners_table table = table_new(4);
	struct qn_address addresses[5];

	for (uint8_t i = 0; i < COUNT_OF(addresses); i++)
		addresses[i] = qn_address_ipv4((const uint8_t[]){192, 0, 2, i});
	for (uint8_t i = 0; i < 4; i++)
		qn_manners_set_no_edns(&table, &addresses[i], at_s(10 + i));
	qn_manners_set_no_edns(&table, &addresses[0], at_s(20));
	qn_manners_set_no_case(&table, &addresses[4], at_s(21));
	for (uint8_t i = 0; i < COUNT_OF(addresses); i++)
		assert_int_equal(qn_manners_find(&table, &addresses[i]) != NULL, i != 1);
	assert_true(qn_manners_edns(qn_manners_find(&table, &addresses[4]), at_s(21)));
}

TEST(manners_take_the_memory_they_promise)
{
	static const uint32_t counts[] = {1, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4096};

	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct qn_arena arena = qn_arena_measure();
		struct qn_manners_table table;

		qn_manners_init(&table, &arena, counts[i], (struct qn_hash_key){3, 4});
		assert_true(arena.used >= counts[i] * sizeof(struct qn_manners));
	}
}

/* What was learned in one bad moment is tried again after an hour. */
TEST(manners_are_tried_again)
{
	const struct qn_address address = address_of("192.0.2.1");
	struct qn_manners_table table = table_new(64);
	const struct qn_manners *row;

	qn_manners_set_no_edns(&table, &address, at_s(1));
	qn_manners_set_no_case(&table, &address, at_s(2));
	row = qn_manners_find(&table, &address);
	assert_false(qn_manners_edns(row, at_s(3600)));
	assert_true(qn_manners_edns(row, at_s(3601)));
	assert_false(qn_manners_case(row, at_s(3601)));
	assert_true(qn_manners_case(row, at_s(3602)));
	assert_true(qn_manners_edns(NULL, at_s(1)) && qn_manners_case(NULL, at_s(1)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(manners_are_remembered),
	    cmocka_unit_test(manners_tell_families_apart),
	    cmocka_unit_test(manners_of_the_least_used_are_forgotten),
	    cmocka_unit_test(manners_take_the_memory_they_promise),
	    cmocka_unit_test(manners_are_tried_again),
	};

	return cmocka_run_group_tests_name("manners", tests, NULL, NULL);
}
