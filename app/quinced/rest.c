/* SPDX-License-Identifier: BSD-2-Clause */
#include "rest.h"

/* A part of the silence so far: what comes next most likely takes as long again. */
#define REST_PART 5
/* While an authority not far away may answer. */
#define REST_SOON_US      100
#define REST_SOON_IDLE_US (20 * QN_US_PER_MS)

uint64_t
rest_after_turn(struct rest *rest, bool worked, struct qn_mono now)
{
	uint64_t idle_us;

	if (worked)
		rest->worked = now;
	idle_us = qn_mono_since_us(rest->worked, now);
	if (idle_us < REST_SPIN_US)
		return 0;
	if (idle_us >= REST_SOON_IDLE_US)
		return REST_MOST_US;
	return idle_us / REST_PART < REST_SOON_US ? idle_us / REST_PART : REST_SOON_US;
}
