/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/stats.h"

_Static_assert(sizeof(struct qn_server_stats) == 48, "the header promises so");

/* Longer than any query is waited for: a larger figure is nobody's round trip. */
#define RTT_MOST_US ((uint32_t)(10 * QN_US_PER_S))

/* One query in 32 counts for the loss: some 10 % uncertain at a loss of 20 %. */
#define LOSS_GAIN 32

/* Even of a server that never loses anything a few queries go unanswered, and more are late. */
#define TIMEOUT_SHARE_LEAST (QN_SHARE_ONE / 64)
#define LATE_SHARE_LEAST    (QN_SHARE_ONE / 16)

/* A run of silence this improbable is no chance: once in 4096. */
#define CHANCE_LEAST (QN_SHARE_ONE / 4096)
#define RUN_MOST     8

/*
 * A probe each time that the silence has grown by a twelfth: who was away for 12 s is noticed
 * after one more, whatever chance adds, and with the second probe well within two.
 */
#define SILENCE_PER_PROBE 12

/* A second good probe is wanted soon after the first. */
#define PROBE_AGAIN_US (QN_PROBE_LEAST_US / 4)

/* Each reply, up to 255, keeps a row for this much longer: half an hour at most. */
#define WORTH_OF_REPLY_US (7 * QN_US_PER_S)

/* --- Replies ---------------------------------------------------------------------------- */

static void
smooth_rtt(struct qn_server_stats *stats, uint32_t rtt_us)
{
	const uint32_t off =
	    rtt_us > stats->srtt_us ? rtt_us - stats->srtt_us : stats->srtt_us - rtt_us;

	stats->rttvar_us = stats->rttvar_us - stats->rttvar_us / 4 + off / 4;
	stats->srtt_us = stats->srtt_us - stats->srtt_us / 8 + rtt_us / 8;
}

/*
 * Follows the 95th percentile: up by nineteen steps when a reply took longer, down by one when
 * not, so that it rests where that happens nineteen times less often. A step is in proportion
 * to how much the replies spread.
 */
static void
follow_p95(struct qn_server_stats *stats, uint32_t rtt_us)
{
	const uint32_t step = (stats->rttvar_us / 2 + stats->srtt_us / 32) / 20 + 1;

	if (rtt_us > stats->p95_us)
		stats->p95_us += 19 * step;
	else
		stats->p95_us -= stats->p95_us < step ? stats->p95_us : step;
}

static void
measure(struct qn_server_stats *stats, uint32_t rtt_us)
{
	if (rtt_us > RTT_MOST_US)
		rtt_us = RTT_MOST_US;
	if (stats->measured) {
		follow_p95(stats, rtt_us);
		smooth_rtt(stats, rtt_us);
		return;
	}
	stats->srtt_us = rtt_us;
	stats->rttvar_us = rtt_us / 2;
	stats->p95_us = rtt_us + rtt_us / 4;
	stats->measured = true;
}

static void
count_loss(struct qn_server_stats *stats)
{
	const unsigned lost = stats->timeouts < RUN_MOST ? stats->timeouts : RUN_MOST;

	for (unsigned i = 0; i < lost; i++)
		stats->loss += (uint16_t)((QN_SHARE_ONE - stats->loss) / LOSS_GAIN);
	stats->loss -= (uint16_t)((stats->loss + LOSS_GAIN - 1) / LOSS_GAIN);
}

static void
replied(struct qn_server_stats *stats, const struct qn_sample *sample)
{
	if (sample->rtt_us != QN_RTT_NONE)
		measure(stats, sample->rtt_us);
	if (stats->replies < UINT8_MAX)
		stats->replies++;
	if (!stats->deprioritized) {
		count_loss(stats);
	} else if (++stats->good == QN_GOOD_REPLIES) {
		stats->deprioritized = false;
		stats->good = 0;
	}
	stats->timeouts = 0;
	stats->late = 0;
	stats->probe_at =
	    qn_mono_after_us(sample->when, stats->deprioritized ? PROBE_AGAIN_US : QN_REMEASURE_US);
}

/* --- Silence ---------------------------------------------------------------------------- */

/* Queries in a row that have to go unanswered before that is no chance any more. */
static unsigned
run_limit(uint32_t share)
{
	unsigned run = 1;

	if (share > QN_SHARE_ONE)
		share = QN_SHARE_ONE;
	uint32_t chance = share;

	for (; run < RUN_MOST && chance > CHANCE_LEAST; run++)
		chance = chance * share / QN_SHARE_ONE;
	return run;
}

static uint64_t
probe_interval_us(const struct qn_server_stats *stats, struct qn_mono now)
{
	const uint64_t interval_us = qn_mono_since_us(stats->silent_since, now) / SILENCE_PER_PROBE;

	if (!stats->deprioritized)
		return QN_REMEASURE_US;
	if (interval_us < QN_PROBE_LEAST_US)
		return QN_PROBE_LEAST_US;
	return interval_us < QN_PROBE_MOST_US ? interval_us : QN_PROBE_MOST_US;
}

static bool
is_outage(const struct qn_server_stats *stats, struct qn_mono now)
{
	/* A burst of queries that one short disturbance swallows says no more than one does. */
	if (qn_mono_since_us(stats->silent_since, now) < stats->p95_us)
		return false;
	return stats->timeouts >= run_limit(stats->loss + TIMEOUT_SHARE_LEAST) ||
	       stats->late >= run_limit(stats->loss + LATE_SHARE_LEAST);
}

static void
silent(struct qn_server_stats *stats, const struct qn_sample *sample)
{
	if (stats->timeouts == 0 && stats->late == 0 && !stats->deprioritized)
		stats->silent_since = sample->when;
	if (sample->outcome == QN_OUTCOME_LATE)
		stats->late += stats->late < UINT8_MAX;
	else
		stats->timeouts += stats->timeouts < UINT16_MAX;
	if (stats->deprioritized) {
		/* Late is what its replies were before: it may have come back by a longer way. */
		if (sample->outcome == QN_OUTCOME_TIMED_OUT)
			stats->good = 0;
	} else if (is_outage(stats, sample->when)) {
		stats->deprioritized = true;
		stats->good = 0;
		stats->probe_at =
		    qn_mono_after_us(sample->when, probe_interval_us(stats, sample->when));
	}
}

/* --- All together ----------------------------------------------------------------------- */

void
qn_stats_fold(struct qn_server_stats *stats, const struct qn_sample *sample)
{
	if (sample->outcome == QN_OUTCOME_SENT) {
		if (sample->kind == QN_SAMPLE_PROBE)
			stats->probe_at =
			    qn_mono_after_us(sample->when, probe_interval_us(stats, sample->when));
		return;
	}
	if (stats->updated.us < sample->when.us)
		stats->updated = sample->when;
	stats->useless |= qn_sample_useless(sample);
	if (qn_outcome_replied(sample->outcome))
		replied(stats, sample);
	else if (!sample->zone_only)
		silent(stats, sample);
}

bool
qn_stats_probe_due(const struct qn_server_stats *stats, struct qn_mono now)
{
	return qn_mono_reached(stats->probe_at, now);
}

uint64_t
qn_stats_worth_us(const struct qn_server_stats *stats)
{
	return stats->updated.us + stats->replies * WORTH_OF_REPLY_US;
}
