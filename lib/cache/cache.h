/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One shard of the cache: a bounded store from keys to bytes with a time to live.
 *
 * A key is (kind, name, type); what the bytes mean is up to the kind (cache/answer.h,
 * cache/records.h). An entry is a chain of 64-byte blocks: no fragmentation, and whatever is
 * evicted fits whatever comes. Buckets of one cache line hold ten (tag, block) pairs; every
 * key has two buckets.
 *
 * Owner:   one thread puts, removes and evicts; any thread may get, without locks.
 * Reading: a head block's version is even while its entry stands. A reader copies, then
 *          looks whether the version is still the same; if not, it has missed.
 * Memory:  lives in the block given to init; never outgrows it.
 * Time:    reads no clock; whole seconds since init. An entry never outlives its TTL.
 * Bounds:  get looks into 2 buckets. put evicts no more entries than it needs blocks, plus
 *          one for a slot, and the hand passes over at most QN_CACHE_HAND_MAX entries each.
 * Trust:   callers have parsed and ranked the data; unchecked here.
 * Source:  Y. Zhang et al., "SIEVE is simpler than LRU", NSDI 2024 (eviction).
 */
#include "base/arena.h"
#include "base/hash.h"
#include "base/time.h"
#include "wire/name.h"

/** Longest value that is kept; longer ones are answered but not cached. */
#define QN_CACHE_VALUE_MAX 8192
#define QN_CACHE_BLOCK_LEN 64 /* Bytes. */
#define QN_CACHE_HAND_MAX  64
#define QN_CACHE_TTL_MAX   0xffffffu /* Seconds: 24 bits. */
#define QN_CACHE_KEY_WORDS 33        /* For 3 octets and the longest name. */

/** What an entry is about. */
enum qn_cache_kind {
	QN_CACHE_ANSWER = 1, /* A ready-made answer to a client's question. */
	QN_CACHE_RRSET,      /* An RRset that an authority answered with. */
	QN_CACHE_NEGATIVE,   /* A name (type 0) or a type that does not exist, with its SOA. */
	QN_CACHE_DELEGATION, /* A zone cut as its parent describes it, with glue. */
	QN_CACHE_FAILURE,    /* That a question failed, and how often in a row (RFC 9520). */
};

/** A key ready for use: the name folded to lower case, and the hash of it all. */
struct qn_cache_key {
	uint32_t hash;
	uint16_t len; /* Octets of what follows that mean something. */
	/* Octets: kind, type (big-endian), name; then zeros to the end of the last word. */
	uint64_t words[QN_CACHE_KEY_WORDS];
};

/** What is kept beside the value. */
struct qn_cache_item {
	uint32_t age_s;
	uint32_t ttl_s; /* As it was put: fresh while age_s < ttl_s. */
	uint16_t value_len;
};

enum qn_cache_found {
	QN_CACHE_MISS,
	QN_CACHE_FRESH,
	QN_CACHE_STALE, /* There, but older than its TTL (RFC 8767 may want it). */
};

struct qn_cache;

/** What init takes at most: blocks are numbered in 32 bits. */
#define QN_CACHE_BYTES_MAX ((uint64_t)UINT32_MAX * QN_CACHE_BLOCK_LEN)

/** Bytes of bookkeeping apart from blocks, and the number of blocks, come out of `bytes`. */
size_t qn_cache_size(size_t bytes);

/** Builds an empty cache inside `block`, aligned to QN_ARENA_ALIGN. */
struct qn_cache *qn_cache_init(struct qn_span block, struct qn_now now);

/**
 * Makes the key of (kind, name, type) under `hash_key`, which all shards of a node share.
 * `name` is in wire form without compression, known to be whole.
 */
void qn_cache_key_init_wire(struct qn_cache_key *key, const struct qn_hash_key *hash_key,
    enum qn_cache_kind kind, struct qn_view name, uint16_t type);

static inline void
qn_cache_key_init(struct qn_cache_key *key, const struct qn_hash_key *hash_key,
    enum qn_cache_kind kind, const struct qn_name *name, uint16_t type)
{
	qn_cache_key_init_wire(key, hash_key, kind, qn_name_view(name), type);
}

/*
 * Reading in steps, for a burst of keys at a time: each step starts the memory loads that the
 * next one uses. Any thread may; places are hints that may be outdated by the time of use.
 */

/** A place where nothing is. */
#define QN_CACHE_NOWHERE UINT32_MAX

/** First, starts loading the buckets of `key`. */
void qn_cache_prefetch(const struct qn_cache *cache, const struct qn_cache_key *key);

/** Finds where `key` probably is and starts loading it; QN_CACHE_NOWHERE when it is not there. */
QN_MUST_USE uint32_t qn_cache_probe(const struct qn_cache *cache, const struct qn_cache_key *key);

/** Starts loading what does not fit the first line of an entry. */
void qn_cache_prefetch_rest(const struct qn_cache *cache, uint32_t place);

/** As get does, but only at a place that probe gave, and only what is fresh. */
QN_MUST_USE bool qn_cache_get_at(const struct qn_cache *cache, uint32_t place,
    const struct qn_cache_key *key, struct qn_now now, uint8_t *value, struct qn_cache_item *item);

/**
 * Copies the value of `key` to `value`, which holds QN_CACHE_VALUE_MAX bytes, and says how
 * old it is. May be called from any thread.
 */
QN_MUST_USE enum qn_cache_found qn_cache_get(const struct qn_cache *cache,
    const struct qn_cache_key *key, struct qn_now now, uint8_t *value, struct qn_cache_item *item);

/** Puts or replaces; false, and any older entry gone, when the value is too long to keep. */
bool qn_cache_put(struct qn_cache *cache, const struct qn_cache_key *key, uint32_t ttl_s,
    struct qn_view value, struct qn_now now);

/** Forgets `key`; false when it was not there. */
bool qn_cache_remove(struct qn_cache *cache, const struct qn_cache_key *key);

/** Forgetting everything at or below a name, in slices; puts and removes may come between. */
struct qn_cache_sweep {
	struct qn_name name;
	uint32_t next; /* The block to look at next. */
	uint32_t removed_count;
};

void qn_cache_sweep_begin(struct qn_cache_sweep *sweep, const struct qn_name *name);

/**
 * Looks at the next blocks, `block_max` at most, a removed entry counting as
 * SWEEP_COST. True at the end: everything is gone then that was there at the
 * beginning; what was put since may be.
 */
bool qn_cache_sweep_run(struct qn_cache *cache, struct qn_cache_sweep *sweep, uint32_t block_max);

/** Figures; may be read from any thread. */
struct qn_cache_figures {
	uint64_t entry_count;
	uint64_t block_count; /* In all, of QN_CACHE_BLOCK_LEN each. */
	uint64_t block_used;
	uint64_t evicted_count; /* Entries that made room for others, ever. */
};

struct qn_cache_figures qn_cache_figures(const struct qn_cache *cache);
