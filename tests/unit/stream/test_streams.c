/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread of the streams on loopback addresses, with the test as the worker behind it: what
 * takes a worker that is slow, full or forgetful to happen.
 */
#include "base/endian.h"
#include "stream/connection.h"
#include "stream/input.h"
#include "stream/streams.h"
#include "stream/tls.h"
#include "support/certificate.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDLE_S         1
#define PIPELINE_MAX   64
#define CLIENT_MAX     80
#define QUESTION_LEN   4000
#define OUTPUT_MAX     (1u << 20) /* Memory that the replies of one client wait in, ... */
#define SLOW_MAX       64         /* ... and how many may have so much. */
#define LONG_REPLY_LEN 60000
#define ONE_SERVER     32 /* Queries that one server is asked at a time. */
#define SERVER_MAX     256
#define NETWORK_MAX    32   /* Connections to servers of one network. */
#define SILENT         1000 /* Tokens from here on are of queries to servers that say nothing. */
#define PATIENCE_MS    8000
#define PATIENCE_S     60 /* Of the thread, where its own must not end a test. */

static struct qn_streams *streams;
static struct qn_stream_link *link_to_test;
static uint16_t port, tls_port, server_port;
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

/* Ports that are free now, and hardly taken by others in a moment. */
static void
choose_ports(void)
{
	const int fds[] = {listen_anywhere(&port), listen_anywhere(&tls_port)};

	close(fds[0]);
	close(fds[1]);
}

static int
open_with(uint32_t idle_s, uint32_t client_max, uint32_t network_max, SSL_CTX *tls)
{
	struct qn_streams_config config = {
	    .service_count = 1,
	    .port = port,
	    .tls_port = tls_port,
	    .client_max = client_max,
	    .client_network_max = network_max,
	    .idle_s = idle_s,
	    .source_count = 1,
	    .worker_count = 1,
	    .home = first_worker,
	};
	char error[QN_STREAMS_ERROR_MAX];

	assert_true(qn_address_from_text(&config.services[0], "127.0.0.1"));
	assert_true(qn_prefix_from_text(&config.sources[0].network, "127.0.0.1/8"));
	assert_int_equal(qn_streams_create(&streams, &config, tls, error, sizeof(error)), 0);
	link_to_test = qn_streams_link(streams, 0);
	return qn_streams_start(streams);
}

static int
open_for(uint32_t idle_s)
{
	choose_ports();
	server_listener = listen_anywhere(&server_port);
	return open_with(idle_s, CLIENT_MAX, CLIENT_MAX, NULL);
}

static int
open_streams(void **state)
{
	(void)state;
	return open_for(IDLE_S);
}

