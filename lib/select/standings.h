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
 * Memory:  buckets of seven slots from an arena; the rows are the owner's.
 * Bounds:  a new row goes into one of the seven slots of its bucket; when all are taken it
 *          replaces the one that is worth least (select/stats.h).
 */
#include "base/arena.h"
#include "base/hash.h"
#include "select/quality.h"
#include "wire/name.h"

#include <stdatomic.h>

#define QN_STANDING_WAYS 7

/** What is known of one address, in general or for one zone. */
struct qn_standing {
	struct qn_address address;
	uint64_t zone_hash; /* Keyed hash of the zone's name, never 0; 0: not about a zone. */
	union {
		struct qn_server_stats stats;   /* Where `zone_hash` is 0. */
		struct qn_zone_quality quality; /* Where it is not. */
	};
};

/** Seven rows that share a hash. */
struct qn_standing_bucket {
	/* For each slot, in one octet, eight more bits of the hash; never 0 where there is a row. */
	_Alignas(QN_ARENA_ALIGN) _Atomic uint64_t tags;
	_Atomic(struct qn_standing *) rows[QN_STANDING_WAYS]; /* NULL: empty. */
};

struct qn_standings {
	struct qn_standing_bucket *buckets;
	uint32_t mask;
	struct qn_hash_key hash_key;
};

__extension__ typedef unsigned __int128 qn_uint128;

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

/**
 * The key of an address, whatever the zone; `address` stays the caller's. The hash is keyed, but
 * no more than one multiplication: whoever could steer it would have some rows forgotten early.
 */
static inline struct qn_standing_key
qn_standing_key(const struct qn_standings *standings, const struct qn_address *address)
{
	uint64_t words[2];

	memcpy(words, address->octets, sizeof(words));
	const struct qn_hash_key *hash_key = &standings->hash_key;
	/* The constants, of which half the bits are set, are for tests with simple keys. */
	const qn_uint128 product =
	    (qn_uint128)(words[0] ^ hash_key->k0 ^ 0x9e3779b97f4a7c15u) *
	    (words[1] ^ hash_key->k1 ^ 0xd1b54a32d192ed03u ^ (uint64_t)address->family << 32);

	return (struct qn_standing_key){address, 0, (uint64_t)(product >> 64) ^ (uint64_t)product};
}

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
	/* All octets: those behind an IPv4 address are zero. */
	return row->zone_hash == key->zone_hash && row->address.family == key->address->family &&
	       memcmp(row->address.octets, key->address->octets, sizeof(row->address.octets)) == 0;
}

/** What the tag of a row with this hash is. */
static inline uint8_t
qn_standing_tag(uint64_t hash)
{
	const uint8_t tag = (uint8_t)(hash >> 56);

	return tag == 0 ? 1 : tag;
}

/** The row of `key`, or NULL. Any thread. */
static inline const struct qn_standing *
qn_standings_find(const struct qn_standings *standings, const struct qn_standing_key *key)
{
	const uint64_t ones = 0x0101010101010101u;
	struct qn_standing_bucket *bucket =
	    &standings->buckets[(uint32_t)key->hash & standings->mask];
	/* The octets that are zero now are the slots whose tag is the one; others hardly ever. */
	const uint64_t off = atomic_load_explicit(&bucket->tags, memory_order_relaxed) ^
	                     ones * qn_standing_tag(key->hash);

	for (uint64_t hits = (off - ones) & ~off & ones << 7; hits != 0; hits &= hits - 1) {
		const unsigned slot = (unsigned)__builtin_ctzll(hits) / 8;

		if (slot == QN_STANDING_WAYS)
			break;
		/* What rcu_dereference does, in a form that lib/ and thread sanitizers know. */
		const struct qn_standing *row =
		    atomic_load_explicit(&bucket->rows[slot], memory_order_acquire);

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
