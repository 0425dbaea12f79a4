/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Queries to authorities: what makes a reply hard to forge, and matching it.
 *
 * The iterator names a query by its slot; here the slot gets a random id, random letter case
 * and, over UDP, a random source port out of the whole pool, and keeps them until released.
 *
 * Owner:  one worker; the port table is shared with the others.
 * Memory: one entry a slot, from the arena given to init.
 * RFC:    5452 s4 and s9, draft-vixie-dnsext-dns0x20 (letter case).
 */
#include "resolve/resolver.h"
#include "shard/counters.h"
#include "shard/ports.h"

/** How often to look whether the next hop of a held query has become known. */
#define QN_HELD_RETRY_US (1 * QN_US_PER_MS)

/** How many of them to look at then. */
#define QN_HELD_LOOKS 64

/** One query as it was sent. */
struct qn_sent {
	struct qn_list link; /* In `held` or `streams`, or in no list. */
	struct qn_upstream_query query;
	struct qn_address local; /* Where the reply has to go to. */
	struct qn_name name;     /* With its random letter case. */
	uint32_t generation;     /* Counts the queries of this slot. */
	uint16_t port;           /* Source port over UDP; 0 while it has none. */
	uint16_t id;
	bool open;
};

struct qn_transport_table {
	struct qn_sent *slots;
	uint32_t slot_count;
	uint16_t worker;
	bool tcp; /* What is doubtful over UDP can be finished over TCP. */
	struct qn_port_table *ports;
	struct qn_random random;
	struct qn_list held;     /* Waiting for the station of the next hop. */
	struct qn_mono held_try; /* When to look again. */
	struct qn_list streams;  /* Waiting to be taken for TCP. */
};

void qn_transport_init(struct qn_transport_table *transport, struct qn_arena *arena,
    uint32_t slot_count, uint16_t worker, struct qn_port_table *ports,
    const uint8_t seed[QN_RANDOM_SEED_LEN]);

/** Gives a query its id, letter case and port; NULL when no port is free. */
QN_MUST_USE struct qn_sent *qn_transport_open(
    struct qn_transport_table *transport, const struct qn_upstream_query *query);

/** Gives the port of a slot back, if it has one. */
void qn_transport_release(struct qn_transport_table *transport, uint32_t slot);

/** Writes the query's message into `payload`; returns its length. */
size_t qn_transport_write(const struct qn_sent *sent, struct qn_span payload);

/** What a message that may be the reply to a query is. */
enum qn_transport_match {
	QN_MATCH_REPLY,
	QN_MATCH_STRAY,
	QN_MATCH_WRONG_PEER,
	QN_MATCH_WRONG_ID,
	QN_MATCH_WRONG_QUESTION,
	QN_MATCH_WRONG_CASE,
	QN_MATCH_WRONG_COOKIE,
	QN_MATCH_BROKEN,
};

/** Names one query of one slot, for a stream that may answer late. */
uint64_t qn_transport_stream_token(const struct qn_sent *sent);

/** The open query of such a token; NULL when it is over. */
QN_MUST_USE struct qn_sent *qn_transport_stream(
    struct qn_transport_table *transport, uint64_t token);

/** Whether a matching reply has its question, if any, in the letter case it was sent in. */
QN_MUST_USE bool qn_transport_case_kept(
    const struct qn_sent *sent, const struct qn_message *message);

/** Matches a message that came on the query's own stream. */
QN_MUST_USE enum qn_transport_match qn_transport_match_stream(
    const struct qn_sent *sent, struct qn_view bytes, struct qn_message *message);

/** Matches a datagram against the query in `slot`, reading it into `message`. */
QN_MUST_USE enum qn_transport_match qn_transport_match(const struct qn_transport_table *transport,
    uint32_t slot, const struct qn_frame *frame, struct qn_view datagram,
    struct qn_message *message);
