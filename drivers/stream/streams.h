/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Streams: DNS over TCP and TLS with clients, over TCP with servers, on kernel sockets.
 *
 * One thread does it all, with libuv. A client's message goes to the worker that resolves it
 * and the reply comes back, each through a pipe; the thread knows of DNS only the length in
 * front of a message and, of servers' replies, the id.
 * Life:   create, start, links served by workers, stop, workers stopped, destroy.
 * Owner:  the control thread; a link's worker side is its worker's.
 * Bounds: connections in all and of one network; messages of one client at a time; what is read
 *         before it is asked, what is not taken of replies; time for each of these.
 * RFC:    7766, 7858, 7828 (in lib/shard), 9210.
 */
#include "base/address.h"
#include "base/hash.h"
#include "stream/counters.h"
#include "stream/link.h"
#include "stream/tls.h"

#include <net/if.h>

#define QN_STREAM_PORT     53
#define QN_STREAM_TLS_PORT 853

#define QN_STREAM_SERVICE_MAX   64
#define QN_STREAM_SOURCE_MAX    128
#define QN_STREAM_INTERFACE_MAX 8

/** Room for any sentence of this header, the final zero included. */
#define QN_STREAMS_ERROR_MAX 512

/** An own address to ask servers from, and the way out to them. */
struct qn_stream_source {
	struct qn_prefix network;
	uint16_t interface;
};

struct qn_streams_config {
	/* All sockets are bound to one, so that they keep to it whatever other routes there are. */
	char interfaces[QN_STREAM_INTERFACE_MAX][IFNAMSIZ];
	uint16_t interface_count; /* 0: they are not bound. */
	/* Clients. */
	struct qn_address services[QN_STREAM_SERVICE_MAX]; /* Where they may connect to. */
	uint16_t service_count;
	uint16_t port;               /* QN_STREAM_PORT; 0: none. */
	uint16_t tls_port;           /* QN_STREAM_TLS_PORT; used with a certificate only. */
	uint32_t client_max;         /* Connections in all, ... */
	uint32_t client_network_max; /* ... and of one /24 or /56. */
	uint32_t idle_s;             /* How long a connection may idle, or be slow. */
	struct qn_hash_key hash_key;
	/* Servers. */
	struct qn_stream_source sources[QN_STREAM_SOURCE_MAX];
	uint16_t source_count;
	/* Workers. */
	uint16_t worker_count;
	uint16_t (*home)(const void *context, struct qn_view message); /* Whom to ask. */
	const void *home_context;
};

struct qn_streams;

/**
 * Opens the sockets. `tls` may be NULL and is taken over. 0, or -errno with one sentence in
 * `error` and nothing left behind.
 */
QN_MUST_USE int qn_streams_create(struct qn_streams **streams,
    const struct qn_streams_config *config, SSL_CTX *tls, char *error, size_t error_len);

/** Starts the thread; -errno when there can be none. */
QN_MUST_USE int qn_streams_start(struct qn_streams *streams);

/** Closes all connections and ends the thread. Workers may go on using their links. */
void qn_streams_stop(struct qn_streams *streams);

/** Frees everything; workers no longer run. */
void qn_streams_destroy(struct qn_streams *streams);

/** Turns of the thread until now: ten a second at the least. Any thread. */
uint64_t qn_streams_turns(const struct qn_streams *streams);

/** Has new connections use `tls`, which is taken over; those that are open keep theirs. */
void qn_streams_set_tls(struct qn_streams *streams, SSL_CTX *tls);

/** The link of a worker. */
struct qn_stream_link *qn_streams_link(struct qn_streams *streams, uint16_t worker);

/* Figures, by index from 0 to qn_stream_figure_count() - 1; any thread. */
uint32_t qn_stream_figure_count(void);
const char *qn_stream_figure_name(uint32_t index);
bool qn_stream_figure_is_gauge(uint32_t index);
uint64_t qn_streams_figure(const struct qn_streams *streams, uint32_t index);
