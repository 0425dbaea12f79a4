/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What all workers together know of authority addresses: one thread folds what they have seen
 * and publishes it through RCU; they read it without a lock or a write.
 *
 * A published row never changes. New evidence goes into a copy, which takes the row's place;
 * the old row is used again when every worker has reported a quiescent state since.
 *
 * Owner:   one thread, the one that calls init. Workers read qn_nsdb_standings(), inside one
 *          turn of their loop, and let go of what they read at its end.
 * Memory:  lives in the block given to init; never outgrows it. When rows are short, because
 *          a worker has not reported for long, samples stay in the rings meanwhile.
 * Bounds:  one fold takes at most QN_NSDB_FOLD_MAX samples. Who replaces whom is up to
 *          select/standings.h: with more addresses than rows, the least useful go.
 * Time:    reads no clock; samples carry theirs.
 */
#include "select/sample_ring.h"
#include "select/standings.h"

/** Samples of one fold; each changes at most two rows. */
#define QN_NSDB_FOLD_MAX 16384

/** Rings that one fold can take from. */
#define QN_NSDB_RING_MAX 64

struct qn_nsdb;

/** Who may be reading when rows are replaced. */
enum qn_nsdb_readers {
	QN_NSDB_THREADS, /* Threads registered with RCU (QSBR); as is the folding one, offline. */
	QN_NSDB_NOBODY,  /* None: readers are called by the same thread, between folds. */
};

struct qn_nsdb_figures {
	uint32_t row_max;       /* Rows that are certainly held. */
	uint32_t row_count;     /* Rows there are: of addresses, and of addresses for zones. */
	uint64_t folded;        /* Samples folded. */
	uint64_t published;     /* Rows published. */
	uint64_t evicted;       /* Rows that made room for others. */
	uint64_t postponed;     /* Folds that had to leave samples in their rings. */
	uint64_t deprioritized; /* Times that an address came to be deprioritized. */
	uint64_t restored;      /* Times that one was trusted again. */
};

/** Bytes that init needs for `row_max` rows. */
size_t qn_nsdb_size(uint32_t row_max);

/** Builds an empty database inside `block`, aligned to QN_ARENA_ALIGN. */
struct qn_nsdb *qn_nsdb_init(struct qn_span block, uint32_t row_max, struct qn_hash_key hash_key,
    enum qn_nsdb_readers readers);

/** Waits until no replaced row is waited for any more; then the block may be freed. */
void qn_nsdb_fini(struct qn_nsdb *nsdb);

/** What workers read. */
const struct qn_standings *qn_nsdb_standings(const struct qn_nsdb *nsdb);

/** Folds what is in the rings and publishes what has changed; returns how many samples. */
uint32_t qn_nsdb_fold(
    struct qn_nsdb *nsdb, struct qn_sample_ring *const *rings, uint32_t ring_count);

/**
 * Publishes what has been known of an address before (nsdb/archive.h), unless something is
 * known of it now. False when there is no place.
 */
QN_MUST_USE bool qn_nsdb_restore(
    struct qn_nsdb *nsdb, const struct qn_address *address, const struct qn_server_stats *stats);

/** Places to look for rows: 0 to qn_nsdb_slot_count() - 1. */
uint32_t qn_nsdb_slot_count(const struct qn_nsdb *nsdb);

/** The row at `slot`, valid until the next fold; NULL when there is none. Owner only. */
const struct qn_standing *qn_nsdb_row(const struct qn_nsdb *nsdb, uint32_t slot);

struct qn_nsdb_figures qn_nsdb_figures(const struct qn_nsdb *nsdb);
