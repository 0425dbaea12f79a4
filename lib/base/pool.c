/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pool.h"

void
qn_pool_init(struct qn_pool *pool, struct qn_arena *arena, uint32_t capacity, size_t item_size)
{
	const size_t rounded = (item_size + 7) & ~(size_t)7;

	qn_assert(rounded <= UINT32_MAX && capacity <= SIZE_MAX / rounded);
	uint8_t *items = qn_arena_take(arena, capacity * rounded);
	uint32_t *free_indices = qn_arena_take(arena, (size_t)capacity * sizeof(*free_indices));

	if (items == NULL)
		return;
	*pool = (struct qn_pool){
	    .items = items,
	    .free_indices = free_indices,
	    .item_size = (uint32_t)rounded,
	    .capacity = capacity,
	};
	for (uint32_t i = 0; i < capacity; i++)
		free_indices[i] = capacity - 1 - i;
}

void *
qn_pool_take(struct qn_pool *pool)
{
	if (pool->used == pool->capacity)
		return NULL;
	pool->used++;
	return qn_pool_at(pool, pool->free_indices[pool->capacity - pool->used]);
}

uint32_t
qn_pool_index(const struct qn_pool *pool, const void *item)
{
	const size_t offset = (size_t)((const uint8_t *)item - pool->items);

	qn_assert(offset % pool->item_size == 0 && offset / pool->item_size < pool->capacity);
	return (uint32_t)(offset / pool->item_size);
}

void
qn_pool_put(struct qn_pool *pool, void *item)
{
	qn_assert(pool->used > 0);
	pool->free_indices[pool->capacity - pool->used] = qn_pool_index(pool, item);
	pool->used--;
}
