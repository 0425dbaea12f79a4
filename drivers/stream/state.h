/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of the thread of the streams; only the files of drivers/stream include this.
 */
#include "base/list.h"
#include "base/wheel.h"
#include "host/clock.h"
#include "stream/connection.h"
#include "stream/streams.h"

#include <pthread.h>

/** How often timers are looked at; and how soon again while a pipe is full. */
#define QN_STREAM_TICK_MS 100
#define QN_STREAM_HELD_MS 1

/** Clients are counted by network, in slots that a keyed hash of it gives. */
#define QN_STREAM_NETWORK_SLOTS 4096u

/** A socket that clients connect to. */
struct qn_stream_listener {
	uv_poll_t poll;
	struct qn_streams *streams;
	int fd;
	bool encrypted;
};

/** What clients of one network have, or of networks that share its slot. */
struct qn_stream_network {
	uint32_t client_count;
	uint32_t handshake_count;
	struct qn_list handshakes; /* The first to begin first. */
};

/** Something with a deadline: the function is called when it has passed. */
struct qn_stream_timed {
	struct qn_timer timer;
	void (*expired)(struct qn_streams *streams, struct qn_stream_timed *timed);
};

struct qn_stream_client;
struct qn_stream_server;

struct qn_streams {
	struct qn_streams_config config;
	struct qn_stream_counters counters;
	struct qn_stream_bell bell;
	struct qn_stream_link *links;
	_Atomic(SSL_CTX *) tls_next; /* To replace `tls` with. */
	SSL_CTX *tls;
	_Atomic bool stop;
	bool running;
	pthread_t thread;

	/* The thread's own. */
	uv_loop_t loop;
	uv_poll_t bell_poll;
	uv_timer_t tick;
	uv_idle_t greeting; /* As long as there are clients_greeting. */
	uv_prepare_t before;
	uv_check_t after;
	struct qn_now now;
	struct qn_wheel wheel;
	struct qn_stream_listener *listeners;
	uint16_t listener_count;
	struct qn_stream_timed pause; /* Running: nobody is accepted. */

	struct qn_stream_client *clients; /* config.client_max of them. */
	uint32_t client_used;             /* Of these: ever used. */
	struct qn_list clients_free;
	struct qn_list clients_idle;        /* The longest idle one first. */
	struct qn_list clients_begun;       /* Owe the rest of a message; the longest first. */
	struct qn_list clients_handshaking; /* Are not done with it; the first to begin first. */
	struct qn_list clients_greeting;    /* Of these: what they have sent was not looked at. */
	struct qn_list clients_asked;       /* Wait for workers; the longest first. */
	struct qn_list clients_sending;     /* The one that has taken replies for longest first. */
	struct qn_list clients_held;        /* Wait for a worker to have room. */
	struct qn_list clients_dirty;       /* Have replies that were not yet sent. */
	uint32_t handshake_max, handshake_network_max; /* At a time, in all and of one network. */
	uint32_t greeting_count, greeting_max;         /* When as many wait, others are let wait. */
	struct qn_stream_network networks[QN_STREAM_NETWORK_SLOTS];

	struct qn_stream_server *servers;
	struct qn_list servers_free;
	struct qn_list servers_open; /* The one that was used last stands last. */
};

static inline uint64_t
qn_stream_time_us(const struct qn_streams *streams)
{
	return streams->config.idle_s * QN_US_PER_S;
}

/** Reads the clock: whatever is woken by a socket has slept before. */
static inline void
qn_stream_awake(struct qn_streams *streams)
{
	streams->now = qn_clock_read();
}

#define QN_STREAM_COUNT(streams, name) qn_counter_add(&(streams)->counters.name, 1)

/* streams.c */

/** Has qn_stream_clients_greet() called, after what else there is to do. */
void qn_stream_greet_soon(struct qn_streams *streams);

/* clients.c */

QN_MUST_USE bool qn_stream_clients_init(struct qn_streams *streams);
void qn_stream_clients_fini(struct qn_streams *streams);

/** Whether there is no place for another connection. */
bool qn_stream_clients_full(const struct qn_streams *streams);

/**
 * Closes the connection that has idled longest, or else the one that has owed the rest of a message
 * or handshake for longest. Its place comes free in a moment; false when there is none to close.
 */
QN_MUST_USE bool qn_stream_clients_evict(struct qn_streams *streams);

/** Whether so many handshakes wait for the thread that no more should begin. */
bool qn_stream_clients_greeting_full(const struct qn_streams *streams);

/** Goes on with handshakes of TLS, for some time; true when there are more to go on with. */
bool qn_stream_clients_greet(struct qn_streams *streams);

/** Takes over a socket that was accepted. */
void qn_stream_client_accept(
    struct qn_streams *streams, int fd, const struct qn_address *address, bool encrypted);

/** The reply to a client's message, or QN_STREAM_NO_ANSWER. */
void qn_stream_client_answer(
    struct qn_streams *streams, const struct qn_stream_note *note, struct qn_view message);

/** Sends what has come for clients since the last time. */
void qn_stream_clients_flush(struct qn_streams *streams);

/** Goes on with those that waited for a worker; true when some still do. */
bool qn_stream_clients_retry(struct qn_streams *streams);

void qn_stream_clients_close(struct qn_streams *streams);

/* servers.c */

QN_MUST_USE bool qn_stream_servers_init(struct qn_streams *streams);
void qn_stream_servers_fini(struct qn_streams *streams);

/** Asks a server for `worker`. */
void qn_stream_server_query(struct qn_streams *streams, uint16_t worker,
    const struct qn_stream_note *note, struct qn_view message);

void qn_stream_servers_close(struct qn_streams *streams);
