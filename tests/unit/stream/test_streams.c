/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread of the streams on loopback addresses, with the test as the worker behind it: what
 * takes a worker that is slow, full or forgetful to happen.
 */
#include "base/endian.h"
#include "stream/input.h"
#include "stream/streams.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IDLE_S       1
#define PIPELINE_MAX 64
#define CLIENT_MAX   40
#define QUESTION_LEN 4000
#define ONE_SERVER   32 /* Queries that one server is asked at a time. */
#define SERVER_MAX   256
#define PATIENCE_MS  8000

static struct qn_streams *streams;
static struct qn_stream_link *link_to_test;
static uint16_t port, server_port;
static int server_listener;

static uint16_t
first_worker(const void *context, struct qn_view message)
{
	(void)context;
	(void)message;
	return 0;
}

/* A listening socket on all loopback addresses; its port goes into `*number`. */
static int
listen_anywhere(uint16_t *number)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(listen(fd, 512), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*number = ntohs(address.sin_port);
	return fd;
}

static int
open_streams(void **state)
{
	struct qn_streams_config config = {
	    .service_count = 1,
	    .client_max = CLIENT_MAX,
	    .client_network_max = CLIENT_MAX,
	    .idle_s = IDLE_S,
	    .source_count = 1,
	    .worker_count = 1,
	    .home = first_worker,
	};
	char error[QN_STREAMS_ERROR_MAX];
	/* A port that is free now, and hardly taken by another in a moment. */
	const int fd = listen_anywhere(&port);

	(void)state;
	close(fd);
	server_listener = listen_anywhere(&server_port);
	config.port = port;
	assert_true(qn_address_from_text(&config.services[0], "127.0.0.1"));
	assert_true(qn_prefix_from_text(&config.sources[0].network, "127.0.0.1/8"));
	assert_int_equal(qn_streams_create(&streams, &config, NULL, error, sizeof(error)), 0);
	link_to_test = qn_streams_link(streams, 0);
	return qn_streams_start(streams);
}

static int
close_streams(void **state)
{
	(void)state;
	qn_streams_stop(streams);
	qn_streams_destroy(streams);
	close(server_listener);
	return 0;
}

static uint64_t
figure(const char *name)
{
	for (uint32_t i = 0; i < qn_stream_figure_count(); i++)
		if (strcmp(qn_stream_figure_name(i), name) == 0)
			return qn_streams_figure(streams, i);
	fail_msg("there is no figure %s", name);
	return 0;
}

static void
sleep_ms(unsigned duration_ms)
{
	const struct timespec duration = {
	    .tv_sec = duration_ms / 1000, .tv_nsec = (long)(duration_ms % 1000) * 1000000};

	nanosleep(&duration, NULL);
}

/* Waits until a figure has at least that value. */
static void
await(const char *name, uint64_t least)
{
	for (unsigned i = 0; i < PATIENCE_MS && figure(name) < least; i++)
		sleep_ms(1);
	if (figure(name) < least)
		fail_msg("%s is %ju, not %ju", name, (uintmax_t)figure(name), (uintmax_t)least);
}

/* --- As a client ------------------------------------------------------------------------ */

static int
client_open(int receive_buffer_len)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (receive_buffer_len > 0)
		setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_len, sizeof(receive_buffer_len));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
client_ask(int fd, size_t len)
{
	uint8_t octets[QN_STREAM_MESSAGE_MAX] = {0};

	qn_store_be16(octets, (uint16_t)len);
	assert_int_equal(send(fd, octets, 2 + len, MSG_NOSIGNAL), 2 + len);
}

/* Takes one reply off the stream; its length, or -1 when the connection has ended. */
static int
client_take(int fd)
{
	static uint8_t octets[QN_STREAM_MESSAGE_MAX];
	uint8_t head[2];

	if (recv(fd, head, sizeof(head), MSG_WAITALL) != sizeof(head))
		return -1;
	const uint16_t len = qn_load_be16(head);

	return recv(fd, octets, len, MSG_WAITALL) == len ? len : -1;
}

