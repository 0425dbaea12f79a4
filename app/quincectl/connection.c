/* SPDX-License-Identifier: BSD-2-Clause */
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct connection {
	const char *path;
	int fd;
	int64_t deadline_ms;
	char *error;
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
fail(struct connection *connection, const char *what, const char *why)
{
	snprintf(
	    connection->error, CONNECTION_ERROR_MAX, "%s %s: %s.", what, connection->path, why);
	return false;
}

static bool
open_socket(struct connection *connection)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(connection->path) >= sizeof(address.sun_path))
		return fail(connection, "there can be no socket", "the path is too long");
	strcpy(address.sun_path, connection->path);
	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
	    connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return fail(connection, "no daemon answers at", strerror(errno));
	return true;
}

/* Waits until the socket is ready for `events`. */
static bool
wait_for(struct connection *connection, short events)
{
	struct pollfd poll_fd = {.fd = connection->fd, .events = events};

	for (;;) {
		const int64_t left_ms = connection->deadline_ms - now_ms();

		if (left_ms <= 0)
			return fail(connection, "no reply from", "it takes too long");
		if (poll(&poll_fd, 1, (int)left_ms) > 0)
			return true;
	}
}

static bool
send_all(struct connection *connection, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t sent;

		if (!wait_for(connection, POLLOUT))
			return false;
		sent = send(connection->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return fail(connection, "nothing can be sent to", strerror(errno));
		if (sent > 0) {
			text += sent;
			len -= (size_t)sent;
		}
	}
	return true;
}

static bool
send_request(struct connection *connection, const json_t *request)
{
	char *text = json_dumps(request, 0);
	bool ok;

	if (text == NULL)
		return fail(connection, "nothing can be sent to", "out of memory");
	ok = send_all(connection, text, strlen(text)) && send_all(connection, "\n", 1);
	free(text);
	return ok;
}

/* Appends what comes up to a newline to `reply`. */
static bool
receive_line(struct connection *connection, char *reply, size_t *reply_len)
{
	*reply_len = 0;
	while (memchr(reply, '\n', *reply_len) == NULL) {
		ssize_t got;

		if (*reply_len == CONNECTION_REPLY_MAX)
			return fail(connection, "no use of the reply from", "it is too long");
		if (!wait_for(connection, POLLIN))
			return false;
		got = recv(connection->fd, reply + *reply_len, CONNECTION_REPLY_MAX - *reply_len,
		    MSG_DONTWAIT);
		if (got == 0)
			return fail(connection, "no reply from", "it hung up");
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return fail(connection, "no reply from", strerror(errno));
		if (got > 0)
			*reply_len += (size_t)got;
	}
	return true;
}

static json_t *
receive_reply(struct connection *connection)
{
	char *text = malloc(CONNECTION_REPLY_MAX);
	json_t *reply = NULL;
	json_error_t error;
	size_t len;

	if (text == NULL) {
		fail(connection, "no reply from", "out of memory");
		return NULL;
	}
	if (receive_line(connection, text, &len)) {
		reply = json_loadb(text, len, 0, &error);
		if (reply == NULL)
			fail(connection, "no use of the reply from", error.text);
	}
	free(text);
	return reply;
}

json_t *
connection_ask(
    const char *path, const json_t *request, unsigned patience_s, char error[CONNECTION_ERROR_MAX])
{
	struct connection connection = {
	    .path = path,
	    .fd = -1,
	    .deadline_ms = now_ms() + (int64_t)patience_s * 1000,
	    .error = error,
	};
	json_t *reply = NULL;

	if (open_socket(&connection) && send_request(&connection, request))
		reply = receive_reply(&connection);
	if (connection.fd >= 0)
		close(connection.fd);
	return reply;
}
