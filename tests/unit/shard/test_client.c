/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "shard/client.h"
#include "support/message.h"

#include <stdio.h>
#include <string.h>

#define NODE_ID "edge1.example"

static uint8_t query_room[TEST_MESSAGE_MAX];
static uint8_t value_room[TEST_MESSAGE_MAX];
static uint8_t reply_room[TEST_MESSAGE_MAX];
static uint8_t scratch[QN_CLIENT_SCRATCH_LEN];

static struct qn_client_query query;
static struct qn_message reply;

/* --- Reading ---------------------------------------------------------------------------- */

static enum qn_client_verdict
read_lines(const char *const *lines)
{
	memset(&query, 0xee, sizeof(query));
	return qn_client_read(
	    &query, test_message_lines((struct qn_span){query_room, sizeof(query_room)}, lines));
}

#define READ(...) read_lines(TEST_LINES(__VA_ARGS__))

TEST(client_verdicts)
{
	static const struct {
		const char *question;
		const char *more;
		enum qn_client_verdict verdict;
	} cases[] = {
	    {"question www.example.com A", "flags rd", QN_CLIENT_RESOLVE},
	    {"question . NS", "flags", QN_CLIENT_RESOLVE},
	    {"question www.example.com TYPE65280", "flags rd cd ad", QN_CLIENT_RESOLVE},
	    {"question www.example.com DS", "edns 4096 do", QN_CLIENT_RESOLVE},
	    {"question www.example.com A", "edns 1232 option=65001:00", QN_CLIENT_RESOLVE},
	    {"question www.example.com ANY", "flags rd", QN_CLIENT_ANY},
	    {"question version.bind TXT CH", "flags", QN_CLIENT_CHAOS},
	    {"question www.example.com A", "edns 1232 version=1", QN_CLIENT_BADVERS},
	    /* What a server of names does not do (RFC 1035 s4.1.1). */
	    {"question www.example.com A", "flags opcode=1", QN_CLIENT_NOTIMP},
	    {"question www.example.com SOA", "flags opcode=4", QN_CLIENT_NOTIMP},
	    {"question www.example.com A", "flags opcode=15", QN_CLIENT_NOTIMP},
	    {"question www.example.com A ANY", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com AXFR", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com IXFR", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com TSIG", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com TKEY", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com MAILB", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com OPT", "flags", QN_CLIENT_NOTIMP},
	    {"question www.example.com TYPE0", "flags", QN_CLIENT_NOTIMP},
	    /* Questions there must be one of. */
	    {"flags rd", "edns 1232", QN_CLIENT_FORMERR},
	    {"question www.example.com A", "question www.example.com AAAA", QN_CLIENT_FORMERR},
	    /* A broken record anywhere (rdata of A is four octets). */
	    {"question www.example.com A", "additional a.example 0 A \\# 00", QN_CLIENT_FORMERR},
	    {"question www.example.com A", "answer . 0 OPT \\# 00", QN_CLIENT_FORMERR},
	    /* RFC 7873 s5.2.2: a cookie has 8 octets, or 16 to 40. */
	    {"question www.example.com A", "edns 1232 option=10:0011223344556677",
		QN_CLIENT_RESOLVE},
	    {"question www.example.com A", "edns 1232 option=10:00", QN_CLIENT_FORMERR},
	    {"question www.example.com A", "edns 1232 option=10:001122334455667788",
		QN_CLIENT_FORMERR},
	    /* RFC 7873 s5.4: a cookie may be asked for alone. */
	    {"flags rd", "edns 1232 option=10:0011223344556677", QN_CLIENT_COOKIE},
	    {"flags rd", "edns 1232 version=1 option=10:0011223344556677", QN_CLIENT_FORMERR},
	    {"flags rd", "edns 1232 option=10:00", QN_CLIENT_FORMERR},
	    {"flags opcode=4", "edns 1232 option=10:0011223344556677", QN_CLIENT_NOTIMP},
	    /* Replies are never replied to, whatever they are. */
	    {"question www.example.com A", "flags qr", QN_CLIENT_NOT_QUERY},
	    {"question www.example.com A", "flags qr opcode=4 FORMERR", QN_CLIENT_NOT_QUERY},
	    {"question version.bind TXT CH", "flags qr", QN_CLIENT_NOT_QUERY},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(
		    READ("id 4660", cases[i].question, cases[i].more), cases[i].verdict);
}

TEST(client_reads_what_the_reply_needs)
{
	assert_int_equal(READ("id 4660", "question wWw.Example.COM AAAA", "flags rd cd",
			     "edns 1000 do option=3: option=10:0011223344556677"),
	    QN_CLIENT_RESOLVE);
	assert_int_equal(query.id, 4660);
	assert_int_equal(query.flags, QN_FLAG_RD | QN_FLAG_CD);
	assert_true(query.has_question);
	assert_name_text(&query.question.name, "wWw.Example.COM.");
	assert_int_equal(query.question.type, QN_TYPE_AAAA);
	assert_int_equal(query.question.class, QN_CLASS_IN);
	assert_true(query.has_edns && query.dnssec_ok && query.wants_nsid);
	assert_int_equal(query.size_max, 1000);
	assert_int_equal(query.cookie.len, 8);
	assert_int_equal(query.cookie.octets[7], 0x77);

	assert_int_equal(READ("question www.example.com A", "edns 1232"), QN_CLIENT_RESOLVE);
	assert_true(query.has_edns && !query.dnssec_ok && !query.wants_nsid);
	assert_int_equal(query.cookie.len, 0);
	assert_int_equal(READ("question www.example.com A"), QN_CLIENT_RESOLVE);
	assert_true(!query.has_edns && !query.dnssec_ok && !query.wants_nsid);
	assert_int_equal(query.size_max, 512);
	assert_int_equal(query.cookie.len, 0);
}

/* RFC 6891 s6.2.3 below, semantics rule 17 above. */
TEST(client_sizes_are_limited)
{
	static const struct {
		const char *edns;
		uint16_t udp_size;
	} cases[] = {
	    {"edns 0", 512},
	    {"edns 511", 512},
	    {"edns 512", 512},
	    {"edns 513", 513},
	    {"edns 1232", 1232},
	    {"edns 1233", 1232},
	    {"edns 65535", 1232},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
		    READ("question www.example.com A", cases[i].edns), QN_CLIENT_RESOLVE);
		assert_int_equal(query.size_max, cases[i].udp_size);
	}
}

