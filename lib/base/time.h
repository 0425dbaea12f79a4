/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Time as values: monotonic and wall time are different types on purpose.
 *
 * Nothing in lib/ reads a clock; the caller reads it once a turn and hands it in.
 */
#include <stdbool.h>
#include <stdint.h>

#define QN_US_PER_MS 1000ull
#define QN_US_PER_S  1000000ull

/** Monotonic time: microseconds since a start that means nothing outside the process. */
struct qn_mono {
	uint64_t us;
};

/** Wall time: seconds since 1970-01-01 UTC. */
struct qn_wall {
	int64_t s;
};

/** One reading of both clocks. */
struct qn_now {
	struct qn_mono mono;
	struct qn_wall wall;
};

static inline struct qn_mono
qn_mono_after_us(struct qn_mono from, uint64_t delay_us)
{
	return (struct qn_mono){from.us + delay_us};
}

/** Whether `time` has been reached at `now`. */
static inline bool
qn_mono_reached(struct qn_mono time, struct qn_mono now)
{
	return now.us >= time.us;
}

/** Microseconds from `earlier` to `later`; 0 when they are the other way round. */
static inline uint64_t
qn_mono_since_us(struct qn_mono earlier, struct qn_mono later)
{
	return later.us > earlier.us ? later.us - earlier.us : 0;
}
