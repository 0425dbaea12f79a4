/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to the control socket, played over a socket pair: what is answered, when it is
 * hung up on, and that nothing of it can make the control thread wait.
 */
#include "client.h"
#include "host/log.h"
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNKNOWN "{\"command\": \"dance\"}\n"
#define REFUSAL "{\"error\": \"\\\"dance\\\" is not a command.\"}\n"

/* No request here gets as far as the node. */
static struct node node;

struct pair {
	struct client client;
	int peer;
};

static struct qn_now
at_s(uint64_t s)
{
	return (struct qn_now){.mono = {s * QN_US_PER_S}};
}

static void
pair_open(struct pair *pair)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client_open(&pair->client, fds[0], at_s(1));
	pair->peer = fds[1];
	assert_int_equal(fcntl(pair->peer, F_SETFL, O_NONBLOCK), 0);
}

static void
pair_close(struct pair *pair)
{
	if (pair->client.fd >= 0)
		client_close(&pair->client);
	close(pair->peer);
}

static void
say(struct pair *pair, const char *text, size_t len)
{
	assert_int_equal(send(pair->peer, text, len, 0), len);
}

/* Advances at second `s` and returns what the peer hears, until the next call. */
static const char *
hear(struct pair *pair, uint64_t s)
{
	static char heard[8192];
	ssize_t len;

	client_advance(&pair->client, &node, at_s(s));
	len = recv(pair->peer, heard, sizeof(heard) - 1, 0);
	heard[len > 0 ? len : 0] = '\0';
	return heard;
}

static void
assert_refuses(const char *request, const char *sentence)
{
	struct pair pair;
	char expected[512];

	pair_open(&pair);
	say(&pair, request, strlen(request));
	snprintf(expected, sizeof(expected), "{\"error\": \"%s\"}\n", sentence);
	assert_string_equal(hear(&pair, 1), expected);
	assert_true(pair.client.fd >= 0);
	pair_close(&pair);
}

TEST(refuses_what_it_does_not_understand)
{
	assert_refuses("{}\n", "The request has no \\\"command\\\".");
	assert_refuses("{\"command\": 17}\n", "The request has no \\\"command\\\".");
	assert_refuses("[]\n", "The request has no \\\"command\\\".");
	assert_refuses("{\"command\": \"d\xc3\xa4\"}\n", "\\\"d\xc3\xa4\\\" is not a command.");
	assert_refuses("{\"command\": \"lookup\", \"name\": \"a..b\", \"type\": \"A\"}\n",
	    "\\\"a..b\\\" is not a domain name.");
	assert_refuses(
	    "{\"command\": \"lookup\", \"name\": \"a.\"}\n", "The request has no \\\"type\\\".");
	assert_refuses("{\"command\": \"lookup\", \"name\": \"a.\", \"type\": \"B\"}\n",
	    "\\\"B\\\" is not a record type.");
	assert_refuses("{\"command\": \"flush\"}\n", "The request has no \\\"name\\\".");
	assert_refuses("{\"command\": \"log\", \"level\": \"loud\"}\n",
	    "\\\"loud\\\" is not error, warning, notice, info or debug.");
	assert_refuses("\n", "The request is not JSON: '[' or '{' expected near end of file.");
}

TEST(answers_several_requests_in_order)
{
	struct pair pair;

	pair_open(&pair);
	say(&pair, UNKNOWN "{}\n" UNKNOWN, strlen(UNKNOWN "{}\n" UNKNOWN));
	assert_string_equal(hear(&pair, 1),
	    REFUSAL "{\"error\": \"The request has no \\\"command\\\".\"}\n" REFUSAL);
	pair_close(&pair);
}

TEST(takes_a_request_in_pieces)
{
	struct pair pair;

	pair_open(&pair);
	for (size_t i = 0; i + 1 < strlen(UNKNOWN); i++) {
		say(&pair, &UNKNOWN[i], 1);
		assert_string_equal(hear(&pair, 1), "");
	}
	say(&pair, "\n", 1);
	assert_string_equal(hear(&pair, 1), REFUSAL);
	pair_close(&pair);
}

TEST(hangs_up_after_the_last_reply)
{
	struct pair pair;

	pair_open(&pair);
	say(&pair, UNKNOWN "{\"comm", strlen(UNKNOWN "{\"comm"));
	assert_int_equal(shutdown(pair.peer, SHUT_WR), 0);
	assert_string_equal(hear(&pair, 1), REFUSAL);
	hear(&pair, 1);
	assert_int_equal(pair.client.fd, -1);
	pair_close(&pair);
}

TEST(hangs_up_on_a_request_without_end)
{
	char text[LINE_BUFFER_MAX + 100];
	struct pair pair;

	memset(text, ' ', sizeof(text));
	pair_open(&pair);
	say(&pair, text, sizeof(text));
	assert_string_equal(
	    hear(&pair, 1), "{\"error\": \"A request has at most 4095 octets.\"}\n");
	hear(&pair, 1);
	assert_int_equal(pair.client.fd, -1);
	pair_close(&pair);
}

TEST(hangs_up_on_silence)
{
	const uint64_t patience_s = CLIENT_PATIENCE_US / QN_US_PER_S;
	struct pair pair;

	pair_open(&pair);
	say(&pair, "{", 1);
	assert_string_equal(hear(&pair, 20), "");
	hear(&pair, 20 + patience_s);
	assert_true(pair.client.fd >= 0);
	hear(&pair, 21 + patience_s);
	assert_int_equal(pair.client.fd, -1);
	pair_close(&pair);
}

TEST(waits_for_a_reader_without_reading_on)
{
	struct pair pair;
	unsigned requests = 0;

	pair_open(&pair);
	/* A peer that asks and does not read fills the socket's buffer with replies. */
	while (client_events(&pair.client) == POLLIN && requests < 100000) {
		say(&pair, UNKNOWN, strlen(UNKNOWN));
		client_advance(&pair.client, &node, at_s(1));
		requests++;
	}
	assert_int_equal(client_events(&pair.client), POLLOUT);
	assert_true(requests > 1);
	/* What it then reads are whole replies, as many as there were requests. */
	for (size_t octets = 0; octets < requests * strlen(REFUSAL);) {
		const size_t len = strlen(hear(&pair, 1));

		assert_true(len > 0);
		octets += len;
	}
	assert_int_equal(client_events(&pair.client), POLLIN);
	pair_close(&pair);
}

TEST(survives_a_peer_that_is_gone)
{
	struct pair pair;

	pair_open(&pair);
	say(&pair, UNKNOWN, strlen(UNKNOWN));
	close(pair.peer);
	client_advance(&pair.client, &node, at_s(1));
	assert_int_equal(pair.client.fd, -1);
}

TEST(sets_the_level_of_the_log)
{
	struct pair pair;

	pair_open(&pair);
	say(&pair, "{\"command\": \"log\", \"level\": \"error\"}\n", 38);
	assert_string_equal(hear(&pair, 1), "{\"level\": \"error\"}\n");
	qn_log_level_set(QN_LOG_INFO);
	pair_close(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_what_it_does_not_understand),
	    cmocka_unit_test(answers_several_requests_in_order),
	    cmocka_unit_test(takes_a_request_in_pieces),
	    cmocka_unit_test(hangs_up_after_the_last_reply),
	    cmocka_unit_test(hangs_up_on_a_request_without_end),
	    cmocka_unit_test(hangs_up_on_silence),
	    cmocka_unit_test(waits_for_a_reader_without_reading_on),
	    cmocka_unit_test(survives_a_peer_that_is_gone),
	    cmocka_unit_test(sets_the_level_of_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
