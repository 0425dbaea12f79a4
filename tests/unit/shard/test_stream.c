/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions of stream clients: the same answers as over UDP, whole, and to whoever asked.
 */
#include "base/endian.h"
#include "cache/answer.h"
#include "cache/cache.h"
#include "shard/shard.h"
#include "support/message.h"
#include "zone/zones.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_LEN (4u << 20)
#define IDLE_DS   100

#define STALE_TTL_S 30

/* Of the places to wait in, clients of one network get a sixteenth and one more. */
#define CLIENT_MAX  64
#define NETWORK_MAX (CLIENT_MAX / 16 + 1)
#define TASK_MAX    4

static struct qn_shard_shared shared;
static struct qn_shard_config config;
static struct qn_shard *shard;
static void *shard_memory, *cache_memory;
static uint64_t now_us; /* When questions are asked. */

static uint8_t query_room[TEST_MESSAGE_MAX];
static uint8_t reply_room[TEST_MESSAGE_MAX];
static struct qn_message reply;

static int
open_shard(void **state)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
	const struct qn_shard_limits limits = {
	    .worker_count = 1, .client_max = CLIENT_MAX, .task_max = TASK_MAX, .upstream_max = 4};
	const size_t shard_len =
	    (qn_shard_size(&limits) + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);

	struct qn_prefix clients;

	(void)state;
	now_us = 0;
	memset(&config, 0, sizeof(config));
	config.stream_idle_ds = IDLE_DS;
	config.resolve.use_ipv4 = true;
	config.resolve.hint_count = 1;
	config.resolve.hints[0].name = test_name("a.root-servers.net");
	config.resolve.hints[0].address_count = 1;
	if (!qn_prefix_from_text(&clients, "10.0.0.0/8") ||
	    !qn_prefix_map_add(&config.access, &clients, QN_ACCESS_ALLOW) ||
	    !qn_address_from_text(&config.resolve.hints[0].addresses[0], "192.0.2.53"))
		return -1;
	shared = (struct qn_shard_shared){.hash_key = {1, 2}};
	cache_memory = aligned_alloc(QN_ARENA_ALIGN, CACHE_LEN);
	shard_memory = aligned_alloc(QN_ARENA_ALIGN, shard_len);
	shared.ports = malloc(qn_port_table_size());
	if (cache_memory == NULL || shard_memory == NULL || shared.ports == NULL)
		return -1;
	qn_port_table_init(shared.ports);
	shared.caches[0] = qn_cache_init((struct qn_span){cache_memory, CACHE_LEN}, test_now_us(0));
	shard = qn_shard_init((struct qn_span){shard_memory, shard_len}, &limits, &shared, &config,
	    seed, test_now_us(0));
	return 0;
}

static int
close_shard(void **state)
{
	(void)state;
	free(shared.ports);
	free(shard_memory);
	free(cache_memory);
	return 0;
}

static struct qn_view
query_lines(const char *const *lines)
{
	return test_message_lines((struct qn_span){query_room, sizeof(query_room)}, lines);
}

static enum qn_shard_stream_verdict
ask_as(const char *address, bool encrypted, uint64_t token, struct qn_view message)
{
	struct qn_shard_stream_client client = {.token = token, .encrypted = encrypted};
	struct qn_span room = {reply_room, sizeof(reply_room)};
	enum qn_shard_stream_verdict verdict;

	assert_true(qn_address_from_text(&client.address, address));
	verdict = qn_shard_stream_ask(shard, &client, message, &room, test_now_us(now_us));
	if (verdict == QN_SHARD_STREAM_REPLY)
		assert_int_equal(
		    qn_message_read(&reply, (struct qn_view){room.data, room.len}), QN_MESSAGE_OK);
	return verdict;
}

#define ASK(...) ask_as("10.0.0.1", false, 7, query_lines(TEST_LINES(__VA_ARGS__)))

