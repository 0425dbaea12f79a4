/* SPDX-License-Identifier: BSD-2-Clause */
#include "absence.h"

bool
absence_explains(struct absence *absence, uint64_t now_us, uint64_t turn_us, uint64_t ran_us)
{
	/* Of the turn, and of less than a period before it. */
	const uint64_t had_us = ran_us - absence->ran_us;

	*absence = (struct absence){.read_us = now_us, .ran_us = ran_us};
	return turn_us >= ABSENCE_LONG_US && had_us < ABSENCE_LONG_US;
}
