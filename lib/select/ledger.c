/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/ledger.h"

/* More than one worker learns between two turns of the folding thread, 50 ms apart. */
#define RING_LEN 8192

/* Pairs of an address and a zone that it has answered for, for each bucket of rows: a power of 2. */
#define ANSWERED_PER_BUCKET 32

struct qn_ledger_row {
	struct qn_standing standing; /* First: the table points here. */
	uint64_t told;               /* Position in the ring behind the newest evidence. */
};

void
qn_ledger_init(struct qn_ledger *ledger, struct qn_arena *arena, uint32_t row_max,
    const struct qn_standings *shared, struct qn_hash_key hash_key)
{
	const uint32_t slot_count = qn_standings_slot_count(row_max);
	const uint32_t answered_count = slot_count / QN_STANDING_WAYS * ANSWERED_PER_BUCKET;
	struct qn_ledger_row *rows = qn_arena_take(arena, slot_count * sizeof(*rows));
	uint32_t *answered = qn_arena_take(arena, answered_count * sizeof(*answered));
	struct qn_sample_ring *ring = qn_arena_take(arena, sizeof(*ring));

	qn_standings_init(&ledger->own, arena, row_max, hash_key);
	qn_sample_ring_init(ring, arena, RING_LEN);
	if (rows == NULL)
		return;
	ledger->rows = rows;
	ledger->answered = answered;
	ledger->answered_mask = answered_count - 1;
	ledger->ring = ring;
	ledger->shared = shared;
}

/* Whether the row holds evidence that has not reached the shared table. */
static bool
row_counts(const struct qn_ledger *ledger, const struct qn_standing *row)
{
	return ledger->shared == NULL ||
	       ((const struct qn_ledger_row *)row)->told > qn_sample_ring_tail(ledger->ring);
}

/* The row to believe; NULL where nothing is known. */
static const struct qn_standing *
find(const struct qn_ledger *ledger, const struct qn_standing_key *key)
{
	const struct qn_standing *own = qn_standings_find(&ledger->own, key);
	const struct qn_standing *shared;

	if (own != NULL && row_counts(ledger, own))
		return own;
	shared = ledger->shared == NULL ? NULL : qn_standings_find(ledger->shared, key);
	/* Where the shared table had no room for it, what we know ourselves is better than nothing. */
	return shared != NULL ? shared : own;
}

struct qn_opinion
qn_ledger_look(const struct qn_ledger *ledger, const struct qn_address *address, uint64_t zone_hash)
{
	static const struct qn_server_stats no_stats;
	static const struct qn_zone_quality no_quality;
	const struct qn_standing_key key = qn_standing_key(&ledger->own, address);
	const struct qn_standing *server = find(ledger, &key);
	const struct qn_standing *zone = NULL;

	/* Most addresses have never been useless: there is no need to look for a zone. */
	if (server != NULL && server->stats.useless) {
		const struct qn_standing_key zone_key = qn_standing_key_for_zone(&key, zone_hash);

		zone = find(ledger, &zone_key);
	}
	return (struct qn_opinion){
	    server != NULL ? &server->stats : &no_stats,
	    zone != NULL ? &zone->quality : &no_quality,
	};
}

/* The own row of `key`, with all that is believed in it. */
static struct qn_standing *
row_open(struct qn_ledger *ledger, const struct qn_standing_key *key)
{
	const uint32_t slot = qn_standings_slot(&ledger->own, key);
	struct qn_standing *row = &ledger->rows[slot].standing;
	const struct qn_standing *believed = find(ledger, key);

	if (believed == NULL)
		*row = (struct qn_standing){.address = *key->address, .zone_hash = key->zone_hash};
	else if (believed != row)
		*row = *believed;
	qn_standings_put(&ledger->own, slot, row, key->hash);
	return row;
}

static void
fold(struct qn_ledger *ledger, struct qn_standing *row, const struct qn_sample *sample)
{
	qn_standing_fold(row, sample);
	((struct qn_ledger_row *)row)->told = qn_sample_ring_head(ledger->ring);
}

/* --- Who has answered for what ---------------------------------------------------------- */

/*
 * Half of a pair's hash says where it stands, the other half stands there: never 0, and long
 * enough that nobody finds a zone by trying whose silence counts by mistake. A pair that is
 * overwritten by another makes silence count for less, not for more.
 */
static uint32_t
answered_tag(const struct qn_standing_key *zone_key)
{
	return (uint32_t)(zone_key->hash >> 32) | 1;
}

static uint32_t *
answered_at(const struct qn_ledger *ledger, const struct qn_standing_key *zone_key)
{
	return &ledger->answered[(uint32_t)zone_key->hash & ledger->answered_mask];
}

/* Whether silence may well be the zone's own, since the address has answered others only. */
static bool
is_silent_for_zone(const struct qn_ledger *ledger, const struct qn_server_stats *stats,
    const struct qn_standing_key *zone_key)
{
	return stats->replies > 0 && *answered_at(ledger, zone_key) != answered_tag(zone_key);
}

/* --- Telling ---------------------------------------------------------------------------- */

bool
qn_ledger_tell(struct qn_ledger *ledger, const struct qn_sample *told)
{
	const struct qn_standing_key key = qn_standing_key(&ledger->own, &told->address);
	const struct qn_standing_key zone_key = qn_standing_key_for_zone(&key, told->zone_hash);
	struct qn_standing *server = row_open(ledger, &key);
	const bool deprioritized = server->stats.deprioritized;
	struct qn_sample sample = *told;

	if (sample.outcome == QN_OUTCOME_USEFUL)
		*answered_at(ledger, &zone_key) = answered_tag(&zone_key);
	if (qn_outcome_silent(sample.outcome))
		sample.zone_only |= is_silent_for_zone(ledger, &server->stats, &zone_key);
	if (ledger->shared != NULL)
		qn_sample_ring_put(ledger->ring, &sample);
	fold(ledger, server, &sample);
	const bool changed = server->stats.deprioritized != deprioritized;

	/* A zone that an address was never useless for has no row. */
	if (qn_quality_concerned(&sample, find(ledger, &zone_key) != NULL))
		fold(ledger, row_open(ledger, &zone_key), &sample);
	return changed;
}
