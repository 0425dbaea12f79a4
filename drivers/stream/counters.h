/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the thread of the streams counts: the one list, from which names and places are made.
 *
 * Owner:  that thread writes, any thread reads.
 */
#include "base/counter.h"

/* X(name): counters, which only grow. */
#define QN_STREAM_COUNTERS(X)                                                                 \
	X(stream_turns)           /* Turns of the thread: ten a second at the least. */       \
	X(stream_accepted)        /* Connections of clients. */                               \
	X(stream_accepted_tls)    /* Of these: over TLS. */                                   \
	X(stream_refused_full)    /* Closed at once: all places taken, none to close. */      \
	X(stream_refused_network) /* Closed at once: the client's network has its share. */   \
	X(stream_accept_paused)   /* Times that nobody was accepted: no files, or memory. */  \
	X(stream_evicted)         /* Idle, or long at something: others want the place. */    \
	X(stream_closed_idle)     /* Nothing was asked for the idle time. */                  \
	X(stream_closed_slow)     /* A message or handshake begun, or replies not taken. */   \
	X(stream_closed_broken)   /* Reset, or octets that cannot be. */                      \
	X(stream_closed_memory)   /* More replies not taken than there is room for. */        \
	X(stream_tls_delayed)     /* Turns that left handshakes for the next. */              \
	X(stream_tls_failed)      /* Handshakes that came to nothing. */                      \
	X(stream_tls_yielded)     /* Handshakes ended: others want to begin theirs. */        \
	X(stream_questions)       /* Messages given to workers. */                            \
	X(stream_answers)         /* Replies to them. */                                      \
	X(stream_unanswered)      /* Messages that get no reply. */                           \
	X(stream_held)            /* Times that a client waited for a worker to have room. */ \
	X(stream_server_queries)  /* Queries to servers. */                                   \
	X(stream_server_replies)  /* Their replies. */                                        \
	X(stream_server_failed)   /* Queries without reply. */                                \
	X(stream_server_again)    /* Queries asked again: the connection had been closed. */  \
	X(stream_server_connects) /* Connections to servers. */                               \
	X(stream_server_refused)  /* Of these: not made. */                                   \
	X(stream_server_stray)    /* Connections closed for a reply that nobody asked for. */ \
	X(stream_server_yielded)  /* Closed: no reply, and others want the place. */          \
	X(stream_server_full)     /* Queries for which no connection could be made. */

/* X(name): gauges. */
#define QN_STREAM_GAUGES(X)     \
	X(stream_clients)       \
	X(stream_client_octets) \
	X(stream_handshakes)    \
	X(stream_servers)

struct qn_stream_counters {
#define QN_STREAM_COUNTER_MEMBER(name) qn_counter name;
	QN_STREAM_COUNTERS(QN_STREAM_COUNTER_MEMBER)
	QN_STREAM_GAUGES(QN_STREAM_COUNTER_MEMBER)
#undef QN_STREAM_COUNTER_MEMBER
};