static int
open_patient_streams(void **state)
{
	(void)state;
	return open_for(PATIENCE_S);
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

static uint64_t
time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
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

static void
client_connect(int fd, uint16_t number)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(number)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

/* A socket that is not connected yet. */
static int
client_socket(int receive_buffer_len)
{
	const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (receive_buffer_len > 0)
		setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_len, sizeof(receive_buffer_len));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static int
client_open(int receive_buffer_len)
{
	const int fd = client_socket(receive_buffer_len);

	client_connect(fd, port);
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

/* Takes the next record but for those that come as time passes, of queries to silent servers. */
static struct qn_stream_note
worker_take_own(void)
{
	struct qn_stream_note note;
	size_t len;

	do
		note = worker_take(&len);
	while (note.token >= SILENT);
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

/* A server of a network of its own, for each number. */
static uint32_t
address_of(unsigned number)
{
	return (INADDR_LOOPBACK & 0xff000000) | (number + 1) << 8 | 1;
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

/*
 * A client that takes nothing, as much as it may: replies until they wait in memory of OUTPUT_MAX.
 * What the kernel takes of them nobody knows beforehand.
 */
static int
client_open_slow(void)
{
	const uint64_t before = figure("stream_client_octets");
	const int fd = client_open(4096);
	uint64_t answered = figure("stream_answers");
	uint64_t tokens[PIPELINE_MAX];
	size_t len;

	for (unsigned i = 0; i < PIPELINE_MAX; i++)
		client_ask(fd, 20);
	for (unsigned i = 0; i < PIPELINE_MAX; i++)
		tokens[i] = worker_take(&len).token;
	for (unsigned i = 0; i < PIPELINE_MAX; i++) {
		if (figure("stream_client_octets") == before + OUTPUT_MAX)
			break;
		worker_answer(tokens[i], QN_STREAM_MESSAGE_MAX);
		answered++;
		/* Half of that has to wait in any case. */
		if (i < OUTPUT_MAX / 2 / QN_STREAM_MESSAGE_MAX)
			continue;
		worker_ring();
		await("stream_answers", answered);
	}
	assert_int_equal(figure("stream_client_octets"), before + OUTPUT_MAX);
	return fd;
}

/* All places are held with the first octet of a message each: for a second, they are. */
TEST(who_begins_and_does_not_end_gives_way)
{
	int begun[CLIENT_MAX], next;
	size_t len;

	for (unsigned i = 0; i < COUNT_OF(begun); i++) {
		begun[i] = client_open(0);
		assert_int_equal(send(begun[i], "", 1, MSG_NOSIGNAL), 1);
	}
	await("stream_clients", CLIENT_MAX);
	sleep_ms(1100);
	next = client_open(0);
	client_ask(next, 20);
	worker_answer(worker_take(&len).token, 100);
	worker_ring();
	assert_int_equal(client_take(next), 100);
	assert_int_equal(figure("stream_evicted"), 1);
	assert_int_equal(figure("stream_refused_full"), 0);
	for (unsigned i = 0; i < COUNT_OF(begun); i++)
		close(begun[i]);
	close(next);
}

/* All the memory for replies is taken by those who take none: they pay for it, not who does. */
TEST(slow_clients_keep_no_memory_from_others)
{
	int slow[SLOW_MAX], quick;
	size_t len;

	for (unsigned i = 0; i < SLOW_MAX; i++)
		slow[i] = client_open_slow();
	assert_int_equal(figure("stream_closed_memory"), 0);
	quick = client_open(0);
	client_ask(quick, 20);
	worker_answer(worker_take(&len).token, 100);
	worker_ring();
	assert_int_equal(client_take(quick), 100);
	assert_int_equal(figure("stream_closed_memory"), 1);
	assert_int_equal(figure("stream_clients"), SLOW_MAX);
	assert_true(figure("stream_client_octets") <= SLOW_MAX * OUTPUT_MAX);
	for (unsigned i = 0; i < SLOW_MAX; i++)
		close(slow[i]);
	close(quick);
}

/* --- Files ------------------------------------------------------------------------------ */

/* Nobody can be accepted: the thread looks again ten times a second and not all the time. */
TEST(without_files_the_thread_rests)
{
	const int fd = client_socket(0);
	struct rlimit limit, none;
	uint64_t begin_ms;
	size_t len;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	begin_ms = time_ms();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	client_connect(fd, port);
	client_ask(fd, 20);
	await("stream_accept_paused", 3);
	assert_true(time_ms() - begin_ms >= 200);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	worker_answer(worker_take(&len).token, 100);
	worker_ring();
	assert_int_equal(client_take(fd), 100);
	close(fd);
}

/* With files for few, these few are served in turn. */
TEST(there_are_no_more_connections_than_files)
{
	enum { FILE_COUNT = 60 };
	int fds[FILE_COUNT / 2 + 1];
	uint8_t octet;
	pid_t child;

	choose_ports();
	child = fork();
	if (child == 0) {
		const struct rlimit few = {FILE_COUNT, FILE_COUNT};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setrlimit(RLIMIT_NOFILE, &few) == 0 &&
		    open_with(PATIENCE_S, CLIENT_MAX, CLIENT_MAX, NULL) == 0)
			pause();
		_exit(1);
	}
	assert_true(child > 0);
	fds[0] = client_socket(0);
	for (unsigned i = 0; i < PATIENCE_MS; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (connect(fds[0], (struct sockaddr *)&address, sizeof(address)) == 0)
			break;
		assert_int_equal(errno, ECONNREFUSED);
		sleep_ms(1);
	}
	for (unsigned i = 1; i < COUNT_OF(fds); i++)
		fds[i] = client_open(0);
	/* The first has idled longest, and is closed for the last. */
	assert_int_equal(recv(fds[0], &octet, 1, 0), 0);
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* All places are taken by clients that wait for workers: the first of them makes place. */
TEST(who_waits_for_workers_gives_way)
{
	int fds[CLIENT_MAX], next;
	size_t len;

	for (unsigned i = 0; i < CLIENT_MAX; i++) {
		fds[i] = client_open(0);
		client_ask(fds[i], 20);
		(void)worker_take(&len);
	}
	sleep_ms(1100);
	next = client_open(0);
	client_ask(next, 21);
	(void)worker_take(&len);
	assert_int_equal(len, 21);
	assert_int_equal(figure("stream_evicted"), 1);
	assert_int_equal(client_take(fds[0]), -1);
	for (unsigned i = 0; i < CLIENT_MAX; i++)
		close(fds[i]);
	close(next);
}

static void
never(uv_poll_t *poll, int status, int events)
{
	(void)poll;
	(void)status;
	(void)events;
}

/* Who takes slowly but steadily: what he has taken is not kept. */
TEST(what_was_sent_takes_no_memory)
{
	enum { LEN = 60000, ROUNDS = 200 };
	static uint8_t octets[2 + LEN];
	struct qn_connection connection;
	uv_loop_t loop;
	int fds[2];

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_true(qn_connection_open(&connection, &loop, fds[0], NULL, 512, UV_READABLE, never));
	do {
		assert_true(qn_connection_add(&connection, (struct qn_view){octets, LEN}));
	} while (qn_connection_flush(&connection) == QN_CONNECTION_OK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		assert_int_equal(recv(fds[1], octets, sizeof(octets), MSG_WAITALL), sizeof(octets));
		memset(octets, 0, sizeof(octets));
		assert_true(qn_connection_add(&connection, (struct qn_view){octets, LEN}));
		assert_int_not_equal(qn_connection_flush(&connection), QN_CONNECTION_BROKEN);
		assert_true(qn_connection_pending(&connection) <= 4 * sizeof(octets));
		assert_true(qn_connection_held(&connection) <= 8 * sizeof(octets));
	}
	qn_connection_close(&connection, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fds[1]);
}

/* --- Handshakes ------------------------------------------------------------------------- */

#define HELLO_COUNT 30
#define HELLO_MS    2 /* More than a turn goes on with handshakes. */

/* Of CLIENT_MAX handshakes, how many may wait before no more are accepted; and how many at a time are. */
#define GREETING_MAX 10
#define ACCEPT_MAX   16

/* Connections in all and of a network, and handshakes in all and of a network. */
#define SPACIOUS_MAX          1000
#define SPACIOUS_NETWORK_MAX  250
#define HANDSHAKE_MAX         256
#define HANDSHAKE_NETWORK_MAX 64

static atomic_bool hello_blocks, hello_is_blocked;
static atomic_uint hello_before_question, hello_before_answer;
static _Atomic uint64_t hello_most; /* Handshakes that have been under way at a time. */

/*
 * On the streams' thread, for each handshake: takes its time, as much computing does, and notes
 * what has not been looked after yet.
 */
static int
hello(SSL *ssl, int *alert, void *context)
{
	(void)ssl;
	(void)alert;
	(void)context;
	while (atomic_load(&hello_blocks)) {
		atomic_store(&hello_is_blocked, true);
		sleep_ms(1);
	}
	sleep_ms(HELLO_MS);
	hello_before_question += qn_pipe_empty(&link_to_test->to_worker);
	hello_before_answer += figure("stream_answers") == 0;
	if (figure("stream_handshakes") > hello_most)
		hello_most = figure("stream_handshakes");
	return SSL_CLIENT_HELLO_ERROR;
}

static int
open_with_tls(uint32_t client_max, uint32_t network_max)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	assert_non_null(tls);
	SSL_CTX_set_client_hello_cb(tls, hello, NULL);
	hello_blocks = true;
	hello_is_blocked = false;
	hello_before_question = hello_before_answer = 0;
	hello_most = 0;
	choose_ports();
	server_listener = listen_anywhere(&server_port);
	return open_with(PATIENCE_S, client_max, network_max, tls);
}

static int
open_streams_tls(void **state)
{
	(void)state;
	return open_with_tls(CLIENT_MAX, CLIENT_MAX);
}

/* With more places than there may be handshakes at a time. */
static int
open_spacious_streams_tls(void **state)
{
	(void)state;
	return open_with_tls(SPACIOUS_MAX, SPACIOUS_NETWORK_MAX);
}

/* The first octets that a client of TLS sends; returns how many. */
static size_t
hello_make(uint8_t *octets, size_t room)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	BIO *sent = BIO_new(BIO_s_mem());
	int len;

	assert_non_null(ssl);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), sent);
	SSL_set_connect_state(ssl);
	assert_int_equal(SSL_do_handshake(ssl), -1);
	len = BIO_read(sent, octets, (int)room);
	assert_in_range(len, 50, room - 1);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return (size_t)len;
}