/* Every datagram cut short is a runt or broken, never more and never a crash. */
TEST(client_reads_datagrams_cut_short)
{
	uint8_t room[512];
	const struct qn_view whole = test_message_lines((struct qn_span){room, sizeof(room)},
	    TEST_LINES("question www.example.com A", "flags rd", "edns 1232 option=3:"));

	for (size_t len = 0; len < whole.len; len++) {
		uint8_t copy[512];

		memcpy(copy, whole.data, len);
		assert_int_equal(qn_client_read(&query, (struct qn_view){copy, len}),
		    len < QN_HEADER_LEN ? QN_CLIENT_RUNT : QN_CLIENT_FORMERR);
		if (len >= QN_HEADER_LEN)
			assert_int_equal(query.has_question, len >= QN_HEADER_LEN + 17 + 4);
	}
}

/* --- Writing ---------------------------------------------------------------------------- */

/* The answer made of the records that the lines describe. */
static struct qn_answer
answer_lines(uint16_t rcode, uint16_t ede, const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);
	const size_t len = qn_answer_encode(
	    (struct qn_span){value_room, sizeof(value_room)}, message.bytes, rcode, ede);
	struct qn_answer answer;

	assert_true(len > 0);
	assert_true(qn_answer_open(&answer, (struct qn_view){value_room, len}));
	return answer;
}

