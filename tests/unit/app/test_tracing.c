/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace from the request on the control socket to the report. The test plays the worker: its
 * shard is real but has no link, so that every query comes back as one that cannot be sent.
 */
#include "cache/cache.h"
#include "client.h"
#include "support/test.h"
#include "tracing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CACHE_LEN (256u << 10)
#define REQUEST   "{\"command\": \"trace\", \"name\": \"Www.Example.\", \"type\": \"A\"}\n"

static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
static struct qn_shard_config config;
static struct node node;
static void *shard_memory, *cache_memory, *ports_memory;

static int
node_open(void **state)
{
	const struct qn_shard_limits limits = {
	    .worker_count = 1, .client_max = 4, .task_max = 8, .upstream_max = 8};
	const size_t shard_len =
	    (qn_shard_size(&limits) + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);

	(void)state;
	memset(&config, 0, sizeof(config));
	config.resolve.minimization = QN_MINIMIZATION_OFF;
	config.resolve.use_ipv4 = true;
	config.resolve.hint_count = 1;
	config.resolve.hints[0].name = test_name("root.test");
	config.resolve.hints[0].address_count = 1;
	assert_true(qn_address_from_text(&config.resolve.hints[0].addresses[0], "198.51.100.1"));

	memset(&node, 0, sizeof(node));
	node.config.fixed.worker_count = 1;
	node.workers = aligned_alloc(QN_ARENA_ALIGN, sizeof(*node.workers));
	cache_memory = aligned_alloc(QN_ARENA_ALIGN, CACHE_LEN);
	shard_memory = aligned_alloc(QN_ARENA_ALIGN, shard_len);
	ports_memory = aligned_alloc(QN_ARENA_ALIGN, qn_port_table_size());
	assert_true(node.workers != NULL && cache_memory != NULL && shard_memory != NULL &&
		    ports_memory != NULL);
	memset(node.workers, 0, sizeof(*node.workers));
	node.shared.caches[0] =
	    qn_cache_init((struct qn_span){cache_memory, CACHE_LEN}, test_now_us(0));
	node.shared.ports = ports_memory;
	qn_port_table_init(node.shared.ports);
	node.workers[0].shard = qn_shard_init((struct qn_span){shard_memory, shard_len}, &limits,
	    &node.shared, &config, seed, test_now_us(0));
	return 0;
}

static int
node_close(void **state)
{
	(void)state;
	free(node.tracing);
	free(node.workers);
	free(cache_memory);
	free(shard_memory);
	free(ports_memory);
	return 0;
}

/* One turn of the worker, at millisecond `ms`. */
static void
turn(uint64_t ms)
{
	const struct qn_now now = test_now_us(ms * QN_US_PER_MS);
	struct worker *w = &node.workers[0];
	uint8_t octets[2048];

	(void)command_run_all(&w->commands, w->shard, now);
	(void)qn_shard_expire(w->shard, now, 100);
	while (qn_shard_has_output(w->shard, now)) {
		struct qn_packet packet = {.data = octets, .capacity = sizeof(octets)};
		uint16_t link;

		/* There is no link that anything could leave by. */
		assert_false(qn_shard_output(w->shard, &link, &packet, now));
	}
}

struct pair {
	struct client client;
	int peer;
};

static void
pair_open(struct pair *pair)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	client_open(&pair->client, fds[0], test_now_us(0));
	pair->peer = fds[1];
}

static void
pair_close(struct pair *pair)
{
	if (pair->client.fd >= 0)
		client_close(&pair->client);
	close(pair->peer);
}

static void
say(struct pair *pair, const char *text)
{
	assert_int_equal(send(pair->peer, text, strlen(text), 0), strlen(text));
}

static void
advance(struct pair *pair, uint64_t ms)
{
	client_advance(&pair->client, &node, test_now_us(ms * QN_US_PER_MS));
}

/* Advances and returns what is heard, which the caller owns; NULL when that is nothing. */
static json_t *
hear(struct pair *pair, uint64_t ms)
{
	static char heard[65536];
	ssize_t len;

	advance(pair, ms);
	len = recv(pair->peer, heard, sizeof(heard), 0);
	return len <= 0 ? NULL : json_loadb(heard, (size_t)len, 0, NULL);
}

static void
assert_hears_error(struct pair *pair, uint64_t ms, const char *sentence)
{
	json_t *reply = hear(pair, ms);

	assert_string_equal(json_string_value(json_object_get(reply, "error")), sentence);
	json_decref(reply);
}

static void
assert_equal_json(const json_t *value, const char *expected)
{
	char *text = json_dumps(value, JSON_REAL_PRECISION(4) | JSON_SORT_KEYS);

	assert_string_equal(text, expected);
	free(text);
}