/* --- As the worker ---------------------------------------------------------------------- */

/* Takes the next record off the pipe, waiting for it; its message has `*len` octets. */
static struct qn_stream_note
worker_take(size_t *len)
{
	struct qn_stream_note note;
	struct qn_span record;

	for (unsigned i = 0; !qn_pipe_peek(&link_to_test->to_worker, &record); i++) {
		if (i == PATIENCE_MS)
			fail_msg("nothing came");
		sleep_ms(1);
	}
	memcpy(&note, record.data, sizeof(note));
	*len = record.len - sizeof(note);
	qn_pipe_release(&link_to_test->to_worker);
	return note;
}

static void
worker_write(struct qn_stream_note note, size_t len, uint16_t id)
{
	uint8_t *record;

	while ((record = qn_pipe_reserve(&link_to_test->from_worker, sizeof(note) + len)) == NULL)
		sleep_ms(1);
	memcpy(record, &note, sizeof(note));
	memset(record + sizeof(note), 0, len);
	if (len >= 2)
		qn_store_be16(record + sizeof(note), id);
	qn_pipe_commit(&link_to_test->from_worker, sizeof(note) + len);
}

static void
worker_answer(uint64_t token, size_t len)
{
	worker_write((struct qn_stream_note){.token = token, .kind = QN_STREAM_ANSWER}, len, 0);
}

static void
worker_ring(void)
{
	qn_stream_bell_ring(link_to_test->bell);
}

static void
worker_query(uint64_t token, uint32_t address, uint16_t id)
{
	struct qn_stream_note note = {.token = token, .kind = QN_STREAM_QUERY};
	uint8_t octets[4];

	qn_store_be32(octets, address);
	note.peer = (struct qn_endpoint){qn_address_ipv4(octets), server_port};
	worker_write(note, 30, id);
}

/* --- Clients ---------------------------------------------------------------------------- */

TEST(answers_find_their_clients)
{
	const int a = client_open(0), b = client_open(0);
	struct qn_stream_note from_a, from_b;
	size_t len;

	client_ask(a, 20);
	from_a = worker_take(&len);
	assert_int_equal(len, 20);
	client_ask(b, 30);
	from_b = worker_take(&len);
	assert_int_equal(len, 30);
	assert_false(from_b.encrypted);
	worker_answer(from_b.token, 200);
	worker_answer(from_a.token, QN_STREAM_MESSAGE_MAX);
	worker_ring();
	assert_int_equal(client_take(a), QN_STREAM_MESSAGE_MAX);
	assert_int_equal(client_take(b), 200);
	close(a);
	close(b);
}

/* The place is another's by then: the answer to who has gone reaches nobody. */
TEST(late_answer_is_dropped)
{
	const int gone = client_open(0);
	struct qn_stream_note late, note;
	size_t len;
	int next;

	client_ask(gone, 20);
	late = worker_take(&len);
	close(gone);
	sleep_ms(50);
	/* It has said all it had to say, and would still get its answer; a reset ends that. */
	worker_answer(late.token, 100);
	worker_ring();
	await("stream_answers", 1);
	for (unsigned i = 0; i < PATIENCE_MS && figure("stream_clients") > 0; i++)
		sleep_ms(1);
	next = client_open(0);
	client_ask(next, 21);
	note = worker_take(&len);
	worker_answer(late.token, 100);
	worker_answer(note.token, 101);
	worker_ring();
	assert_int_equal(client_take(next), 101);
	close(next);
}