/* Writes the reply to `query` into a buffer of `room` octets and reads it into `reply`. */
static bool
reply_write(const struct qn_answer *answer, uint32_t age_s, size_t room)
{
	bool truncated;
	const size_t len = qn_client_reply((struct qn_span){reply_room, room}, &query, answer,
	    age_s, NODE_ID, scratch, &truncated);

	assert_true(len <= room && len <= query.size_max);
	assert_int_equal(qn_message_read(&reply, (struct qn_view){reply_room, len}), QN_MESSAGE_OK);
	assert_int_equal(!!(reply.flags & QN_FLAG_TC), truncated);
	return truncated;
}

/* The data of an option of the reply; fails the test when it is not there. */
static struct qn_view
reply_option(uint16_t code)
{
	struct qn_view data = {NULL, 0};

	assert_true(qn_edns_option_find(&reply.edns, code, &data));
	return data;
}

TEST(client_reply_to_a_plain_query)
{
	struct qn_view rdata;

	assert_int_equal(
	    READ("id 4660", "question wWw.eXample.com A", "flags rd ad"), QN_CLIENT_RESOLVE);
	const struct qn_answer answer = answer_lines(QN_RCODE_NOERROR, QN_EDE_OTHER,
	    TEST_LINES("question www.example.com A", "answer www.example.com 300 A 192.0.2.1",
		"authority example.com 3600 NS ns.example.com"));

	assert_false(reply_write(&answer, 100, 512));
	assert_int_equal(reply.id, 4660);
	/* AD is a promise that the data has been validated: not ours to give. */
	assert_int_equal(reply.flags, QN_FLAG_QR | QN_FLAG_RD | QN_FLAG_RA);
	assert_int_equal(reply.question_count, 1);
	assert_name_text(&reply.question.name, "wWw.eXample.com.");
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 1);
	assert_int_equal(reply.record_counts[QN_SECTION_AUTHORITY], 1);
	/* No EDNS in, none out: not even the reason. */
	assert_int_equal(reply.record_counts[QN_SECTION_ADDITIONAL], 0);
	assert_false(reply.edns.present);
	struct qn_record_walk walk = qn_message_walk(&reply);
	struct qn_record record;
	enum qn_section section;

	assert_true(qn_record_next(&walk, &record, &section));
	assert_name_text(&record.owner, "wWw.eXample.com.");
	assert_int_equal(record.ttl_s, 200);
	rdata = (struct qn_view){reply_room + record.rdata_at, record.rdata_len};
	assert_view_equal(rdata, ((struct qn_view){(const uint8_t *)"\xc0\0\2\1", 4}));
}

TEST(client_reply_flags)
{
	struct qn_answer answer =
	    answer_lines(QN_RCODE_NXDOMAIN, QN_EDE_NONE, TEST_LINES("question www.example.com A"));

	assert_int_equal(READ("question www.example.com A", "flags cd"), QN_CLIENT_RESOLVE);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(reply.flags, QN_FLAG_QR | QN_FLAG_RA | QN_FLAG_CD | QN_RCODE_NXDOMAIN);
	answer.authoritative = true;
	assert_int_equal(READ("question www.example.com A", "flags rd"), QN_CLIENT_RESOLVE);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(
	    reply.flags, QN_FLAG_QR | QN_FLAG_AA | QN_FLAG_RD | QN_FLAG_RA | QN_RCODE_NXDOMAIN);
	/* What came with another opcode goes back with it, without a question. */
	answer = (struct qn_answer){.rcode = QN_RCODE_NOTIMP, .ede = QN_EDE_NONE};
	assert_int_equal(
	    READ("question www.example.com A", "flags opcode=5 aa tc ra"), QN_CLIENT_NOTIMP);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(reply.flags, QN_FLAG_QR | 5 << 11 | QN_FLAG_RA | QN_RCODE_NOTIMP);
	assert_int_equal(reply.question_count, 0);
}

