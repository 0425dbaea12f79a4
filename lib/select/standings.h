/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A table of what is known of authority addresses: one row for an address, whatever the zone,
 * and one more for each zone that it was useless for.
 *
 * Owner:   one thread changes the table. Others may read it where rows are never changed after
 *          they have been put, and not used again before all readers have let go of them:
 *          lib/nsdb takes care of that.
 * Reading: one bucket of one cache line, and the row: no lock, no loop, no write.
 * Memory:  buckets of six slots from an arena; the rows are the owner's.
 * Bounds:  a new row goes into one of the six slots of its bucket; when all are taken it
 *          replaces the one that is worth least (select/stats.h).
 */
#include "base/arena.h"
#include "base/hash.h"
#include "select/quality.h"
#include "wire/name.h"

#include <stdatomic.h>

#define QN_STANDING_WAYS 6

/** What is known of one address, in general or for one zone. */
struct qn_standing {
	struct qn_address address;
	uint64_t zone_hash; /* Keyed hash of the zone's name, never 0; 0: not about a zone. */
	union {
		struct qn_server_stats stats;   /* Where `zone_hash` is 0. */
		struct qn_zone_quality quality; /* Where it is not. */
	};
};

/** Six rows that share a hash, and sixteen more bits of the hash of each. */
struct qn_standing_bucket {
	_Alignas(QN_ARENA_ALIGN) _Atomic uint16_t tags[QN_STANDING_WAYS];
	_Atomic(struct qn_standing *) rows[QN_STANDING_WAYS]; /* NULL: empty. */
};

struct qn_standings {
	struct qn_standing_bucket *buckets;
	uint32_t mask;
	struct qn_hash_key hash_key;
};

/** Where to look for a row. */
struct qn_standing_key {
	const struct qn_address *address;
	uint64_t zone_hash;
	uint64_t hash;
};

/** Keyed hash of a zone's name, whatever its letter case; never 0. */
uint64_t qn_zone_hash(const struct qn_hash_key *hash_key, const struct qn_name *zone);

/** Makes an empty table with room for `row_max` rows, of which few are lost before it is full. */
void qn_standings_init(struct qn_standings *standings, struct qn_arena *arena, uint32_t row_max,
    struct qn_hash_key hash_key);

/** Slots of a table for `row_max` rows: at least as many. */
uint32_t qn_standings_slot_count(uint32_t row_max);

/** The key of an address, whatever the zone; `address` stays the caller's. */
struct qn_standing_key qn_standing_key(
    const struct qn_standings *standings, const struct qn_address *address);

/** The key of the same address for one zone. */
static inline struct qn_standing_key
qn_standing_key_for_zone(const struct qn_standing_key *key, uint64_t zone_hash)
{
	/* The zone's hash is keyed itself; the factor spreads it over all bits. */
	return (struct qn_standing_key){
	    key->address, zone_hash, key->hash ^ zone_hash * 0x9e3779b97f4a7c15ull};
}

static inline bool
qn_standing_is(const struct qn_standing *row, const struct qn_standing_key *key)
{
	return row->zone_hash == key->zone_hash && qn_address_equal(&row->address, key->address);
}

/** The row of `key`, or NULL. Any thread. */
static inline const struct qn_standing *
qn_standings_find(const struct qn_standings *standings, const struct qn_standing_key *key)
{
	struct qn_standing_bucket *bucket =
	    &standings->buckets[(uint32_t)key->hash & standings->mask];
	const uint16_t tag = (uint16_t)(key->hash >> 48);

	for (unsigned i = 0; i < QN_STANDING_WAYS; i++) {
		if (atomic_load_explicit(&bucket->tags[i], memory_order_relaxed) != tag)
			continue;
		/* What rcu_dereference does, in a form that lib/ and thread sanitizers know. */
		const struct qn_standing *row =
		    atomic_load_explicit(&bucket->rows[i], memory_order_acquire);

		if (row != NULL && qn_standing_is(row, key))
			return row;
	}
	return NULL;
}

/** The slot that holds `key`; if there is none, the one that it may have. Owner only. */
uint32_t qn_standings_slot(const struct qn_standings *standings, const struct qn_standing_key *key);

/** The row in `slot`, or NULL. */
struct qn_standing *qn_standings_at(const struct qn_standings *standings, uint32_t slot);

/** Puts a row into `slot`, or empties the slot where `row` is NULL. Owner only. */
void qn_standings_put(
    struct qn_standings *standings, uint32_t slot, struct qn_standing *row, uint64_t hash);

/** Folds one sample into a row of its address, or of its address and zone. */
void qn_standing_fold(struct qn_standing *row, const struct qn_sample *sample);
