/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies of the daemon as a person gets to see them.
 */
#include "print.h"
#include "print_servers.h"
#include "print_trace.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

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

TEST(statistics_of_streams_have_no_worker)
{
	assert_prints(print_stats,
	    "{\"totals\": {\"cache_hits\": 7},"
	    " \"workers\": [{\"core\": 1, \"cache_hits\": 7}],"
	    " \"streams\": {\"stream_held\": 0, \"stream_answers\": 1234}}",
	    "                total  core 1\n"
	    "cache_hits          7       7\n"
	    "stream_answers   1234\n");
}

/* Prints a trace of w.t. A; head and steps are in single quotes, which C leaves alone. */
static void
assert_prints_trace(const char *head, const char *const *steps, const char *expected)
{
	char *text = NULL;
	size_t text_len;
	FILE *out = open_memstream(&text, &text_len);

	assert_non_null(out);
	fprintf(out, "{'name': 'w.t.', 'type': 'A', %s, 'steps': [", head);
	for (size_t i = 0; steps[i] != NULL; i++)
		fprintf(out, "%s{'type': 'A', %s}", i == 0 ? "" : ", ", steps[i]);
	fputs("]}", out);
	assert_int_equal(fclose(out), 0);
	for (char *at = strchr(text, '\''); at != NULL; at = strchr(at, '\''))
		*at = '"';
	assert_prints(print_trace, text, expected);
	free(text);
}

TEST(a_trace_is_a_table_from_top_to_bottom)
{
	static const char *const steps[] = {
	    "'at_ms': 0.0, 'depth': 0, 'step': 'question', 'name': 'w.t.'",
	    "'at_ms': 0.04, 'depth': 0, 'step': 'query', 'name': 't.', 'minimized': true,"
	    " 'zone': '.', 'server': '192.0.2.1', 'port': 53, 'transport': 'udp', 'edns': true,"
	    " 'outcome': 'reply', 'took_ms': 1.26, 'verdict': 'referral', 'rcode': 'NOERROR',"
	    " 'target': 't.'",
	    "'at_ms': 1.3, 'depth': 1, 'step': 'question', 'name': 'n.f.'",
	    "'at_ms': 1.3, 'depth': 1, 'step': 'cache', 'name': 'n.f.', 'verdict': 'alias',"
	    " 'target': 'a.f.'",
	    "'at_ms': 1.3, 'depth': 1, 'step': 'end', 'name': 'n.f.', 'rcode': 'NXDOMAIN'",
	    "'at_ms': 1.3, 'depth': 1, 'step': 'joined', 'name': 'b.f.'",
	    "'at_ms': 1.3, 'depth': 1, 'step': 'skipped', 'name': 'c.f.', 'why': 'too deep'",
	    "'at_ms': 1.4, 'depth': 0, 'step': 'query', 'name': 'w.t.', 'minimized': false,"
	    " 'zone': 't.', 'server': 'fd::1', 'port': 5353, 'transport': 'udp',"
	    " 'edns': false, 'outcome': 'timeout', 'took_ms': 400.0",
	    "'at_ms': 401.4, 'depth': 0, 'step': 'query', 'name': 'w.t.', 'minimized': false,"
	    " 'zone': 't.', 'server': '192.0.2.2', 'port': 53, 'transport': 'tcp',"
	    " 'edns': true, 'outcome': 'reply', 'took_ms': 2.0, 'verdict': 'refused',"
	    " 'rcode': 'REFUSED'",
	    "'at_ms': 403.4, 'depth': 0, 'step': 'query', 'name': 'w.t.', 'minimized': false,"
	    " 'zone': 't.', 'server': '192.0.2.3', 'port': 53, 'transport': 'udp',"
	    " 'edns': true, 'outcome': 'reply', 'took_ms': 2.0, 'verdict': 'negative',"
	    " 'rcode': 'NXDOMAIN'",
	    "'at_ms': 405.4, 'depth': 0, 'step': 'query', 'name': 'w.t.', 'minimized': false,"
	    " 'zone': 't.', 'server': '192.0.2.4', 'port': 53, 'transport': 'udp',"
	    " 'edns': true, 'outcome': 'suspect', 'took_ms': 3.0",
	    "'at_ms': 408.4, 'depth': 0, 'step': 'query', 'name': 'w.t.', 'minimized': false,"
	    " 'zone': 't.', 'server': '192.0.2.4', 'port': 53, 'transport': 'tcp',"
	    " 'edns': true, 'outcome': 'pending'",
	    "'at_ms': 10000.0, 'depth': 0, 'step': 'end', 'name': 'w.t.', 'rcode': 'SERVFAIL',"
	    " 'ede': 22",
	    NULL,
	};

	assert_prints_trace("'dropped': false, 'rcode': 'SERVFAIL', 'ede': 22, 'lost_steps': 2",
	    steps,
	    "w.t. A: SERVFAIL, EDE 22 after 10000.0 ms\n"
	    "\n"
	    "  at ms  question            zone  server      over             ms  result\n"
	    "    0.0  w.t. A\n"
	    "    0.0    t. A (minimized)  .     192.0.2.1   udp             1.3  referral to t.\n"
	    "    1.3      n.f. A\n"
	    "    1.3      n.f. A                                                 cache: alias to "
	    "a.f.\n"
	    "    1.3      n.f. A                                                 NXDOMAIN\n"
	    "    1.3      b.f. A                                                 is being looked "
	    "up already\n"
	    "    1.3      c.f. A                                                 not looked up: "
	    "too deep\n"
	    "    1.4    w.t. A            t.    fd::1@5353  udp, no EDNS  400.0  timeout\n"
	    "  401.4    w.t. A            t.    192.0.2.2   tcp             2.0  refused\n"
	    "  403.4    w.t. A            t.    192.0.2.3   udp             2.0  negative, "
	    "NXDOMAIN\n"
	    "  405.4    w.t. A            t.    192.0.2.4   udp             3.0  suspect: asked "
	    "again over TCP\n"
	    "  408.4    w.t. A            t.    192.0.2.4   tcp                  no reply yet\n"
	    "10000.0  w.t. A                                                     SERVFAIL, EDE 22\n"
	    "and 2 steps more\n");
}

