/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/frame.h"
#include "shard/transport.h"
#include "support/message.h"

#include <string.h>

#define SLOTS 64

static struct qn_port_table ports;
static struct qn_transport_table transport;
static struct qn_question question;
static struct qn_message message;

static void
transport_begin(uint8_t seed)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[SLOTS * 1024];
	const uint8_t octets[QN_RANDOM_SEED_LEN] = {seed};
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});

	memset(&transport, 0xee, sizeof(transport));
	qn_port_table_init(&ports);
	qn_transport_init(&transport, &arena, SLOTS, 3, &ports, octets);
	question = test_question("www.example.com A");
}

static struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return address;
}

static struct qn_upstream_query
query_of(uint32_t slot)
{
	return (struct qn_upstream_query){
	    .slot = slot,
	    .server = {address_of("192.0.2.53"), 53},
	    .edns = true,
	    .mix_case = true,
	    .cookie = {.octets = {1, 2, 3, 4, 5, 6, 7, 8}, .len = 8},
	    .question = &question,
	};
}

static struct qn_sent *
open_query(uint32_t slot)
{
	const struct qn_upstream_query query = query_of(slot);
	struct qn_sent *sent = qn_transport_open(&transport, &query);

	assert_non_null(sent);
	sent->local = address_of("10.0.0.1");
	return sent;
}

/* --- What goes out ---------------------------------------------------------------------- */

TEST(transport_writes_a_query)
{
	uint8_t room[512];

	transport_begin(1);
	struct qn_sent *sent = open_query(5);
	const struct qn_view bytes = {
	    room, qn_transport_write(sent, (struct qn_span){room, sizeof(room)})};
	struct qn_view cookie;

	assert_int_equal(qn_message_read(&message, bytes), QN_MESSAGE_OK);
	assert_int_equal(message.id, sent->id);
	assert_int_equal(message.flags, 0);
	assert_int_equal(message.question_count, 1);
	assert_true(qn_name_equal_case(&message.question.name, &sent->name));
	assert_true(qn_name_equal(&message.question.name, &question.name));
	assert_int_equal(message.question.type, QN_TYPE_A);
	assert_int_equal(message.question.class, QN_CLASS_IN);
	assert_int_equal(message.record_counts[QN_SECTION_ADDITIONAL], 1);
	assert_int_equal(message.edns.udp_size, 1232);
	assert_int_equal(message.edns.version, 0);
	assert_false(message.edns.dnssec_ok);
	assert_true(qn_edns_option_find(&message.edns, QN_EDNS_COOKIE, &cookie));
	assert_view_equal(cookie, ((struct qn_view){sent->query.cookie.octets, 8}));
}

TEST(transport_writes_plain_queries)
{
	struct qn_upstream_query query;
	uint8_t room[512];

	transport_begin(1);
	query = query_of(0);
	query.edns = false;
	query.mix_case = false;
	query.recursion_desired = true;
	question = test_question("wWw.eXample.com TYPE65280");
	struct qn_sent *sent = qn_transport_open(&transport, &query);

	assert_non_null(sent);
	const struct qn_view bytes = {
	    room, qn_transport_write(sent, (struct qn_span){room, sizeof(room)})};

	assert_int_equal(qn_message_read(&message, bytes), QN_MESSAGE_OK);
	assert_int_equal(message.flags, QN_FLAG_RD);
	assert_false(message.edns.present);
	assert_int_equal(message.record_counts[QN_SECTION_ADDITIONAL], 0);
	assert_int_equal(message.question.type, 65280);
	assert_name_text(&message.question.name, "wWw.eXample.com.");
}

/* RFC 5452 s9: what an off-path forger has to guess is different each time. */
TEST(transport_draws_ids_and_ports)
{
	static uint32_t ids[256], low[256];
	uint32_t same_id = 0, same_port = 0;
	uint16_t last_id = 0, last_port = 0;

	transport_begin(2);
	for (uint32_t i = 0; i < 65536; i++) {
		const struct qn_sent *sent = open_query(i % SLOTS);

		ids[sent->id >> 8]++;
		low[sent->id & 0xff]++;
		same_id += sent->id == last_id;
		same_port += sent->port == last_port;
		last_id = sent->id;
		last_port = sent->port;
		qn_transport_release(&transport, i % SLOTS);
	}
	/* 256 of each expected, with a standard deviation of 16. */
	for (unsigned i = 0; i < 256; i++) {
		assert_in_range(ids[i], 256 - 6 * 16, 256 + 6 * 16);
		assert_in_range(low[i], 256 - 6 * 16, 256 + 6 * 16);
	}
	assert_true(same_id < 10 && same_port < 10);
}

