/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A rate that several threads share without a lock: so many a second, and a burst.
 *
 * Kept as the time until which what was let through has used the rate up (a token bucket seen
 * from its other end). Under a flood, what is over the limit only reads, so that threads do not
 * take the cache line from each other more often than the rate says.
 */
#include "base/time.h"

#include <stdatomic.h>

struct qn_limit {
	uint64_t interval_ns; /* Between two at the full rate. */
	uint64_t burst_ns;    /* How far ahead of time it may get. */
	_Atomic uint64_t used_ns;
};

/** `rate` a second, 1 to 1 000 000 000; `burst_count` at once. */
static inline void
qn_limit_init(struct qn_limit *limit, uint32_t rate, uint32_t burst_count)
{
	limit->interval_ns = 1000000000ull / rate;
	limit->burst_ns = burst_count * limit->interval_ns;
	atomic_init(&limit->used_ns, 0);
}

/** Whether one more may pass now. */
static inline bool
qn_limit_pass(struct qn_limit *limit, struct qn_mono now)
{
	const uint64_t now_ns = now.us * 1000;
	uint64_t used_ns = atomic_load_explicit(&limit->used_ns, memory_order_relaxed);
	uint64_t from_ns;

	do {
		from_ns = used_ns > now_ns ? used_ns : now_ns;
		if (from_ns + limit->interval_ns > now_ns + limit->burst_ns)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&limit->used_ns, &used_ns,
	    from_ns + limit->interval_ns, memory_order_relaxed, memory_order_relaxed));
	return true;
}
