/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The node's statistics of authority addresses: what workers see is folded and published for
 * all of them (lib/nsdb), and kept in a file across restarts.
 *
 * A file that is missing, damaged or somebody else's is reported and does no harm: the node
 * measures anew. It is written beside and renamed, so that it is always whole. One node at a time
 * has it: two would each undo what the other has written.
 * Owner:  the control thread.
 */
#include "config.h"
#include "file_claim.h"
#include "nsdb/nsdb.h"

/** At most this long between two turns; workers count on it. */
#define STATISTICS_TURN_MS 40

struct statistics {
	struct qn_nsdb *nsdb;
	struct qn_sample_ring *rings[QN_SHARD_WORKER_MAX]; /* Of the workers. */
	uint16_t ring_count;
	const char *path; /* Of the file; empty: none. */
	struct qn_mono saved_at;
};

/**
 * Claims the file at `path` for this node, before it touches anything that another node uses.
 * Returns 0, and -EADDRINUSE with the reason logged when a running node has it. A file that nobody
 * can claim is reported and used all the same.
 */
QN_MUST_USE int statistics_claim(struct file_claim *claim, const char *path);

/** Bytes of qn_port_memory_alloc() that create takes. */
size_t statistics_size(void);

/** Makes an empty database and fills it from `path`, if that is not empty. False: no memory. */
QN_MUST_USE bool statistics_create(struct statistics *statistics, const char *path,
    const struct qn_hash_key *hash_key, struct qn_now now);

/** Takes samples out of `shard`, too. */
void statistics_add(struct statistics *statistics, struct qn_shard *shard);

/** Folds, publishes, and saves now and then. */
void statistics_turn(struct statistics *statistics, struct qn_now now);

/** Folds and saves once more; the workers no longer run, but their shards still stand. */
void statistics_close(struct statistics *statistics, struct qn_now now);

/** Gives the memory back. */
void statistics_destroy(struct statistics *statistics);
