/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "cache/answer.h"
#include "support/message.h"

#include <stdio.h>
#include <string.h>

static uint8_t value_room[TEST_MESSAGE_MAX];
static uint8_t reply_room[TEST_MESSAGE_MAX];

static const struct qn_span value_span = {value_room, sizeof(value_room)};

/* The value made of the message that the lines describe. */
static struct qn_view
encode_lines(const char *const *lines, uint16_t rcode, uint16_t ede)
{
	const struct qn_message message = test_message_read(lines);

	return (struct qn_view){
	    value_room, qn_answer_encode(value_span, message.bytes, rcode, ede)};
}

/* The reply to `question` that a value gives after `age_s` seconds. */
static struct qn_message
reply_of(struct qn_view value, const char *question_text, uint32_t age_s)
{
	struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, sizeof(reply_room)});
	const struct qn_question question = test_question(question_text);
	struct qn_message message;
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, value));
	qn_write_header(&writer, 0, QN_FLAG_QR, 1);
	qn_write_question(&writer, &question);
	qn_answer_write(&writer, &answer, age_s);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, answer.answer_count);
	qn_write_section_count(&writer, QN_SECTION_AUTHORITY, answer.authority_count);
	assert_false(writer.overflowed);
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){writer.data, writer.at}), QN_MESSAGE_OK);
	return message;
}

/* Compares the next record of a walk with what a test expects. */
static void
assert_next(struct qn_record_walk *walk, enum qn_section section, const char *owner, uint16_t type,
    uint32_t ttl_s)
{
	enum qn_section found;
	struct qn_record record;

	assert_true(qn_record_next(walk, &record, &found));
	assert_int_equal(found, section);
	assert_name_text(&record.owner, owner);
	assert_int_equal(record.type, type);
	assert_int_equal(record.ttl_s, ttl_s);
}

TEST(answer_goes_out_as_it_came)
{
	const struct qn_view value = encode_lines(
	    TEST_LINES("question www.example.com A",
		"answer www.example.com 300 CNAME web.example.com",
		"answer web.example.com 60 A 192.0.2.1", "answer web.example.com 60 A 192.0.2.2",
		"authority example.com 3600 SOA ns.example.com root.example.com 1 2 3 4 5"),
	    QN_RCODE_NOERROR, QN_EDE_NONE);
	const struct qn_message message = reply_of(value, "www.example.com A", 0);
	struct qn_record_walk walk = qn_message_walk(&message);
	struct qn_answer answer;
	enum qn_section section;
	struct qn_record record;

	assert_true(qn_answer_open(&answer, value));
	assert_int_equal(answer.rcode, QN_RCODE_NOERROR);
	assert_int_equal(answer.ede, QN_EDE_NONE);
	assert_int_equal(answer.answer_count, 3);
	assert_int_equal(answer.authority_count, 1);
	assert_next(&walk, QN_SECTION_ANSWER, "www.example.com.", QN_TYPE_CNAME, 300);
	assert_next(&walk, QN_SECTION_ANSWER, "web.example.com.", QN_TYPE_A, 60);
	assert_next(&walk, QN_SECTION_ANSWER, "web.example.com.", QN_TYPE_A, 60);
	assert_next(&walk, QN_SECTION_AUTHORITY, "example.com.", QN_TYPE_SOA, 3600);
	assert_false(qn_record_next(&walk, &record, &section));
}

TEST(answer_keeps_the_code_and_its_reason)
{
	const struct qn_view value = encode_lines(TEST_LINES("question www.example.com A"),
	    QN_RCODE_BADCOOKIE, QN_EDE_NO_REACHABLE_AUTHORITY);
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, value));
	assert_int_equal(answer.rcode, QN_RCODE_BADCOOKIE);
	assert_int_equal(answer.ede, QN_EDE_NO_REACHABLE_AUTHORITY);
	assert_int_equal(answer.answer_count + answer.authority_count, 0);
	assert_int_equal(answer.records.len, 0);
}

