/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Cuts one block, given at start, into the parts that a library keeps for good.
 *
 * Owner:  whoever builds a structure at start; there is no way to give back a part.
 * Memory: a first pass over an arena without a block only adds up the sizes.
 */
#include "base/assert.h"
#include "base/span.h"

#include <string.h>

/** Alignment of every part: a cache line, so that parts never share one. */
#define QN_ARENA_ALIGN 64

struct qn_arena {
	uint8_t *data; /* NULL while only measuring. */
	size_t len;
	size_t used;
};

/** An arena that adds up sizes: take() returns NULL, `used` is what a real one needs. */
static inline struct qn_arena
qn_arena_measure(void)
{
	return (struct qn_arena){NULL, SIZE_MAX, 0};
}

/** An arena over `block`, which must be aligned to QN_ARENA_ALIGN. */
static inline struct qn_arena
qn_arena_over(struct qn_span block)
{
	qn_assert((uintptr_t)block.data % QN_ARENA_ALIGN == 0);
	return (struct qn_arena){block.data, block.len, 0};
}

/** Takes `len` zeroed bytes; NULL while measuring. Too small a block is a bug of the caller. */
static inline void *
qn_arena_take(struct qn_arena *arena, size_t len)
{
	const size_t rounded = (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);
	const size_t at = arena->used;

	qn_assert(rounded >= len && rounded <= arena->len - at);
	arena->used = at + rounded;
	if (arena->data == NULL)
		return NULL;
	memset(arena->data + at, 0, rounded);
	return arena->data + at;
}
