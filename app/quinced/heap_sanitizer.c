/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

#include <stddef.h>

/* Out of <sanitizer/allocator_interface.h>, which Debian has for clang only. */
size_t __sanitizer_get_current_allocated_bytes(void);
size_t __sanitizer_get_heap_size(void);

const char *
heap_allocator(void)
{
	return "sanitizer";
}

struct heap_figures
heap_figures_read(void)
{
	return (struct heap_figures){
	    .allocated_bytes = __sanitizer_get_current_allocated_bytes(),
	    .active_bytes = __sanitizer_get_heap_size(),
	    .resident_bytes = __sanitizer_get_heap_size(),
	};
}