TEST(answer_lifetimes_end_at_zero)
{
	const struct qn_view value = encode_lines(
	    TEST_LINES("question a.example A", "answer a.example 4294967295 A 192.0.2.1",
		"answer a.example 100 A 192.0.2.2", "answer a.example 99 A 192.0.2.3",
		"answer a.example 0 A 192.0.2.4"),
	    QN_RCODE_NOERROR, QN_EDE_NONE);
	static const struct {
		uint32_t age_s;
		uint32_t ttls[4];
	} cases[] = {
	    {0, {4294967295u, 100, 99, 0}},
	    {99, {4294967196u, 1, 0, 0}},
	    {100, {4294967195u, 0, 0, 0}},
	    {4294967294u, {1, 0, 0, 0}},
	    {4294967295u, {0, 0, 0, 0}},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_message message = reply_of(value, "a.example A", cases[i].age_s);
		struct qn_record_walk walk = qn_message_walk(&message);

		for (unsigned k = 0; k < 4; k++)
			assert_next(
			    &walk, QN_SECTION_ANSWER, "a.example.", QN_TYPE_A, cases[i].ttls[k]);
	}
}

/* The last octets of the addresses in the reply to a query with that id. */
static void
assert_turn(struct qn_view value, uint16_t id, const char *expected)
{
	struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, sizeof(reply_room)});
	const struct qn_question question = test_question("www.example.com A");
	char found[64] = "";
	struct qn_message message;
	struct qn_answer answer;
	enum qn_section section;
	struct qn_record record;

	assert_true(qn_answer_open(&answer, value));
	qn_write_header(&writer, id, QN_FLAG_QR, 1);
	qn_write_question(&writer, &question);
	qn_answer_write(&writer, &answer, 10);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, answer.answer_count);
	qn_write_section_count(&writer, QN_SECTION_AUTHORITY, answer.authority_count);
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){writer.data, writer.at}), QN_MESSAGE_OK);
	for (struct qn_record_walk walk = qn_message_walk(&message);
	     qn_record_next(&walk, &record, &section);)
		if (record.type == QN_TYPE_A) {
			const size_t len = strlen(found);

			assert_int_equal(record.ttl_s, 50);
			snprintf(found + len, sizeof(found) - len, "%u",
			    writer.data[record.rdata_at + record.rdata_len - 1]);
		}
	assert_string_equal(found, expected);
}

TEST(addresses_take_turns)
{
	const struct qn_view value = encode_lines(
	    TEST_LINES("question www.example.com A",
		"answer www.example.com 300 CNAME web.example.com",
		"answer web.example.com 60 A 192.0.2.1", "answer web.example.com 60 A 192.0.2.2",
		"answer web.example.com 60 A 192.0.2.3",
		"authority example.com 3600 SOA ns.example.com root.example.com 1 2 3 4 5"),
	    QN_RCODE_NOERROR, QN_EDE_NONE);

	assert_turn(value, 0, "123");
	assert_turn(value, 1, "231");
	assert_turn(value, 2, "312");
	assert_turn(value, 3, "123");
	assert_turn(value, 65535, "123");
	assert_turn(value, 65534, "312");
}

/* One alone has nobody to take turns with, nor have those of two owners. */
TEST(other_records_stay_in_order)
{
	const char *const *const cases[] = {
	    TEST_LINES("question www.example.com A", "answer www.example.com 60 A 192.0.2.1"),
	    TEST_LINES("question www.example.com A", "answer www.example.com 60 A 192.0.2.1",
		"answer www.example.com 60 A 192.0.2.2", "answer www.example.com 60 TXT a",
		"answer www.example.com 60 TXT b"),
	    TEST_LINES("question www.example.com A", "answer www.example.com 60 A 192.0.2.1",
		"answer example.com 60 A 192.0.2.2"),
	};
	struct qn_answer answer;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_view value = encode_lines(cases[i], QN_RCODE_NOERROR, QN_EDE_NONE);

		assert_true(qn_answer_open(&answer, value));
		assert_int_equal(answer.turn_count, 0);
		assert_turn(value, 1, i == 0 ? "1" : "12");
	}
}

