/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Records of any length from one thread to another, in order, without locks.
 *
 * A record lies in one piece: it is written and read where it is. A full pipe refuses, nobody
 * waits. Both ends may be looked at as often as one likes: as long as nothing moves, that costs
 * no traffic between cores.
 * Owner:  one thread writes (reserve, commit), one reads (peek, release).
 * Memory: the block given to init; a record takes its length and QN_PIPE_HEAD_LEN, rounded up to
 *         multiples of that, and at the end of the block once more its length at most.
 */
#include "base/assert.h"
#include "base/span.h"

#include <stdatomic.h>
#include <stdbool.h>

#define QN_PIPE_HEAD_LEN 16

struct qn_pipe {
	uint8_t *data;
	uint64_t mask; /* Length of the block less one. */
	/* Octets ever written; and, of the writer only, how far it knows the reader to be. */
	_Alignas(64) _Atomic uint64_t written;
	uint64_t released_seen;
	uint64_t skip; /* Octets left unused at the end of the block by the record reserved. */
	/* Octets ever released; and, of the reader only, how far it knows the writer to be. */
	_Alignas(64) _Atomic uint64_t released;
	uint64_t written_seen;
};

/** Makes an empty pipe of `block`: a power of two long, aligned to QN_PIPE_HEAD_LEN. */
void qn_pipe_init(struct qn_pipe *pipe, struct qn_span block);

/**
 * Room for a record of `len` octets; NULL when there is none now. Reserving again gives the
 * room back that was not committed.
 */
QN_MUST_USE void *qn_pipe_reserve(struct qn_pipe *pipe, size_t len);

/** Hands the first `len` octets of what was reserved to the reader. */
void qn_pipe_commit(struct qn_pipe *pipe, size_t len);

/** The next record, to be read and written to until it is released; false when there is none. */
QN_MUST_USE bool qn_pipe_peek(struct qn_pipe *pipe, struct qn_span *record);

/** Gives the room of the record that peek has found back to the writer. */
void qn_pipe_release(struct qn_pipe *pipe);

/** Whether there is nothing to read; any thread, but only the reader can rely on a "no". */
static inline bool
qn_pipe_empty(const struct qn_pipe *pipe)
{
	struct qn_pipe *p = (struct qn_pipe *)pipe;

	return atomic_load_explicit(&p->written, memory_order_acquire) ==
	       atomic_load_explicit(&p->released, memory_order_relaxed);
}
