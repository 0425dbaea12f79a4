/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/sample_ring.h"

void
qn_sample_ring_init(struct qn_sample_ring *ring, struct qn_arena *arena, uint32_t capacity)
{
	struct qn_sample *samples = qn_arena_take(arena, capacity * sizeof(*samples));

	qn_assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
	if (samples == NULL)
		return;
	ring->samples = samples;
	ring->mask = capacity - 1;
}

void
qn_sample_ring_put(struct qn_sample_ring *ring, const struct qn_sample *sample)
{
	const uint64_t head = qn_sample_ring_head(ring);

	if (head - qn_sample_ring_tail(ring) > ring->mask) {
		qn_counter_add(&ring->dropped, 1);
		return;
	}
	ring->samples[head & ring->mask] = *sample;
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

const struct qn_sample *
qn_sample_ring_peek(struct qn_sample_ring *ring, uint32_t index)
{
	const uint64_t at = atomic_load_explicit(&ring->tail, memory_order_relaxed) + index;

	if (at >= atomic_load_explicit(&ring->head, memory_order_acquire))
		return NULL;
	return &ring->samples[at & ring->mask];
}

void
qn_sample_ring_release(struct qn_sample_ring *ring, uint32_t count)
{
	const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	atomic_store_explicit(&ring->tail, tail + count, memory_order_release);
}
