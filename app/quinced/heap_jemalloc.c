/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

#include <jemalloc/jemalloc.h>

static uint64_t
figure(const char *name)
{
	size_t value = 0;
	size_t value_len = sizeof(value);

	return mallctl(name, &value, &value_len, NULL, 0) == 0 ? value : 0;
}

const char *
heap_allocator(void)
{
	return "jemalloc";
}

struct heap_figures
heap_figures_read(void)
{
	uint64_t epoch = 1;

	/* The figures are of the last epoch that was begun. */
	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	return (struct heap_figures){
	    .allocated_bytes = figure("stats.allocated"),
	    .active_bytes = figure("stats.active"),
	    .resident_bytes = figure("stats.resident"),
	};
}