TEST(client_reply_with_edns)
{
	const struct qn_answer answer = answer_lines(
	    QN_RCODE_SERVFAIL, QN_EDE_NETWORK_ERROR, TEST_LINES("question www.example.com A"));

	assert_int_equal(READ("question www.example.com A", "edns 4096"), QN_CLIENT_RESOLVE);
	(void)reply_write(&answer, 0, 2000);
	assert_int_equal(reply.record_counts[QN_SECTION_ADDITIONAL], 1);
	assert_true(reply.edns.present);
	assert_int_equal(reply.edns.version, 0);
	assert_int_equal(reply.edns.udp_size, 1232);
	assert_int_equal(reply.edns.rcode_high, 0);
	assert_false(reply.edns.dnssec_ok);
	/* RFC 8914 s2: the code, and no text. */
	assert_view_equal(
	    reply_option(QN_EDNS_ERROR), ((struct qn_view){(const uint8_t *)"\0\x17", 2}));
	assert_int_equal(reply.edns.options.len, 4 + 2);

	assert_int_equal(READ("question www.example.com A",
			     "edns 1232 do option=3: option=10:0011223344556677 option=8:00"),
	    QN_CLIENT_RESOLVE);
	(void)reply_write(&answer, 0, 2000);
	assert_true(reply.edns.dnssec_ok); /* RFC 3225 s3: as it came. */
	assert_view_equal(reply_option(QN_EDNS_NSID), test_octets(NODE_ID));
	assert_int_equal(reply_option(QN_EDNS_COOKIE).len, 8);
	assert_int_equal(reply.edns.options.len, 4 + strlen(NODE_ID) + 4 + 8 + 4 + 2);
}

/* RFC 6891 s6.1.3: the upper bits of the code are in the OPT record. */
TEST(client_reply_to_another_version)
{
	const struct qn_answer answer = {.rcode = QN_RCODE_BADVERS, .ede = QN_EDE_NONE};

	assert_int_equal(
	    READ("question www.example.com A", "edns 1232 version=7 option=3:"), QN_CLIENT_BADVERS);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(qn_message_rcode(&reply), QN_RCODE_BADVERS);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), 0);
	assert_int_equal(reply.edns.version, 0);
	/* The form of its options is not known. */
	assert_int_equal(reply.edns.options.len, 0);
	assert_int_equal(reply.question_count, 1);
}

TEST(client_reply_to_what_is_broken)
{
	const struct qn_answer answer = {.rcode = QN_RCODE_FORMERR, .ede = QN_EDE_NONE};

	assert_int_equal(READ("id 7", "flags rd", "edns 1232"), QN_CLIENT_FORMERR);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(reply.id, 7);
	assert_int_equal(reply.question_count, 0);
	assert_true(reply.edns.present);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_FORMERR);

	assert_int_equal(
	    READ("question www.example.com A", "edns 1232", "additional a.example 0 A \\# 00"),
	    QN_CLIENT_FORMERR);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(reply.question_count, 1);
	assert_name_text(&reply.question.name, "www.example.com.");
	/* Who knows what else of it can be believed. */
	assert_false(reply.edns.present);
}

/* RFC 7873 s5.4: nothing but the cookie, which the shard has put its part into. */
TEST(client_reply_to_a_cookie)
{
	const struct qn_answer answer = {.rcode = QN_RCODE_NOERROR, .ede = QN_EDE_NONE};

	assert_int_equal(
	    READ("id 7", "flags rd", "edns 1232 option=10:0011223344556677"), QN_CLIENT_COOKIE);
	(void)reply_write(&answer, 0, 512);
	assert_int_equal(reply.id, 7);
	assert_int_equal(reply.question_count, 0);
	assert_int_equal(qn_message_rcode(&reply), QN_RCODE_NOERROR);
	assert_int_equal(reply_option(QN_EDNS_COOKIE).len, 8);
}

