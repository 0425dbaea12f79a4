/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single records: what is taken from a line, and the sentence for what is none.
 */
#include "support/message.h"
#include "zonefile/record.h"

#include <stdio.h>
#include <string.h>

/* The record of a line in the zone corp.example, or what was said. */
static const char *
text_of(const char *line)
{
	static char error[QN_RECORD_ERROR_MAX];
	const struct qn_name origin = test_name("corp.example");
	uint8_t room[QN_ZONE_SET_LEN_MAX + 2];
	struct qn_rrset rrset = {.class = QN_CLASS_IN, .count = 1};
	struct qn_record_text record;
	size_t len = 0;

	if (!qn_record_read(&record, line, &origin, 77, error))
		return error;
	rrset.owner = record.owner;
	rrset.type = record.type;
	rrset.ttl_s = record.ttl_s;
	assert_true(qn_rdatas_append((struct qn_span){room, sizeof(room)}, &len,
	    (struct qn_view){record.rdata, record.rdata_len}));
	rrset.rdatas = (struct qn_view){room, len};
	return test_rrset_text(&rrset, 0);
}

TEST(records)
{
	static const char *const cases[][2] = {
	    {"www 300 IN A 192.0.2.1", "www.corp.example. 300 A 192.0.2.1"},
	    {"www A 192.0.2.1 ; comment", "www.corp.example. 77 A 192.0.2.1"},
	    {"www\t1h\tAAAA\t2001:db8::1", "www.corp.example. 3600 AAAA 2001:db8::1"},
	    {"@ NS ns", "corp.example. 77 NS ns.corp.example."},
	    {"www CNAME @", "www.corp.example. 77 CNAME corp.example."},
	    {"www.other. CNAME x.other.", "www.other. 77 CNAME x.other."},
	    {"*.w\\.x A 192.0.2.1", "*.w\\.x.corp.example. 77 A 192.0.2.1"},
	    {"www TXT \"a b\"", "www.corp.example. 77 TXT a b"},
	    {"www TYPE1 \\# 4 c0000201", "www.corp.example. 77 A 192.0.2.1"},
	    {"www TYPE999 \\# 0", "www.corp.example. 77 TYPE999 \\# "},
	    {"www MX 10 m", "www.corp.example. 77 MX \\# "
			    "000a016d04636f7270076578616d706c6500"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(text_of(cases[i][0]), cases[i][1]);
}

TEST(no_records)
{
	static const char *const cases[][2] = {
	    {"", "Syntax error, could not parse the RR"},
	    {" A 192.0.2.1", "the owner is missing; \"@\" stands for the zone's own name"},
	    {"www A 192.0.2", "Syntax error, could not parse the RR's rdata"},
	    {"www A 192.0.2.1 192.0.2.2", "Syntax error, superfluous text present"},
	    {"www CH TXT x", "only class IN is known here"},
	    {"www TYPE41 \\# 0", "no zone can have a record of this type"},
	    {"www TYPE0 \\# 0", "no zone can have a record of this type"},
	    {"www TYPE255 \\# 0", "no zone can have a record of this type"},
	    {"www 2147483648 A 192.0.2.1", "the TTL is over 2147483647"},
	    {"www TYPE47 \\# 0", "the data does not have the form of its type"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(text_of(cases[i][0]), cases[i][1]);
}

TEST(data_has_a_limit)
{
	char line[2 * QN_ZONE_SET_LEN_MAX + 64];
	int at = snprintf(line, sizeof(line), "www TYPE999 \\# %d ", QN_ZONE_SET_LEN_MAX + 1);

	for (int i = 0; i <= QN_ZONE_SET_LEN_MAX; i++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "00");
	assert_string_equal(text_of(line), "the data is longer than 4096 octets");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records),
	    cmocka_unit_test(no_records),
	    cmocka_unit_test(data_has_a_limit),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
