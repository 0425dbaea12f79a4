/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aliases of local data in front of an answer that was resolved.
 */
#include "shard/join.h"
#include "support/message.h"
#include "wire/text.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 4096

static struct qn_join_room room;
static uint8_t aliases_room[TEST_MESSAGE_MAX], rest_room[2 * TEST_MESSAGE_MAX];
static uint8_t reply_room[TEST_MESSAGE_MAX];

static struct qn_answer
answer_of(struct qn_span value, uint16_t rcode, const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);
	const size_t len = qn_answer_encode(value, message.bytes, rcode, QN_EDE_NONE);
	struct qn_answer answer;

	assert_int_not_equal(len, 0);
	assert_true(qn_answer_open(&answer, (struct qn_view){value.data, len}));
	return answer;
}

#define ANSWER(memory, rcode, ...) \
	answer_of((struct qn_span){memory, sizeof(memory)}, rcode, TEST_LINES(__VA_ARGS__))

/* "RCODE", then a line for each record of the reply to `question`: "OWNER TTL TYPE TEXT". */
static const char *
reply_text(const struct qn_question *question, const struct qn_answer *answer)
{
	static char text[TEXT_MAX];
	struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, sizeof(reply_room)});
	char rcode[QN_MNEMONIC_MAX], type[QN_MNEMONIC_MAX];
	struct qn_record_walk walk;
	struct qn_message message;
	struct qn_record record;
	enum qn_section section;
	size_t len;

	qn_write_header(&writer, 0, QN_FLAG_QR, 1);
	qn_write_question(&writer, question);
	qn_answer_write(&writer, answer, 0);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, answer->answer_count);
	qn_write_section_count(&writer, QN_SECTION_AUTHORITY, answer->authority_count);
	assert_false(writer.overflowed);
	assert_int_equal(
	    qn_message_read(&message, (struct qn_view){writer.data, writer.at}), QN_MESSAGE_OK);
	len = (size_t)snprintf(text, sizeof(text), "%s", qn_rcode_to_text(answer->rcode, rcode));
	walk = qn_message_walk(&message);
	while (qn_record_next(&walk, &record, &section)) {
		uint8_t rdata[TEST_MESSAGE_MAX];
		struct qn_name name;
		bool fits;
		const size_t rdata_len = qn_rdata_expand(
		    message.bytes, &record, (struct qn_span){rdata, sizeof(rdata)}, &fits);

		assert_true(fits);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\n%s%s %u %s",
		    section == QN_SECTION_AUTHORITY ? "authority " : "",
		    test_name_text(&record.owner), record.ttl_s,
		    qn_type_to_text(record.type, type));
		if (record.type == QN_TYPE_CNAME) {
			assert_true(qn_rdata_name(&name, (struct qn_view){rdata, rdata_len}));
			len += (size_t)snprintf(
			    text + len, sizeof(text) - len, " %s", test_name_text(&name));
		}
	}
	return text;
}

/* The question of all tests, and its aliases. */
static struct qn_answer
aliases_of(struct qn_question *question, struct qn_name *target)
{
	*question = test_question("wWw.corp A");
	*target = test_name("www.example");
	return ANSWER(aliases_room, QN_RCODE_NOERROR, "question www.corp A",
	    "answer www.corp 300 CNAME in.corp", "answer in.corp 200 CNAME www.example");
}

TEST(aliases_come_first_and_the_rest_is_aged)
{
	struct qn_question question;
	struct qn_answer joined;
	struct qn_name target;
	const struct qn_answer aliases = aliases_of(&question, &target);
	const struct qn_answer rest = ANSWER(rest_room, QN_RCODE_NOERROR, "question www.example A",
	    "answer www.example 60 CNAME web.example", "answer web.example 50 A 192.0.2.1",
	    "answer web.example 50 A 192.0.2.2");

	qn_answer_join(&room, &question, &aliases, &target, &rest, 10, &joined);
	assert_false(joined.authoritative);
	assert_string_equal(reply_text(&question, &joined),
	    "NOERROR\nwWw.corp. 300 CNAME in.corp.\nin.corp. 200 CNAME www.example.\n"
	    "www.example. 50 CNAME web.example.\nweb.example. 40 A\nweb.example. 40 A");
}