/* Puts the answer that the lines describe into the cache. */
static void
put_answer(const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);
	uint8_t value[QN_CACHE_VALUE_MAX];
	const size_t len = qn_answer_encode(
	    (struct qn_span){value, sizeof(value)}, message.bytes, QN_RCODE_NOERROR, QN_EDE_NONE);
	struct qn_cache_key key;

	assert_true(len > 0);
	qn_cache_key_init(
	    &key, &shared.hash_key, QN_CACHE_ANSWER, &message.question.name, message.question.type);
	assert_true(qn_cache_put(
	    shared.caches[0], &key, 300, (struct qn_view){value, len}, test_now_us(0)));
}

/* Writes out all that the shard would send in frames; returns how many. */
static unsigned
output_all(struct qn_now now)
{
	uint8_t buffer[2048];
	struct qn_packet packet = {.data = buffer, .capacity = sizeof(buffer)};
	unsigned count = 0;
	uint16_t link;

	while (qn_shard_output(shard, &link, &packet, now))
		count++;
	return count;
}

TEST(stream_hit_is_answered_at_once)
{
	put_answer(
	    TEST_LINES("question www.example.com A", "answer www.example.com 300 A 192.0.2.1"));
	assert_int_equal(ASK("id 4660", "flags rd", "question wWw.example.com A", "edns 1232"),
	    QN_SHARD_STREAM_REPLY);
	assert_int_equal(reply.id, 4660);
	assert_name_text(&reply.question.name, "wWw.example.com.");
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 1);
}

/* What is far too large for any datagram, to a client without EDNS. */
TEST(stream_answer_is_whole)
{
	const char *lines[32] = {"question big.example.com TXT"};
	char texts[30][300];

	for (unsigned i = 0; i < 30; i++) {
		memset(texts[i], 0, sizeof(texts[i]));
		strcpy(texts[i], "answer big.example.com 300 TXT ");
		memset(texts[i] + strlen(texts[i]), 'a' + (int)i % 26, 200 + i);
		lines[1 + i] = texts[i];
	}
	put_answer(lines);
	assert_int_equal(ASK("flags rd", "question big.example.com TXT"), QN_SHARD_STREAM_REPLY);
	assert_int_equal(reply.flags & QN_FLAG_TC, 0);
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 30);
	assert_true(reply.bytes.len > 6000);
}

TEST(stream_is_judged_as_a_datagram)
{
	static const uint8_t runt[11];

	assert_int_equal(ask_as("192.0.2.1", false, 7,
			     query_lines(TEST_LINES("flags rd", "question www.example.com A"))),
	    QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_REFUSED);
	assert_int_equal(
	    ASK("flags opcode=4", "question www.example.com SOA"), QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_NOTIMP);
	assert_int_equal(ASK("flags", "question www.example.com AXFR"), QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_NOTIMP);
	/* Nothing to reply to, or a loop if there were a reply. */
	assert_int_equal(ASK("flags qr", "question www.example.com A"), QN_SHARD_STREAM_NONE);
	assert_int_equal(ask_as("10.0.0.1", false, 7, (struct qn_view){runt, sizeof(runt)}),
	    QN_SHARD_STREAM_NONE);
}

/* A node without a link reaches no server: the client that waited is told. */
TEST(stream_miss_is_answered_later)
{
	struct qn_span room = {reply_room, sizeof(reply_room)};
	const struct qn_now now = test_now_us(0);
	uint64_t token = 0;

	assert_false(qn_shard_take_stream_answer(shard, &token, &room, now));
	assert_int_equal(ASK("id 99", "flags rd", "question www.example.com A", "edns 1232"),
	    QN_SHARD_STREAM_WAIT);
	assert_int_equal(output_all(now), 0);
	assert_true(qn_shard_take_stream_answer(shard, &token, &room, now));
	assert_int_equal(token, 7);
	assert_int_equal(qn_message_read(&reply, qn_view_of(room)), QN_MESSAGE_OK);
	assert_int_equal(reply.id, 99);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_SERVFAIL);
	room.len = sizeof(reply_room);
	assert_false(qn_shard_take_stream_answer(shard, &token, &room, now));
}