/* Clients that ask more than the pipe holds wait; nothing is lost. */
TEST(full_pipe_holds_clients)
{
	const unsigned client_count = 8;
	int clients[8];
	size_t len;

	for (unsigned i = 0; i < client_count; i++) {
		clients[i] = client_open(0);
		for (unsigned j = 0; j < PIPELINE_MAX; j++)
			client_ask(clients[i], QUESTION_LEN);
	}
	await("stream_held", 1);
	for (unsigned i = 0; i < client_count * PIPELINE_MAX; i++) {
		const struct qn_stream_note note = worker_take(&len);

		assert_int_equal(len, QUESTION_LEN);
		worker_answer(note.token, 50);
		worker_ring();
	}
	for (unsigned i = 0; i < client_count; i++) {
		for (unsigned j = 0; j < PIPELINE_MAX; j++)
			assert_int_equal(client_take(clients[i]), 50);
		close(clients[i]);
	}
}

TEST(pipeline_is_bounded)
{
	const int fd = client_open(0);
	size_t len;

	for (unsigned i = 0; i < PIPELINE_MAX + 20; i++)
		client_ask(fd, 20);
	await("stream_questions", PIPELINE_MAX);
	sleep_ms(50);
	assert_int_equal(figure("stream_questions"), PIPELINE_MAX);
	for (unsigned i = 0; i < PIPELINE_MAX + 20; i++) {
		worker_answer(worker_take(&len).token, 20);
		worker_ring();
	}
	for (unsigned i = 0; i < PIPELINE_MAX + 20; i++)
		assert_int_equal(client_take(fd), 20);
	close(fd);
}

/* Four megabytes of replies for one who takes none. */
TEST(replies_that_wait_are_bounded)
{
	const int fd = client_open(4096);
	uint64_t tokens[PIPELINE_MAX];
	size_t len;

	for (unsigned i = 0; i < PIPELINE_MAX; i++)
		client_ask(fd, 20);
	for (unsigned i = 0; i < PIPELINE_MAX; i++)
		tokens[i] = worker_take(&len).token;
	for (unsigned i = 0; i < PIPELINE_MAX; i++) {
		worker_answer(tokens[i], QN_STREAM_MESSAGE_MAX);
		worker_ring();
	}
	await("stream_closed_memory", 1);
	await("stream_answers", PIPELINE_MAX);
	assert_int_equal(figure("stream_clients"), 0);
	assert_int_equal(figure("stream_client_octets"), 0);
	close(fd);
}

TEST(lost_answer_keeps_no_place)
{
	const int fd = client_open(0);
	size_t len;

	client_ask(fd, 20);
	(void)worker_take(&len);
	assert_int_equal(client_take(fd), -1);
	await("stream_closed_slow", 1);
	assert_int_equal(figure("stream_clients"), 0);
	close(fd);
}

/* --- Servers ---------------------------------------------------------------------------- */

