/* SPDX-License-Identifier: BSD-2-Clause */
#include "zonefile/list.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* Larger than any owner with its rdata. */
#define CHUNK_LEN (256u << 10)

struct qn_zone_chunk {
	struct qn_zone_chunk *next; /* An older one, which is full. */
	size_t used;
	uint8_t octets[CHUNK_LEN];
};

void
qn_zone_list_init(struct qn_zone_list *list)
{
	*list = (struct qn_zone_list){0};
}

void
qn_zone_list_fini(struct qn_zone_list *list)
{
	while (list->chunks != NULL) {
		struct qn_zone_chunk *next = list->chunks->next;

		free(list->chunks);
		list->chunks = next;
	}
	free(list->items);
	qn_zone_list_init(list);
}

/* Room for `len` octets that stays where it is; NULL without memory. */
static uint8_t *
octets_take(struct qn_zone_list *list, size_t len)
{
	struct qn_zone_chunk *chunk = list->chunks;

	qn_assert(len <= CHUNK_LEN);
	if (chunk == NULL || len > CHUNK_LEN - chunk->used) {
		chunk = malloc(sizeof(*chunk));
		if (chunk == NULL)
			return NULL;
		chunk->next = list->chunks;
		chunk->used = 0;
		list->chunks = chunk;
	}
	chunk->used += len;
	return chunk->octets + chunk->used - len;
}

/* A new item at the end, its owner in place and all else zero; NULL without memory. */
static struct qn_zone_item *
item_add(struct qn_zone_list *list, const struct qn_name *owner)
{
	uint8_t *path = octets_take(list, owner->len);
	struct qn_zone_item *item;

	if (path == NULL)
		return NULL;
	if (list->count == list->capacity) {
		const size_t capacity = list->capacity == 0 ? 256 : 2 * list->capacity;
		struct qn_zone_item *items = realloc(list->items, capacity * sizeof(*items));

		if (items == NULL)
			return NULL;
		list->items = items;
		list->capacity = capacity;
	}
	item = &list->items[list->count++];
	*item = (struct qn_zone_item){.path = {path, qn_zone_path(path, owner)}};
	return item;
}

bool
qn_zone_list_add_zone(
    struct qn_zone_list *list, const struct qn_name *name, enum qn_zone_kind kind, uint32_t line)
{
	struct qn_zone_item *item = item_add(list, name);

	if (item == NULL)
		return false;
	item->type = QN_ZONE_APEX;
	item->kind = (uint8_t)kind;
	item->line = line;
	return true;
}

bool
qn_zone_list_add_record(struct qn_zone_list *list, const struct qn_name *owner, uint16_t type,
    uint32_t ttl_s, struct qn_view rdata, uint32_t line)
{
	uint8_t *octets = octets_take(list, rdata.len);
	struct qn_zone_item *item = octets == NULL ? NULL : item_add(list, owner);

	if (item == NULL)
		return false;
	if (rdata.len > 0)
		memcpy(octets, rdata.data, rdata.len);
	item->rdata = (struct qn_view){octets, rdata.len};
	item->type = type;
	item->ttl_s = ttl_s;
	item->line = line;
	return true;
}

static int
compare(const void *a, const void *b)
{
	return qn_zone_item_compare(a, b);
}

void
qn_zone_list_sort(struct qn_zone_list *list)
{
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

const struct qn_zones *
qn_zone_list_build(const struct qn_zone_list *list, const struct qn_zones *below)
{
	const size_t size = qn_zones_size(list->items, list->count);
	uint8_t *block = size == 0 ? NULL : aligned_alloc(QN_ARENA_ALIGN, size);

	if (block == NULL)
		return NULL;
	return qn_zones_init((struct qn_span){block, size}, list->items, list->count, below);
}

void
qn_zone_list_free_built(const struct qn_zones *zones)
{
	/* They begin the block, which was writable until it was built. */
	free((void *)(uintptr_t)zones);
}