/* Each letter of a name has its own coin; what is no letter stays. */
TEST(transport_mixes_letter_case)
{
	static uint32_t upper[QN_NAME_MAX];
	uint32_t together = 0;
	const unsigned rounds = 4000;

	transport_begin(3);
	question =
	    test_question("a1-_\\255\\091\\123z.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX."
			  "yzyzyzyzyzyzyzyzyzyzyzyzyzyzyzyzyzyzyz.com A");
	for (unsigned round = 0; round < rounds; round++) {
		const struct qn_sent *sent = open_query(0);

		assert_true(qn_name_equal(&sent->name, &question.name));
		for (unsigned i = 0; i < sent->name.len; i++)
			upper[i] += sent->name.octets[i] >= 'A' && sent->name.octets[i] <= 'Z';
		/* Two letters 32 octets apart, which come from two draws. */
		together += (sent->name.octets[12] ^ sent->name.octets[44]) >> 5 & 1;
		qn_transport_release(&transport, 0);
	}
	for (unsigned i = 0; i < question.name.len; i++) {
		const uint8_t lower = qn_octet_lower(question.name.octets[i]);

		if (lower >= 'a' && lower <= 'z')
			assert_in_range(upper[i], rounds / 2 - 200, rounds / 2 + 200);
		else
			assert_int_equal(upper[i], 0);
	}
	assert_in_range(together, rounds / 2 - 200, rounds / 2 + 200);
}

/* Two workers with two seeds agree on nothing. */
TEST(transport_follows_its_seed)
{
	uint16_t ids[2][32];

	for (uint8_t seed = 0; seed < 2; seed++) {
		transport_begin(seed);
		for (uint32_t i = 0; i < 32; i++)
			ids[seed][i] = open_query(i)->id;
	}
	assert_memory_not_equal(ids[0], ids[1], sizeof(ids[0]));
}

TEST(transport_gives_ports_back)
{
	uint16_t worker;
	uint32_t slot;

	transport_begin(4);
	const uint16_t port = open_query(7)->port;

	assert_true(qn_port_owner(&ports, port, &worker, &slot));
	assert_int_equal(worker, 3);
	assert_int_equal(slot, 7);
	assert_is_bug(open_query(7));
	assert_is_bug(open_query(SLOTS));
	qn_transport_release(&transport, 7);
	assert_false(qn_port_owner(&ports, port, &worker, &slot));
	/* Harmless when it has none. */
	qn_transport_release(&transport, 7);
	(void)open_query(7);
}

TEST(transport_without_a_free_port)
{
	const struct qn_upstream_query query = query_of(1);

	transport_begin(5);
	for (uint32_t i = 0; i < QN_PORT_COUNT; i++)
		atomic_init(&ports.owners[i], 7);
	assert_null(qn_transport_open(&transport, &query));
	qn_transport_release(&transport, 1);
	/* The slot is as good as new. */
	qn_port_table_init(&ports);
	(void)open_query(1);
}

/* --- What comes back -------------------------------------------------------------------- */

/* A line that adds nothing to a message. */
#define NOTHING "flags"

/* How a test wants a reply to the query in slot 5 to differ from the right one. */
struct forgery {
	const char *source;
	const char *destination;
	uint16_t source_port;
	uint16_t port_shift;
	uint16_t id_shift;
	const char *flags;
	const char *question;
	const char *more;
	bool other_case;
	bool cut;
};

static enum qn_transport_match
match_forgery(const struct forgery *forgery)
{
	const struct qn_sent *sent = &transport.slots[5];
	struct qn_frame frame = {
	    .source = {address_of(forgery->source != NULL ? forgery->source : "192.0.2.53"),
		forgery->source_port != 0 ? forgery->source_port : 53},
	    .destination = {address_of(
				forgery->destination != NULL ? forgery->destination : "10.0.0.1"),
		(uint16_t)(sent->port + forgery->port_shift)},
	};
	uint8_t room[512];
	struct qn_view bytes = test_message_lines((struct qn_span){room, sizeof(room)},
	    TEST_LINES(forgery->flags != NULL ? forgery->flags : "flags qr aa",
		forgery->question != NULL ? forgery->question : "question www.example.com A",
		forgery->more != NULL ? forgery->more : "answer www.example.com 60 A 192.0.2.1"));

	room[0] = (uint8_t)((sent->id + forgery->id_shift) >> 8);
	room[1] = (uint8_t)(sent->id + forgery->id_shift);
	if (forgery->question == NULL)
		memcpy(room + QN_HEADER_LEN, sent->name.octets, sent->name.len);
	if (forgery->other_case)
		room[QN_HEADER_LEN + 1] ^= 0x20;
	bytes.len -= forgery->cut;
	return qn_transport_match(&transport, 5, &frame, bytes, &message);
}

