/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the allocator of the control side says about itself.
 */
#include <stdint.h>

struct heap_figures {
	uint64_t allocated_bytes; /* In use by the program. */
	uint64_t active_bytes;    /* Pages with something in use on them. */
	uint64_t resident_bytes;  /* Pages in memory, the allocator's own included. */
};

/** "jemalloc", or "sanitizer" in a build with one, which has to be the allocator itself. */
const char *heap_allocator(void);

/** The figures now; all zero when the allocator keeps none. */
struct heap_figures heap_figures_read(void);