/* Each of those who wait for one question gets the answer, however many there are. */
TEST(streams_join_one_question)
{
	struct qn_span room = {reply_room, sizeof(reply_room)};
	uint64_t seen = 0, token;

	for (uint64_t i = 0; i < NETWORK_MAX; i++)
		assert_int_equal(ask_as("10.0.0.1", false, i,
				     query_lines(TEST_LINES("flags rd", "question a.example A"))),
		    QN_SHARD_STREAM_WAIT);
	assert_int_equal(output_all(test_now_us(0)), 0);
	while (qn_shard_take_stream_answer(shard, &token, &room, test_now_us(0))) {
		seen |= UINT64_C(1) << token;
		room.len = sizeof(reply_room);
	}
	assert_int_equal(seen, (1u << NETWORK_MAX) - 1);
}

static void
assert_shed(enum qn_shard_stream_verdict verdict)
{
	assert_int_equal(verdict, QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_SERVFAIL);
}

/* Who is turned away is told so at once, whichever place there was none of. */
TEST(stream_that_finds_no_place_is_told)
{
	char question[] = "question a.example A", address[] = "10.0.0.1";
	enum qn_shard_stream_verdict verdict = QN_SHARD_STREAM_WAIT;

	for (uint64_t i = 0; i < NETWORK_MAX; i++)
		assert_int_equal(ASK("flags rd", "question a.example A"), QN_SHARD_STREAM_WAIT);
	assert_shed(ASK("id 99", "flags rd", "question a.example A", "edns 1232"));
	assert_int_equal(reply.id, 99);
	assert_true(reply.edns.present);
	/* Other networks take the places to resolve in until there is none. */
	for (unsigned i = 0; i < TASK_MAX && verdict == QN_SHARD_STREAM_WAIT; i++) {
		question[9]++;
		address[5]++;
		verdict = ask_as(address, false, 7, query_lines(TEST_LINES("flags rd", question)));
	}
	assert_shed(verdict);
}

static void
assert_stale(enum qn_shard_stream_verdict verdict)
{
	struct qn_record_walk walk = qn_message_walk(&reply);
	struct qn_record record;
	enum qn_section section;
	struct qn_view data;

	assert_int_equal(verdict, QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_NOERROR);
	assert_true(qn_record_next(&walk, &record, &section));
	assert_int_equal(record.type, QN_TYPE_A);
	assert_int_equal(record.ttl_s, STALE_TTL_S);
	assert_true(qn_edns_option_find(&reply.edns, QN_EDNS_ERROR, &data));
	assert_int_equal(data.len, 2);
	assert_int_equal(qn_load_be16(data.data), QN_EDE_STALE_ANSWER);
}

/* An old answer is better than being turned away, and needs no place to wait in (RFC 8767). */
TEST(stream_that_finds_no_place_is_told_the_old_answer)
{
	char question[] = "question a.example A", address[] = "10.0.0.1";
	enum qn_shard_stream_verdict verdict = QN_SHARD_STREAM_WAIT;

	config.stale =
	    (struct qn_shard_stale){.age_max_s = 86400, .wait_ms = 1800, .ttl_s = STALE_TTL_S};
	put_answer(
	    TEST_LINES("question www.example.com A", "answer www.example.com 300 A 192.0.2.1"));
	now_us = 301 * QN_US_PER_S;
	for (uint64_t i = 0; i < NETWORK_MAX; i++)
		assert_int_equal(ASK("flags rd", "question a.example A"), QN_SHARD_STREAM_WAIT);
	assert_stale(ASK("flags rd", "question www.example.com A", "edns 1232"));
	/* Other networks take the places to resolve in until there is none. */
	for (unsigned i = 0; i < TASK_MAX && verdict == QN_SHARD_STREAM_WAIT; i++) {
		question[9]++;
		address[5]++;
		verdict = ask_as(address, false, 7, query_lines(TEST_LINES("flags rd", question)));
	}
	assert_shed(verdict);
	assert_stale(ask_as("10.0.9.1", false, 7,
	    query_lines(TEST_LINES("flags rd", "question www.example.com A", "edns 1232"))));
}

