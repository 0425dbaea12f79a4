/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "support/test.h"
#include "wire/message.h"
#include "wire/rdata.h"

#include <string.h>

#define QUESTION "03777777 076578616d706c65 03636f6d 00 0001 0001"
#define OPT      "00 0029 04d0 00008000 0000"
#define A_RECORD "c00c 0001 0001 0000012c 0004 c0000201"

static uint8_t message_room[1024];

/* Reads what the parts say, written behind each other; the parts end with a NULL. */
static enum qn_message_status
read_parts(struct qn_message *message, const char *const *parts)
{
	size_t len = 0;

	for (; *parts != NULL; parts++) {
		const struct qn_span room = {message_room + len, sizeof(message_room) - len};

		len += test_hex(room, *parts).len;
	}
	return qn_message_read(message, (struct qn_view){message_room, len});
}

#define READ(message, ...) read_parts(message, (const char *const[]){__VA_ARGS__, NULL})

TEST(message_of_a_query)
{
	struct qn_message message;

	assert_int_equal(
	    READ(&message, "1234 0120 0001 0000 0000 0001", QUESTION, OPT), QN_MESSAGE_OK);
	assert_int_equal(message.id, 0x1234);
	assert_int_equal(message.flags, QN_FLAG_RD | QN_FLAG_AD);
	assert_int_equal(message.question_count, 1);
	assert_int_equal(message.record_counts[QN_SECTION_ADDITIONAL], 1);
	assert_name_text(&message.question.name, "www.example.com.");
	assert_int_equal(message.question.type, QN_TYPE_A);
	assert_int_equal(message.question.class, QN_CLASS_IN);
	assert_int_equal(message.records_at, 12 + 21);
	assert_true(message.edns.present);
	assert_true(message.edns.dnssec_ok);
	assert_int_equal(message.edns.udp_size, 1232);
	assert_int_equal(message.bytes.len, 12 + 21 + 11);
}

TEST(message_without_question)
{
	struct qn_message message;

	assert_int_equal(READ(&message, "1234 8005 0000 0000 0000 0000"), QN_MESSAGE_OK);
	assert_int_equal(message.question_count, 0);
	assert_int_equal(QN_FLAGS_RCODE(message.flags), QN_RCODE_REFUSED);
	assert_false(message.edns.present);
}

TEST(message_keeps_the_first_question)
{
	struct qn_message message;

	assert_int_equal(
	    READ(&message, "0000 0000 0002 0000 0000 0000", QUESTION, "c010 001c 0003"),
	    QN_MESSAGE_OK);
	assert_int_equal(message.question_count, 2);
	assert_name_text(&message.question.name, "www.example.com.");
	assert_int_equal(message.question.type, QN_TYPE_A);
	assert_int_equal(READ(&message, "0000 0000 0002 0000 0000 0000", QUESTION, "c010 001c"),
	    QN_MESSAGE_NO_QUESTION);
	assert_int_equal(
	    READ(&message, "0000 0000 ffff 0000 0000 0000", QUESTION), QN_MESSAGE_NO_QUESTION);
}

TEST(message_without_header)
{
	struct qn_message message;

	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){NULL, 0}), QN_MESSAGE_NO_HEADER);
	for (size_t len = 0; len < QN_HEADER_LEN; len++)
		assert_int_equal(qn_message_read(&message, (struct qn_view){message_room, len}),
		    QN_MESSAGE_NO_HEADER);
}

/* With the header read, an error can still be told to whoever asked. */
TEST(message_with_broken_question)
{
	struct qn_message message;

	assert_int_equal(
	    READ(&message, "abcd 0100 0001 0000 0000 0001", "03777777"), QN_MESSAGE_NO_QUESTION);
	assert_int_equal(message.id, 0xabcd);
	assert_int_equal(message.flags, QN_FLAG_RD);
	assert_int_equal(message.question_count, 1);
	assert_false(message.edns.present);
	assert_int_equal(READ(&message, "abcd 0100 0001 0000 0000 0000", "c00c 0001 0001"),
	    QN_MESSAGE_NO_QUESTION);
}

