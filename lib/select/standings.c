/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/standings.h"

/* Rows a bucket has on average when the table holds as many as it was made for. */
#define ROWS_PER_BUCKET 4

_Static_assert(sizeof(struct qn_standing_bucket) == QN_ARENA_ALIGN, "one cache line");

static uint32_t
bucket_count(uint32_t row_max)
{
	uint32_t count = 1;

	while ((uint64_t)count * ROWS_PER_BUCKET < row_max)
		count *= 2;
	return count;
}

uint32_t
qn_standings_slot_count(uint32_t row_max)
{
	return bucket_count(row_max) * QN_STANDING_WAYS;
}

void
qn_standings_init(struct qn_standings *standings, struct qn_arena *arena, uint32_t row_max,
    struct qn_hash_key hash_key)
{
	const uint32_t count = bucket_count(row_max);
	struct qn_standing_bucket *buckets = qn_arena_take(arena, count * sizeof(*buckets));

	if (buckets != NULL)
		*standings = (struct qn_standings){buckets, count - 1, hash_key};
}

uint64_t
qn_zone_hash(const struct qn_hash_key *hash_key, const struct qn_name *zone)
{
	uint8_t octets[QN_NAME_MAX];

	for (unsigned i = 0; i < zone->len; i++)
		octets[i] = qn_octet_lower(zone->octets[i]);
	return qn_hash(hash_key, (struct qn_view){octets, zone->len}) | 1;
}

static uint64_t
worth_us(const struct qn_standing *row)
{
	return row->zone_hash == 0 ? qn_stats_worth_us(&row->stats) : row->quality.updated.us;
}

uint32_t
qn_standings_slot(const struct qn_standings *standings, const struct qn_standing_key *key)
{
	const uint32_t first = ((uint32_t)key->hash & standings->mask) * QN_STANDING_WAYS;
	uint32_t best = first;
	uint64_t best_us = UINT64_MAX;

	for (uint32_t slot = first; slot < first + QN_STANDING_WAYS; slot++) {
		const struct qn_standing *row = qn_standings_at(standings, slot);
		const uint64_t row_us = row == NULL ? 0 : worth_us(row);

		if (row != NULL && qn_standing_is(row, key))
			return slot;
		if (row_us < best_us) {
			best_us = row_us;
			best = slot;
		}
	}
	return best;
}

struct qn_standing *
qn_standings_at(const struct qn_standings *standings, uint32_t slot)
{
	struct qn_standing_bucket *bucket = &standings->buckets[slot / QN_STANDING_WAYS];

	return atomic_load_explicit(&bucket->rows[slot % QN_STANDING_WAYS], memory_order_relaxed);
}

void
qn_standings_put(
    struct qn_standings *standings, uint32_t slot, struct qn_standing *row, uint64_t hash)
{
	struct qn_standing_bucket *bucket = &standings->buckets[slot / QN_STANDING_WAYS];
	const unsigned way = slot % QN_STANDING_WAYS;
	const uint64_t others = atomic_load_explicit(&bucket->tags, memory_order_relaxed) &
	                        ~((uint64_t)UINT8_MAX << 8 * way);
	const uint64_t tag = row == NULL ? 0 : qn_standing_tag(hash);

	/* A reader that sees the one without the other compares addresses and finds nothing. */
	atomic_store_explicit(&bucket->tags, others | tag << 8 * way, memory_order_relaxed);
	atomic_store_explicit(&bucket->rows[way], row, memory_order_release);
}

void
qn_standing_fold(struct qn_standing *row, const struct qn_sample *sample)
{
	if (row->zone_hash == 0)
		qn_stats_fold(&row->stats, sample);
	else
		qn_quality_fold(&row->quality, sample);
}
