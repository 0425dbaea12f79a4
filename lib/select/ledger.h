/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What one worker has seen of each authority address: round trips, losses, manners.
 *
 * Owner:  one thread.
 * Memory: a fixed number of rows in sets of four; a new address replaces the row of its set
 *         that was used longest ago.
 * Trust:  only exchanges that matched on port, id, question and letter case are told here,
 *         and timeouts: a forger can do neither good nor harm.
 * Source: RFC 6298 s2 (smoothed round trip and its variance).
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/time.h"

/** Longest server cookie (RFC 7873 s4.2). */
#define QN_SERVER_COOKIE_MAX 32

struct qn_server {
	struct qn_address address;
	bool measured;      /* Whether srtt_us and rttvar_us mean anything. */
	bool no_edns;       /* Answered FORMERR or NOTIMP to EDNS, and well without. */
	uint8_t cookie_len; /* Octets of the server cookie it gave last (RFC 7873); 0: none. */
	uint8_t cookie[QN_SERVER_COOKIE_MAX];
	bool no_case;      /* Changes the letter case of names. */
	uint16_t timeouts; /* In a row. */
	uint32_t srtt_us;
	uint32_t rttvar_us;
	struct qn_mono avoid_until; /* Asked only if nobody else is left before then. */
	struct qn_mono used;
};

struct qn_ledger {
	struct qn_server *rows;
	uint32_t set_mask;
	struct qn_hash_key hash_key;
};

/** Makes a ledger of at least `server_count` rows out of `arena`. */
void qn_ledger_init(struct qn_ledger *ledger, struct qn_arena *arena, uint32_t server_count,
    struct qn_hash_key hash_key);

/** The row of `address`; NULL when nothing is known of it. */
const struct qn_server *qn_ledger_find(
    const struct qn_ledger *ledger, const struct qn_address *address);

/** A useful or useless, but genuine, reply came after `rtt_us`. */
void qn_ledger_replied(
    struct qn_ledger *ledger, const struct qn_address *address, uint32_t rtt_us, struct qn_now now);

/** Nothing came within the timeout. */
void qn_ledger_timed_out(
    struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now);

/** The server gave a cookie of its own, at most QN_SERVER_COOKIE_MAX octets. */
void qn_ledger_set_cookie(struct qn_ledger *ledger, const struct qn_address *address,
    struct qn_view cookie, struct qn_now now);

/** The server does not return names in the letter case it got them in. */
void qn_ledger_set_no_case(
    struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now);

/** The server does better without EDNS (RFC 6891 s6.2.2). */
void qn_ledger_set_no_edns(
    struct qn_ledger *ledger, const struct qn_address *address, struct qn_now now);
