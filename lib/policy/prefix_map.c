/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/prefix_map.h"

#include "base/endian.h"

#include <string.h>

static struct qn_prefix_key
key_of(const struct qn_address *address)
{
	if (address->family == QN_FAMILY_IPV4)
		return (struct qn_prefix_key){0, qn_load_be32(address->octets)};
	return (struct qn_prefix_key){
	    qn_load_be64(address->octets), qn_load_be64(address->octets + 8)};
}

/* Without a branch: which way a search goes is not to be guessed. */
static inline bool
key_below(struct qn_prefix_key a, struct qn_prefix_key b)
{
	return (a.high < b.high) | ((a.high == b.high) & (a.low < b.low));
}

/* The ones of a key whose last `count` bits are one. */
static struct qn_prefix_key
key_ones(unsigned count)
{
	if (count >= 128)
		return (struct qn_prefix_key){UINT64_MAX, UINT64_MAX};
	if (count >= 64)
		return (struct qn_prefix_key){((uint64_t)1 << (count - 64)) - 1, UINT64_MAX};
	return (struct qn_prefix_key){0, ((uint64_t)1 << count) - 1};
}

static struct qn_prefix_key
key_next(struct qn_prefix_key key)
{
	return (struct qn_prefix_key){key.high + (key.low == UINT64_MAX), key.low + 1};
}

/* The ranges of one family: from `begin` on, before `end`. */
struct side {
	unsigned begin;
	unsigned end;
};

static struct side
side_of(const struct qn_prefix_map *map, uint8_t family)
{
	if (family == QN_FAMILY_IPV4)
		return (struct side){0, map->ipv4_count};
	if (family == QN_FAMILY_IPV6)
		return (struct side){map->ipv4_count, map->range_count};
	return (struct side){0, 0};
}

/* The last range that does not begin behind `key`; the first one when all do. */
static unsigned
range_find(const struct qn_prefix_map *map, struct side side, struct qn_prefix_key key)
{
	unsigned at = side.begin;

	for (unsigned left = side.end - side.begin; left > 1;) {
		const unsigned half = left / 2;

		at += half & (unsigned)-!key_below(key, map->first[at + half]);
		left -= half;
	}
	return at;
}

uint16_t
qn_prefix_map_find(const struct qn_prefix_map *map, const struct qn_address *address)
{
	const struct side side = side_of(map, address->family);

	return side.begin == side.end ? 0 : map->values[range_find(map, side, key_of(address))];
}

/* Makes a place for a range at `at`. */
static void
range_insert(struct qn_prefix_map *map, uint8_t family, unsigned at)
{
	const size_t behind = map->range_count - at;

	qn_assert(map->range_count < QN_PREFIX_RANGE_MAX);
	memmove(&map->first[at + 1], &map->first[at], behind * sizeof(map->first[0]));
	memmove(&map->values[at + 1], &map->values[at], behind * sizeof(map->values[0]));
	memmove(&map->ranks[at + 1], &map->ranks[at], behind * sizeof(map->ranks[0]));
	map->range_count++;
	if (family == QN_FAMILY_IPV4)
		map->ipv4_count++;
}

/* Has a range begin at `key`, cutting the one that it is in; returns its index. */
static unsigned
range_cut(struct qn_prefix_map *map, uint8_t family, struct qn_prefix_key key)
{
	const unsigned at = range_find(map, side_of(map, family), key);

	if (!key_below(map->first[at], key))
		return at;
	range_insert(map, family, at + 1);
	map->first[at + 1] = key;
	map->values[at + 1] = map->values[at];
	map->ranks[at + 1] = map->ranks[at];
	return at + 1;
}

/* The range of all addresses, which belong to no prefix yet. */
static void
side_begin(struct qn_prefix_map *map, uint8_t family)
{
	const struct side side = side_of(map, family);

	if (side.begin != side.end)
		return;
	range_insert(map, family, side.begin);
	map->first[side.begin] = (struct qn_prefix_key){0, 0};
	map->values[side.begin] = 0;
	map->ranks[side.begin] = 0;
}

bool
qn_prefix_map_add(struct qn_prefix_map *map, const struct qn_prefix *prefix, uint16_t value)
{
	const uint8_t family = prefix->address.family;
	const unsigned bits = (unsigned)qn_family_octets(family) * 8;
	const struct qn_prefix_key ones = key_ones(bits - prefix->len_bits);
	const struct qn_prefix_key most = key_ones(bits);
	const struct qn_prefix_key key = key_of(&prefix->address);
	const struct qn_prefix_key first = {key.high & ~ones.high, key.low & ~ones.low};
	const struct qn_prefix_key last = {key.high | ones.high, key.low | ones.low};

	qn_assert(prefix->len_bits <= bits);
	if (map->prefix_count == QN_PREFIX_MAP_MAX)
		return false;
	map->prefix_count++;
	side_begin(map, family);
	const unsigned begin = range_cut(map, family, first);
	const unsigned end = key_below(last, most) ? range_cut(map, family, key_next(last))
	                                           : side_of(map, family).end;

	for (unsigned i = begin; i < end; i++)
		if (map->ranks[i] <= prefix->len_bits + 1u) {
			map->ranks[i] = (uint8_t)(prefix->len_bits + 1u);
			map->values[i] = value;
		}
	return true;
}
