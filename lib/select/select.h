/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Which nameserver address to ask, for how long to wait, and whom to measure: pure rules.
 *
 * The score of an address is the time until it gives a useful answer: its round trip, and
 * what its losses and its useless replies for the zone cost on average. Deprioritized ones,
 * and those that are useless for the zone, come last. An address that nobody has asked yet
 * counts as a rather slow one: probes, which no client waits for, show what it is worth.
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

/** Among whom to choose, and by what. */
struct qn_choice {
	struct qn_candidate *candidates;
	uint32_t candidate_count;
	uint32_t other; /* Not to be chosen: waited for, or has just answered; or QN_SELECT_NONE. */
	uint64_t zone_hash;
	const struct qn_ledger *ledger;
	struct qn_random *random;
	struct qn_now now;
	bool probe_due; /* Out: whether qn_select_next has seen one that could be measured. */
};

/** Times the same question is sent to one address; once only while it is deprioritized. */
#define QN_SELECT_TRIES_MAX 3

/** For how long a probe is waited for at least: a slow server needs that. */
#define QN_SELECT_PROBE_US (1 * QN_US_PER_S)

/** Returned when no candidate may be asked any more. */
#define QN_SELECT_NONE UINT32_MAX

/**
 * The candidate with the best score; addresses already tried come after those not yet tried,
 * avoided ones last. Returns its index, or QN_SELECT_NONE.
 */
QN_MUST_USE uint32_t qn_select_next(struct qn_choice *choice);

/**
 * The same when everybody has been asked as often as may be: whom to ask once more. Those are
 * left out whose silence has lasted; QN_SELECT_NONE when that leaves nobody.
 */
QN_MUST_USE uint32_t qn_select_persist(struct qn_choice *choice);

/**
 * Whom to ask as well while candidate `other` lets us wait: the next best that has not been
 * asked. Where nothing is known of either, one of the other family, whose path may differ.
 */
QN_MUST_USE uint32_t qn_select_hedge(struct qn_choice *choice);

/**
 * Whom to measure, now that candidate `other` has given an answer: one for which a probe is
 * due, first those that nobody has asked yet, then those with the best prospects, whatever
 * their present state.
 */
QN_MUST_USE uint32_t qn_select_probe(struct qn_choice *choice);

/** Whether nobody has asked an address yet. */
static inline bool
qn_select_is_new(const struct qn_server_stats *stats)
{
	return !stats->measured && stats->timeouts == 0;
}

/** The time until a server gives a useful answer, if it is asked until it does. */
uint64_t qn_select_expected_us(struct qn_opinion opinion);

/** When a reply could have been expected, so that another is asked, too: microseconds. */
uint64_t qn_select_hedge_us(const struct qn_server_stats *stats);

/**
 * How long to wait for an answer of an address that the question was put to `tries` times before:
 * microseconds, more than hedge_us for the same statistics. Round trips are the measure, but not
 * for who has fallen silent for so long that there is one try only, nor for who answers others and
 * leaves the zone unanswered (docs/decisions/0017-how-long-silence-is-waited-for.md).
 */
uint64_t qn_select_timeout_us(struct qn_opinion opinion, unsigned tries, struct qn_now now);
