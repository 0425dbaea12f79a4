/* SPDX-License-Identifier: BSD-2-Clause */
#include "nsdb/nsdb.h"

#include "base/list.h"
#include "base/pool.h"

#include <urcu/urcu-qsbr.h>

/* Rows beyond those that are published: what two folds replace, with one still waited for. */
#define SPARE_ROWS (2 * QN_NSDB_FOLD_MAX)

/* Folds whose replaced rows are waited for at the same time. */
#define BATCH_COUNT 8

struct row {
	struct qn_standing standing; /* First: tables point here. */
	uint64_t hash;
	struct row *next; /* In a batch. */
};

/* Rows that one fold has replaced. */
struct batch {
	struct rcu_head head;
	struct row *rows;
	bool waited_for;
	atomic_bool over; /* No reader can see them any more. */
};

struct qn_nsdb {
	struct qn_standings public; /* What workers read. */
	struct qn_standings newest; /* The same, with rows that are not published yet. */
	struct qn_pool rows;
	uint32_t *changed; /* Slots whose newest row is not published. */
	uint32_t changed_count;
	struct batch batches[BATCH_COUNT];
	enum qn_nsdb_readers readers;
	struct qn_nsdb_figures figures;
};

/* --- Building --------------------------------------------------------------------------- */

static struct qn_nsdb *
nsdb_build(struct qn_arena *arena, uint32_t row_max, struct qn_hash_key hash_key,
    enum qn_nsdb_readers readers)
{
	struct qn_nsdb *nsdb = qn_arena_take(arena, sizeof(*nsdb));
	struct qn_nsdb measured;
	struct qn_nsdb *built = nsdb != NULL ? nsdb : &measured;

	qn_standings_init(&built->public, arena, row_max, hash_key);
	qn_standings_init(&built->newest, arena, row_max, hash_key);
	qn_pool_init(
	    &built->rows, arena, qn_standings_slot_count(row_max) + SPARE_ROWS, sizeof(struct row));
	built->changed = qn_arena_take(arena, SPARE_ROWS * sizeof(*built->changed));
	built->readers = readers;
	built->figures.row_max = row_max;
	return nsdb;
}

size_t
qn_nsdb_size(uint32_t row_max)
{
	struct qn_arena arena = qn_arena_measure();

	(void)nsdb_build(&arena, row_max, (struct qn_hash_key){0, 0}, QN_NSDB_NOBODY);
	return arena.used;
}

struct qn_nsdb *
qn_nsdb_init(struct qn_span block, uint32_t row_max, struct qn_hash_key hash_key,
    enum qn_nsdb_readers readers)
{
	struct qn_arena arena = qn_arena_over(block);

	return nsdb_build(&arena, row_max, hash_key, readers);
}

const struct qn_standings *
qn_nsdb_standings(const struct qn_nsdb *nsdb)
{
	return &nsdb->public;
}

/* --- Rows that have been replaced ------------------------------------------------------- */

static void
batch_reuse(struct qn_nsdb *nsdb, struct batch *batch)
{
	while (batch->rows != NULL) {
		struct row *row = batch->rows;

		batch->rows = row->next;
		qn_pool_put(&nsdb->rows, row);
	}
	batch->waited_for = false;
}

/* In the thread of call_rcu: the pool is not its own, so it only tells. */
static void
batch_over(struct rcu_head *head)
{
	struct batch *batch = qn_container_of(head, struct batch, head);

	atomic_store_explicit(&batch->over, true, memory_order_release);
}

/* A batch to put replaced rows into; NULL while all are waited for. */
static struct batch *
batch_take(struct qn_nsdb *nsdb)
{
	struct batch *empty = NULL;

	for (unsigned i = 0; i < BATCH_COUNT; i++) {
		struct batch *batch = &nsdb->batches[i];

		if (batch->waited_for && atomic_load_explicit(&batch->over, memory_order_acquire))
			batch_reuse(nsdb, batch);
		if (!batch->waited_for)
			empty = batch;
	}
	return empty;
}

/* Has the rows of the batch used again when nobody can be reading them any more. */
static void
batch_retire(struct qn_nsdb *nsdb, struct batch *batch)
{
	if (batch->rows == NULL)
		return;
	if (nsdb->readers == QN_NSDB_NOBODY) {
		batch_reuse(nsdb, batch);
		return;
	}
	batch->waited_for = true;
	atomic_store_explicit(&batch->over, false, memory_order_relaxed);
	urcu_qsbr_thread_online();
	urcu_qsbr_call_rcu(&batch->head, batch_over);
	urcu_qsbr_thread_offline();
}

void
qn_nsdb_fini(struct qn_nsdb *nsdb)
{
	if (nsdb->readers == QN_NSDB_NOBODY)
		return;
	urcu_qsbr_barrier();
	for (unsigned i = 0; i < BATCH_COUNT; i++) {
		struct batch *batch = &nsdb->batches[i];

		qn_assert(
		    !batch->waited_for || atomic_load_explicit(&batch->over, memory_order_acquire));
	}
}

/* --- Folding ---------------------------------------------------------------------------- */

static const struct qn_standing *
newest(const struct qn_nsdb *nsdb, const struct qn_standing_key *key)
{
	const struct qn_standing *row =
	    qn_standings_at(&nsdb->newest, qn_standings_slot(&nsdb->newest, key));

	return row != NULL && qn_standing_is(row, key) ? row : NULL;
}