static uint64_t
figure(const char *name)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++)
		if (strcmp(qn_shard_figure(i).name, name) == 0)
			return qn_shard_figure_value(shard, i);
	fail_msg("there is no figure %s", name);
	return 0;
}

/* Lets time go by, and takes the answer to the one client whose time is up then. */
static void
take_expired(uint64_t wait_ms)
{
	struct qn_span room = {reply_room, sizeof(reply_room)};
	uint64_t token;

	now_us += wait_ms * QN_US_PER_MS;
	while (qn_shard_expire(shard, test_now_us(now_us), 1) > 0)
		;
	assert_true(qn_shard_take_stream_answer(shard, &token, &room, test_now_us(now_us)));
	assert_int_equal(qn_message_read(&reply, qn_view_of(room)), QN_MESSAGE_OK);
	room.len = sizeof(reply_room);
	assert_false(qn_shard_take_stream_answer(shard, &token, &room, test_now_us(now_us)));
}

/* Whose time is up, and gets an old answer, has not waited in vain. */
TEST(stream_with_an_old_answer_misses_no_deadline)
{
	config.stale =
	    (struct qn_shard_stale){.age_max_s = 86400, .wait_ms = 1800, .ttl_s = STALE_TTL_S};
	put_answer(
	    TEST_LINES("question www.example.com A", "answer www.example.com 300 A 192.0.2.1"));
	now_us = 301 * QN_US_PER_S;
	assert_int_equal(
	    ASK("flags rd", "question www.example.com A", "edns 1232"), QN_SHARD_STREAM_WAIT);
	take_expired(1810);
	assert_stale(QN_SHARD_STREAM_REPLY);
	assert_int_equal(figure("client_stale"), 1);
	assert_int_equal(figure("client_deadlines"), 0);
	/* Only when that question is over is there room for another. */
	now_us += 20 * QN_US_PER_S;
	(void)qn_shard_expire(shard, test_now_us(now_us), UINT32_MAX);
	assert_int_equal(ASK("flags rd", "question a.example A"), QN_SHARD_STREAM_WAIT);
	take_expired(5010);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_SERVFAIL);
	assert_int_equal(figure("client_deadlines"), 1);
}

/* Who may ask gets a cookie without a question; who may not gets none (RFC 7873 s5.4). */
TEST(stream_may_ask_for_a_cookie)
{
	const struct qn_view wanted =
	    query_lines(TEST_LINES("flags rd", "edns 1232 option=10:0011223344556677"));
	struct qn_view data;

	assert_int_equal(ask_as("10.0.0.1", false, 7, wanted), QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_NOERROR);
	assert_true(qn_edns_option_find(&reply.edns, QN_EDNS_COOKIE, &data));
	assert_int_equal(data.len, 24);
	assert_int_equal(ask_as("192.0.2.1", false, 7, wanted), QN_SHARD_STREAM_REPLY);
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_REFUSED);
	assert_false(qn_edns_option_find(&reply.edns, QN_EDNS_COOKIE, &data));
}

TEST(stream_tells_its_idle_time)
{
	struct qn_view data;

	assert_int_equal(ASK("flags", "question www.example.com ANY", "edns 1232 option=11:"),
	    QN_SHARD_STREAM_REPLY);
	assert_true(qn_edns_option_find(&reply.edns, QN_EDNS_KEEPALIVE, &data));
	assert_int_equal(data.len, 2);
	assert_int_equal(qn_load_be16(data.data), IDLE_DS);
	assert_int_equal(
	    ASK("flags", "question www.example.com ANY", "edns 1232"), QN_SHARD_STREAM_REPLY);
	assert_false(qn_edns_option_find(&reply.edns, QN_EDNS_KEEPALIVE, &data));
}

