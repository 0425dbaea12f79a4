/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
client_open(struct client *client, int fd, struct qn_now now)
{
	memset(client, 0, sizeof(*client));
	client->fd = fd;
	client->active = now.mono;
}

void
client_close(struct client *client)
{
	close(client->fd);
	free(client->output);
	client->output = NULL;
	client->fd = -1;
}

static bool
wants_to_write(const struct client *client)
{
	return client->output != NULL;
}

static bool
wants_to_read(const struct client *client)
{
	return !wants_to_write(client) && !client_is_busy(client) && !client->ended &&
	       !client->refused;
}

short
client_events(const struct client *client)
{
	if (wants_to_write(client))
		return POLLOUT;
	return wants_to_read(client) ? POLLIN : 0;
}

/* Whether a call on the socket failed for good, rather than for now. */
static bool
has_failed(ssize_t result)
{
	return result < 0 && errno != EAGAIN && errno != EINTR;
}

/* Takes what has come in; false when the connection is broken. */
static bool
client_read(struct client *client, struct qn_now now)
{
	const struct qn_span room = line_buffer_room(&client->input);
	const ssize_t got = recv(client->fd, room.data, room.len, MSG_DONTWAIT);

	if (got > 0) {
		line_buffer_fill(&client->input, (size_t)got);
		client->active = now.mono;
	} else if (got == 0) {
		client->ended = true;
	}
	return !has_failed(got);
}

/* Sends what is left of the reply; false when the connection is broken. */
static bool
client_write(struct client *client, struct qn_now now)
{
	const ssize_t sent = send(client->fd, client->output + client->output_at,
	    client->output_len - client->output_at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent > 0) {
		client->output_at += (size_t)sent;
		client->active = now.mono;
	}
	if (client->output_at == client->output_len) {
		free(client->output);
		client->output = NULL;
	}
	return !has_failed(sent);
}

/* Makes the reply what is to be sent next; false when there is no memory for it. */
static bool
client_reply(struct client *client)
{
	client->output = exchange_take_reply(&client->exchange);
	if (client->output == NULL)
		return false;
	client->output_len = strlen(client->output);
	client->output_at = 0;
	return true;
}

/* Begins with the next request, if there is a whole one; false when there is not. */
static bool
client_request(struct client *client, struct node *node, struct qn_now now)
{
	char line[LINE_BUFFER_MAX];
	size_t line_len;

	if (client->refused)
		return false;
	switch (line_buffer_take(&client->input, line, &line_len)) {
	case LINE_NONE:
		return false;
	case LINE_TOO_LONG:
		client->refused = true;
		exchange_refuse(
		    &client->exchange, "A request has at most %d octets.", LINE_BUFFER_MAX - 1);
		break;
	case LINE_WHOLE:
		exchange_begin(&client->exchange, node, line, line_len, now);
		break;
	}
	return true;
}

/* One step of the connection's life; false when there is nothing to do but wait, or to end. */
static bool
client_step(struct client *client, struct node *node, struct qn_now now, bool *over)
{
	if (!exchange_go_on(&client->exchange, now))
		return false;
	if (client->exchange.reply != NULL) {
		*over = !client_reply(client);
		return !*over;
	}
	if (wants_to_write(client)) {
		*over = !client_write(client, now);
		return !*over && client->output == NULL;
	}
	if (client_request(client, node, now))
		return true;
	*over = client->ended || client->refused;
	return false;
}

void
client_advance(struct client *client, struct node *node, struct qn_now now)
{
	bool over = wants_to_read(client) && !client_read(client, now);

	while (!over && client_step(client, node, now, &over))
		;
	if (!over && !client_is_busy(client))
		over = qn_mono_since_us(client->active, now.mono) > CLIENT_PATIENCE_US;
	if (over)
		client_close(client);
}