TEST(message_with_bytes_behind)
{
	struct qn_message message;

	assert_int_equal(
	    READ(&message, "0000 0000 0001 0000 0000 0000", QUESTION, "00"), QN_MESSAGE_BROKEN);
	assert_name_text(&message.question.name, "www.example.com.");
	assert_int_equal(READ(&message, "0000 0000 0001 0000 0000 0001", QUESTION, OPT, "00"),
	    QN_MESSAGE_BROKEN);
}

TEST(message_opt_rules)
{
	struct qn_message message;

	/* Two of them. */
	assert_int_equal(
	    READ(&message, "0000 0000 0001 0000 0000 0002", QUESTION, OPT, OPT), QN_MESSAGE_BROKEN);
	/* In another section. */
	assert_int_equal(
	    READ(&message, "0000 0000 0001 0001 0000 0000", QUESTION, OPT), QN_MESSAGE_BROKEN);
	assert_int_equal(
	    READ(&message, "0000 0000 0001 0000 0001 0000", QUESTION, OPT), QN_MESSAGE_BROKEN);
	/* Owned by another name, and by the root through a pointer. */
	assert_int_equal(READ(&message, "0000 0000 0001 0000 0000 0001", QUESTION,
			     "c00c 0029 04d0 00000000 0000"),
	    QN_MESSAGE_BROKEN);
	assert_int_equal(READ(&message, "0000 0000 0001 0000 0000 0001", QUESTION,
			     "c01c 0029 04d0 00000000 0000"),
	    QN_MESSAGE_BROKEN);
	/* With broken options. */
	assert_int_equal(READ(&message, "0000 0000 0001 0000 0000 0001", QUESTION,
			     "00 0029 04d0 00000000 0003 000a 00"),
	    QN_MESSAGE_BROKEN);
	/* Between other records. */
	assert_int_equal(
	    READ(&message, "0000 0000 0001 0000 0000 0003", QUESTION, A_RECORD, OPT, A_RECORD),
	    QN_MESSAGE_OK);
	assert_true(message.edns.present);
}

TEST(message_rcode_takes_its_upper_bits_from_edns)
{
	struct qn_message message;

	assert_int_equal(
	    READ(&message, "0000 8007 0001 0000 0000 0001", QUESTION, "00 0029 04d0 01000000 0000"),
	    QN_MESSAGE_OK);
	assert_int_equal(qn_message_rcode(&message), QN_RCODE_BADCOOKIE);
	assert_int_equal(READ(&message, "0000 8003 0001 0000 0000 0000", QUESTION), QN_MESSAGE_OK);
	assert_int_equal(qn_message_rcode(&message), QN_RCODE_NXDOMAIN);
}

TEST(message_with_broken_records)
{
	static const char *const records[] = {
	    "",                                      /* None, though counted. */
	    "c0",                                    /* A cut owner. */
	    "c00c 0001 0001 0000012c 00",            /* A cut head. */
	    "c00c 0001 0001 0000012c 0004 c00002",   /* Cut rdata. */
	    "c00c 0001 0001 0000012c 0003 c00002",   /* Too short for its type. */
	    "c00c 0002 0001 0000012c 0002 c02d",     /* A name that points to itself. */
	    "c021 0001 0001 0000012c 0004 c0000201", /* An owner that does. */
	    "c00c 0001 0001 0000012c 0000",          /* Empty. */
	};
	struct qn_message message;

	for (size_t i = 0; i < COUNT_OF(records); i++)
		if (READ(&message, "0000 8000 0001 0001 0000 0000", QUESTION, records[i]) !=
		    QN_MESSAGE_BROKEN)
			fail_msg("taken for a record: %s", records[i]);
}

/* Dynamic update and its like use records without rdata, in classes of their own. */
TEST(message_other_classes_may_have_empty_rdata)
{
	struct qn_message message;

	assert_int_equal(READ(&message, "0000 2800 0001 0001 0001 0000", QUESTION,
			     "c00c 0001 00ff 00000000 0000", "c00c 0002 00fe 00000000 0000"),
	    QN_MESSAGE_OK);
}

