/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/select.h"

/* What an address never asked is expected to take: low, so that it is tried early. */
#define UNKNOWN_RTT_US (30 * QN_US_PER_MS)

/* Scores this close are a draw, which spreads load and keeps paths unpredictable. */
#define DRAW_US (10 * QN_US_PER_MS)

/* Larger than any round trip: tried addresses sort behind untried, avoided behind all. */
#define TRIED_US   (10 * QN_US_PER_S)
#define AVOIDED_US (100 * QN_US_PER_S)

/* Silences in a row after which no answer is to be expected, however long one waits. */
#define DEAD_TIMEOUTS 8

/* Times that one question is sent to one address, whatever happens. */
#define PERSIST_TRIES_MAX 12

#define TIMEOUT_UNKNOWN_US (400 * QN_US_PER_MS)
#define TIMEOUT_LEAST_US   (50 * QN_US_PER_MS)
#define TIMEOUT_MOST_US    (1500 * QN_US_PER_MS)

static uint64_t
candidate_score_us(const struct qn_candidate *candidate, struct qn_opinion opinion,
    struct qn_random *random, struct qn_now now)
{
	const struct qn_server_stats *stats = opinion.stats;
	uint64_t score_us = qn_random_below(random, DRAW_US) + candidate->tries * TRIED_US;

	score_us += stats->measured ? stats->srtt_us : UNKNOWN_RTT_US;
	if ((stats->deprioritized && !qn_stats_probe_due(stats, now.mono)) ||
	    !qn_mono_reached(opinion.quality->avoid_until, now.mono))
		score_us += AVOIDED_US;
	return score_us;
}

/* A rule that leaves candidates out. */
typedef bool (*may_ask_fn)(
    const struct qn_candidate *candidate, const struct qn_server_stats *stats);

static bool
has_tries_left(const struct qn_candidate *candidate, const struct qn_server_stats *stats)
{
	(void)stats;
	return candidate->tries < QN_SELECT_TRIES_MAX;
}

static bool
may_be_slow(const struct qn_candidate *candidate, const struct qn_server_stats *stats)
{
	return candidate->tries < PERSIST_TRIES_MAX && stats->timeouts < DEAD_TIMEOUTS;
}

static uint32_t
select_best(const struct qn_candidate *candidates, uint32_t candidate_count, uint64_t zone_hash,
    const struct qn_ledger *ledger, struct qn_random *random, struct qn_now now, may_ask_fn may_ask)
{
	uint32_t best = QN_SELECT_NONE;
	uint64_t best_us = UINT64_MAX;

	for (uint32_t i = 0; i < candidate_count; i++) {
		const struct qn_candidate *candidate = &candidates[i];
		const struct qn_opinion opinion =
		    qn_ledger_look(ledger, &candidate->address, zone_hash);

		if (candidate->failed || candidate->busy || !may_ask(candidate, opinion.stats))
			continue;
		const uint64_t score_us = candidate_score_us(candidate, opinion, random, now);

		if (score_us < best_us) {
			best_us = score_us;
			best = i;
		}
	}
	return best;
}

uint32_t
qn_select_next(const struct qn_candidate *candidates, uint32_t candidate_count, uint64_t zone_hash,
    const struct qn_ledger *ledger, struct qn_random *random, struct qn_now now)
{
	return select_best(
	    candidates, candidate_count, zone_hash, ledger, random, now, has_tries_left);
}

uint32_t
qn_select_persist(const struct qn_candidate *candidates, uint32_t candidate_count,
    uint64_t zone_hash, const struct qn_ledger *ledger, struct qn_random *random, struct qn_now now)
{
	return select_best(
	    candidates, candidate_count, zone_hash, ledger, random, now, may_be_slow);
}

uint64_t
qn_select_timeout_us(const struct qn_server_stats *stats, unsigned tries)
{
	uint64_t timeout_us = TIMEOUT_UNKNOWN_US;

	if (stats->measured)
		timeout_us = stats->srtt_us + 4ull * stats->rttvar_us;
	if (timeout_us < TIMEOUT_LEAST_US)
		timeout_us = TIMEOUT_LEAST_US;
	for (unsigned i = 0; i < tries && timeout_us < TIMEOUT_MOST_US; i++)
		timeout_us *= 2;
	return timeout_us < TIMEOUT_MOST_US ? timeout_us : TIMEOUT_MOST_US;
}