TEST(negative_answers_keep_their_authority)
{
	struct qn_question question;
	struct qn_answer joined;
	struct qn_name target;
	const struct qn_answer aliases = aliases_of(&question, &target);
	const struct qn_answer rest = ANSWER(rest_room, QN_RCODE_NXDOMAIN, "question www.example A",
	    "authority example 60 SOA ns.example root.example 1 2 3 4 300");

	qn_answer_join(&room, &question, &aliases, &target, &rest, 0, &joined);
	assert_string_equal(reply_text(&question, &joined),
	    "NXDOMAIN\nwWw.corp. 300 CNAME in.corp.\nin.corp. 200 CNAME www.example.\n"
	    "authority example. 60 SOA");
}

TEST(stale_data_have_their_ttl)
{
	struct qn_question question;
	struct qn_answer joined;
	struct qn_name target;
	const struct qn_answer aliases = aliases_of(&question, &target);
	struct qn_answer rest = ANSWER(rest_room, QN_RCODE_NOERROR, "question www.example A",
	    "answer www.example 60 A 192.0.2.1");

	rest.stale_ttl_s = 30;
	rest.ede = QN_EDE_STALE_ANSWER;
	qn_answer_join(&room, &question, &aliases, &target, &rest, 1000, &joined);
	assert_int_equal(joined.ede, QN_EDE_STALE_ANSWER);
	assert_string_equal(reply_text(&question, &joined),
	    "NOERROR\nwWw.corp. 300 CNAME in.corp.\nin.corp. 200 CNAME www.example.\n"
	    "www.example. 30 A");
}

TEST(failures_come_alone)
{
	const struct qn_answer failed = {
	    .rcode = QN_RCODE_SERVFAIL, .ede = QN_EDE_NO_REACHABLE_AUTHORITY};
	struct qn_question question;
	struct qn_answer joined;
	struct qn_name target;
	const struct qn_answer aliases = aliases_of(&question, &target);

	qn_answer_join(&room, &question, &aliases, &target, &failed, 0, &joined);
	assert_int_equal(joined.ede, QN_EDE_NO_REACHABLE_AUTHORITY);
	assert_string_equal(reply_text(&question, &joined), "SERVFAIL");
}

/* Text records of 255 octets that fill a message of `most` octets about `name`. */
static struct qn_answer
long_answer(const struct qn_name *name, size_t most)
{
	static const uint8_t rdata[255] = {254};
	struct qn_writer writer = qn_writer_of((struct qn_span){reply_room, most});
	const struct qn_question asked = {*name, QN_TYPE_TXT, QN_CLASS_IN};
	struct qn_answer answer;
	uint16_t count = 0;
	size_t len;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &asked);
	for (; writer.at + 12 + sizeof(rdata) <= most; count++)
		qn_write_record(&writer, name, QN_TYPE_TXT, QN_CLASS_IN, 60,
		    (struct qn_view){rdata, sizeof(rdata)});
	qn_write_section_count(&writer, QN_SECTION_ANSWER, count);
	assert_false(writer.overflowed);
	len = qn_answer_encode((struct qn_span){rest_room, sizeof(rest_room)},
	    (struct qn_view){writer.data, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);
	assert_int_not_equal(len, 0);
	assert_true(qn_answer_open(&answer, (struct qn_view){rest_room, len}));
	return answer;
}

/* An answer that fills a message has no room for aliases as well. */
TEST(too_long_is_a_failure)
{
	struct qn_question question;
	struct qn_answer joined;
	struct qn_name target;
	const struct qn_answer aliases = aliases_of(&question, &target);
	const struct qn_answer shorter = long_answer(&target, 60000);

	qn_answer_join(&room, &question, &aliases, &target, &shorter, 0, &joined);
	assert_int_equal(joined.rcode, QN_RCODE_NOERROR);
	assert_int_equal(joined.answer_count, shorter.answer_count + 2);

	const struct qn_answer longer = long_answer(&target, 65280);

	qn_answer_join(&room, &question, &aliases, &target, &longer, 0, &joined);
	assert_int_equal(joined.rcode, QN_RCODE_SERVFAIL);
	assert_int_equal(joined.answer_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(aliases_come_first_and_the_rest_is_aged),
	    cmocka_unit_test(negative_answers_keep_their_authority),
	    cmocka_unit_test(stale_data_have_their_ttl),
	    cmocka_unit_test(failures_come_alone),
	    cmocka_unit_test(too_long_is_a_failure),
	};

	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