/* RFC 8767 s4. */
TEST(answer_served_stale_has_one_lifetime_for_all)
{
	const struct qn_view value =
	    encode_lines(TEST_LINES("question a.example A", "answer a.example 100 A 192.0.2.1",
			     "answer a.example 0 A 192.0.2.2"),
		QN_RCODE_NOERROR, QN_EDE_NONE);
	struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, sizeof(reply_room)});
	const struct qn_question question = test_question("a.example A");
	struct qn_message message;
	struct qn_record_walk walk;
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, value));
	answer.stale_ttl_s = 30;
	qn_write_header(&writer, 0, QN_FLAG_QR, 1);
	qn_write_question(&writer, &question);
	qn_answer_write(&writer, &answer, 5000);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, answer.answer_count);
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){writer.data, writer.at}), QN_MESSAGE_OK);
	walk = qn_message_walk(&message);
	assert_next(&walk, QN_SECTION_ANSWER, "a.example.", QN_TYPE_A, 30);
	assert_next(&walk, QN_SECTION_ANSWER, "a.example.", QN_TYPE_A, 30);
}

/* Owners point at the question, so they come back in the letter case of whoever asks. */
TEST(answer_follows_the_letter_case_of_the_question)
{
	const struct qn_view value =
	    encode_lines(TEST_LINES("question www.example.com MX",
			     "answer WWW.EXAMPLE.COM 300 MX 1 mx.Example.Com"),
		QN_RCODE_NOERROR, QN_EDE_NONE);
	const struct qn_message message = reply_of(value, "wWw.eXaMpLe.CoM MX", 1);
	struct qn_record_walk walk = qn_message_walk(&message);
	static const char rdata[] = "\0\1\2mx\7eXaMpLe\3CoM"; /* With its final zero. */
	uint8_t room[64];
	struct qn_record record;
	enum qn_section section;
	bool fits;

	assert_name_text(&message.question.name, "wWw.eXaMpLe.CoM.");
	assert_true(qn_record_next(&walk, &record, &section));
	assert_name_text(&record.owner, "wWw.eXaMpLe.CoM.");
	assert_int_equal(
	    qn_rdata_expand(message.bytes, &record, (struct qn_span){room, sizeof(room)}, &fits),
	    sizeof(rdata));
	assert_memory_equal(room, rdata, sizeof(rdata));
}

/* As many records as a message holds, TTLs beyond the reach of a compression pointer. */
TEST(answer_of_many_records)
{
	static uint8_t room[TEST_MESSAGE_MAX];
	const struct qn_question question = test_question("many.example A");
	struct qn_writer writer = qn_writer_of((struct qn_span){room, sizeof(room)});
	uint16_t count = 0;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
	for (; count < 3600; count++) {
		uint8_t octets[4] = {10};

		qn_store_be16(octets + 2, count);
		qn_write_record(&writer, &question.name, QN_TYPE_A, QN_CLASS_IN, count,
		    (struct qn_view){octets, sizeof(octets)});
	}
	qn_write_section_count(&writer, QN_SECTION_ANSWER, count);
	assert_false(writer.overflowed);
	const size_t len = qn_answer_encode(
	    value_span, (struct qn_view){room, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);

	assert_int_equal(len, 8 + 2 * count + writer.at - (QN_HEADER_LEN + 14 + 4));
	const struct qn_message message =
	    reply_of((struct qn_view){value_room, len}, "MANY.example A", 1000);
	struct qn_record_walk walk = qn_message_walk(&message);

	for (uint32_t i = 0; i < count; i++)
		assert_next(
		    &walk, QN_SECTION_ANSWER, "MANY.example.", QN_TYPE_A, i < 1000 ? 0 : i - 1000);
}

/* The first records alone: nothing of the others is written, nor looked at. */
TEST(answer_goes_out_in_part)
{
	const struct qn_view value =
	    encode_lines(TEST_LINES("question a.example TXT", "answer a.example 300 TXT a",
			     "answer a.example 200 TXT b", "answer a.example 100 TXT c"),
		0, QN_EDE_NONE);
	const struct qn_answer_part parts[] = {{0, 0}, {14, 1}, {28, 2}, {42, 3}};
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, value));
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, parts[i].len});

		memset(reply_room, 0xee, 64);
		qn_answer_write_part(&writer, &answer, parts[i], 10);
		assert_false(writer.overflowed);
		assert_int_equal(writer.at, parts[i].len);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(qn_load_be32(reply_room + 14 * k + 6), 300 - 100 * k - 10);
		for (size_t at = parts[i].len; at < 64; at++)
			assert_int_equal(reply_room[at], 0xee);
	}
}

