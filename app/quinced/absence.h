/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whose fault a long turn was: the worker's, or that of others who had its core meanwhile.
 *
 * The processor time of the worker's thread is a system call, too much for each turn. It is read
 * once in a while, so that at the end of a long turn it is known what the turn can have had at most.
 *
 * Owner:  the worker.
 */
#include "base/time.h"

#include <stdbool.h>

#define ABSENCE_LONG_US   8192u              /* As the histogram of turns has it. */
#define ABSENCE_PERIOD_US (1 * QN_US_PER_MS) /* Between two readings. */

struct absence {
	uint64_t read_us; /* When the processor time was read, by the processor's own clock. */
	uint64_t ran_us;  /* What it was. */
};

/** Whether it is time for a reading at the end, at `now_us`, of a turn. */
static inline bool
absence_is_due(const struct absence *absence, uint64_t now_us)
{
	return now_us - absence->read_us >= ABSENCE_PERIOD_US;
}

/**
 * Takes a reading, `ran_us`, at the end of a turn that took `turn_us`. Returns whether that was a
 * long one which would not have been long with the core to itself.
 */
bool absence_explains(struct absence *absence, uint64_t now_us, uint64_t turn_us, uint64_t ran_us);
