/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/quality.h"

/* One reply in eight counts; a share below one in 64 is as good as none. */
#define USELESS_GAIN  8
#define USELESS_CLEAN (QN_SHARE_ONE / 64)

#define AVOID_FAILURES 2
#define AVOID_FIRST_US (1 * QN_US_PER_S)
#define AVOID_MOST_US  (60 * QN_US_PER_S)

static uint64_t
avoid_us(unsigned failures)
{
	uint64_t duration_us = AVOID_FIRST_US;

	for (unsigned i = AVOID_FAILURES; i < failures && duration_us < AVOID_MOST_US; i++)
		duration_us *= 2;
	return duration_us < AVOID_MOST_US ? duration_us : AVOID_MOST_US;
}

static void
useless(struct qn_zone_quality *quality, const struct qn_sample *sample, unsigned weight)
{
	quality->useless += (uint16_t)((QN_SHARE_ONE - quality->useless) / USELESS_GAIN);
	quality->failures =
	    (uint8_t)(quality->failures + weight < UINT8_MAX ? quality->failures + weight
							     : UINT8_MAX);
	quality->outcome = sample->outcome;
	quality->updated = sample->when;
	if (quality->failures >= AVOID_FAILURES)
		quality->avoid_until = qn_mono_after_us(sample->when, avoid_us(quality->failures));
}

static void
useful(struct qn_zone_quality *quality, const struct qn_sample *sample)
{
	quality->useless -= (uint16_t)((quality->useless + USELESS_GAIN - 1) / USELESS_GAIN);
	quality->failures = 0;
	quality->avoid_until = (struct qn_mono){0};
	quality->updated = sample->when;
}

void
qn_quality_fold(struct qn_zone_quality *quality, const struct qn_sample *sample)
{
	switch ((enum qn_outcome)sample->outcome) {
	case QN_OUTCOME_USEFUL:
		useful(quality, sample);
		break;
	case QN_OUTCOME_SERVFAIL:
	case QN_OUTCOME_MALFORMED:
		useless(quality, sample, 1);
		break;
	case QN_OUTCOME_REFUSED:
	case QN_OUTCOME_LAME:
		useless(quality, sample, 2);
		break;
	case QN_OUTCOME_TIMED_OUT:
		if (sample->zone_only)
			useless(quality, sample, 1);
		break;
	case QN_OUTCOME_SENT:
	case QN_OUTCOME_NEUTRAL:
	case QN_OUTCOME_LATE:
		break;
	}
}

bool
qn_quality_concerned(const struct qn_sample *sample, bool known)
{
	return qn_sample_useless(sample) || (known && sample->outcome == QN_OUTCOME_USEFUL);
}

bool
qn_quality_clean(const struct qn_zone_quality *quality)
{
	return quality->failures == 0 && quality->useless < USELESS_CLEAN;
}