/* Whatever a whole message is cut to, it is not whole any more. */
TEST(message_cut_anywhere)
{
	struct qn_message message;

	assert_int_equal(READ(&message, "1234 8180 0001 0001 0001 0002", QUESTION, A_RECORD,
			     "c010 0002 0001 00000e10 0005 026e73 c010", A_RECORD, OPT),
	    QN_MESSAGE_OK);
	const size_t len = message.bytes.len;

	for (size_t cut = 0; cut < len; cut++) {
		/* In memory of its own, so that a sanitizer sees reads behind it. */
		uint8_t *copy = test_malloc(cut + 1);

		memcpy(copy, message_room, cut);
		const enum qn_message_status status =
		    qn_message_read(&message, (struct qn_view){copy, cut});

		assert_int_equal(status, cut < QN_HEADER_LEN ? QN_MESSAGE_NO_HEADER
					 : cut < 12 + 21     ? QN_MESSAGE_NO_QUESTION
							     : QN_MESSAGE_BROKEN);
		test_free(copy);
	}
}

TEST(message_walk)
{
	static const struct {
		enum qn_section section;
		uint16_t type;
		uint16_t class;
		uint32_t ttl_s;
		const char *owner;
	} expected[] = {
	    {QN_SECTION_ANSWER, QN_TYPE_A, QN_CLASS_IN, 300, "www.example.com."},
	    {QN_SECTION_AUTHORITY, QN_TYPE_NS, QN_CLASS_IN, 3600, "example.com."},
	    {QN_SECTION_AUTHORITY, QN_TYPE_A, QN_CLASS_CH, 0x80000000, "com."},
	    {QN_SECTION_ADDITIONAL, QN_TYPE_A, QN_CLASS_IN, 300, "www.example.com."},
	};
	struct qn_message message;
	struct qn_record record;
	enum qn_section section;

	assert_int_equal(READ(&message, "1234 8180 0001 0001 0002 0002", QUESTION, A_RECORD,
			     "c010 0002 0001 00000e10 0005 026e73 c010",
			     "c018 0001 0003 80000000 0002 abcd", OPT, A_RECORD),
	    QN_MESSAGE_OK);
	struct qn_record_walk walk = qn_message_walk(&message);
	struct qn_record_walk bare_walk = walk;

	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		struct qn_record bare;

		assert_true(qn_record_next_bare(&bare_walk, &bare, &section));
		assert_int_equal(section, expected[i].section);
		assert_int_equal(bare.type, expected[i].type);
		qn_record_read_owner(&bare, message.bytes);
		assert_name_text(&bare.owner, expected[i].owner);
		assert_true(qn_record_next(&walk, &record, &section));
		assert_int_equal(record.rdata_at, bare.rdata_at);
		assert_int_equal(section, expected[i].section);
		assert_int_equal(record.type, expected[i].type);
		assert_int_equal(record.class, expected[i].class);
		assert_int_equal(record.ttl_s, expected[i].ttl_s);
		assert_name_text(&record.owner, expected[i].owner);
	}
	assert_int_equal(record.rdata_at + record.rdata_len, message.bytes.len);
	assert_false(qn_record_next(&walk, &record, &section));
	assert_false(qn_record_next(&walk, &record, &section));
}

TEST(message_walk_of_no_records)
{
	struct qn_message message;
	struct qn_record record;
	enum qn_section section;

	assert_int_equal(
	    READ(&message, "1234 0100 0001 0000 0000 0001", QUESTION, OPT), QN_MESSAGE_OK);
	struct qn_record_walk walk = qn_message_walk(&message);

	assert_false(qn_record_next(&walk, &record, &section));
}

static void
assert_written(const struct qn_writer *writer, const char *hex)
{
	uint8_t room[512];
	const struct qn_view expected = test_hex((struct qn_span){room, sizeof(room)}, hex);

	assert_false(writer->overflowed);
	assert_view_equal(((struct qn_view){writer->data, writer->at}), expected);
}