/* A flood of handshakes is there before a question and an answer, which do not wait for it. */
TEST(handshakes_keep_nobody_waiting)
{
	const int plain = client_open(0);
	uint8_t octets[4096];
	const size_t octets_len = hello_make(octets, sizeof(octets));
	int fds[HELLO_COUNT];
	uint64_t token;
	size_t len;

	client_ask(plain, 20);
	token = worker_take(&len).token;
	for (unsigned i = 0; i < HELLO_COUNT; i++) {
		fds[i] = client_socket(0);
		client_connect(fds[i], tls_port);
	}
	await("stream_clients", HELLO_COUNT + 1);
	for (unsigned i = 0; i < HELLO_COUNT; i++) {
		assert_int_equal(send(fds[i], octets, octets_len, MSG_NOSIGNAL), octets_len);
		while (!hello_is_blocked)
			sleep_ms(1);
	}
	client_ask(plain, 21);
	worker_answer(token, 100);
	worker_ring();
	hello_blocks = false;
	await("stream_tls_failed", HELLO_COUNT);
	/* One, whose end both came to wait for, and one more at the most. */
	assert_in_range(hello_before_question, 1, 2);
	assert_in_range(hello_before_answer, 1, 2);
	assert_true(figure("stream_tls_delayed") > 0);
	assert_int_equal(client_take(plain), 100);
	(void)worker_take(&len);
	assert_int_equal(len, 21);
	for (unsigned i = 0; i < HELLO_COUNT; i++)
		close(fds[i]);
	close(plain);
}

