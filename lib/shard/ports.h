/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Who owns which upstream source port: one table for all workers.
 *
 * Every worker draws from the whole pool, so that an observer learns nothing from which
 * worker asked (a slice per worker would cost log2(workers) bits of entropy).
 * Owner:  all workers; an entry is claimed by compare-and-swap and released by its owner.
 * RFC:    5452 s9.2 (unpredictable source ports), 6056 s2.
 */
#include "base/arena.h"
#include "base/random.h"

#include <stdatomic.h>
#include <stdbool.h>

#define QN_PORT_FIRST 1024u
#define QN_PORT_COUNT (65536u - QN_PORT_FIRST)
#define QN_PORT_FREE  UINT32_MAX
#define QN_PORT_KEPT  (UINT32_MAX - 1)

/** Per port: QN_PORT_FREE, QN_PORT_KEPT, or worker in the upper 8 bits and the worker's slot below. */
struct qn_port_table {
	_Atomic uint32_t owners[QN_PORT_COUNT];
};

/** Bytes of the table. */
static inline size_t
qn_port_table_size(void)
{
	return sizeof(struct qn_port_table);
}

void qn_port_table_init(struct qn_port_table *table);

/**
 * Keeps `port`, QN_PORT_FIRST or above and free, for others for good: sockets of the kernel.
 * Before the workers run. A port belongs to the one or the other whatever is in flight, or what
 * the kernel says of closed ports would tell which ones we have open.
 */
void qn_port_keep(struct qn_port_table *table, uint16_t port);

/** Whether `port` is for others: kept, or below QN_PORT_FIRST. */
bool qn_port_kept(const struct qn_port_table *table, uint16_t port);

/**
 * Claims a random free port for `slot` (below 2^24) of `worker`; returns the port number,
 * 0 when 64 random tries met only taken ones.
 */
QN_MUST_USE uint16_t qn_port_claim(
    struct qn_port_table *table, struct qn_random *random, uint16_t worker, uint32_t slot);

/** Whose `port` is: false when nobody's, and when it is kept. */
QN_MUST_USE bool qn_port_owner(
    const struct qn_port_table *table, uint16_t port, uint16_t *worker, uint32_t *slot);

/** Gives back a port that `worker` claimed for `slot`. */
void qn_port_release(struct qn_port_table *table, uint16_t port, uint16_t worker, uint32_t slot);
