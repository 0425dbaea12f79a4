/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * From prefixes of addresses to small numbers: the longest prefix that an address is in counts.
 *
 * Prefixes nest or lie apart, so they cut the addresses of a family into ranges that each
 * belong to one of them. The map keeps where the ranges begin, in order, and finds an address
 * by halving: 3 steps for a handful of prefixes, 12 for as many as there can be.
 *
 * Memory: a plain value; all zeros is an empty map, which gives 0 for every address.
 * Bounds: QN_PREFIX_MAP_MAX prefixes of both families together. Adding moves up to all ranges,
 *         finding reads at most 12 of them.
 */
#include "base/address.h"

#define QN_PREFIX_MAP_MAX 1024

/* A prefix begins and ends a range; each family has one more in front of all prefixes. */
#define QN_PREFIX_RANGE_MAX (2 * QN_PREFIX_MAP_MAX + 2)

/** An address as a number: IPv4 in the lower half. */
struct qn_prefix_key {
	uint64_t high;
	uint64_t low;
};

struct qn_prefix_map {
	struct qn_prefix_key first[QN_PREFIX_RANGE_MAX]; /* IPv4, then IPv6. */
	uint16_t values[QN_PREFIX_RANGE_MAX];
	uint8_t ranks[QN_PREFIX_RANGE_MAX]; /* One more than the bits of the prefix; 0: none. */
	uint16_t ipv4_count;
	uint16_t range_count;
	uint16_t prefix_count;
};

/**
 * Has the addresses in `prefix`, but for those in longer ones, give `value`; bits behind its
 * length do not count. Of a prefix that is added again the last value counts. False, with
 * nothing changed, when there are QN_PREFIX_MAP_MAX already.
 */
QN_MUST_USE bool qn_prefix_map_add(
    struct qn_prefix_map *map, const struct qn_prefix *prefix, uint16_t value);

/** What the longest prefix with `address` in it was given; 0 when none has it in it. */
uint16_t qn_prefix_map_find(const struct qn_prefix_map *map, const struct qn_address *address);