/* --- Truncation ------------------------------------------------------------------------- */

TEST(client_truncates_whole_sets)
{
	char text[255];
	char line[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	snprintf(line, sizeof(line), "answer web.example.com 60 TXT %s", text);
	const struct qn_answer answer = answer_lines(QN_RCODE_NOERROR, QN_EDE_NONE,
	    TEST_LINES("question www.example.com TXT",
		"answer www.example.com 300 CNAME web.example.com", line, line,
		"authority example.com 3600 NS ns.example.com"));

	assert_int_equal(READ("question WWW.example.com TXT"), QN_CLIENT_RESOLVE);
	assert_true(reply_write(&answer, 1, 1232));
	/* Half of the TXT set would fit. */
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 1);
	assert_int_equal(reply.record_counts[QN_SECTION_AUTHORITY], 0);
	struct qn_record_walk walk = qn_message_walk(&reply);
	struct qn_record record;
	enum qn_section section;

	assert_true(qn_record_next(&walk, &record, &section));
	assert_int_equal(record.type, QN_TYPE_CNAME);
	assert_int_equal(record.ttl_s, 299);
	assert_name_text(&reply.question.name, "WWW.example.com.");

	assert_int_equal(READ("question www.example.com TXT", "edns 1232"), QN_CLIENT_RESOLVE);
	assert_false(reply_write(&answer, 1, 1232));
	/* The buffer may be smaller than what the client takes. */
	assert_true(reply_write(&answer, 1, 550));
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 1);
	assert_true(reply.edns.present);
}

/* An authority section that does not fit leaves the answer whole. */
TEST(client_truncates_the_authority)
{
	char text[250], line[400], soa[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	snprintf(line, sizeof(line), "answer www.example.com 60 TXT %s", text);
	snprintf(soa, sizeof(soa), "authority example.com 60 TXT %s", text);
	const struct qn_answer answer = answer_lines(
	    QN_RCODE_NOERROR, QN_EDE_NONE, TEST_LINES("question www.example.com TXT", line, soa));

	assert_int_equal(READ("question www.example.com TXT"), QN_CLIENT_RESOLVE);
	assert_true(reply_write(&answer, 0, 512));
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 1);
	assert_int_equal(reply.record_counts[QN_SECTION_AUTHORITY], 0);
}

#define LABEL_60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* A name of 255 octets. */
#define LONG_NAME LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 ".xxxxxxxxx"

/* A random answer: RRsets of one to many records, each differing from the one before. */
static struct qn_view
random_answer(struct qn_random *random, const struct qn_question *question)
{
	static uint8_t room[TEST_MESSAGE_MAX];
	static const char *const owners[] = {"www.example.com", "a.example.com", LONG_NAME, "."};
	static const uint16_t types[] = {QN_TYPE_A, QN_TYPE_TXT, QN_TYPE_MX, 65280};
	const uint32_t size = qn_random_below(random, 5) == 0 ? sizeof(room) : 3000;
	struct qn_writer writer = qn_writer_of((struct qn_span){room, size});
	uint16_t counts[2] = {0, 0};
	unsigned last = UINT32_MAX;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, question);
	for (unsigned section = 0; section < 2; section++) {
		for (uint32_t sets = qn_random_below(random, 6); sets > 0; sets--) {
			unsigned kind = qn_random_below(random, 16);

			kind = kind == last ? (kind + 1) % 16 : kind;
			last = kind;
			const struct qn_name owner = test_name(owners[kind / 4]);
			const uint32_t most = qn_random_below(random, 4) == 0 ? 100 : 4;

			for (uint32_t i = 1 + qn_random_below(random, most); i > 0; i--) {
				const struct qn_writer_mark mark = qn_writer_mark(&writer);
				uint8_t rdata[2 + QN_NAME_MAX] = {0};
				size_t len = 4;

				if (types[kind % 4] == QN_TYPE_TXT) {
					len = 1 + qn_random_below(random, 255);
					rdata[0] = (uint8_t)(len - 1);
				} else if (types[kind % 4] == QN_TYPE_MX) {
					len = 2 + owner.len;
					memcpy(rdata + 2, owner.octets, owner.len);
				} else if (types[kind % 4] == 65280) {
					len = qn_random_below(random, 256);
				}
				qn_write_record(&writer, &owner, types[kind % 4], QN_CLASS_IN, i,
				    (struct qn_view){rdata, len});
				if (writer.overflowed) {
					qn_writer_rewind(&writer, mark);
					break;
				}
				counts[section]++;
			}
		}
	}
	qn_write_section_count(&writer, QN_SECTION_ANSWER, counts[0]);
	qn_write_section_count(&writer, QN_SECTION_AUTHORITY, counts[1]);
	return (struct qn_view){writer.data, writer.at};
}

