/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The questions of a node to itself. The test plays the workers, whose shards and caches are real.
 * Nobody may ask this node: what the node asks itself is answered all the same, and nothing else.
 */
#include "health_self.h"

#include "cache/answer.h"
#include "cache/cache.h"
#include "node.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define WORKER_COUNT 2
#define CACHE_LEN    (256u << 10)
#define TTL_S        300

static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
static struct node node;
static struct health_self self;
static uint64_t now_us;
static void *memory[2 * WORKER_COUNT + 2];
static unsigned memory_count;

static struct qn_span
take(size_t len)
{
	const size_t whole = (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);
	void *data = aligned_alloc(QN_ARENA_ALIGN, whole);

	assert_non_null(data);
	memset(data, 0, whole);
	memory[memory_count++] = data;
	return (struct qn_span){data, whole};
}

static struct qn_address
address(const char *text)
{
	struct qn_address read;

	assert_true(qn_address_from_text(&read, text));
	return read;
}

static void
drop_everybody(struct qn_prefix_map *access)
{
	const struct qn_prefix ipv4 = {.address = address("0.0.0.0")};
	const struct qn_prefix ipv6 = {.address = address("::")};

	assert_true(qn_prefix_map_add(access, &ipv4, QN_ACCESS_DROP));
	assert_true(qn_prefix_map_add(access, &ipv6, QN_ACCESS_DROP));
}

static void
node_open(const char *service)
{
	struct qn_shard_limits limits = {.worker_count = WORKER_COUNT,
	    .link_count = 1,
	    .client_max = 4,
	    .task_max = 8,
	    .upstream_max = 8};
	struct config *config = &node.config;
	const struct qn_link_config link = {.mac = {2, 0, 0, 0, 0, 1},
	    .services = {address(service)},
	    .service_count = 1,
	    .mtu = 1500};

	memset(&node, 0, sizeof(node));
	memset(&self, 0, sizeof(self));
	memory_count = 0;
	now_us = QN_US_PER_S;
	config->fixed.worker_count = WORKER_COUNT;
	config->fixed.announce.probe_count = 2;
	config->fixed.announce.probes[0] = test_name("a.example");
	config->fixed.announce.probes[1] = test_name("b.test");
	config->live.service[0] = address(service);
	config->live.service_count = 1;
	drop_everybody(&config->live.access);
	node.workers = (struct worker *)take(WORKER_COUNT * sizeof(struct worker)).data;
	node.shared.links[0] = qn_link_init(take(qn_link_size()), &link);
	for (uint16_t i = 0; i < WORKER_COUNT; i++)
		node.shared.caches[i] = qn_cache_init(take(CACHE_LEN), test_now_us(0));
	for (limits.worker = 0; limits.worker < WORKER_COUNT; limits.worker++)
		node.workers[limits.worker].shard = qn_shard_init(take(qn_shard_size(&limits)),
		    &limits, &node.shared, &config->live, seed, test_now_us(0));
	health_self_prepare(&self, &node);
}

static int
node_close(void **state)
{
	(void)state;
	while (memory_count > 0)
		free(memory[--memory_count]);
	return 0;
}

static void
key_init(struct qn_cache_key *key)
{
	qn_cache_key_init(key, &node.shared.hash_key, QN_CACHE_ANSWER,
	    &node.config.fixed.announce.probes[0], QN_TYPE_A);
}

