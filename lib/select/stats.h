/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What is known of one authority address, whatever the zone: a value that evidence is folded
 * into. The table that all workers share and a worker's own ledger fold the same way.
 * Silence that says something about one zone only (select/sample.h) is left out.
 *
 * All zero is an address that was never asked.
 *
 * Silence: an address is deprioritized when queries in a row went unanswered, more of them
 *          than its usual loss explains (once in 4096 runs), for longer than its replies
 *          take. Then it is probed: at first every second, later after a twelfth of the time
 *          that it has been silent for, up to a minute. Two replies make it trusted again.
 * Loss:    what was lost before a reply counts as loss; what was lost before the address was
 *          deprioritized was an outage, and does not.
 * Memory:  48 bytes a value.
 * Source:  RFC 6298 s2 (smoothed round trip and its variance).
 */
#include "select/sample.h"

/** One, as a share in sixteen bits. */
#define QN_SHARE_ONE 65535u

/** Shortest and longest time between two probes of a deprioritized address. */
#define QN_PROBE_LEAST_US (1 * QN_US_PER_S)
#define QN_PROBE_MOST_US  (60 * QN_US_PER_S)

/** An address that answers, but was not asked for this long, may be measured anew. */
#define QN_REMEASURE_US (10 * QN_US_PER_S)

/** Replies after which a deprioritized address is trusted again. */
#define QN_GOOD_REPLIES 2

struct qn_server_stats {
	uint32_t srtt_us;            /* Smoothed round trip; 0 unless `measured`. */
	uint32_t rttvar_us;          /* Its mean deviation. */
	uint32_t p95_us;             /* 19 of 20 replies come within this time. */
	uint16_t loss;               /* Share of queries that are not answered, of QN_SHARE_ONE. */
	uint16_t timeouts;           /* In a row: queries that were not answered at all. */
	uint8_t late;                /* In a row: queries not answered when expected. */
	uint8_t replies;             /* How much evidence there is; stays at 255. */
	uint8_t good;                /* Deprioritized: replies since the last silence. */
	bool measured;               /* Whether there was any round trip. */
	bool useless;                /* Whether it was ever useless: select/quality.h. */
	bool deprioritized;          /* Asked only by probes, and where nobody better is left. */
	struct qn_mono silent_since; /* When the queries in a row began to go unanswered. */
	struct qn_mono probe_at;     /* From when on a probe makes sense. */
	struct qn_mono updated;      /* When the newest evidence came. */
};

/** Folds one sample into `stats`. Samples need not come in the order of their times. */
void qn_stats_fold(struct qn_server_stats *stats, const struct qn_sample *sample);

/** Whether a probe would tell something new now. */
bool qn_stats_probe_due(const struct qn_server_stats *stats, struct qn_mono now);

/**
 * Of two values the one with the lower worth is forgotten first: the time of the newest
 * evidence, later for those of which there is much.
 */
uint64_t qn_stats_worth_us(const struct qn_server_stats *stats);
