/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The announcement: a host route per address in a routing table of its own, for a routing daemon
 * to export (docs/anycast.md).
 *
 * Withdrawing takes the routes away and leaves the addresses, so that what is on its way is
 * answered. When the process dies, the kernel removes the interface, and the routes with it.
 * Owner:  one thread.
 */
#include "kernel/netlink.h"

struct qn_announce {
	struct qn_netlink netlink;
	const struct qn_address *addresses; /* The caller's, until close. */
	uint16_t address_count;
	uint32_t table;
	unsigned index; /* Of the interface. */
};

/** Announces nothing yet. 0, or -errno. */
QN_MUST_USE int qn_announce_open(struct qn_announce *announce, unsigned index, uint32_t table,
    const struct qn_address *addresses, uint16_t address_count);

/** Leaves the routes as they are: they go with the interface. */
void qn_announce_close(struct qn_announce *announce);

/**
 * Announces, or withdraws, all addresses of a family. 0, or -errno of the first that could not be;
 * the others are done all the same. What is so already stays so.
 */
QN_MUST_USE int qn_announce_set(struct qn_announce *announce, uint8_t family, bool announced);
