/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/clock.h"

#include "base/assert.h"

#include <time.h>

static uint64_t
microseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * QN_US_PER_S + (uint64_t)time.tv_nsec / 1000;
}

struct qn_now
qn_clock_read(void)
{
	struct timespec mono;
	struct timespec wall;

	/* These clocks exist on every Linux: a failure could only be a bad pointer. */
	qn_assert(clock_gettime(CLOCK_MONOTONIC, &mono) == 0);
	qn_assert(clock_gettime(CLOCK_REALTIME, &wall) == 0);
	return (struct qn_now){
	    .mono = {microseconds(mono)},
	    .wall = {wall.tv_sec},
	};
}

uint64_t
qn_clock_thread_us(void)
{
	struct timespec ran;

	qn_assert(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ran) == 0);
	return microseconds(ran);
}
