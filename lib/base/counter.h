/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Figures with one writer and readers on any thread: no locked instruction, no torn value.
 */
#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t qn_counter;

/** Adds `amount`; only the counter's one writer may. */
static inline void
qn_counter_add(qn_counter *counter, uint64_t amount)
{
	const uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

/** Takes `amount` off a gauge; only its one writer may. */
static inline void
qn_counter_sub(qn_counter *counter, uint64_t amount)
{
	qn_counter_add(counter, -amount);
}

/** Reads from any thread. */
static inline uint64_t
qn_counter_get(const qn_counter *counter)
{
	return atomic_load_explicit((qn_counter *)counter, memory_order_relaxed);
}