/* The row of `key`, to be changed: a copy of what is published, or new. NULL: none is left. */
static struct qn_standing *
row_open(struct qn_nsdb *nsdb, const struct qn_standing_key *key)
{
	const uint32_t slot = qn_standings_slot(&nsdb->newest, key);
	struct qn_standing *old = qn_standings_at(&nsdb->newest, slot);
	const bool known = old != NULL && qn_standing_is(old, key);
	const bool private = old != qn_standings_at(&nsdb->public, slot);
	struct row *row = private ? (struct row *)old : qn_pool_take(&nsdb->rows);

	if (row == NULL)
		return NULL;
	if (old == NULL)
		nsdb->figures.row_count++;
	else if (!known)
		nsdb->figures.evicted++;
	row->hash = key->hash;
	if (!known)
		row->standing =
		    (struct qn_standing){.address = *key->address, .zone_hash = key->zone_hash};
	else if (!private)
		row->standing = *old;
	if (!private)
		nsdb->changed[nsdb->changed_count++] = slot;
	qn_standings_put(&nsdb->newest, slot, &row->standing, key->hash);
	return &row->standing;
}

/* Folds a sample into the row of its address, and counts what becomes of the address. */
static void
fold_stats(struct qn_nsdb *nsdb, struct qn_standing *row, const struct qn_sample *sample)
{
	const bool before = row->stats.deprioritized;

	qn_standing_fold(row, sample);
	nsdb->figures.deprioritized += !before && row->stats.deprioritized;
	nsdb->figures.restored += before && !row->stats.deprioritized;
}

/* False when there are not rows enough, and nothing has been done. */
static bool
fold_sample(struct qn_nsdb *nsdb, const struct qn_sample *sample)
{
	const struct qn_standing_key key = qn_standing_key(&nsdb->newest, &sample->address);
	const struct qn_standing_key zone_key = qn_standing_key_for_zone(&key, sample->zone_hash);
	struct qn_standing *row;

	if (nsdb->rows.capacity - nsdb->rows.used < 2)
		return false;
	row = row_open(nsdb, &key);
	fold_stats(nsdb, row, sample);
	if (qn_quality_concerned(sample, newest(nsdb, &zone_key) != NULL))
		qn_standing_fold(row_open(nsdb, &zone_key), sample);
	nsdb->figures.folded++;
	return true;
}

/* Lets workers see what has changed. */
static void
publish(struct qn_nsdb *nsdb, struct batch *batch)
{
	for (uint32_t i = 0; i < nsdb->changed_count; i++) {
		const uint32_t slot = nsdb->changed[i];
		struct row *row = (struct row *)qn_standings_at(&nsdb->newest, slot);
		struct row *old = (struct row *)qn_standings_at(&nsdb->public, slot);

		qn_standings_put(&nsdb->public, slot, &row->standing, row->hash);
		if (old == NULL)
			continue;
		old->next = batch->rows;
		batch->rows = old;
	}
	nsdb->figures.published += nsdb->changed_count;
	nsdb->changed_count = 0;
	batch_retire(nsdb, batch);
}

/* Folds what is in one ring, `left` samples at most; returns how many. */
static uint32_t
fold_ring(struct qn_nsdb *nsdb, struct qn_sample_ring *ring, uint32_t left)
{
	uint32_t count = 0;

	for (; count < left; count++) {
		const struct qn_sample *sample = qn_sample_ring_peek(ring, count);

		if (sample == NULL || !fold_sample(nsdb, sample))
			break;
	}
	return count;
}

uint32_t
qn_nsdb_fold(struct qn_nsdb *nsdb, struct qn_sample_ring *const *rings, uint32_t ring_count)
{
	struct batch *batch = batch_take(nsdb);
	uint32_t counts[QN_NSDB_RING_MAX];
	uint32_t sum = 0;

	qn_assert(ring_count <= QN_NSDB_RING_MAX);
	if (batch == NULL) {
		nsdb->figures.postponed++;
		return 0;
	}
	for (uint32_t i = 0; i < ring_count; i++) {
		/* Each gets a fair part of what is left, so that none is kept waiting for good. */
		counts[i] = fold_ring(nsdb, rings[i], (QN_NSDB_FOLD_MAX - sum) / (ring_count - i));
		sum += counts[i];
	}
	publish(nsdb, batch);
	/* Only now: until then the worker goes by what it has seen itself. */
	for (uint32_t i = 0; i < ring_count; i++)
		qn_sample_ring_release(rings[i], counts[i]);
	return sum;
}

bool
qn_nsdb_restore(
    struct qn_nsdb *nsdb, const struct qn_address *address, const struct qn_server_stats *stats)
{
	const struct qn_standing_key key = qn_standing_key(&nsdb->newest, address);
	struct batch *batch = batch_take(nsdb);
	struct qn_standing *row;

	if (newest(nsdb, &key) != NULL)
		return true;
	row = batch == NULL ? NULL : row_open(nsdb, &key);
	if (row == NULL)
		return false;
	row->stats = *stats;
	publish(nsdb, batch);
	return true;
}

/* --- Looking ---------------------------------------------------------------------------- */

uint32_t
qn_nsdb_slot_count(const struct qn_nsdb *nsdb)
{
	return qn_standings_slot_count(nsdb->figures.row_max);
}

const struct qn_standing *
qn_nsdb_row(const struct qn_nsdb *nsdb, uint32_t slot)
{
	return qn_standings_at(&nsdb->public, slot);
}

struct qn_nsdb_figures
qn_nsdb_figures(const struct qn_nsdb *nsdb)
{
	return nsdb->figures;
}