TEST(nameservers_are_a_table)
{
	assert_prints(print_servers,
	    "{\"found\": true, \"zone\": \"example.\", \"servers\": ["
	    "{\"address\": \"192.0.2.1\", \"server\": \"a.example.\", \"rtt_ms\": 8.25,"
	    " \"p95_ms\": 9.0, \"loss_percent\": 0.0, \"useless_percent\": 0.0,"
	    " \"timeouts\": 0, \"heard_s\": 1.5, \"why\": \"good\"},"
	    "{\"address\": \"2001:db8::1\", \"server\": \"b.example.\","
	    " \"loss_percent\": 12.5, \"useless_percent\": 0.0, \"timeouts\": 3,"
	    " \"why\": \"never asked\"}]}",
	    "servers of example., best first\n"
	    "\n"
	    "address      server      rtt ms  95 % ms  lost %  useless %  heard s ago  standing\n"
	    "192.0.2.1    a.example.     8.2      9.0     0.0        0.0          1.5  good\n"
	    "2001:db8::1  b.example.                     12.5        0.0               never "
	    "asked\n");
	assert_prints(print_servers,
	    "{\"addresses\": 7, \"servers\": [{\"address\": \"192.0.2.1\"}]}",
	    "7 addresses are known; 1 of them:\n"
	    "\n"
	    "address    server  rtt ms  95 % ms  lost %  useless %  heard s ago  standing\n"
	    "192.0.2.1\n");
	assert_prints(print_servers,
	    "{\"found\": true, \"zones_avoided\": 2, \"servers\": [{\"why\": \"good\"}]}",
	    "avoided for 2 zones\n"
	    "\n"
	    "address  server  rtt ms  95 % ms  lost %  useless %  heard s ago  standing\n"
	    "                                                                  good\n");
	assert_prints(print_servers, "{\"found\": false, \"servers\": []}", "nothing is known\n");
}

TEST(what_local_data_answer_is_one_step)
{
	static const char *const steps[] = {
	    "'at_ms': 0.0, 'depth': 0, 'step': 'local', 'name': 'w.t.', 'verdict': 'answer'", NULL};

	assert_prints_trace("'dropped': false, 'rcode': 'NOERROR', 'lost_steps': 0", steps,
	    "w.t. A: NOERROR after 0.0 ms\n"
	    "\n"
	    "at ms  question  zone  server  over  ms  result\n"
	    "  0.0  w.t. A                            local data: answer\n");
	assert_prints_trace(
	    "'dropped': true, 'lost_steps': 0", &steps[1], "w.t. A: dropped by local data\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_aligned),
	    cmocka_unit_test(what_is_inside_is_indented),
	    cmocka_unit_test(statistics_are_a_table_without_zeros),
	    cmocka_unit_test(statistics_of_streams_have_no_worker),
	    cmocka_unit_test(a_trace_is_a_table_from_top_to_bottom),
	    cmocka_unit_test(nameservers_are_a_table),
	    cmocka_unit_test(what_local_data_answer_is_one_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
