/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Memory that is taken piece by piece and given back all at once.
 *
 * Owner:  one thread. What a scenario consists of lives as long as the scenario.
 * Memory: chunks of the heap; a program that finds none left says so and ends.
 */
#include <stddef.h>

struct region {
	struct region_chunk *chunks; /* NULL while nothing has been taken. */
};

/** Takes `len` zeroed octets, aligned for any type. */
void *region_take(struct region *region, size_t len);

/** Takes a copy of the `len` octets at `text` and puts a zero behind it. */
char *region_text(struct region *region, const char *text, size_t len);

/** Gives everything back; the region is empty then and can be used again. */
void region_free(struct region *region);

/** Zeroed memory of the heap, never NULL; the caller frees it. */
void *memory_take(size_t len);

/** The same, not zeroed, at a multiple of `align`, a power of two. */
void *memory_take_aligned(size_t align, size_t len);
