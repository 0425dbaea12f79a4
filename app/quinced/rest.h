/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * How long a worker without work sleeps: not at all for a moment, then ever longer.
 *
 * The longest sleep bounds what the first packet after a silence waits for in the port's
 * receive ring; packets that follow each other closely meet a worker that is awake.
 * Time:    reads no clock.
 */
#include "base/time.h"

#define REST_SPIN_US 50u   /* Stays awake so long after the last work. */
#define REST_MOST_US 1000u /* Longest sleep. */

/** All zero at start. */
struct rest {
	struct qn_mono worked; /* When there last was something to do. */
};

/** How long to sleep after a turn that began at `now`: microseconds, 0 to go on at once. */
uint64_t rest_after_turn(struct rest *rest, bool worked, struct qn_mono now);