/* Padding hides a length that others can see: of what they can read, there is nothing to hide. */
TEST(stream_pads_what_is_encrypted)
{
	const struct qn_view wanted = query_lines(
	    TEST_LINES("flags", "question www.example.com ANY", "edns 1232 option=12:0000"));
	struct qn_view data;

	assert_int_equal(ask_as("10.0.0.1", true, 7, wanted), QN_SHARD_STREAM_REPLY);
	assert_true(qn_edns_option_find(&reply.edns, QN_EDNS_PADDING, &data));
	assert_int_equal(reply.bytes.len % 468, 0);
	assert_int_equal(ask_as("10.0.0.1", false, 7, wanted), QN_SHARD_STREAM_REPLY);
	assert_false(qn_edns_option_find(&reply.edns, QN_EDNS_PADDING, &data));
	assert_int_equal(
	    ask_as("10.0.0.1", true, 7,
		query_lines(TEST_LINES("flags", "question www.example.com ANY", "edns 1232"))),
	    QN_SHARD_STREAM_REPLY);
	assert_false(qn_edns_option_find(&reply.edns, QN_EDNS_PADDING, &data));
}

TEST(streams_have_a_home)
{
	unsigned counts[3] = {0};

	for (unsigned i = 0; i < 300; i++) {
		char question[40];
		struct qn_view message;

		memcpy(question, "question aaaaaa.example A", 26);
		question[9] = (char)('a' + i % 26);
		question[10] = (char)('a' + i / 26);
		message = query_lines(TEST_LINES("flags rd", question));
		counts[qn_shard_stream_home(&shared, 3, message)]++;
		assert_int_equal(qn_shard_stream_home(&shared, 1, message), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(counts[i], 50, 150);
	assert_int_equal(qn_shard_stream_home(&shared, 3, (struct qn_view){NULL, 0}), 0);
}

/* --- Aliases that lead out of local data -------------------------------------------------- */

/* Local data in which far.corp is an alias of www.example.com, for clients in 10.0.0.0/24. */
static void *
view_open(const char *target)
{
	static const uint8_t path[] = "\4corp\3far";
	struct qn_name name = test_name(target);
	const struct qn_zone_item item = {
	    .path = {path, sizeof(path)},
	    .rdata = {name.octets, name.len},
	    .type = QN_TYPE_CNAME,
	    .ttl_s = 60,
	};
	const size_t size = qn_zones_size(&item, 1);
	void *memory = aligned_alloc(QN_ARENA_ALIGN, size);
	struct qn_prefix clients;

	assert_non_null(memory);
	assert_true(qn_prefix_from_text(&clients, "10.0.0.0/24"));
	config.view_of = (struct qn_prefix_map){0};
	assert_true(qn_prefix_map_add(&config.view_of, &clients, 1));
	config.view_count = 1;
	config.views[0].local = qn_zones_init((struct qn_span){memory, size}, &item, 1, NULL);
	qn_shard_configure(shard, &config);
	return memory;
}

/* Takes the answer to a client that has waited. */
static void
take_reply(void)
{
	struct qn_span room = {reply_room, sizeof(reply_room)};
	uint64_t token;

	(void)output_all(test_now_us(0));
	assert_true(qn_shard_take_stream_answer(shard, &token, &room, test_now_us(0)));
	assert_int_equal(qn_message_read(&reply, qn_view_of(room)), QN_MESSAGE_OK);
}

static void
assert_reply_is_led(void)
{
	struct qn_record_walk walk = qn_message_walk(&reply);
	struct qn_record record;
	enum qn_section section;

	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_NOERROR);
	assert_int_equal(reply.flags & QN_FLAG_AA, 0);
	assert_name_text(&reply.question.name, "far.corp.");
	assert_true(qn_record_next(&walk, &record, &section));
	assert_name_text(&record.owner, "far.corp.");
	assert_int_equal(record.type, QN_TYPE_CNAME);
	assert_true(qn_record_next(&walk, &record, &section));
	assert_name_text(&record.owner, "www.example.com.");
	assert_int_equal(record.type, QN_TYPE_A);
	assert_false(qn_record_next(&walk, &record, &section));
}

#define PUT_TARGET() \
	put_answer(  \
	    TEST_LINES("question www.example.com A", "answer www.example.com 300 A 192.0.2.1"))

TEST(an_alias_is_put_in_front_for_its_view_alone)
{
	void *memory = view_open("www.example.com");
	uint8_t value[QN_CACHE_VALUE_MAX];
	const struct qn_name name = test_name("far.corp");
	struct qn_cache_item item;
	struct qn_cache_key key;

	PUT_TARGET();
	assert_int_equal(ASK("flags rd", "question far.corp A"), QN_SHARD_STREAM_REPLY);
	assert_reply_is_led();
	/* Somebody else's far.corp is another name, and nobody has heard of it. */
	assert_int_equal(ask_as("10.0.1.1", false, 8,
			     query_lines(TEST_LINES("flags rd", "question far.corp A"))),
	    QN_SHARD_STREAM_WAIT);
	qn_cache_key_init(&key, &shared.hash_key, QN_CACHE_ANSWER, &name, QN_TYPE_A);
	assert_int_equal(
	    qn_cache_get(shared.caches[0], &key, test_now_us(0), value, &item), QN_CACHE_MISS);
	free(memory);
}

/* The answer comes while the client waits; here, out of the cache when resolving has failed. */
TEST(who_waits_gets_the_alias_too)
{
	void *memory = view_open("www.example.com");

	assert_int_equal(ASK("flags rd", "question far.corp A"), QN_SHARD_STREAM_WAIT);
	config.stale.age_max_s = 100;
	PUT_TARGET();
	take_reply();
	assert_reply_is_led();
	free(memory);
}

/* The alias leads elsewhere by the time the answer is there, which is none to it any more. */
TEST(who_waits_across_a_reload_asks_again)
{
	void *before = view_open("www.example.com");

	assert_int_equal(ASK("flags rd", "question far.corp A"), QN_SHARD_STREAM_WAIT);
	PUT_TARGET();
	void *after = view_open("www.example.net");

	take_reply();
	assert_int_equal(QN_FLAGS_RCODE(reply.flags), QN_RCODE_SERVFAIL);
	assert_int_equal(reply.record_counts[QN_SECTION_ANSWER], 0);
	free(after);
	free(before);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_shard, close_shard)
	const struct CMUnitTest tests[] = {
	    CASE(stream_hit_is_answered_at_once),
	    CASE(stream_answer_is_whole),
	    CASE(stream_is_judged_as_a_datagram),
	    CASE(stream_miss_is_answered_later),
	    CASE(streams_join_one_question),
	    CASE(stream_that_finds_no_place_is_told),
	    CASE(stream_that_finds_no_place_is_told_the_old_answer),
	    CASE(stream_with_an_old_answer_misses_no_deadline),
	    CASE(stream_may_ask_for_a_cookie),
	    CASE(stream_tells_its_idle_time),
	    CASE(stream_pads_what_is_encrypted),
	    CASE(streams_have_a_home),
	    CASE(an_alias_is_put_in_front_for_its_view_alone),
	    CASE(who_waits_gets_the_alias_too),
	    CASE(who_waits_across_a_reload_asks_again),
	};

	return cmocka_run_group_tests_name("shard-stream", tests, NULL, NULL);
}