/* Where the answer section may be cut: behind each RRset, and how many records that keeps. */
struct cuts {
	unsigned count;
	size_t ends[16];
	uint16_t record_counts[16];
};

static struct cuts
cuts_of(struct qn_view bytes)
{
	struct cuts cuts = {.count = 1};
	struct qn_record record, last;
	struct qn_message message;
	enum qn_section section;

	assert_int_equal(qn_message_read(&message, bytes), QN_MESSAGE_OK);
	struct qn_record_walk walk = qn_message_walk(&message);

	cuts.ends[0] = message.records_at;
	while (qn_record_next(&walk, &record, &section) && section == QN_SECTION_ANSWER) {
		const uint16_t before = cuts.record_counts[cuts.count - 1];

		if (before == 0 || record.type != last.type ||
		    !qn_name_equal(&record.owner, &last.owner)) {
			cuts.count++;
			assert_true(cuts.count <= COUNT_OF(cuts.ends));
		}
		cuts.record_counts[cuts.count - 1] = (uint16_t)(before + 1);
		cuts.ends[cuts.count - 1] = record.rdata_at + record.rdata_len;
		last = record;
	}
	return cuts;
}

/* Fills `query` with what some client may have sent. */
static void
random_query(struct qn_random *random, const struct qn_question *question)
{
	query = (struct qn_client_query){
	    .question = *question,
	    .id = (uint16_t)qn_random_u32(random),
	    .flags = qn_random_below(random, 2) ? QN_FLAG_RD : 0,
	    .size_max = 512,
	    .has_question = true,
	    .has_edns = qn_random_below(random, 4) != 0,
	};
	if (!query.has_edns)
		return;
	query.size_max = (uint16_t)(512 + qn_random_below(random, 1232 - 512 + 1));
	query.dnssec_ok = qn_random_below(random, 2);
	query.wants_nsid = qn_random_below(random, 2);
	query.cookie.len = qn_random_below(random, 2) ? 24 : 0;
}

