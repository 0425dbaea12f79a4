/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What one worker has learned of how to ask each authority address: its cookie, whether it
 * understands EDNS, whether it keeps letter case.
 *
 * Owner:  one worker. Others are not told: a cookie is bound to the client cookie of the
 *         worker that got it, and the rest costs each worker one query to find out.
 * Memory: a fixed number of rows in sets of four; a new address replaces the row of its set
 *         that was used longest ago.
 * Trust:  only exchanges that matched on port, id, question and letter case are told here.
 */
#include "base/address.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/time.h"

/** For how long a server that did better without is spared EDNS, or mixed letter case. */
#define QN_MANNERS_US (3600 * QN_US_PER_S)

/** Longest server cookie (RFC 7873 s4.2). */
#define QN_SERVER_COOKIE_MAX 32

struct qn_manners {
	struct qn_address address;
	struct qn_mono no_edns_until; /* Answered FORMERR or NOTIMP to EDNS, and well without. */
	struct qn_mono no_case_until; /* Changes the letter case of names. */
	uint8_t cookie_len; /* Octets of the server cookie it gave last (RFC 7873); 0: none. */
	uint8_t cookie[QN_SERVER_COOKIE_MAX];
	struct qn_mono used;
};

struct qn_manners_table {
	struct qn_manners *rows;
	uint32_t set_mask;
	struct qn_hash_key hash_key;
};

/** Makes a table of at least `row_count` rows out of `arena`. */
void qn_manners_init(struct qn_manners_table *table, struct qn_arena *arena, uint32_t row_count,
    struct qn_hash_key hash_key);

/** The row of `address`; NULL when nothing is known of it. */
const struct qn_manners *qn_manners_find(
    const struct qn_manners_table *table, const struct qn_address *address);

/** Whether a server may be asked with EDNS; of one without a row nothing is known. */
static inline bool
qn_manners_edns(const struct qn_manners *manners, struct qn_now now)
{
	return manners == NULL || qn_mono_reached(manners->no_edns_until, now.mono);
}

/** Whether a server may be asked in mixed letter case. */
static inline bool
qn_manners_case(const struct qn_manners *manners, struct qn_now now)
{
	return manners == NULL || qn_mono_reached(manners->no_case_until, now.mono);
}

/** The server gave a cookie of its own, at most QN_SERVER_COOKIE_MAX octets; none: no longer. */
void qn_manners_set_cookie(struct qn_manners_table *table, const struct qn_address *address,
    struct qn_view cookie, struct qn_now now);

/** The server does not return names in the letter case it got them in: for QN_MANNERS_US. */
void qn_manners_set_no_case(
    struct qn_manners_table *table, const struct qn_address *address, struct qn_now now);

/** The server does better without EDNS (RFC 6891 s6.2.2): for QN_MANNERS_US. */
void qn_manners_set_no_edns(
    struct qn_manners_table *table, const struct qn_address *address, struct qn_now now);
