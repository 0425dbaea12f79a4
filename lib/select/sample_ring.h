/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Samples on their way from one worker to the thread that folds them for all.
 *
 * Owner:  one thread puts; one other peeks and releases. Positions count samples since the
 *         start and never wrap.
 * Memory: fixed; a full ring drops the sample and counts it. What is lost is one piece of
 *         evidence among many.
 */
#include "base/arena.h"
#include "base/counter.h"
#include "select/sample.h"

struct qn_sample_ring {
	/* Written by the worker. */
	_Alignas(QN_ARENA_ALIGN) _Atomic uint64_t head; /* Samples put. */
	qn_counter dropped;

	/* Written by the other side. */
	_Alignas(QN_ARENA_ALIGN) _Atomic uint64_t tail; /* Samples released. */

	_Alignas(QN_ARENA_ALIGN) struct qn_sample *samples;
	uint32_t mask;
};

/** Makes an empty ring of `capacity` samples, a power of two, out of `arena`. */
void qn_sample_ring_init(struct qn_sample_ring *ring, struct qn_arena *arena, uint32_t capacity);

/** Puts a sample behind the others; drops it when the ring is full. */
void qn_sample_ring_put(struct qn_sample_ring *ring, const struct qn_sample *sample);

/**
 * The sample `index` places behind the oldest that is there; NULL when there are not as many.
 * It stays until it is released.
 */
const struct qn_sample *qn_sample_ring_peek(struct qn_sample_ring *ring, uint32_t index);

/** Lets go of the `count` oldest samples, which have been peeked. */
void qn_sample_ring_release(struct qn_sample_ring *ring, uint32_t count);

/** Position behind the newest sample. The worker's side. */
static inline uint64_t
qn_sample_ring_head(const struct qn_sample_ring *ring)
{
	return atomic_load_explicit((_Atomic uint64_t *)&ring->head, memory_order_relaxed);
}

/** Position up to which samples have been released, and all made visible that they caused. */
static inline uint64_t
qn_sample_ring_tail(const struct qn_sample_ring *ring)
{
	return atomic_load_explicit((_Atomic uint64_t *)&ring->tail, memory_order_acquire);
}