TEST(message_is_written)
{
	uint8_t buffer[512];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});
	const struct qn_question question = {test_name("wWw.eXample.com"), QN_TYPE_A, QN_CLASS_IN};
	const struct qn_name owner = test_name("www.example.com");
	const struct qn_name target = test_name("host.Example.com");

	qn_write_header(&writer, 0x1234, QN_FLAG_QR | QN_FLAG_RA, 1);
	qn_write_question(&writer, &question);
	qn_write_record(&writer, &owner, QN_TYPE_CNAME, QN_CLASS_IN, 300, qn_name_view(&target));
	qn_write_record(&writer, &target, QN_TYPE_A, QN_CLASS_IN, 60, test_octets("abcd"));
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 2);
	const size_t opt_at = qn_write_edns_begin(&writer, 1232, 0, false);

	qn_write_edns_end(&writer, opt_at);
	qn_write_section_count(&writer, QN_SECTION_ADDITIONAL, 1);
	assert_written(&writer, "1234 8080 0001 0002 0000 0001"
				"03775777 076558616d706c65 03636f6d 00 0001 0001"
				"c00c 0005 0001 0000012c 0007 04686f7374 c010"
				"c02d 0001 0001 0000003c 0004 61626364"
				"00 0029 04d0 00000000 0000");
}

/* A second question is written in full as well: its case is the caller's to choose. */
TEST(message_questions_keep_their_case)
{
	uint8_t buffer[128];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});
	const struct qn_question lower = {test_name("a.b"), QN_TYPE_A, QN_CLASS_IN};
	const struct qn_question upper = {test_name("A.B"), QN_TYPE_A, QN_CLASS_IN};

	qn_write_header(&writer, 0, 0, 2);
	qn_write_question(&writer, &lower);
	qn_write_question(&writer, &upper);
	assert_written(
	    &writer, "0000 0000 0002 0000 0000 0000 0161 0162 00 0001 0001 0141 0142 00 0001 0001");
}

/* Rdata of other classes is written as it is, be its type's form what it may. */
TEST(message_records_of_other_classes_are_opaque)
{
	uint8_t buffer[128];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});
	const struct qn_name owner = test_name("a");

	qn_write_record(&writer, &owner, QN_TYPE_NS, QN_CLASS_CH, 0, qn_name_view(&owner));
	qn_write_record(&writer, &owner, QN_TYPE_SOA, QN_CLASS_ANY, 0, (struct qn_view){NULL, 0});
	assert_written(
	    &writer, "0161 00 0002 0003 00000000 0003 0161 00 c000 0006 00ff 00000000 0000");
}

/* However little room there is, a record is whole or it overflows. */
TEST(message_record_may_not_fit)
{
	const struct qn_name owner = test_name("a.b");
	const struct qn_name target = test_name("c.a.b");
	const size_t whole = 5 + 10 + 4;
	uint8_t buffer[64];

	for (size_t cap = 0; cap <= whole; cap++) {
		memset(buffer, 0xee, sizeof(buffer));
		struct qn_writer writer = qn_writer_of((struct qn_span){buffer, cap});

		qn_write_record(&writer, &owner, QN_TYPE_NS, QN_CLASS_IN, 1, qn_name_view(&target));
		assert_int_equal(writer.overflowed, cap < whole);
		assert_int_equal(buffer[cap], 0xee);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(message_of_a_query),
	    cmocka_unit_test(message_without_question),
	    cmocka_unit_test(message_keeps_the_first_question),
	    cmocka_unit_test(message_without_header),
	    cmocka_unit_test(message_with_broken_question),
	    cmocka_unit_test(message_with_bytes_behind),
	    cmocka_unit_test(message_opt_rules),
	    cmocka_unit_test(message_rcode_takes_its_upper_bits_from_edns),
	    cmocka_unit_test(message_with_broken_records),
	    cmocka_unit_test(message_other_classes_may_have_empty_rdata),
	    cmocka_unit_test(message_cut_anywhere),
	    cmocka_unit_test(message_walk),
	    cmocka_unit_test(message_walk_of_no_records),
	    cmocka_unit_test(message_is_written),
	    cmocka_unit_test(message_questions_keep_their_case),
	    cmocka_unit_test(message_records_of_other_classes_are_opaque),
	    cmocka_unit_test(message_record_may_not_fit),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