TEST(transport_matches)
{
	static const struct {
		struct forgery forgery;
		enum qn_transport_match match;
	} cases[] = {
	    {{.flags = NULL}, QN_MATCH_REPLY},
	    {{.source = "192.0.2.54"}, QN_MATCH_WRONG_PEER},
	    {{.source = "2001:db8::53"}, QN_MATCH_WRONG_PEER},
	    {{.source_port = 5353}, QN_MATCH_WRONG_PEER},
	    {{.destination = "10.0.0.2"}, QN_MATCH_WRONG_PEER},
	    {{.port_shift = 1}, QN_MATCH_STRAY},
	    {{.id_shift = 1}, QN_MATCH_WRONG_ID},
	    {{.id_shift = 0x100}, QN_MATCH_WRONG_ID},
	    {{.other_case = true}, QN_MATCH_WRONG_CASE},
	    {{.question = "question www.example.net A"}, QN_MATCH_WRONG_QUESTION},
	    {{.question = "question www.example.com AAAA"}, QN_MATCH_WRONG_QUESTION},
	    {{.question = "question www.example.com A CH"}, QN_MATCH_WRONG_QUESTION},
	    {{.question = "question example.com A"}, QN_MATCH_WRONG_QUESTION},
	    /* Two of them; the first is right. */
	    {{.more = "question www.example.com A"}, QN_MATCH_WRONG_QUESTION},
	    {{.question = NOTHING}, QN_MATCH_WRONG_QUESTION},
	    {{.question = NOTHING, .flags = "flags qr SERVFAIL"}, QN_MATCH_WRONG_QUESTION},
	    /* RFC 6891 s7: who does not understand may not repeat the question either. */
	    {{.question = NOTHING, .flags = "flags qr FORMERR", .more = NOTHING}, QN_MATCH_REPLY},
	    {{.question = NOTHING, .flags = "flags qr NOTIMP", .more = NOTHING}, QN_MATCH_REPLY},
	    {{.question = NOTHING, .flags = "flags qr FORMERR", .more = NOTHING, .id_shift = 1},
		QN_MATCH_WRONG_ID},
	    {{.flags = "flags aa"}, QN_MATCH_BROKEN},
	    {{.flags = "flags qr opcode=4"}, QN_MATCH_BROKEN},
	    {{.cut = true}, QN_MATCH_BROKEN},
	    {{.flags = "flags qr tc"}, QN_MATCH_REPLY},
	    {{.flags = "flags qr tc", .cut = true}, QN_MATCH_REPLY},
	    {{.flags = "flags qr tc", .cut = true, .id_shift = 1}, QN_MATCH_WRONG_ID},
	    {{.flags = "flags qr tc", .cut = true, .other_case = true}, QN_MATCH_WRONG_CASE},
	    {{.flags = "flags qr tc", .cut = true, .question = "question www.example.net A"},
		QN_MATCH_WRONG_QUESTION},
	    {{.flags = "flags tc", .cut = true}, QN_MATCH_BROKEN},
	    {{.flags = "flags qr tc", .cut = true, .question = NOTHING, .more = NOTHING},
		QN_MATCH_BROKEN},
	    {{.more = "answer www.example.com 60 A \\# 00"}, QN_MATCH_BROKEN},
	    /* RFC 7873 s5.3: our part of the cookie comes back, or none at all. */
	    {{.more = "edns 1232 option=10:0102030405060708"}, QN_MATCH_REPLY},
	    {{.more = "edns 1232 option=10:01020304050607081112131415161718"}, QN_MATCH_REPLY},
	    {{.more = "edns 1232 option=10:0102030405060709"}, QN_MATCH_WRONG_COOKIE},
	    {{.more = "edns 1232 option=10:01020304050607"}, QN_MATCH_WRONG_COOKIE},
	    {{.more = "edns 1232 option=10:"}, QN_MATCH_WRONG_COOKIE},
	    {{.more = "edns 1232"}, QN_MATCH_REPLY},
	};

	transport_begin(6);
	(void)open_query(5);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(match_forgery(&cases[i].forgery), cases[i].match);
	/* None of that has closed it: the right reply is still welcome. */
	assert_int_equal(match_forgery(&(struct forgery){.flags = NULL}), QN_MATCH_REPLY);
	assert_int_equal(message.id, transport.slots[5].id);
	assert_int_equal(message.record_counts[QN_SECTION_ANSWER], 1);
}

/* Cut off inside a record: there is nothing behind the question, whatever the header says. */
TEST(a_cut_reply_has_no_records)
{
	struct qn_record_walk walk;
	struct qn_record record;
	enum qn_section section;

	transport_begin(6);
	(void)open_query(5);
	assert_int_equal(
	    match_forgery(&(struct forgery){.flags = "flags qr tc", .cut = true}), QN_MATCH_REPLY);
	walk = qn_message_walk(&message);
	assert_false(qn_record_next(&walk, &record, &section));
	assert_false(message.edns.present);
}