TEST(answer_needs_room)
{
	const struct qn_message message = TEST_MESSAGE("question a.example A",
	    "answer a.example 300 A 192.0.2.1", "answer a.example 300 A 192.0.2.2");
	/* Eight octets of head, two a record, and the records themselves. */
	const size_t needed = 8 + 2 * 2 + 2 * 16;

	for (size_t len = 0; len < needed; len++) {
		memset(value_room, 0xee, sizeof(value_room));
		assert_int_equal(
		    qn_answer_encode((struct qn_span){value_room, len}, message.bytes, 0, 0), 0);
		for (size_t i = len; i < needed + 8; i++)
			assert_int_equal(value_room[i], 0xee);
	}
	assert_int_equal(
	    qn_answer_encode((struct qn_span){value_room, needed}, message.bytes, 0, 0), needed);
}

TEST(answer_opens_whole_values_only)
{
	const struct qn_view value = encode_lines(
	    TEST_LINES("question a.example A", "answer a.example 300 A 192.0.2.1"), 0, QN_EDE_NONE);
	struct qn_answer answer;

	for (size_t len = 0; len < 8 + 2; len++)
		assert_false(qn_answer_open(&answer, (struct qn_view){value.data, len}));
	assert_true(qn_answer_open(&answer, value));
	assert_int_equal(answer.ttl_places.len, 2);
	assert_int_equal(answer.records.len, 16);
}

/* What is written into too small a buffer is left alone: no TTL of it is touched. */
TEST(answer_does_not_write_where_it_does_not_fit)
{
	const struct qn_view value = encode_lines(
	    TEST_LINES("question a.example A", "answer a.example 300 A 192.0.2.1"), 0, QN_EDE_NONE);
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, value));
	for (size_t cap = 0; cap < 16; cap++) {
		struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, cap});

		memset(reply_room, 0xee, 64);
		qn_answer_write(&writer, &answer, 1);
		assert_true(writer.overflowed);
		for (size_t i = 0; i < 64; i++)
			assert_int_equal(reply_room[i], 0xee);
	}
}

/* Only answers made here are encoded: one question, no OPT record, no broken record. */
TEST(answer_takes_whole_messages_only)
{
	const struct qn_message two = TEST_MESSAGE("question a.example A", "question b.example A");

	assert_is_bug(qn_answer_encode(value_span, two.bytes, 0, 0) > 0);
	const struct qn_message opt = TEST_MESSAGE("question a.example A", "edns 1232");

	assert_is_bug(qn_answer_encode(value_span, opt.bytes, 0, 0) > 0);
	struct qn_message cut =
	    TEST_MESSAGE("question a.example A", "answer a.example 300 A 192.0.2.1");

	cut.bytes.len--;
	assert_is_bug(qn_answer_encode(value_span, cut.bytes, 0, 0) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answer_goes_out_as_it_came),
	    cmocka_unit_test(answer_keeps_the_code_and_its_reason),
	    cmocka_unit_test(answer_lifetimes_end_at_zero),
	    cmocka_unit_test(addresses_take_turns),
	    cmocka_unit_test(other_records_stay_in_order),
	    cmocka_unit_test(answer_served_stale_has_one_lifetime_for_all),
	    cmocka_unit_test(answer_follows_the_letter_case_of_the_question),
	    cmocka_unit_test(answer_of_many_records),
	    cmocka_unit_test(answer_goes_out_in_part),
	    cmocka_unit_test(answer_needs_room),
	    cmocka_unit_test(answer_opens_whole_values_only),
	    cmocka_unit_test(answer_does_not_write_where_it_does_not_fit),
	    cmocka_unit_test(answer_takes_whole_messages_only),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
