/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/ports.h"

#define CLAIM_TRIES 64
#define SLOT_BITS   24

static uint32_t
owner_of(uint16_t worker, uint32_t slot)
{
	qn_assert(worker < 0xff && slot < 1u << SLOT_BITS);
	return (uint32_t)worker << SLOT_BITS | slot;
}

void
qn_port_table_init(struct qn_port_table *table)
{
	for (uint32_t i = 0; i < QN_PORT_COUNT; i++)
		atomic_init(&table->owners[i], QN_PORT_FREE);
}

void
qn_port_keep(struct qn_port_table *table, uint16_t port)
{
	qn_assert(port >= QN_PORT_FIRST);
	atomic_store_explicit(
	    &table->owners[port - QN_PORT_FIRST], QN_PORT_KEPT, memory_order_relaxed);
}

bool
qn_port_kept(const struct qn_port_table *table, uint16_t port)
{
	return port < QN_PORT_FIRST || atomic_load_explicit(&table->owners[port - QN_PORT_FIRST],
					   memory_order_relaxed) == QN_PORT_KEPT;
}

uint16_t
qn_port_claim(struct qn_port_table *table, struct qn_random *random, uint16_t worker, uint32_t slot)
{
	const uint32_t owner = owner_of(worker, slot);

	for (unsigned i = 0; i < CLAIM_TRIES; i++) {
		const uint32_t at = qn_random_below(random, QN_PORT_COUNT);
		uint32_t expected = QN_PORT_FREE;

		if (atomic_compare_exchange_strong_explicit(&table->owners[at], &expected, owner,
			memory_order_acq_rel, memory_order_relaxed))
			return (uint16_t)(QN_PORT_FIRST + at);
	}
	return 0;
}

bool
qn_port_owner(const struct qn_port_table *table, uint16_t port, uint16_t *worker, uint32_t *slot)
{
	if (port < QN_PORT_FIRST)
		return false;
	const uint32_t owner =
	    atomic_load_explicit(&table->owners[port - QN_PORT_FIRST], memory_order_acquire);

	if (owner == QN_PORT_FREE || owner == QN_PORT_KEPT)
		return false;
	*worker = (uint16_t)(owner >> SLOT_BITS);
	*slot = owner & ((1u << SLOT_BITS) - 1);
	return true;
}

void
qn_port_release(struct qn_port_table *table, uint16_t port, uint16_t worker, uint32_t slot)
{
	_Atomic uint32_t *place = &table->owners[port - QN_PORT_FIRST];

	qn_assert(atomic_load_explicit(place, memory_order_relaxed) == owner_of(worker, slot));
	atomic_store_explicit(place, QN_PORT_FREE, memory_order_release);
}