/* Where the case was not mixed, because a server cannot keep it, none is asked for. */
TEST(transport_matches_without_case)
{
	struct qn_upstream_query query;

	transport_begin(6);
	query = query_of(5);
	query.mix_case = false;
	struct qn_sent *sent = qn_transport_open(&transport, &query);

	assert_non_null(sent);
	sent->local = address_of("10.0.0.1");
	assert_int_equal(match_forgery(&(struct forgery){.other_case = true}), QN_MATCH_REPLY);
}

TEST(transport_matches_only_what_is_open)
{
	struct qn_frame frame = {.source.port = 53};
	const struct qn_view nothing = {NULL, 0};

	transport_begin(7);
	assert_int_equal(
	    qn_transport_match(&transport, SLOTS, &frame, nothing, &message), QN_MATCH_STRAY);
	assert_int_equal(
	    qn_transport_match(&transport, 5, &frame, nothing, &message), QN_MATCH_STRAY);
	(void)open_query(5);
	const uint16_t port = transport.slots[5].port;

	qn_transport_release(&transport, 5);
	frame.destination.port = port;
	assert_int_equal(
	    qn_transport_match(&transport, 5, &frame, nothing, &message), QN_MATCH_STRAY);
}

/* --- Streams ---------------------------------------------------------------------------- */

static struct qn_sent *
open_stream(uint32_t slot)
{
	struct qn_upstream_query query = query_of(slot);

	query.transport = QN_TRANSPORT_TCP;
	struct qn_sent *sent = qn_transport_open(&transport, &query);

	assert_non_null(sent);
	return sent;
}

/* Over TCP there is no port to give, and no datagram can answer. */
TEST(transport_opens_streams)
{
	struct qn_frame frame = {.source.port = 53};

	transport_begin(8);
	for (uint32_t i = 0; i < QN_PORT_COUNT; i++)
		atomic_init(&ports.owners[i], 7);
	const struct qn_sent *sent = open_stream(5);

	assert_int_equal(sent->port, 0);
	assert_int_equal(
	    qn_transport_match(&transport, 5, &frame, (struct qn_view){NULL, 0}, &message),
	    QN_MATCH_STRAY);
	assert_ptr_equal(qn_transport_stream(&transport, qn_transport_stream_token(sent)), sent);
}

/* A stream may answer when its slot has long been given to another question. */
TEST(transport_tells_queries_of_a_slot_apart)
{
	transport_begin(8);
	struct qn_sent *sent = open_stream(5);
	const uint64_t first = qn_transport_stream_token(sent);

	qn_transport_release(&transport, 5);
	assert_null(qn_transport_stream(&transport, first));
	(void)open_stream(5);
	assert_null(qn_transport_stream(&transport, first));
	assert_ptr_equal(qn_transport_stream(&transport, qn_transport_stream_token(sent)), sent);
	assert_is_bug(qn_transport_stream(&transport, SLOTS) == NULL);
}

TEST(transport_matches_streams)
{
	static const struct {
		const char *question;
		uint16_t id_shift;
		enum qn_transport_match match;
	} cases[] = {
	    {"question www.example.com A", 0, QN_MATCH_REPLY},
	    {"question WWW.example.com A", 0, QN_MATCH_REPLY},
	    {"question www.example.com A", 1, QN_MATCH_WRONG_ID},
	    {"question www.example.org A", 0, QN_MATCH_WRONG_QUESTION},
	};

	transport_begin(9);
	const struct qn_sent *sent = open_stream(5);

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t room[512];
		const struct qn_view bytes =
		    test_message_lines((struct qn_span){room, sizeof(room)},
			TEST_LINES("flags qr aa", cases[i].question));

		room[0] = (uint8_t)((sent->id + cases[i].id_shift) >> 8);
		room[1] = (uint8_t)(sent->id + cases[i].id_shift);
		assert_int_equal(qn_transport_match_stream(sent, bytes, &message), cases[i].match);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(transport_writes_a_query),
	    cmocka_unit_test(transport_writes_plain_queries),
	    cmocka_unit_test(transport_draws_ids_and_ports),
	    cmocka_unit_test(transport_mixes_letter_case),
	    cmocka_unit_test(transport_follows_its_seed),
	    cmocka_unit_test(transport_gives_ports_back),
	    cmocka_unit_test(transport_without_a_free_port),
	    cmocka_unit_test(transport_matches),
	    cmocka_unit_test(a_cut_reply_has_no_records),
	    cmocka_unit_test(transport_matches_without_case),
	    cmocka_unit_test(transport_matches_only_what_is_open),
	    cmocka_unit_test(transport_opens_streams),
	    cmocka_unit_test(transport_tells_queries_of_a_slot_apart),
	    cmocka_unit_test(transport_matches_streams),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
