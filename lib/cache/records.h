/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the iterator keeps in the cache: RRsets with rank, and proofs of nothing there.
 *
 * A store bundles one shard's cache with the node's hash key, so that callers name things
 * by owner and type. Reading copies into the caller's scratch; a view is good until its
 * next use.
 * RFC:    2181 s5.4.1 (rank), 2308 (negative answers).
 */
#include "cache/cache.h"
#include "wire/rrset.h"

/**
 * Labels that walks from a name towards the root begin at. What lies deeper is resolved, but
 * its delegations and absences are not remembered for names below: the cost of a walk would
 * be for strangers to choose.
 */
#define QN_STORE_LABEL_MAX 24

/** An RRset, or an answer, of more records is told to those who wait for it and not kept. */
#define QN_STORE_RECORD_MAX 256

/** Trustworthiness of data, the higher the better (RFC 2181 s5.4.1). */
enum qn_rank {
	QN_RANK_ANSWER = 1,        /* Answer section of a reply without AA. */
	QN_RANK_AUTHORITATIVE = 2, /* Answer section of an authoritative reply. */
};

/** A shard's cache as its owner uses it. */
struct qn_store {
	struct qn_cache *cache;
	const struct qn_hash_key *hash_key;
	uint8_t *scratch; /* QN_CACHE_VALUE_MAX bytes. */
};

/** A name or type known not to exist. */
struct qn_negative {
	uint16_t rcode; /* NXDOMAIN, or NOERROR for no data of the type. */
	bool has_soa;
	uint32_t ttl_s;      /* Left. */
	struct qn_rrset soa; /* Its zone's SOA, when there is one. */
};

/**
 * Puts `rrset` unless a fresh one of higher rank is there. A TTL of 0 is not kept, but takes
 * away what was there.
 */
void qn_store_put_rrset(
    struct qn_store *store, const struct qn_rrset *rrset, enum qn_rank rank, struct qn_now now);

/**
 * Whether an RRset that is the whole answer to a question need not be put as well: addresses
 * are found in the ready-made answer, and most of what a node knows are addresses.
 */
bool qn_store_rrset_is_in_answer(const struct qn_rrset *rrset, enum qn_rank rank);

/** Forgets what was put for owner and type of `rrset`; the ready-made answer is left alone. */
void qn_store_remove_rrset(struct qn_store *store, const struct qn_rrset *rrset);

/** Finds a fresh RRset, be it of addresses in a ready-made answer; its TTL is what is left. */
QN_MUST_USE bool qn_store_get_rrset(struct qn_store *store, const struct qn_name *owner,
    uint16_t type, struct qn_now now, struct qn_rrset *rrset);

/** Finds a fresh RRset, as get does, that is of higher rank than `rank`; false without one. */
QN_MUST_USE bool qn_store_get_better_rrset(struct qn_store *store, const struct qn_name *owner,
    uint16_t type, enum qn_rank rank, struct qn_now now, struct qn_rrset *rrset);

/**
 * Remembers that `name` (NXDOMAIN) or its `type` (NOERROR) does not exist, for the lower of
 * the SOA's TTL and MINIMUM as the caller has put it into `negative->ttl_s`. Nothing is
 * remembered with another response code.
 */
void qn_store_put_negative(struct qn_store *store, const struct qn_name *name, uint16_t type,
    const struct qn_negative *negative, struct qn_now now);

/** Whether `name` or its `type` is known not to exist. */
QN_MUST_USE bool qn_store_get_negative(struct qn_store *store, const struct qn_name *name,
    uint16_t type, struct qn_now now, struct qn_negative *negative);

/** Where a walk from `name` towards the root begins: at most QN_STORE_LABEL_MAX labels. */
void qn_store_walk_from(struct qn_name *start, const struct qn_name *name);

/**
 * Whether a name above `name`, at `top` or below, is known not to exist, and so nothing below
 * it (RFC 8020).
 */
QN_MUST_USE bool qn_store_get_nxdomain_above(struct qn_store *store, const struct qn_name *name,
    const struct qn_name *top, struct qn_now now, struct qn_negative *negative);

/**
 * Whether a zone is known to have answered for `name` itself, with an address, an alias, or
 * with there being no address: so there is no zone cut at it that was not known then.
 */
QN_MUST_USE bool qn_store_has_name(
    struct qn_store *store, const struct qn_name *name, struct qn_now now);

/** A question that could not be answered a moment ago. */
struct qn_failure {
	uint16_t rcode;
	uint16_t ede;       /* enum qn_ede: the cause. */
	uint32_t row_count; /* Failures in a row, this one included. */
	struct qn_mono until;
};

/**
 * Remembers that a question failed: for 1 s the first time, twice as long each time in a
 * row, at most 60 s (RFC 9520 s3.2). Kept apart from the last answer, which may be served
 * stale meanwhile.
 */
void qn_store_put_failure(struct qn_store *store, const struct qn_name *name, uint16_t type,
    uint16_t rcode, uint16_t ede, struct qn_now now);

/** Whether a question is not to be tried again yet. */
QN_MUST_USE bool qn_store_get_failure(struct qn_store *store, const struct qn_name *name,
    uint16_t type, struct qn_now now, struct qn_failure *failure);

/** Ends a row of failures. */
void qn_store_clear_failure(struct qn_store *store, const struct qn_name *name, uint16_t type);
