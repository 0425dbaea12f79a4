/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whether a message is what an entry says it is.
 *
 * Lenient comparison, the default: sections are sets; of the authority section only the SOA
 * records count, which negative answers rest on; the additional section does not count; TTLs
 * may be 2 s apart. Strict comparison wants everything the same but the order of records.
 * TTLs are compared where the entry's MATCH says so.
 */
#include "scenario.h"

struct match_rules {
	bool strict;
	bool tcp; /* The message came over TCP. */
};

/** Room for the sentence that says what differs, the final zero included. */
#define MISMATCH_MAX 512

struct mismatch {
	char text[MISMATCH_MAX];
};

/** Compares; false with `mismatch` filled when something differs. */
QN_MUST_USE bool match_entry(const struct entry *entry, const ldns_pkt *message,
    struct match_rules rules, struct mismatch *mismatch);
