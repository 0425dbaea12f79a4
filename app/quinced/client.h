/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One connection to the control socket: requests in, replies out, one after the other.
 *
 * Bounds: a request is a line of at most LINE_BUFFER_MAX octets; the next one is read when the
 *         reply to the last is gone; a client that neither asks nor reads for
 *         CLIENT_PATIENCE_US is hung up on.
 */
#include "exchange.h"
#include "line_buffer.h"

#define CLIENT_PATIENCE_US (30 * QN_US_PER_S)

struct client {
	int fd;                /* -1: this place is free. */
	bool ended;            /* The client has said all it had to say. */
	bool refused;          /* What it said cannot be cut into lines any more. */
	struct qn_mono active; /* When octets last moved. */
	struct line_buffer input;
	struct exchange exchange;
	char *output; /* The reply on its way; NULL when there is none. */
	size_t output_len;
	size_t output_at; /* Octets of it that are gone. */
};

void client_open(struct client *client, int fd, struct qn_now now);

/** Hangs up. Only while no worker has something of the client's: see client_is_busy(). */
void client_close(struct client *client);

/** Whether workers still have to do what this client asked for. */
static inline bool
client_is_busy(const struct client *client)
{
	return client->fd >= 0 && client->exchange.wait != EXCHANGE_WAIT_NOTHING;
}

/** What poll(2) is to wait for. */
short client_events(const struct client *client);

/** Goes on as far as it can without waiting; closes the connection when it is over. */
void client_advance(struct client *client, struct node *node, struct qn_now now);
