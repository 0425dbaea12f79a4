/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of local data; only the files of lib/zone include this.
 *
 * All names form a tree: a node for each label, from the root down, empty non-terminals
 * included (RFC 4592 s2.2.2). A node is found from its parent by a hash table over (parent,
 * label), so a name is looked up as deep as the tree knows it and no deeper.
 */
#include "zone/zones.h"

struct qn_zone_node {
	uint32_t parent;
	uint32_t label_at;  /* In the octets: length, then the label in lower case. */
	uint32_t set_at;    /* Its first RRset. */
	uint16_t set_count; /* In the order of their types. */
	uint8_t kind;       /* enum qn_zone_kind, of the zone that begins here. */
	bool is_apex;       /* Whether one does. */
};

struct qn_zone_set {
	uint32_t rdatas_at; /* In the octets: packed as wire/rrset.h has it. */
	uint32_t ttl_s;
	uint16_t rdatas_len;
	uint16_t type;
	uint16_t count;
};

struct qn_zone_slot {
	uint32_t hash;
	uint32_t node; /* 0: empty. The root is nobody's child. */
};

#define QN_ZONE_TOP_WORDS 4

struct qn_zones {
	/* A bit for what the names below the root begin with: see qn_zone_top_bit(). */
	uint64_t tops[QN_ZONE_TOP_WORDS];
	const struct qn_zones *below;     /* Asked when these have nothing to say; or NULL. */
	const struct qn_zone_node *nodes; /* The first is the root. */
	const struct qn_zone_slot *slots;
	const struct qn_zone_set *sets;
	const uint8_t *octets;
	uint32_t slot_mask;
	uint32_t node_count;
};

/**
 * The bit of a top-level label with `len` octets that begins with `first`: most names that
 * are not local differ in it from all that are, and need no hash.
 */
static inline unsigned
qn_zone_top_bit(uint8_t len, uint8_t first)
{
	return (len & 7u) << 5 | (first & 31u); /* The five bits do not tell letter case. */
}

/**
 * The hash of a label, its length in front, below node `parent`, whatever its letter case
 * (FNV-1a). It needs no secret: nobody but the operator puts names in.
 */
static inline uint32_t
qn_zone_hash(uint32_t parent, const uint8_t *label)
{
	uint32_t hash = 0x811c9dc5u ^ parent * 0x9e3779b9u;

	for (unsigned i = 0; i <= *label; i++)
		hash = (hash ^ qn_octet_lower(label[i])) * 0x01000193u;
	return hash ^ hash >> 15;
}
