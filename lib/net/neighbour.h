/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Neighbours of one family on one link: who they are, how sure we are, whom to ask next.
 * Used inside lib/net only.
 *
 * A neighbour's station, state and generation share one atomic word, so that nobody reads
 * half a station, and an entry that was given to another address meanwhile is noticed: its
 * generation changed. States and ages are looked at when somebody asks, so that there are
 * no timers:
 *
 *     unresolved --answer--> proved --15 s--> asked again, still used --answer--> proved
 *         |                     |
 *         +---hearsay---> hearsay: used, asked at once --answer--> proved
 *
 * Owner:  all workers at once; no locks. Of two that change an entry at the same moment one
 *         gives up, which costs a retry a second later at worst.
 * Memory: 256 entries and 2 gateways. Only use() takes an entry: a free one among 8, else
 *         the stalest of those that nobody has wanted for 3 seconds, unresolved ones first.
 * RFC:    826, 1122 s2.3.2.1, 4861 s7.2 and s7.3 (with the states REACHABLE: proved; STALE,
 *         DELAY and PROBE: hearsay, or proved and old; INCOMPLETE: unresolved).
 */
#include "base/address.h"
#include "base/hash.h"
#include "base/time.h"
#include "net/mac.h"

#include <stdatomic.h>

#define QN_NEIGHBOUR_COUNT       256
#define QN_NEIGHBOUR_GATEWAY_MAX 2

/** When nothing is going to be due. */
#define QN_NEIGHBOUR_NEVER UINT64_MAX

struct qn_neighbour {
	_Atomic uint64_t word;            /* Station, generation, state. */
	_Atomic uint64_t key[2];          /* Octets of the address. */
	_Atomic uint64_t proved_us;       /* When the station answered last, if it ever did. */
	_Atomic uint64_t wanted_until_us; /* Until when to ask. */
	_Atomic uint64_t asked;           /* Time in us of the last request and its number. */
};

struct qn_neighbours {
	uint8_t family;
	uint8_t gateway_count;
	struct qn_hash_key hash_key;
	struct qn_neighbour gateways[QN_NEIGHBOUR_GATEWAY_MAX];
	struct qn_neighbour entries[QN_NEIGHBOUR_COUNT];
};

/** `neighbours` is zeroed memory. */
void qn_neighbours_init(
    struct qn_neighbours *neighbours, uint8_t family, const struct qn_hash_key *hash_key);

/** Adds an address that always has an entry and is always wanted; before threads share it. */
void qn_neighbours_add_gateway(struct qn_neighbours *neighbours, const struct qn_address *address);

/** What use() found. */
struct qn_neighbour_use {
	bool known;      /* `mac` was set. */
	uint64_t due_us; /* When next() has a request, if this call changed that; else never. */
};

/** Looks up the station of `address`, which somebody is about to send to. */
struct qn_neighbour_use qn_neighbours_use(struct qn_neighbours *neighbours,
    const struct qn_address *address, struct qn_now now, uint8_t mac[QN_MAC_OCTETS]);

/** What somebody says about `address`. */
struct qn_neighbour_news {
	struct qn_address address;
	const uint8_t *mac; /* NULL when it did not say. */
	bool answer;        /* Says that it answers a request of ours. */
	bool override;      /* May change a station that we know. */
};

enum qn_neighbour_learned {
	QN_NEIGHBOUR_LEARNED,    /* Or knew it already. */
	QN_NEIGHBOUR_STRANGER,   /* Has no entry. */
	QN_NEIGHBOUR_NOT_ASKED,  /* An answer, but we asked nothing in the last 3 seconds. */
	QN_NEIGHBOUR_TOO_SOON,   /* Another station was proved less than a second ago. */
	QN_NEIGHBOUR_NO_STATION, /* Says no station, and we do not know it either. */
};

/** Learns from `news`; lowers `*due_us` to when next() has a request because of them. */
enum qn_neighbour_learned qn_neighbours_learn(struct qn_neighbours *neighbours,
    const struct qn_neighbour_news *news, struct qn_now now, uint64_t *due_us);

/**
 * The gateway to use: the first that is known and answers, else the first that is known;
 * -1 when none is. Sets `mac`.
 */
int qn_neighbours_gateway(const struct qn_neighbours *neighbours, uint8_t mac[QN_MAC_OCTETS]);

/**
 * Whether a gateway has been proved in the last 30 s, and since then not been asked six times
 * without an answer; or there are none. One that falls silent is asked after 15 s, each second.
 */
bool qn_neighbours_resolved(const struct qn_neighbours *neighbours, struct qn_now now);

/** A request to send. */
struct qn_neighbour_request {
	struct qn_address address;
	bool to_station; /* Ask `mac` only; otherwise everybody. */
	uint8_t mac[QN_MAC_OCTETS];
};

/**
 * Takes the next request that is due, gateways first; nobody else is given the same one.
 * Without one returns false and lowers `*due_us` to when the next will be due.
 */
QN_MUST_USE bool qn_neighbours_next(struct qn_neighbours *neighbours, struct qn_now now,
    struct qn_neighbour_request *request, uint64_t *due_us);