/* Whatever the answer: the reply fits, reads, counts right, and is cut between RRsets only. */
TEST(client_replies_fit)
{
	struct qn_random random = test_random(11);
	const struct qn_question question = test_question("www.example.com A");
	unsigned truncated_count = 0, whole_count = 0;

	for (unsigned round = 0; round < 3000; round++) {
		const struct qn_view bytes = random_answer(&random, &question);
		const uint16_t ede =
		    qn_random_below(&random, 2) ? QN_EDE_STALE_ANSWER : QN_EDE_NONE;
		const size_t room = 512 + qn_random_below(&random, 1500);
		const struct cuts cuts = cuts_of(bytes);
		const size_t value_len = qn_answer_encode(
		    (struct qn_span){value_room, sizeof(value_room)}, bytes, 0, ede);
		struct qn_answer answer;

		if (value_len == 0)
			continue;
		assert_true(qn_answer_open(&answer, (struct qn_view){value_room, value_len}));
		random_query(&random, &question);
		const bool truncated = reply_write(&answer, 1, room);
		const size_t opt_len = query.has_edns ? 11 + reply.edns.options.len : 0;
		const size_t limit = (room < query.size_max ? room : query.size_max) - opt_len;
		unsigned kept = cuts.count - 1;

		assert_int_equal(reply.id, query.id);
		assert_int_equal(reply.edns.present, query.has_edns);
		assert_int_equal(truncated, bytes.len > limit);
		truncated_count += truncated;
		whole_count += !truncated;
		if (truncated)
			while (cuts.ends[kept] > limit)
				kept--;
		assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], cuts.record_counts[kept]);
		assert_int_equal(reply.record_counts[QN_SECTION_AUTHORITY],
		    truncated ? 0 : answer.authority_count);
		const size_t end = truncated ? cuts.ends[kept] : bytes.len;

		assert_int_equal(reply.bytes.len, end + opt_len);
	}
	assert_true(truncated_count > 300 && whole_count > 300);
}

/* As much as an answer can hold, with a buffer as small as can be. */
TEST(client_truncates_the_largest)
{
	static uint8_t room[TEST_MESSAGE_MAX];
	const struct qn_question question = test_question("www.example.com TXT");
	struct qn_writer writer = qn_writer_of((struct qn_span){room, sizeof(room) - 1000});
	static const uint8_t rdata[256] = {255};
	uint16_t count = 0;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
	while (writer.cap - writer.at > 300) {
		qn_write_record(&writer, &question.name, QN_TYPE_TXT, QN_CLASS_IN, 60,
		    (struct qn_view){rdata, sizeof(rdata)});
		count++;
	}
	qn_write_section_count(&writer, QN_SECTION_ANSWER, count);
	const size_t len = qn_answer_encode((struct qn_span){value_room, sizeof(value_room)},
	    (struct qn_view){writer.data, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, (struct qn_view){value_room, len}));
	assert_int_equal(
	    READ("question www.example.com TXT", "edns 512 option=3:"), QN_CLIENT_RESOLVE);
	assert_true(reply_write(&answer, 0, 512));
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 0);
	assert_view_equal(reply_option(QN_EDNS_NSID), test_octets(NODE_ID));
}

/* --- Answers made here ------------------------------------------------------------------ */

static struct qn_answer
answer_of(size_t len)
{
	struct qn_answer answer;

	assert_true(qn_answer_open(&answer, (struct qn_view){value_room, len}));
	return answer;
}

static struct qn_answer
chaos_of(const char *question_text, const char *node_id, const char *version)
{
	const struct qn_question question = test_question(question_text);

	return answer_of(qn_client_chaos(
	    (struct qn_span){value_room, sizeof(value_room)}, &question, node_id, version));
}

/* RFC 4892 s2 and its older forms. */
TEST(client_tells_about_itself)
{
	static const struct {
		const char *question;
		const char *text; /* NULL: refused. */
	} cases[] = {
	    {"id.server TXT CH", NODE_ID},
	    {"HOSTNAME.bind TXT CH", NODE_ID},
	    {"version.bind TXT CH", "quince 1"},
	    {"Version.Server TXT CH", "quince 1"},
	    {"version.server ANY CH", "quince 1"},
	    {"version.server A CH", NULL},
	    {"authors.bind TXT CH", NULL},
	    {"a.id.server TXT CH", NULL},
	    {"server TXT CH", NULL},
	    {". TXT CH", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_answer answer = chaos_of(cases[i].question, NODE_ID, "quince 1");
		char question[64];

		snprintf(question, sizeof(question), "question %s", cases[i].question);
		assert_int_equal(READ(question), QN_CLIENT_CHAOS);
		assert_false(reply_write(&answer, 0, 512));
		assert_int_equal(QN_FLAGS_RCODE(reply.flags),
		    cases[i].text != NULL ? QN_RCODE_NOERROR : QN_RCODE_REFUSED);
		assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], cases[i].text != NULL);
		assert_int_equal(reply.question.class, QN_CLASS_CH);
		if (cases[i].text == NULL)
			continue;
		struct qn_record_walk walk = qn_message_walk(&reply);
		struct qn_record record;
		enum qn_section section;

		assert_true(qn_record_next(&walk, &record, &section));
		assert_int_equal(record.type, QN_TYPE_TXT);
		assert_int_equal(record.class, QN_CLASS_CH);
		assert_int_equal(record.ttl_s, 0);
		assert_true(qn_name_equal_case(&record.owner, &query.question.name));
		assert_int_equal(reply_room[record.rdata_at], strlen(cases[i].text));
		assert_view_equal(
		    ((struct qn_view){reply_room + record.rdata_at + 1, record.rdata_len - 1u}),
		    test_octets(cases[i].text));
	}
}

