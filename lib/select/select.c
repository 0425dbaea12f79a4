/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/select.h"

/* What an address never asked is expected to take: tried before one that is really slow. */
#define UNKNOWN_RTT_US 100000u

/* Of addresses that nobody has asked, those of the family that is waited for come later. */
#define SAME_FAMILY_US (50 * QN_US_PER_MS)

/* Scores this close, a sixteenth, are a draw: it spreads load, and keeps paths unpredictable. */
#define DRAW_PART 16

/* Larger than any round trip: tried addresses sort behind untried, avoided behind all. */
#define TRIED_US   (10 * QN_US_PER_S)
#define AVOIDED_US (100 * QN_US_PER_S)

/*
 * Silences in a row, and for how long, after which no answer is to be expected, however long one
 * waits. A server that pauses for a moment leaves as many queries unanswered as were on their way.
 */
#define DEAD_TIMEOUTS   8
#define DEAD_SILENCE_US (2 * QN_US_PER_S)

/* The same for one zone: who answers others, but not this one, mostly never will. */
#define DEAD_FAILURES 4

/* Times that one question is sent to one address, whatever happens. */
#define PERSIST_TRIES_MAX 12

#define HEDGE_LEAST_US     (1 * QN_US_PER_MS)
#define TIMEOUT_UNKNOWN_US (400 * QN_US_PER_MS)
#define TIMEOUT_LEAST_US   (20 * QN_US_PER_MS)
#define TIMEOUT_AGAIN_US   (100 * QN_US_PER_MS)
#define TIMEOUT_MOST_US    (1500 * QN_US_PER_MS)

/* --- Scores ------------------------------------------------------------------------------ */

/* What failures with a probability of `share` cost when each costs `each_us`, on average. */
static uint64_t
failures_us(uint16_t share, uint64_t each_us)
{
	return each_us * share / (QN_SHARE_ONE + 1u - share);
}

uint64_t
qn_select_expected_us(struct qn_opinion opinion)
{
	const struct qn_server_stats *stats = opinion.stats;

	if (!stats->measured)
		return UNKNOWN_RTT_US + failures_us(stats->loss, TIMEOUT_UNKNOWN_US);
	return stats->srtt_us + failures_us(stats->loss, qn_select_hedge_us(stats)) +
	       failures_us(opinion.quality->useless, stats->srtt_us);
}

static bool
is_avoided(struct qn_opinion opinion, struct qn_now now)
{
	return opinion.stats->deprioritized ||
	       !qn_mono_reached(opinion.quality->avoid_until, now.mono);
}

static uint64_t
with_draw_us(uint64_t score_us, struct qn_random *random)
{
	const uint64_t part_us = score_us / DRAW_PART;

	return score_us +
	       qn_random_below(random, part_us < UINT32_MAX ? (uint32_t)part_us + 1 : UINT32_MAX);
}

/* --- Choosing ---------------------------------------------------------------------------- */

/* A rule of choosing: the score of one candidate, or UINT64_MAX to leave it out. */
typedef uint64_t (*score_fn)(
    struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion);

static uint32_t
choose(struct qn_choice *choice, score_fn score)
{
	uint32_t best = QN_SELECT_NONE;
	uint64_t best_us = UINT64_MAX;

	for (uint32_t i = 0; i < choice->candidate_count; i++) {
		const struct qn_candidate *candidate = &choice->candidates[i];

		if (i == choice->other || candidate->failed || candidate->busy)
			continue;
		const struct qn_opinion opinion =
		    qn_ledger_look(choice->ledger, &candidate->address, choice->zone_hash);
		const uint64_t score_us = score(choice, candidate, opinion);

		if (score_us < best_us) {
			best_us = score_us;
			best = i;
		}
	}
	return best;
}

static bool
may_be_probed(
    const struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion)
{
	return candidate->tries == 0 && qn_stats_probe_due(opinion.stats, choice->now.mono) &&
	       qn_mono_reached(opinion.quality->avoid_until, choice->now.mono);
}

static uint64_t
score_to_ask(
    struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion)
{
	return with_draw_us(qn_select_expected_us(opinion), choice->random) +
	       candidate->tries * TRIED_US + (is_avoided(opinion, choice->now) ? AVOIDED_US : 0);
}

