/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * How useful the replies of one address are for one zone: a value that evidence is folded into.
 *
 * An address that answers fast with SERVFAIL, REFUSED or as a lame server loses for that zone
 * only: its round trip and its silence are judged in select/stats.h, for all zones at once,
 * but for silence that may be the zone's own (select/sample.h): that is judged here.
 * All zero is an address that was never useless for the zone.
 *
 * Avoidance: REFUSED and lame speak about the zone, so one such reply is enough; SERVFAIL and
 *            malformed replies may be about one name, silence may be loss: two in a row are
 *            enough of these. It lasts 1 s,
 *            doubling with every further one up to a minute (RFC 9520 s3.2).
 */
#include "select/stats.h"

struct qn_zone_quality {
	uint16_t useless;           /* Smoothed share of what was useless, of QN_SHARE_ONE. */
	uint8_t failures;           /* In a row, REFUSED and lame counted twice; stays at 255. */
	uint8_t outcome;            /* enum qn_outcome: the last useless one. */
	struct qn_mono avoid_until; /* Asked for this zone only if nobody else is left. */
	struct qn_mono updated;
};

/** Folds one sample about the zone; those that say nothing about quality change nothing. */
void qn_quality_fold(struct qn_zone_quality *quality, const struct qn_sample *sample);

/**
 * Whether a sample says something about quality. Of an address that was never useless for the
 * zone, which is not `known` therefore, a useful reply says nothing new.
 */
bool qn_quality_concerned(const struct qn_sample *sample, bool known);

/** Whether the value says no more than all zero does, and need not be kept. */
bool qn_quality_clean(const struct qn_zone_quality *quality);
