/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of reading a scenario; only scenario.c and entry.c include this.
 */
#include "scenario.h"
#include "text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

struct reader {
	struct scenario *scenario;
	struct text text;
	uint32_t ttl_s;   /* $TTL: of records that have none. */
	ldns_rdf *origin; /* $ORIGIN: behind names without a final dot. */
};

/** Notes the first problem, with the current line; returns false. */
__attribute__((format(printf, 2, 3))) bool reader_fail(
    struct reader *reader, const char *format, ...);

/** Takes zeroed memory of the scenario. */
void *reader_take(struct reader *reader, size_t len);

/** Reads an entry whose ENTRY_BEGIN is the current line; NULL, and a problem noted, otherwise. */
struct entry *entry_read(struct reader *reader);
