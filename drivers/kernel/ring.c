/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ring.h"

#include "base/arena.h"
#include "base/assert.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What the writer and what the reader changes are cache lines apart. */
struct qn_ring {
	_Alignas(QN_ARENA_ALIGN) _Atomic uint32_t written; /* Frames ever. */
	_Alignas(QN_ARENA_ALIGN) _Atomic uint32_t read;
	_Alignas(QN_ARENA_ALIGN) uint32_t count;
	struct qn_ring_frame frames[];
};

struct qn_ring *
qn_ring_create(uint32_t count)
{
	const size_t len = sizeof(struct qn_ring) + count * sizeof(struct qn_ring_frame);
	const size_t rest = len % QN_ARENA_ALIGN;
	struct qn_ring *ring;

	qn_assert(count > 0 && (count & (count - 1)) == 0);
	ring = aligned_alloc(QN_ARENA_ALIGN, rest == 0 ? len : len + QN_ARENA_ALIGN - rest);
	if (ring == NULL)
		return NULL;
	memset(ring, 0, len);
	ring->count = count;
	return ring;
}

void
qn_ring_destroy(struct qn_ring *ring)
{
	free(ring);
}

static struct qn_ring_frame *
place(struct qn_ring *ring, uint32_t number)
{
	return &ring->frames[number & (ring->count - 1)];
}

struct qn_ring_frame *
qn_ring_room(struct qn_ring *ring)
{
	const uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	const uint32_t read = atomic_load_explicit(&ring->read, memory_order_acquire);

	return written - read < ring->count ? place(ring, written) : NULL;
}

void
qn_ring_push(struct qn_ring *ring)
{
	const uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);

	atomic_store_explicit(&ring->written, written + 1, memory_order_release);
}

const struct qn_ring_frame *
qn_ring_front(struct qn_ring *ring)
{
	const uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	const uint32_t written = atomic_load_explicit(&ring->written, memory_order_acquire);

	return written != read ? place(ring, read) : NULL;
}

void
qn_ring_pop(struct qn_ring *ring)
{
	const uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);

	atomic_store_explicit(&ring->read, read + 1, memory_order_release);
}
