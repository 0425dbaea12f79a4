/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One socket of messages, plain or under TLS, to a client or to a server: what is the same for
 * both. Nothing here waits.
 *
 * Memory: an input buffer while part of a message is there, an output buffer while something
 *         waits to be sent, at most twice as long as that ever was; an idle connection has neither.
 */
#include "base/time.h"
#include "stream/input.h"

#include <openssl/ssl.h>
#include <uv.h>

struct qn_connection {
	uv_poll_t poll;
	int events; /* What libuv waits for. */
	int fd;
	SSL *tls;         /* NULL: plain. */
	int tls_events;   /* What TLS waits for beside: to read before it writes, or the reverse. */
	bool handshaking; /* TLS is not agreed on yet. */
	size_t input_max; /* Longest message taken. */
	struct qn_stream_input input;
	uint8_t *output; /* NULL: nothing waits. */
	size_t output_len, output_at, output_capacity;
};

/** What came of an attempt. */
enum qn_connection_state {
	QN_CONNECTION_OK,     /* Something was done. */
	QN_CONNECTION_WAIT,   /* Nothing can be done now. */
	QN_CONNECTION_ENDED,  /* The other side sends no more. */
	QN_CONNECTION_BROKEN, /* There is no way on. */
};

/**
 * Takes over the socket `fd`, which does not block, and starts to wait for `events` (libuv's);
 * `ready` is called when they come. `tls` makes it the server's side of TLS and is referred to,
 * NULL keeps it plain. False, with the socket closed, when it cannot be.
 */
QN_MUST_USE bool qn_connection_open(struct qn_connection *connection, uv_loop_t *loop, int fd,
    SSL_CTX *tls, size_t input_max, int events, uv_poll_cb ready);

/** Closes the socket and frees everything; `closed` is called when the memory may be reused. */
void qn_connection_close(struct qn_connection *connection, uv_close_cb closed);

/** Goes on with the handshake of TLS; OK when it is over, or there is none. */
QN_MUST_USE enum qn_connection_state qn_connection_handshake(struct qn_connection *connection);

/** Reads once into the input buffer. */
QN_MUST_USE enum qn_connection_state qn_connection_read(struct qn_connection *connection);

/** Whether TLS has octets that have left the socket, which therefore does not wake us for them. */
static inline bool
qn_connection_has_more(const struct qn_connection *connection)
{
	return connection->tls != NULL && SSL_pending(connection->tls) > 0;
}

/** Takes the next message that has come; see qn_stream_input_next(). */
QN_MUST_USE enum qn_stream_input_state qn_connection_next(
    struct qn_connection *connection, struct qn_view *message);

/** Gives the input buffer back if there is nothing in it. */
void qn_connection_rest(struct qn_connection *connection);

/** Octets that wait to be sent. */
static inline size_t
qn_connection_pending(const struct qn_connection *connection)
{
	return connection->output_len - connection->output_at;
}

/** Octets of memory that they wait in. */
static inline size_t
qn_connection_held(const struct qn_connection *connection)
{
	return connection->output_capacity;
}

/** What qn_connection_held() says when `len` octets of messages have been added. */
size_t qn_connection_held_with(const struct qn_connection *connection, size_t len);

/** Appends a message to what is to be sent; false when memory is short. */
QN_MUST_USE bool qn_connection_add(struct qn_connection *connection, struct qn_view message);

/** Sends as much as the socket takes; OK when nothing is left. */
QN_MUST_USE enum qn_connection_state qn_connection_flush(struct qn_connection *connection);

/** Waits for nothing, until qn_connection_wait() says what for. */
void qn_connection_pause(struct qn_connection *connection);

/** Waits for room to write if something is left, for octets to read if `reading`. */
void qn_connection_wait(struct qn_connection *connection, bool reading, uv_poll_cb ready);
