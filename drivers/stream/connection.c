/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/connection.h"

#include "base/endian.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUTPUT_FIRST_LEN 2048

static bool
tls_open(struct qn_connection *connection, SSL_CTX *tls)
{
	connection->tls = SSL_new(tls);
	if (connection->tls == NULL || SSL_set_fd(connection->tls, connection->fd) != 1)
		return false;
	SSL_set_accept_state(connection->tls);
	connection->handshaking = true;
	return true;
}

bool
qn_connection_open(struct qn_connection *connection, uv_loop_t *loop, int fd, SSL_CTX *tls,
    size_t input_max, int events, uv_poll_cb ready)
{
	memset(connection, 0, sizeof(*connection));
	connection->fd = fd;
	connection->input_max = input_max;
	connection->events = events;
	if (tls != NULL && !tls_open(connection, tls))
		goto fail;
	if (uv_poll_init(loop, &connection->poll, fd) != 0)
		goto fail;
	/* Cannot fail: the descriptor is good, or init would have said so. */
	(void)uv_poll_start(&connection->poll, events, ready);
	return true;
fail:
	SSL_free(connection->tls);
	close(fd);
	return false;
}

void
qn_connection_close(struct qn_connection *connection, uv_close_cb closed)
{
	uv_poll_stop(&connection->poll);
	if (connection->tls != NULL && !connection->handshaking) {
		ERR_clear_error();
		SSL_shutdown(connection->tls); /* Says goodbye if there is room for it. */
	}
	SSL_free(connection->tls);
	free(connection->input.buffer.data);
	free(connection->output);
	close(connection->fd);
	connection->fd = -1;
	uv_close((uv_handle_t *)&connection->poll, closed);
}

/* What a call of OpenSSL that did not succeed means; `usual` is what it waits for anyway. */
static enum qn_connection_state
tls_state(struct qn_connection *connection, int result, int usual)
{
	switch (SSL_get_error(connection->tls, result)) {
	case SSL_ERROR_WANT_READ:
		connection->tls_events = UV_READABLE & ~usual;
		return QN_CONNECTION_WAIT;
	case SSL_ERROR_WANT_WRITE:
		connection->tls_events = UV_WRITABLE & ~usual;
		return QN_CONNECTION_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return QN_CONNECTION_ENDED;
	default:
		return QN_CONNECTION_BROKEN;
	}
}

enum qn_connection_state
qn_connection_handshake(struct qn_connection *connection)
{
	enum qn_connection_state state;
	int result;

	if (!connection->handshaking)
		return QN_CONNECTION_OK;
	connection->tls_events = 0;
	ERR_clear_error();
	result = SSL_do_handshake(connection->tls);
	if (result == 1) {
		connection->handshaking = false;
		return QN_CONNECTION_OK;
	}
	state = tls_state(connection, result, 0);
	return state == QN_CONNECTION_ENDED ? QN_CONNECTION_BROKEN : state;
}

static enum qn_connection_state
plain_state(void)
{
	return errno == EAGAIN || errno == EINTR ? QN_CONNECTION_WAIT : QN_CONNECTION_BROKEN;
}

static enum qn_connection_state
receive(struct qn_connection *connection, struct qn_span room, size_t *len)
{
	if (connection->tls == NULL) {
		const ssize_t result = recv(connection->fd, room.data, room.len, 0);

		if (result < 0)
			return plain_state();
		*len = (size_t)result;
		return result == 0 ? QN_CONNECTION_ENDED : QN_CONNECTION_OK;
	}
	ERR_clear_error();
	const int result = SSL_read_ex(connection->tls, room.data, room.len, len);

	return result == 1 ? QN_CONNECTION_OK : tls_state(connection, result, UV_READABLE);
}

enum qn_connection_state
qn_connection_read(struct qn_connection *connection)
{
	enum qn_connection_state state;
	struct qn_span room;
	size_t len;

	connection->tls_events = 0;
	if (connection->input.buffer.data == NULL) {
		const size_t capacity = QN_STREAM_LENGTH_LEN + connection->input_max;
		uint8_t *buffer = malloc(capacity);

		if (buffer == NULL)
			return QN_CONNECTION_BROKEN;
		qn_stream_input_init(&connection->input, (struct qn_span){buffer, capacity});
	}
	room = qn_stream_input_room(&connection->input);
	state = receive(connection, room, &len);
	if (state == QN_CONNECTION_OK)
		qn_stream_input_filled(&connection->input, len);
	return state;
}

