/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/list.h"
#include "support/test.h"

struct item {
	int number;
	struct qn_list link;
};

/* Fails unless the list, walked both ways, holds just `numbers`. */
static void
assert_numbers(const struct qn_list *list, const int *numbers, size_t count)
{
	const struct qn_list *link = list->next;

	for (size_t i = 0; i < count; i++, link = link->next)
		assert_int_equal(qn_list_entry(link, struct item, link)->number, numbers[i]);
	assert_ptr_equal(link, list);
	link = list->prev;
	for (size_t i = count; i > 0; i--, link = link->prev)
		assert_int_equal(qn_list_entry(link, struct item, link)->number, numbers[i - 1]);
	assert_ptr_equal(link, list);
	assert_int_equal(qn_list_empty(list), count == 0);
}

#define ASSERT_NUMBERS(list, ...) \
	assert_numbers(           \
	    list, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

/* Items numbered 0, 1, 2 and so on, all in `list`. */
static void
items_append(struct qn_list *list, struct item *items, int first, int count)
{
	qn_list_init(list);
	for (int i = 0; i < count; i++) {
		items[i].number = first + i;
		qn_list_append(list, &items[i].link);
	}
}

TEST(list_starts_empty)
{
	struct qn_list list;

	qn_list_init(&list);
	assert_numbers(&list, NULL, 0);
	assert_null(qn_list_pop(&list));
}

TEST(list_keeps_the_order_of_appending)
{
	struct qn_list list;
	struct item items[3];

	items_append(&list, items, 0, 3);
	ASSERT_NUMBERS(&list, 0, 1, 2);
}

TEST(list_removes_anywhere_and_twice)
{
	struct qn_list list;
	struct item items[4];

	items_append(&list, items, 0, 4);
	qn_list_remove(&items[1].link);
	ASSERT_NUMBERS(&list, 0, 2, 3);
	qn_list_remove(&items[0].link);
	ASSERT_NUMBERS(&list, 2, 3);
	qn_list_remove(&items[3].link);
	qn_list_remove(&items[3].link);
	ASSERT_NUMBERS(&list, 2);
	qn_list_remove(&items[2].link);
	assert_numbers(&list, NULL, 0);
}

TEST(list_pops_from_the_front)
{
	struct qn_list list;
	struct item items[2];

	items_append(&list, items, 0, 2);
	assert_ptr_equal(qn_list_pop(&list), &items[0].link);
	assert_true(qn_list_empty(&items[0].link));
	assert_ptr_equal(qn_list_pop(&list), &items[1].link);
	assert_null(qn_list_pop(&list));
}

TEST(list_splices_behind)
{
	struct qn_list to, from, nothing;
	struct item some[2], more[3];

	items_append(&to, some, 0, 2);
	items_append(&from, more, 2, 3);
	qn_list_init(&nothing);
	qn_list_splice(&to, &nothing);
	ASSERT_NUMBERS(&to, 0, 1);
	qn_list_splice(&to, &from);
	ASSERT_NUMBERS(&to, 0, 1, 2, 3, 4);
	assert_numbers(&from, NULL, 0);
	qn_list_splice(&nothing, &to);
	ASSERT_NUMBERS(&nothing, 0, 1, 2, 3, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(list_starts_empty),
	    cmocka_unit_test(list_keeps_the_order_of_appending),
	    cmocka_unit_test(list_removes_anywhere_and_twice),
	    cmocka_unit_test(list_pops_from_the_front),
	    cmocka_unit_test(list_splices_behind),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