static uint64_t
score_next(
    struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion)
{
	choice->probe_due |= may_be_probed(choice, candidate, opinion);
	if (candidate->tries >= (opinion.stats->deprioritized ? 1 : QN_SELECT_TRIES_MAX))
		return UINT64_MAX;
	return score_to_ask(choice, candidate, opinion);
}

static bool
is_dead(const struct qn_server_stats *stats, struct qn_now now)
{
	return stats->timeouts >= DEAD_TIMEOUTS &&
	       qn_mono_since_us(stats->silent_since, now.mono) >= DEAD_SILENCE_US;
}

static uint64_t
score_persist(
    struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion)
{
	if (candidate->tries >= PERSIST_TRIES_MAX || is_dead(opinion.stats, choice->now) ||
	    opinion.quality->failures >= DEAD_FAILURES)
		return UINT64_MAX;
	return score_to_ask(choice, candidate, opinion);
}

static uint64_t
score_hedge(
    struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion)
{
	const uint8_t waited = choice->candidates[choice->other].address.family;
	uint64_t score_us;

	if (candidate->tries > 0 || is_avoided(opinion, choice->now))
		return UINT64_MAX;
	score_us = with_draw_us(qn_select_expected_us(opinion), choice->random);
	if (!opinion.stats->measured && candidate->address.family == waited)
		score_us += SAME_FAMILY_US;
	return score_us;
}

static uint64_t
score_probe(
    struct qn_choice *choice, const struct qn_candidate *candidate, struct qn_opinion opinion)
{
	if (!may_be_probed(choice, candidate, opinion))
		return UINT64_MAX;
	if (qn_select_is_new(opinion.stats))
		return qn_random_below(choice->random, UNKNOWN_RTT_US);
	return UNKNOWN_RTT_US + with_draw_us(qn_select_expected_us(opinion), choice->random);
}

uint32_t
qn_select_next(struct qn_choice *choice)
{
	return choose(choice, score_next);
}

uint32_t
qn_select_persist(struct qn_choice *choice)
{
	return choose(choice, score_persist);
}

uint32_t
qn_select_hedge(struct qn_choice *choice)
{
	return choose(choice, score_hedge);
}

uint32_t
qn_select_probe(struct qn_choice *choice)
{
	return choose(choice, score_probe);
}

/* --- Waiting ----------------------------------------------------------------------------- */

/* Behind the 95th percentile by an eighth: replies come in crowds just below it. */
uint64_t
qn_select_hedge_us(const struct qn_server_stats *stats)
{
	if (!stats->measured)
		return UNKNOWN_RTT_US;
	return stats->p95_us + stats->p95_us / 8 + HEDGE_LEAST_US;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Whether it is avoided because it leaves the zone unanswered, while it answers others: what it
 * takes for those is no measure, and nobody better is left who would have to wait for it.
 */
static bool
is_stranger(const struct qn_zone_quality *quality, struct qn_now now)
{
	return quality->outcome == QN_OUTCOME_TIMED_OUT &&
	       !qn_mono_reached(quality->avoid_until, now.mono);
}

/*
 * What an address gets however short its round trips were. One that is dead is asked once and
 * never persisted with, and may come back by a longer way: what it took before is no measure. When
 * a probe is due, this one query is it.
 */
static uint64_t
timeout_least_us(struct qn_opinion opinion, struct qn_now now)
{
	const bool dead = is_dead(opinion.stats, now);

	if (dead && qn_stats_probe_due(opinion.stats, now.mono))
		return QN_SELECT_PROBE_US;
	if (dead || !opinion.stats->measured || is_stranger(opinion.quality, now))
		return TIMEOUT_UNKNOWN_US;
	return TIMEOUT_LEAST_US;
}

uint64_t
qn_select_timeout_us(struct qn_opinion opinion, unsigned tries, struct qn_now now)
{
	const struct qn_server_stats *stats = opinion.stats;
	uint64_t timeout_us = timeout_least_us(opinion, now);

	if (stats->measured)
		timeout_us = larger(timeout_us,
		    larger(stats->srtt_us + 4ull * stats->rttvar_us, 2ull * stats->p95_us));
	for (unsigned i = 0; i < tries && timeout_us < TIMEOUT_MOST_US; i++)
		timeout_us = larger(2 * timeout_us, TIMEOUT_AGAIN_US);
	timeout_us = timeout_us < TIMEOUT_MOST_US ? timeout_us : TIMEOUT_MOST_US;
	return larger(timeout_us, qn_select_hedge_us(stats) + HEDGE_LEAST_US);
}
