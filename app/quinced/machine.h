/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the machine offers: cores and memory.
 */
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

struct machine {
	cpu_set_t cores;         /* That this process may use. */
	uint64_t memory_bytes;   /* Ordinary memory to be had without swapping. */
	uint64_t hugepage_bytes; /* Reserved hugepages that nobody uses yet, of the default size. */
};

/** Room for the text of any set of cores, the final zero included. */
#define MACHINE_CORES_TEXT_MAX 256

/** Reads what the kernel says now; 0, or -errno. */
int machine_read(struct machine *machine);

/** Writes "0-3,6" with a final zero; a list too long for `text` ends in "...". */
void machine_cores_text(const cpu_set_t *cores, char text[MACHINE_CORES_TEXT_MAX]);
