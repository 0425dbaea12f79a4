/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Which nameserver address to ask next, and how long to wait for it: pure rules.
 *
 * Statistics are looked up in the ledger, for the zone whose hash is given; the caller keeps
 * them.
 */
#include "base/random.h"
#include "select/ledger.h"
#include "select/manners.h"

/** One address that could be asked on behalf of one question. */
struct qn_candidate {
	struct qn_address address;
	uint16_t port;
	uint8_t server; /* Which nameserver of the delegation it belongs to. */
	uint8_t tries;  /* How often this question was sent there. */
	bool failed;    /* Gave a useless answer to this question. */
	bool busy;      /* Must not be asked just now: it gets as many queries as it may. */
	bool doubtful;  /* It was useless only because it was not an authority's. */
};

/** Times the same question is sent to one address. */
#define QN_SELECT_TRIES_MAX 3

/** Returned when no candidate may be asked any more. */
#define QN_SELECT_NONE UINT32_MAX

/**
 * The candidate with the shortest expected time to an answer; addresses already tried come
 * after those not yet tried, avoided ones last. Returns its index, or QN_SELECT_NONE.
 */
QN_MUST_USE uint32_t qn_select_next(const struct qn_candidate *candidates, uint32_t candidate_count,
    uint64_t zone_hash, const struct qn_ledger *ledger, struct qn_random *random,
    struct qn_now now);

/**
 * The same when everybody has been asked that often: whom to ask once more. Those are left out
 * whose silence has lasted; QN_SELECT_NONE when that leaves nobody.
 */
QN_MUST_USE uint32_t qn_select_persist(const struct qn_candidate *candidates,
    uint32_t candidate_count, uint64_t zone_hash, const struct qn_ledger *ledger,
    struct qn_random *random, struct qn_now now);

/** How long to wait for an answer: microseconds. */
uint64_t qn_select_timeout_us(const struct qn_server_stats *stats, unsigned tries);
