/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates and keys that are no good, and what a client can do with TLS beside sending
 * questions.
 */
#include "stream/connection.h"
#include "stream/tls.h"
#include "support/certificate.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY_COUNT    50
#define QUESTION_MAX 512

/* --- Files ------------------------------------------------------------------------------ */

static void
assert_refused(const char *certificate, const char *key)
{
	char error[QN_TLS_ERROR_MAX] = "";

	assert_null(qn_tls_load(certificate, key, error, sizeof(error)));
	assert_memory_equal(error, key, strlen(key));
}

TEST(certificate_and_key_are_loaded)
{
	static const char *const types[] = {"EC", "RSA"};
	char error[QN_TLS_ERROR_MAX];

	for (unsigned i = 0; i < COUNT_OF(types); i++) {
		struct certificate made;
		SSL_CTX *tls;

		certificate_make(&made, types[i]);
		tls = qn_tls_load(made.path, made.key_path, error, sizeof(error));
		assert_non_null(tls);
		SSL_CTX_free(tls);
		certificate_remove(&made);
	}
}

/* OpenSSL keeps a place for each kind, and would take both. */
TEST(key_of_another_kind_is_refused)
{
	struct certificate ec, rsa;

	certificate_make(&ec, "EC");
	certificate_make(&rsa, "RSA");
	assert_refused(ec.path, rsa.key_path);
	assert_refused(rsa.path, ec.key_path);
	certificate_remove(&ec);
	certificate_remove(&rsa);
}

/* Nobody is asked for a password, whoever starts the daemon. */
TEST(encrypted_key_is_refused)
{
	struct certificate made;

	certificate_make(&made, "EC");
	certificate_encrypt_key(&made);
	assert_refused(made.path, made.key_path);
	certificate_remove(&made);
}

/* --- Records ---------------------------------------------------------------------------- */

/* A connection, its client, and what both need. */
struct pair {
	uv_loop_t loop;
	struct certificate certificate;
	SSL_CTX *server_context, *client_context;
	struct qn_connection server;
	SSL *client;
	int client_fd;
};

static void
never(uv_poll_t *poll, int status, int events)
{
	(void)poll;
	(void)status;
	(void)events;
}

static void
pair_open(struct pair *pair)
{
	char error[QN_TLS_ERROR_MAX];
	int fds[2], done = 0;

	assert_int_equal(uv_loop_init(&pair->loop), 0);
	certificate_make(&pair->certificate, "EC");
	pair->server_context =
	    qn_tls_load(pair->certificate.path, pair->certificate.key_path, error, sizeof(error));
	assert_non_null(pair->server_context);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	assert_true(qn_connection_open(&pair->server, &pair->loop, fds[0], pair->server_context,
	    QUESTION_MAX, UV_READABLE, never));
	pair->client_fd = fds[1];
	pair->client_context = SSL_CTX_new(TLS_client_method());
	pair->client = SSL_new(pair->client_context);
	assert_non_null(pair->client);
	assert_int_equal(SSL_set_fd(pair->client, pair->client_fd), 1);
	SSL_set_connect_state(pair->client);
	while (done != 1 || pair->server.handshaking) {
		done = SSL_do_handshake(pair->client);
		assert_int_not_equal(qn_connection_handshake(&pair->server), QN_CONNECTION_BROKEN);
	}
}

static void
pair_close(struct pair *pair)
{
	qn_connection_close(&pair->server, NULL);
	uv_run(&pair->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&pair->loop), 0);
	SSL_free(pair->client);
	SSL_CTX_free(pair->client_context);
	SSL_CTX_free(pair->server_context);
	close(pair->client_fd);
	certificate_remove(&pair->certificate);
}

/* Octets that have come and not been read. */
static int
unread(const struct pair *pair)
{
	int count;

	assert_int_equal(ioctl(pair->server.fd, FIONREAD, &count), 0);
	return count;
}

/* A client that sends nothing but new keys (RFC 8446 s4.6.3) has one of them read a turn. */
TEST(new_keys_are_read_one_at_a_time)
{
	struct pair pair;
	int before, record_len;

	pair_open(&pair);
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		assert_int_equal(SSL_key_update(pair.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(pair.client), 1);
	}
	before = unread(&pair);
	record_len = before / KEY_COUNT;
	assert_int_equal(before, KEY_COUNT * record_len);
	for (unsigned i = 1; i <= KEY_COUNT; i++) {
		assert_int_equal(qn_connection_read(&pair.server), QN_CONNECTION_WAIT);
		assert_int_equal(unread(&pair), before - (int)i * record_len);
	}
	pair_close(&pair);
}

/* What TLS has decrypted and did not fit is asked for again without waiting for the socket. */
TEST(rest_of_a_record_is_told_of)
{
	uint8_t octets[2 * QUESTION_MAX] = {0};
	struct qn_view message;
	struct pair pair;

	pair_open(&pair);
	octets[1] = 100;
	assert_int_equal(SSL_write(pair.client, octets, sizeof(octets)), sizeof(octets));
	assert_false(qn_connection_has_more(&pair.server));
	assert_int_equal(qn_connection_read(&pair.server), QN_CONNECTION_OK);
	assert_int_equal(unread(&pair), 0);
	assert_true(qn_connection_has_more(&pair.server));
	assert_int_equal(qn_connection_next(&pair.server, &message), QN_STREAM_MESSAGE);
	assert_int_equal(message.len, 100);
	pair_close(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificate_and_key_are_loaded),
	    cmocka_unit_test(key_of_another_kind_is_refused),
	    cmocka_unit_test(encrypted_key_is_refused),
	    cmocka_unit_test(new_keys_are_read_one_at_a_time),
	    cmocka_unit_test(rest_of_a_record_is_told_of),
	};

	return cmocka_run_group_tests_name("stream-tls", tests, NULL, NULL);
}
