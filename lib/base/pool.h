/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Fixed number of equal objects; taking and putting back cost a few instructions.
 *
 * Owner:  one thread.
 * Memory: `capacity` objects from an arena, never more.
 */
#include "base/arena.h"

#include <stdbool.h>

struct qn_pool {
	uint8_t *items;
	uint32_t *free_indices; /* A stack; the first `capacity - used` are free. */
	uint32_t item_size;
	uint32_t capacity;
	uint32_t used;
};

/** Makes a pool of `capacity` objects of `item_size` bytes out of `arena`. */
void qn_pool_init(
    struct qn_pool *pool, struct qn_arena *arena, uint32_t capacity, size_t item_size);

/** An object whose bytes are what its last user left; NULL when all are taken. */
QN_MUST_USE void *qn_pool_take(struct qn_pool *pool);

/** Gives back an object that take() returned. */
void qn_pool_put(struct qn_pool *pool, void *item);

/** Place of an object in the pool: 0 to capacity - 1. */
uint32_t qn_pool_index(const struct qn_pool *pool, const void *item);

/** The object at `index`, taken or not. */
static inline void *
qn_pool_at(const struct qn_pool *pool, uint32_t index)
{
	qn_assert(index < pool->capacity);
	return pool->items + (size_t)index * pool->item_size;
}
