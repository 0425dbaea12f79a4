/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records as text for people.
 */
#include "support/test.h"
#include "zonefile/present.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint8_t room[512];
static char said[1024];

static void
note(void *context, enum qn_section section, const char *record)
{
	const size_t used = strlen(said);

	assert_ptr_equal(context, said);
	snprintf(said + used, sizeof(said) - used, "%d %s\n", (int)section, record);
}

static void
write_text_record(struct qn_writer *writer, const char *owner, uint16_t type, const char *rdata)
{
	const struct qn_name name = test_name(owner);

	qn_write_record(writer, &name, type, QN_CLASS_IN, 300, test_octets(rdata));
}

TEST(hands_over_records_section_by_section)
{
	struct qn_writer writer = qn_writer_of((struct qn_span){room, sizeof(room)});

	qn_write_header(&writer, 7, QN_FLAG_QR, 0);
	write_text_record(&writer, "a.example.", QN_TYPE_A, "\x41\x42\x43\x44");
	write_text_record(&writer, "a b.example.", QN_TYPE_TXT, "\x05he\"lo");
	write_text_record(&writer, "c.example.", 65280, "\x41\x42");
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 2);
	qn_write_section_count(&writer, QN_SECTION_ADDITIONAL, 1);
	assert_false(writer.overflowed);

	said[0] = '\0';
	assert_int_equal(
	    qn_present_message((struct qn_view){writer.data, writer.at}, note, said), 0);
	assert_string_equal(said, "0 a.example. 300 IN A 65.66.67.68\n"
				  "0 a\\032b.example. 300 IN TXT \"he\\\"lo\"\n"
				  "2 c.example. 300 IN TYPE65280 \\# 2 4142\n");
}

TEST(says_when_there_is_no_message)
{
	said[0] = '\0';
	assert_int_equal(qn_present_message(test_octets("short"), note, said), -EBADMSG);
	assert_string_equal(said, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hands_over_records_section_by_section),
	    cmocka_unit_test(says_when_there_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