TEST(a_trace_is_reported_step_by_step)
{
	struct pair pair;
	json_t *reply;

	pair_open(&pair);
	say(&pair, REQUEST);
	assert_null(hear(&pair, 1));
	assert_true(client_is_busy(&pair.client));
	assert_int_equal(client_events(&pair.client), 0);
	turn(2);
	reply = hear(&pair, 3);
	assert_equal_json(reply,
	    "{\"dropped\": false, \"ede\": 22, \"lost_steps\": 0, \"name\": \"www.example.\", "
	    "\"rcode\": \"SERVFAIL\", \"steps\": ["
	    "{\"at_ms\": 0.0, \"depth\": 0, \"name\": \"www.example.\", \"step\": \"question\", "
	    "\"type\": \"A\"}, "
	    "{\"at_ms\": 0.0, \"depth\": 0, \"edns\": true, \"minimized\": false, "
	    "\"name\": \"www.example.\", \"outcome\": \"unsent\", \"port\": 53, "
	    "\"server\": \"198.51.100.1\", \"step\": \"query\", \"took_ms\": 0.0, "
	    "\"transport\": \"udp\", \"type\": \"A\", \"zone\": \".\"}, "
	    "{\"at_ms\": 0.0, \"depth\": 0, \"ede\": 22, \"name\": \"www.example.\", "
	    "\"rcode\": \"SERVFAIL\", \"step\": \"end\", \"type\": \"A\"}], \"type\": \"A\"}");
	json_decref(reply);
	assert_false(client_is_busy(&pair.client));

	/* And again, in the same memory. */
	say(&pair, REQUEST);
	advance(&pair, 4);
	turn(5);
	reply = hear(&pair, 6);
	assert_int_equal(json_array_size(json_object_get(reply, "steps")), 3);
	json_decref(reply);
	pair_close(&pair);
}

TEST(what_is_not_resolved_is_not_traced)
{
	static const char *const types[] = {"ANY", "OPT", "AXFR", "TYPE0"};
	struct pair pair;

	pair_open(&pair);
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		char request[128];

		snprintf(request, sizeof(request),
		    "{\"command\": \"trace\", \"name\": \"a.\", \"type\": \"%s\"}\n", types[i]);
		say(&pair, request);
		assert_hears_error(&pair, 1, "Questions of this type are not resolved.");
	}
	pair_close(&pair);
}

TEST(another_waits_until_the_first_has_its_report)
{
	struct pair first, second;
	json_t *reply;

	pair_open(&first);
	pair_open(&second);
	say(&first, REQUEST);
	advance(&first, 1);
	say(&second, REQUEST);
	assert_hears_error(
	    &second, 2, "Another question is being traced; try again when it is over.");
	turn(3);
	say(&second, REQUEST);
	assert_hears_error(
	    &second, 4, "Another question is being traced; try again when it is over.");
	reply = hear(&first, 5);
	assert_non_null(json_object_get(reply, "steps"));
	json_decref(reply);
	say(&second, REQUEST);
	assert_null(hear(&second, 6));
	assert_true(client_is_busy(&second.client));
	turn(7);
	json_decref(hear(&second, 8));
	pair_close(&first);
	pair_close(&second);
}

/* A worker that does not come to it: the client is told, and the memory stays the worker's. */
TEST(a_trace_that_is_late_stays_alive)
{
	const uint64_t time_ms = TRACING_TIME_US / QN_US_PER_MS;
	struct pair pair;
	json_t *reply;

	pair_open(&pair);
	say(&pair, REQUEST);
	advance(&pair, 1);
	assert_null(hear(&pair, time_ms));
	assert_hears_error(&pair, 1 + time_ms, "The worker has not come to an end in 11 s.");
	say(&pair, REQUEST);
	assert_hears_error(
	    &pair, 2 + time_ms, "Another question is being traced; try again when it is over.");
	turn(3 + time_ms);
	say(&pair, REQUEST);
	assert_null(hear(&pair, 4 + time_ms));
	turn(5 + time_ms);
	reply = hear(&pair, 6 + time_ms);
	assert_int_equal(json_array_size(json_object_get(reply, "steps")), 3);
	json_decref(reply);
	pair_close(&pair);
}

/* Nobody may hang up on it while a worker is at it, not even the client itself. */
TEST(a_client_that_has_gone_is_kept_until_it_is_over)
{
	struct pair pair;

	pair_open(&pair);
	say(&pair, REQUEST);
	advance(&pair, 1);
	close(pair.peer);
	advance(&pair, 2);
	assert_true(client_is_busy(&pair.client));
	turn(3);
	advance(&pair, 4);
	assert_int_equal(pair.client.fd, -1);
}

/* All places of the worker are taken: it says so instead of waiting. */
TEST(a_worker_without_a_place_refuses)
{
	struct worker *w = &node.workers[0];
	struct qn_question question = {.type = 1, .class = 1};
	static struct qn_trace other;
	struct pair pair;

	question.name = test_name("other.example");
	qn_trace_init(&other, &question, &(struct qn_address){0});
	assert_true(qn_shard_trace(w->shard, &other, test_now_us(0)));
	pair_open(&pair);
	say(&pair, REQUEST);
	advance(&pair, 1);
	(void)command_run_all(&w->commands, w->shard, test_now_us(2000));
	assert_hears_error(&pair, 3, "The worker has no place for another question.");
	pair_close(&pair);
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, node_open, node_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    NODE_TEST(a_trace_is_reported_step_by_step),
	    NODE_TEST(what_is_not_resolved_is_not_traced),
	    NODE_TEST(another_waits_until_the_first_has_its_report),
	    NODE_TEST(a_trace_that_is_late_stays_alive),
	    NODE_TEST(a_client_that_has_gone_is_kept_until_it_is_over),
	    NODE_TEST(a_worker_without_a_place_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