static int
server_accept(void)
{
	const int fd = accept(server_listener, NULL, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* Answers one query on a connection with the same octets. */
static void
server_answer(int fd)
{
	uint8_t octets[2 + 512];

	assert_int_equal(recv(fd, octets, 2, MSG_WAITALL), 2);
	const size_t len = qn_load_be16(octets);

	assert_int_equal(recv(fd, octets + 2, len, MSG_WAITALL), len);
	assert_int_equal(send(fd, octets, 2 + len, MSG_NOSIGNAL), 2 + len);
}

static int
server_answer_one(void)
{
	const int fd = server_accept();

	server_answer(fd);
	return fd;
}

/* More servers than there may be connections: those that are done make place. */
TEST(connections_to_servers_are_bounded)
{
	static int fds[SERVER_MAX + 20];
	size_t len;

	for (unsigned i = 0; i < COUNT_OF(fds); i++) {
		worker_query(i, (INADDR_LOOPBACK & 0xffff0000) + 256 + i, (uint16_t)i);
		worker_ring();
		fds[i] = server_answer_one();
		const struct qn_stream_note note = worker_take(&len);

		assert_int_equal(note.kind, QN_STREAM_REPLY);
		assert_int_equal(note.token, i);
		assert_int_equal(len, 30);
	}
	assert_in_range(figure("stream_servers"), 1, SERVER_MAX);
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}

/* A server that takes connections and says nothing: the rest is refused at once, all in the end. */
TEST(queries_to_one_server_are_bounded)
{
	unsigned failed_count = 0;
	size_t len;

	for (unsigned i = 0; i < ONE_SERVER + 5; i++)
		worker_query(i, INADDR_LOOPBACK, (uint16_t)i);
	worker_ring();
	await("stream_server_full", 5);
	assert_int_equal(figure("stream_server_failed"), 5);
	assert_int_equal(figure("stream_servers"), 4);
	for (unsigned i = 0; i < ONE_SERVER + 5; i++)
		failed_count += worker_take(&len).kind == QN_STREAM_FAILURE;
	assert_int_equal(failed_count, ONE_SERVER + 5);
}

/* Of two queries with one id, each gets a connection of its own. */
TEST(equal_ids_do_not_share_a_connection)
{
	size_t len;
	int first, second;

	worker_query(1, INADDR_LOOPBACK, 77);
	worker_ring();
	first = server_answer_one();
	assert_int_equal(worker_take(&len).token, 1);
	worker_query(2, INADDR_LOOPBACK, 77);
	worker_query(3, INADDR_LOOPBACK, 77);
	worker_ring();
	second = server_answer_one();
	assert_int_equal(worker_take(&len).kind, QN_STREAM_REPLY);
	close(first);
	close(second);
}

/* Has a connection to 127.0.0.1 and a query, `token` and `id`, that waits on it; the server's end. */
static int
server_keep_busy(uint64_t token, uint16_t id)
{
	size_t len;
	int fd;

	worker_query(0, INADDR_LOOPBACK, id);
	worker_ring();
	fd = server_answer_one();
	assert_int_equal(worker_take(&len).kind, QN_STREAM_REPLY);
	worker_query(token, INADDR_LOOPBACK, id);
	worker_ring();
	return fd;
}

/*
 * All places are taken and one connection idles, which is closed to make place for a query that
 * was lost with another to the same server: the query must not go to the one just closed.
 */
TEST(query_lost_without_a_place_fails)
{
	static int fds[SERVER_MAX - 2];
	const int lost = server_keep_busy(1, 5);
	const int idle = server_keep_busy(2, 5);
	struct qn_stream_note note;
	size_t len;
	int fresh;

	for (unsigned i = 0; i < COUNT_OF(fds); i++) {
		worker_query(10 + i, (INADDR_LOOPBACK & 0xffff0000) + 256 + i, 0);
		worker_ring();
		fds[i] = server_accept();
	}
	await("stream_servers", SERVER_MAX);
	server_answer(idle);
	assert_int_equal(worker_take(&len).token, 2);
	close(lost);
	note = worker_take(&len);
	assert_int_equal(note.kind, QN_STREAM_FAILURE);
	assert_int_equal(note.token, 1);
	assert_int_equal(figure("stream_server_again"), 1);
	worker_query(3, INADDR_LOOPBACK, 6);
	worker_ring();
	fresh = server_answer_one();
	note = worker_take(&len);
	assert_int_equal(note.kind, QN_STREAM_REPLY);
	assert_int_equal(note.token, 3);
	close(idle);
	close(fresh);
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_streams, close_streams)
	const struct CMUnitTest tests[] = {
	    CASE(answers_find_their_clients),
	    CASE(late_answer_is_dropped),
	    CASE(full_pipe_holds_clients),
	    CASE(pipeline_is_bounded),
	    CASE(replies_that_wait_are_bounded),
	    CASE(lost_answer_keeps_no_place),
	    CASE(connections_to_servers_are_bounded),
	    CASE(queries_to_one_server_are_bounded),
	    CASE(equal_ids_do_not_share_a_connection),
	    CASE(query_lost_without_a_place_fails),
	};

	return cmocka_run_group_tests_name("stream-streams", tests, NULL, NULL);
}