/* A flood of handshakes waits in the kernel, not in the thread: few are begun and not gone on with. */
TEST(handshakes_begin_when_there_is_time)
{
	uint8_t octets[4096];
	const size_t octets_len = hello_make(octets, sizeof(octets));
	int fds[CLIENT_MAX - 4];

	for (unsigned i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = client_socket(0);
		client_connect(fds[i], tls_port);
		assert_int_equal(send(fds[i], octets, octets_len, MSG_NOSIGNAL), octets_len);
		while (!hello_is_blocked)
			sleep_ms(1);
	}
	hello_blocks = false;
	await("stream_tls_failed", COUNT_OF(fds));
	/* Those accepted in one turn are heard of in the next one, which may begin with accepting. */
	assert_in_range(hello_most, 1, GREETING_MAX + 2 * ACCEPT_MAX);
	assert_int_equal(figure("stream_handshakes"), 0);
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}

/* A client of network `number` that connects for TLS and says nothing. */
static int
client_open_silent(unsigned number)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const int fd = client_socket(0);

	address.sin_addr.s_addr = htonl(address_of(number));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	client_connect(fd, tls_port);
	return fd;
}

static bool
client_is_open(int fd)
{
	uint8_t octet;

	return recv(fd, &octet, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* The first to have begun and not ended it gives way, as soon as there are so many; no other. */
TEST(oldest_handshake_gives_way)
{
	int fds[HANDSHAKE_MAX], next;

	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		fds[i] = client_open_silent(i / (HANDSHAKE_NETWORK_MAX / 2));
	await("stream_handshakes", HANDSHAKE_MAX);
	assert_int_equal(figure("stream_tls_yielded"), 0);
	next = client_open_silent(HANDSHAKE_MAX);
	await("stream_tls_yielded", 1);
	await("stream_accepted_tls", HANDSHAKE_MAX + 1);
	assert_int_equal(figure("stream_handshakes"), HANDSHAKE_MAX);
	assert_int_equal(client_take(fds[0]), -1);
	for (unsigned i = 1; i < COUNT_OF(fds); i++)
		assert_true(client_is_open(fds[i]));
	assert_true(client_is_open(next));
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	close(next);
}

/* One network opens as many as it can: half of all, and from then on at its own cost. */
TEST(networks_take_handshakes_from_themselves)
{
	int fds[HANDSHAKE_MAX], other;

	other = client_open_silent(1);
	await("stream_handshakes", 1);
	for (unsigned i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = client_open_silent(0);
		await("stream_accepted_tls", i + 2);
	}
	assert_int_equal(figure("stream_handshakes"), HANDSHAKE_MAX / 2);
	assert_int_equal(figure("stream_tls_yielded"), 1 + HANDSHAKE_MAX - HANDSHAKE_MAX / 2);
	assert_int_equal(figure("stream_refused_network"), 0);
	assert_int_equal(client_take(fds[0]), -1);
	assert_true(client_is_open(fds[COUNT_OF(fds) - 1]));
	assert_true(client_is_open(other));
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	close(other);
}

/* --- Records ---------------------------------------------------------------------------- */

static struct certificate certificate;

static int
open_streams_dot(void **state)
{
	char error[QN_TLS_ERROR_MAX];
	SSL_CTX *tls;

	(void)state;
	certificate_make(&certificate, "EC");
	tls = qn_tls_load(certificate.path, certificate.key_path, error, sizeof(error));
	assert_non_null(tls);
	choose_ports();
	server_listener = listen_anywhere(&server_port);
	return open_with(PATIENCE_S, CLIENT_MAX, CLIENT_MAX, tls);
}

static int
close_streams_dot(void **state)
{
	certificate_remove(&certificate);
	return close_streams(state);
}

/* A question in records of one octet, more than are read at a time, arrives whole. */
TEST(question_may_come_in_many_records)
{
	uint8_t octets[2 + 200] = {0, 200};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	const int fd = client_socket(0);
	SSL *ssl = SSL_new(context);
	size_t len;

	assert_non_null(ssl);
	client_connect(fd, tls_port);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	assert_int_equal(SSL_connect(ssl), 1);
	for (unsigned i = 0; i < sizeof(octets); i++)
		assert_int_equal(SSL_write(ssl, octets + i, 1), 1);
	assert_true(worker_take(&len).encrypted);
	assert_int_equal(len, 200);
	SSL_free(ssl);
	SSL_CTX_free(context);
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
		worker_query(i, address_of(i), (uint16_t)i);
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

/*
 * A network whose servers take connections and say nothing has its share of them, and others theirs;
 * what idles makes place for another of the same network.
 */
TEST(queries_to_one_network_are_bounded)
{
	int fds[NETWORK_MAX + 2];

	for (unsigned i = 0; i < NETWORK_MAX; i++) {
		worker_query(i == 0 ? 0 : SILENT, address_of(0) + i, 0);
		worker_ring();
		fds[i] = server_accept();
	}
	worker_query(100, address_of(0) + NETWORK_MAX, 0);
	worker_query(101, address_of(1), 0);
	worker_ring();
	assert_int_equal(worker_take_own().token, 100);
	assert_int_equal(figure("stream_server_full"), 1);
	fds[NETWORK_MAX] = server_answer_one();
	assert_int_equal(worker_take_own().token, 101);
	server_answer(fds[0]);
	assert_int_equal(worker_take_own().token, 0);
	worker_query(102, address_of(0) + NETWORK_MAX, 0);
	worker_ring();
	fds[NETWORK_MAX + 1] = server_answer_one();
	assert_int_equal(worker_take_own().token, 102);
	assert_int_equal(figure("stream_servers"), NETWORK_MAX + 1);
	for (unsigned i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}

/* Answers one query with a long message. */
static int
server_answer_at_length(void)
{
	static uint8_t octets[2 + LONG_REPLY_LEN];
	const int fd = server_accept();

	assert_int_equal(recv(fd, octets, 2, MSG_WAITALL), 2);
	const size_t len = qn_load_be16(octets);

	assert_int_equal(recv(fd, octets + 2, len, MSG_WAITALL), len);
	qn_store_be16(octets, LONG_REPLY_LEN);
	assert_int_equal(send(fd, octets, sizeof(octets), MSG_NOSIGNAL), sizeof(octets));
	return fd;
}

/* Clients that fill the pipe to a worker leave room in it for what a server says. */
TEST(full_pipe_has_room_for_servers)
{
	int clients[8], server;
	bool replied = false;
	size_t len;

	for (unsigned i = 0; i < COUNT_OF(clients); i++) {
		clients[i] = client_open(0);
		for (unsigned j = 0; j < PIPELINE_MAX; j++)
			client_ask(clients[i], QUESTION_LEN);
	}
	await("stream_held", 1);
	worker_query(SILENT, INADDR_LOOPBACK, 1);
	worker_ring();
	server = server_answer_at_length();
	await("stream_server_replies", 1);
	/* Only now is anything taken, so that nobody has made room for it. */
	for (unsigned i = 0; i < COUNT_OF(clients) * PIPELINE_MAX + 1; i++) {
		const struct qn_stream_note note = worker_take(&len);

		if (note.kind == QN_STREAM_REPLY)
			replied = true;
		else
			worker_answer(note.token, 50);
		worker_ring();
	}
	assert_true(replied);
	for (unsigned i = 0; i < COUNT_OF(clients); i++)
		close(clients[i]);
	close(server);
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

static void
close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

/*
 * Has all connections but `less` wait for servers that say nothing, in one turn of the thread. False,
 * and the servers are gone, when all stood still for a second: some have given way already, and
 * there is nothing to see. (What cmocka skips has failed to readers of its TAP.)
 */
QN_MUST_USE static bool
servers_fill(int *fds, unsigned less)
{
	for (unsigned i = 0; i < SERVER_MAX - less; i++)
		worker_query(SILENT + i, address_of(i + 1), 0);
	worker_ring();
	for (unsigned i = 0; i < SERVER_MAX - less; i++)
		fds[i] = server_accept();
	if (figure("stream_server_yielded") > 0) {
		close_all(fds, SERVER_MAX - less);
		return false;
	}
	await("stream_servers", SERVER_MAX);
	return true;
}

/* All places are taken by servers that say nothing: for a second, nobody else is asked. */
TEST(silent_servers_give_way)
{
	static int fds[SERVER_MAX];
	struct qn_stream_note note;
	int fresh;

	if (!servers_fill(fds, 0))
		return;
	worker_query(1, address_of(0), 0);
	worker_ring();
	assert_int_equal(worker_take_own().kind, QN_STREAM_FAILURE);
	if (figure("stream_server_yielded") > 0) {
		close_all(fds, COUNT_OF(fds)); /* The second was over before that. */
		return;
	}
	sleep_ms(1100);
	worker_query(2, address_of(0), 0);
	worker_ring();
	fresh = server_answer_one();
	note = worker_take_own();
	assert_int_equal(note.token, 2);
	assert_int_equal(note.kind, QN_STREAM_REPLY);
	/* Unless all stood still for so long that they were given up anyhow. */
	if (figure("stream_servers") == SERVER_MAX)
		assert_int_equal(figure("stream_server_yielded"), 1);
	close(fresh);
	close_all(fds, COUNT_OF(fds));
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
 * All places are taken and one connection idles, to a server that two queries are lost to with
 * another connection. One gets that one's place, and for the other the idle one is closed: neither
 * may go to what is no longer there.
 */
TEST(queries_lost_find_places)
{
	static int fds[SERVER_MAX - 2];
	const int lost = server_keep_busy(1, 5);
	const int idle = server_keep_busy(2, 5);
	struct qn_stream_note note;
	unsigned seen = 0;
	int fresh[2];

	worker_query(3, INADDR_LOOPBACK, 6);
	if (!servers_fill(fds, SERVER_MAX - COUNT_OF(fds))) {
		close(lost);
		close(idle);
		return;
	}
	server_answer(idle);
	assert_int_equal(worker_take_own().token, 2);
	assert_int_equal(figure("stream_servers"), SERVER_MAX);
	close(lost);
	for (unsigned i = 0; i < COUNT_OF(fresh); i++)
		fresh[i] = server_answer_one();
	for (unsigned i = 0; i < COUNT_OF(fresh); i++) {
		note = worker_take_own();
		assert_int_equal(note.kind, QN_STREAM_REPLY);
		seen |= 1u << note.token;
	}
	assert_int_equal(seen, 1 << 1 | 1 << 3);
	assert_int_equal(figure("stream_server_again"), 2);
	close(idle);
	close_all(fresh, COUNT_OF(fresh));
	close_all(fds, COUNT_OF(fds));
}

int
main(void)
{
#define CASE_WITH(open, name) cmocka_unit_test_setup_teardown(name, open, close_streams)
#define CASE(name)            CASE_WITH(open_streams, name)
	const struct CMUnitTest tests[] = {
	    CASE(answers_find_their_clients),
	    CASE(late_answer_is_dropped),
	    CASE(full_pipe_holds_clients),
	    CASE(pipeline_is_bounded),
	    CASE(replies_that_wait_are_bounded),
	    CASE(lost_answer_keeps_no_place),
	    CASE_WITH(open_patient_streams, who_begins_and_does_not_end_gives_way),
	    CASE_WITH(open_patient_streams, who_waits_for_workers_gives_way),
	    CASE_WITH(open_patient_streams, slow_clients_keep_no_memory_from_others),
	    CASE_WITH(open_patient_streams, without_files_the_thread_rests),
	    cmocka_unit_test(there_are_no_more_connections_than_files),
	    cmocka_unit_test(what_was_sent_takes_no_memory),
	    CASE_WITH(open_streams_tls, handshakes_keep_nobody_waiting),
	    CASE_WITH(open_streams_tls, handshakes_begin_when_there_is_time),
	    CASE_WITH(open_spacious_streams_tls, oldest_handshake_gives_way),
	    CASE_WITH(open_spacious_streams_tls, networks_take_handshakes_from_themselves),
	    cmocka_unit_test_setup_teardown(
		question_may_come_in_many_records, open_streams_dot, close_streams_dot),
	    CASE(connections_to_servers_are_bounded),
	    CASE(queries_to_one_server_are_bounded),
	    CASE(queries_to_one_network_are_bounded),
	    CASE_WITH(open_patient_streams, full_pipe_has_room_for_servers),
	    CASE(equal_ids_do_not_share_a_connection),
	    CASE(silent_servers_give_way),
	    CASE(queries_lost_find_places),
	};

	return cmocka_run_group_tests_name("stream-streams", tests, NULL, NULL);
}
