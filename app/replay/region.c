/* SPDX-License-Identifier: BSD-2-Clause */
#include "region.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chunks are at least this long, so that small pieces share one. */
#define CHUNK_LEN 65536

struct region_chunk {
	struct region_chunk *next;
	size_t len;
	size_t used;
	alignas(max_align_t) char data[];
};

static void *
or_exit(void *memory)
{
	if (memory == NULL) {
		fputs("quince-replay: out of memory.\n", stderr);
		exit(2);
	}
	return memory;
}

void *
memory_take(size_t len)
{
	return or_exit(calloc(1, len));
}

void *
memory_take_aligned(size_t align, size_t len)
{
	return or_exit(aligned_alloc(align, (len + align - 1) / align * align));
}

static struct region_chunk *
chunk_for(struct region *region, size_t len)
{
	struct region_chunk *chunk = region->chunks;

	if (chunk != NULL && chunk->len - chunk->used >= len)
		return chunk;
	const size_t chunk_len = len > CHUNK_LEN ? len : CHUNK_LEN;

	chunk = memory_take(sizeof(*chunk) + chunk_len);
	chunk->len = chunk_len;
	chunk->next = region->chunks;
	region->chunks = chunk;
	return chunk;
}

void *
region_take(struct region *region, size_t len)
{
	const size_t align = alignof(max_align_t);
	const size_t rounded = (len + align - 1) / align * align;
	struct region_chunk *chunk = chunk_for(region, rounded);
	void *piece = chunk->data + chunk->used;

	chunk->used += rounded;
	return piece;
}

char *
region_text(struct region *region, const char *text, size_t len)
{
	char *copy = region_take(region, len + 1);

	memcpy(copy, text, len);
	return copy;
}

void
region_free(struct region *region)
{
	while (region->chunks != NULL) {
		struct region_chunk *chunk = region->chunks;

		region->chunks = chunk->next;
		free(chunk);
	}
}