/* Has all caches hold so many records for the first probe: only its home's is looked into. */
static void
put_records(uint16_t count, uint32_t ttl_s)
{
	static uint8_t message[4096], value[8192];
	const struct qn_question question = {
	    node.config.fixed.announce.probes[0], QN_TYPE_A, QN_CLASS_IN};
	struct qn_writer writer = qn_writer_of((struct qn_span){message, sizeof(message)});
	struct qn_cache_key key;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
	for (uint16_t i = 0; i < count; i++) {
		const uint8_t rdata[4] = {192, 0, 2, (uint8_t)i};

		qn_write_record(&writer, &question.name, QN_TYPE_A, QN_CLASS_IN, ttl_s,
		    (struct qn_view){rdata, sizeof(rdata)});
	}
	qn_write_section_count(&writer, QN_SECTION_ANSWER, count);
	assert_false(writer.overflowed);
	const size_t len = qn_answer_encode((struct qn_span){value, sizeof(value)},
	    (struct qn_view){message, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);

	key_init(&key);
	for (uint16_t i = 0; i < WORKER_COUNT; i++)
		assert_true(qn_cache_put(node.shared.caches[i], &key, ttl_s,
		    (struct qn_view){value, len}, test_now_us(now_us)));
}

static void
forget_records(void)
{
	struct qn_cache_key key;

	key_init(&key);
	for (uint16_t i = 0; i < WORKER_COUNT; i++)
		(void)qn_cache_remove(node.shared.caches[i], &key);
}

static void
tick(uint64_t after_ms)
{
	now_us += after_ms * QN_US_PER_MS;
	health_self_tick(&self, &node, test_now_us(now_us));
}

static void
turn(uint16_t worker)
{
	struct worker *w = &node.workers[worker];

	(void)command_run_all(&w->commands, w->shard, test_now_us(now_us));
}

/* Asks, has all workers answer, and takes note; whether they answer, as far as is known then. */
static bool
is_answered(void)
{
	tick(1000);
	for (uint16_t i = 0; i < WORKER_COUNT; i++)
		turn(i);
	tick(50);
	return !self.failed;
}

TEST(a_reply_is_an_answer_as_long_as_the_cache_has_none)
{
	static const char *const services[] = {"192.0.2.53", "2001:db8::53"};

	for (size_t i = 0; i < COUNT_OF(services); i++) {
		node_open(services[i]);
		for (unsigned round = 0; round < 3; round++)
			assert_true(is_answered());
		node_close(NULL);
	}
}

static uint64_t
figure(const char *name)
{
	uint64_t sum = 0;
	bool found = false;

	for (uint32_t i = 0; i < qn_shard_figure_count(); i++)
		if (strcmp(qn_shard_figure(i).name, name) == 0) {
			found = true;
			for (uint16_t worker = 0; worker < WORKER_COUNT; worker++)
				sum += qn_shard_figure_value(node.workers[worker].shard, i);
		}
	assert_true(found);
	return sum;
}

TEST(nobody_else_is_heard_who_says_that_he_is_the_node)
{
	uint8_t room[1518];
	struct qn_packet packet = {.data = room, .capacity = sizeof(room)};

	node_open("192.0.2.53");
	put_records(1, TTL_S);
	assert_true(is_answered());
	assert_int_equal(figure("frames") + figure("client_replies") + figure("cache_hits"), 0);
	memcpy(room, self.frame, self.frame_len);
	packet.len = self.frame_len;
	assert_int_equal(
	    qn_shard_input(node.workers[0].shard, 0, &packet, test_now_us(now_us)).verdict,
	    QN_SHARD_DONE);
	assert_int_equal(figure("frames"), 1);
	assert_int_equal(figure("client_dropped"), 1);
}

TEST(a_worker_that_says_nothing_is_silent)
{
	node_open("192.0.2.53");
	tick(1000);
	turn(0);
	tick(400);
	assert_false(self.failed);
	tick(200);
	assert_true(self.failed);
	turn(1);
	tick(50);
	assert_false(self.failed);
}

TEST(what_the_cache_holds_has_to_be_in_the_reply)
{
	node_open("192.0.2.53");
	put_records(2, TTL_S);
	for (unsigned round = 0; round < 3; round++)
		assert_true(is_answered());
	/* Forgotten between the look and the question, as by an operator: once is no matter. */
	for (unsigned round = 0; round < 3; round++) {
		put_records(2, TTL_S);
		tick(1000);
		forget_records();
		turn(0);
		turn(1);
		tick(50);
		assert_int_equal(self.failed, round > 0);
	}
	assert_true(is_answered());
	/* What does not fit is there all the same. */
	put_records(100, TTL_S);
	for (unsigned round = 0; round < 3; round++)
		assert_true(is_answered());
}

/* What ends at this moment, and that there are none, is nothing to insist on. */
TEST(what_the_cache_does_not_hold_for_sure_may_be_missing)
{
	node_open("192.0.2.53");
	for (unsigned round = 0; round < 3; round++) {
		put_records(round % 2, round == 0 ? TTL_S : 1);
		tick(1000);
		forget_records();
		turn(0);
		turn(1);
		tick(50);
		assert_false(self.failed);
	}
}

/* A worker that resolves another name keeps what it needs of this one, too, and perhaps for longer. */
TEST(what_another_worker_holds_is_not_asked_of_the_home)
{
	struct qn_cache_key key;

	node_open("192.0.2.53");
	put_records(2, TTL_S);
	key_init(&key);
	assert_true(
	    qn_cache_remove(node.shared.caches[qn_shard_home_of(key.hash, WORKER_COUNT)], &key));
	for (unsigned round = 0; round < 3; round++)
		assert_true(is_answered());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		a_reply_is_an_answer_as_long_as_the_cache_has_none, node_close),
	    cmocka_unit_test_teardown(
		nobody_else_is_heard_who_says_that_he_is_the_node, node_close),
	    cmocka_unit_test_teardown(a_worker_that_says_nothing_is_silent, node_close),
	    cmocka_unit_test_teardown(what_the_cache_holds_has_to_be_in_the_reply, node_close),
	    cmocka_unit_test_teardown(
		what_the_cache_does_not_hold_for_sure_may_be_missing, node_close),
	    cmocka_unit_test_teardown(
		what_another_worker_holds_is_not_asked_of_the_home, node_close),
	};

	return cmocka_run_group_tests_name("health_self", tests, NULL, NULL);
}
