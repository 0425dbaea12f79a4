/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies of the daemon as a person gets to see them.
 */
#include "print.h"
#include "support/test.h"

#include <stdlib.h>

static void
assert_prints(
    void (*print)(const json_t *reply, FILE *out), const char *reply_text, const char *expected)
{
	json_t *reply = json_loads(reply_text, 0, NULL);
	char *printed = NULL;
	size_t printed_len;
	FILE *out = open_memstream(&printed, &printed_len);

	assert_non_null(reply);
	assert_non_null(out);
	print(reply, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(printed, expected);
	free(printed);
	json_decref(reply);
}

TEST(values_are_aligned)
{
	assert_prints(print_reply,
	    "{\"state\": \"running\", \"pid\": 17, \"uptime_s\": 12.3456,"
	    " \"hugepages\": true, \"vlan\": null}",
	    "state      running\n"
	    "pid        17\n"
	    "uptime_s   12.3\n"
	    "hugepages  yes\n"
	    "vlan       -\n");
}

TEST(what_is_inside_is_indented)
{
	assert_prints(print_reply,
	    "{\"memory\": {\"a\": 1, \"long\": 2}, \"answer\": [\"x\", \"y\"], \"none\": [],"
	    " \"workers\": [{\"core\": 1}, {\"core\": 2}]}",
	    "memory\n"
	    "  a     1\n"
	    "  long  2\n"
	    "answer   x, y\n"
	    "none     \n"
	    "workers\n"
	    "  core  1\n"
	    "\n"
	    "  core  2\n");
}

TEST(statistics_are_a_table_without_zeros)
{
	assert_prints(print_stats,
	    "{\"totals\": {\"cache_hits\": 1234567, \"zero\": 0, \"b\": 7},"
	    " \"workers\": [{\"core\": 1, \"cache_hits\": 1234560, \"zero\": 0, \"b\": 0},"
	    "               {\"core\": 12, \"cache_hits\": 7, \"zero\": 0, \"b\": 7}]}",
	    "              total   core 1  core 12\n"
	    "cache_hits  1234567  1234560        7\n"
	    "b                 7        0        7\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_aligned),
	    cmocka_unit_test(what_is_inside_is_indented),
	    cmocka_unit_test(statistics_are_a_table_without_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