enum qn_stream_input_state
qn_connection_next(struct qn_connection *connection, struct qn_view *message)
{
	if (connection->input.buffer.data == NULL)
		return QN_STREAM_MORE;
	return qn_stream_input_next(&connection->input, message);
}

void
qn_connection_rest(struct qn_connection *connection)
{
	if (connection->input.buffer.data == NULL || !qn_stream_input_empty(&connection->input))
		return;
	free(connection->input.buffer.data);
	connection->input = (struct qn_stream_input){.at = 0};
}

size_t
qn_connection_held_with(const struct qn_connection *connection, size_t len)
{
	size_t capacity = connection->output_capacity;

	if (capacity == 0)
		capacity = OUTPUT_FIRST_LEN;
	while (capacity - qn_connection_pending(connection) < len)
		capacity *= 2;
	return capacity;
}

/* Cuts off what was sent, so that no memory is taken by it. */
static void
output_cut(struct qn_connection *connection)
{
	const size_t pending = qn_connection_pending(connection);

	if (connection->output_at == 0)
		return;
	memmove(connection->output, connection->output + connection->output_at, pending);
	connection->output_at = 0;
	connection->output_len = pending;
}

/* Makes room for `len` more octets; false when memory is short. */
static bool
output_grow(struct qn_connection *connection, size_t len)
{
	const size_t capacity = qn_connection_held_with(connection, len);
	uint8_t *output;

	if (connection->output_capacity - connection->output_len >= len)
		return true;
	output_cut(connection);
	if (capacity == connection->output_capacity)
		return true;
	output = realloc(connection->output, capacity);
	if (output == NULL)
		return false;
	connection->output = output;
	connection->output_capacity = capacity;
	return true;
}

bool
qn_connection_add(struct qn_connection *connection, struct qn_view message)
{
	qn_assert(message.len <= QN_STREAM_MESSAGE_MAX);
	if (!output_grow(connection, QN_STREAM_LENGTH_LEN + message.len))
		return false;
	uint8_t *at = connection->output + connection->output_len;

	qn_store_be16(at, (uint16_t)message.len);
	memcpy(at + QN_STREAM_LENGTH_LEN, message.data, message.len);
	connection->output_len += QN_STREAM_LENGTH_LEN + message.len;
	return true;
}

static enum qn_connection_state
transmit(struct qn_connection *connection, const uint8_t *data, size_t len, size_t *sent)
{
	if (connection->tls == NULL) {
		const ssize_t result = send(connection->fd, data, len, MSG_NOSIGNAL);

		if (result < 0)
			return plain_state();
		*sent = (size_t)result;
		return QN_CONNECTION_OK;
	}
	ERR_clear_error();
	const int result = SSL_write_ex(connection->tls, data, len, sent);

	if (result == 1)
		return QN_CONNECTION_OK;
	const enum qn_connection_state state = tls_state(connection, result, UV_WRITABLE);

	return state == QN_CONNECTION_ENDED ? QN_CONNECTION_BROKEN : state;
}

enum qn_connection_state
qn_connection_flush(struct qn_connection *connection)
{
	while (qn_connection_pending(connection) > 0) {
		size_t sent;
		const enum qn_connection_state state =
		    transmit(connection, connection->output + connection->output_at,
			qn_connection_pending(connection), &sent);

		if (state != QN_CONNECTION_OK)
			return state;
		connection->output_at += sent;
	}
	free(connection->output);
	connection->output = NULL;
	connection->output_len = connection->output_at = connection->output_capacity = 0;
	return QN_CONNECTION_OK;
}

void
qn_connection_pause(struct qn_connection *connection)
{
	connection->events = 0;
	uv_poll_stop(&connection->poll);
}

void
qn_connection_wait(struct qn_connection *connection, bool reading, uv_poll_cb ready)
{
	const int events = (reading ? UV_READABLE : 0) | connection->tls_events |
	                   (qn_connection_pending(connection) > 0 ? UV_WRITABLE : 0);

	if (events == connection->events)
		return;
	connection->events = events;
	if (events == 0)
		uv_poll_stop(&connection->poll);
	else
		(void)uv_poll_start(&connection->poll, events, ready);
}
