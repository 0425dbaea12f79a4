/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/clock.h"

#include "base/assert.h"

#include <time.h>

struct qn_now
qn_clock_read(void)
{
	struct timespec mono;
	struct timespec wall;

	/* These clocks exist on every Linux: a failure could only be a bad pointer. */
	qn_assert(clock_gettime(CLOCK_MONOTONIC, &mono) == 0);
	qn_assert(clock_gettime(CLOCK_REALTIME, &wall) == 0);
	return (struct qn_now){
	    .mono = {(uint64_t)mono.tv_sec * QN_US_PER_S + (uint64_t)mono.tv_nsec / 1000},
	    .wall = {wall.tv_sec},
	};
}
