/* SPDX-License-Identifier: BSD-2-Clause */
#include "rest.h"

#include <stddef.h>

uint64_t
rest_after_turn(struct rest *rest, bool worked, struct qn_mono now)
{
	static const struct {
		uint64_t idle_below_us;
		uint64_t sleep_us;
	} steps[] = {
	    {REST_SPIN_US, 0}, {1 * QN_US_PER_MS, 10}, /* Between the packets of a burst. */
	    {20 * QN_US_PER_MS, 100}, /* While an authority not far away may answer. */
	};
	uint64_t idle_us;

	if (worked)
		rest->worked = now;
	idle_us = qn_mono_since_us(rest->worked, now);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (idle_us < steps[i].idle_below_us)
			return steps[i].sleep_us;
	return REST_MOST_US;
}