/* A text the operator has left empty is not told. */
TEST(client_keeps_its_version_to_itself)
{
	assert_int_equal(chaos_of("version.bind TXT CH", NODE_ID, "").rcode, QN_RCODE_REFUSED);
	assert_int_equal(chaos_of("id.server TXT CH", NODE_ID, "").rcode, QN_RCODE_NOERROR);
	assert_int_equal(chaos_of("id.server TXT CH", "", "1").rcode, QN_RCODE_REFUSED);
}

TEST(client_tells_long_texts)
{
	char text[257];

	memset(text, 'x', sizeof(text));
	text[256] = 0;
	assert_is_bug(chaos_of("id.server TXT CH", text, ""));
	text[255] = 0;
	assert_int_equal(chaos_of("id.server TXT CH", text, "").records.len, 12 + 1 + 255);
}

/* RFC 8482 s4.2. */
TEST(client_answers_any)
{
	const struct qn_question question = test_question("www.example.com ANY");
	const struct qn_answer answer =
	    answer_of(qn_client_any((struct qn_span){value_room, sizeof(value_room)}, &question));

	assert_int_equal(READ("question www.example.COM ANY", "edns 1232"), QN_CLIENT_ANY);
	assert_false(reply_write(&answer, 0, 512));
	struct qn_record_walk walk = qn_message_walk(&reply);
	struct qn_record record;
	enum qn_section section;

	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 1);
	assert_true(qn_record_next(&walk, &record, &section));
	assert_int_equal(record.type, QN_TYPE_HINFO);
	assert_int_equal(record.class, QN_CLASS_IN);
	assert_true(record.ttl_s > 0);
	assert_view_equal(((struct qn_view){reply_room + record.rdata_at, record.rdata_len}),
	    ((struct qn_view){(const uint8_t *)"\7RFC8482\0", 9}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(client_verdicts),
	    cmocka_unit_test(client_reads_what_the_reply_needs),
	    cmocka_unit_test(client_sizes_are_limited),
	    cmocka_unit_test(client_reads_datagrams_cut_short),
	    cmocka_unit_test(client_reply_to_a_plain_query),
	    cmocka_unit_test(client_reply_flags),
	    cmocka_unit_test(client_reply_with_edns),
	    cmocka_unit_test(client_reply_to_another_version),
	    cmocka_unit_test(client_reply_to_what_is_broken),
	    cmocka_unit_test(client_reply_to_a_cookie),
	    cmocka_unit_test(client_truncates_whole_sets),
	    cmocka_unit_test(client_truncates_the_authority),
	    cmocka_unit_test(client_replies_fit),
	    cmocka_unit_test(client_truncates_the_largest),
	    cmocka_unit_test(client_tells_about_itself),
	    cmocka_unit_test(client_keeps_its_version_to_itself),
	    cmocka_unit_test(client_tells_long_texts),
	    cmocka_unit_test(client_answers_any),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
