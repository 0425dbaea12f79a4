/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What one worker believes of authority addresses: what all workers know together, and on top
 * of it what it has just seen itself.
 *
 * Evidence is folded into a row of the worker's own, which begins as a copy of the shared one,
 * and put into a ring for the thread that folds what all workers see (lib/nsdb). The own row
 * counts until that thread has published a row with the same evidence in it: so a worker
 * notices a death at once, and nothing is forgotten in between. Without a shared table the
 * own rows are all there is.
 *
 * Silence: a zone may be delegated to any address, one that drops what it does not serve, too.
 *          Silence therefore counts for an address only from zones that it has answered
 *          usefully for, as far as these are remembered, or while it has never replied at all;
 *          else for the zone only (docs/decisions/0016-whose-silence.md).
 *
 * Owner:  one worker; the other side of the ring is the folding thread's.
 * Memory: a fixed number of rows; see select/standings.h for which are replaced. 128
 *         octets for seven rows say which zones the addresses have answered for.
 * Trust:  only exchanges that matched on port, id, question and letter case are told here,
 *         and silence: a forger can do neither good nor harm.
 */
#include "select/sample_ring.h"
#include "select/standings.h"

struct qn_ledger {
	struct qn_standings own;
	struct qn_ledger_row *rows; /* One for each slot of `own`. */
	uint32_t *answered;         /* What has answered for which zone, see ledger.c. */
	uint32_t answered_mask;
	const struct qn_standings *shared; /* NULL: there is none. */
	struct qn_sample_ring *ring;       /* Of this worker. */
};

/** What is believed of an address: never NULL; all zero where nothing is known. */
struct qn_opinion {
	const struct qn_server_stats *stats;
	const struct qn_zone_quality *quality; /* For the zone in question. */
};

/**
 * Makes a ledger of at least `row_max` own rows, and a ring, out of `arena`. `shared` may be
 * NULL; its hash key is `hash_key`, too.
 */
void qn_ledger_init(struct qn_ledger *ledger, struct qn_arena *arena, uint32_t row_max,
    const struct qn_standings *shared, struct qn_hash_key hash_key);

/**
 * What is believed of `address` for the zone with this keyed hash, never 0. Valid until the
 * next call of tell, and no longer than the worker's turn.
 */
struct qn_opinion qn_ledger_look(
    const struct qn_ledger *ledger, const struct qn_address *address, uint64_t zone_hash);

/**
 * Takes evidence into account, and passes it on. True when the address has become deprioritized
 * by it, or trusted again.
 */
bool qn_ledger_tell(struct qn_ledger *ledger, const struct qn_sample *sample);
