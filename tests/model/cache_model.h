/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the cache's model tests share: keys and values that follow from numbers, and the
 * number of blocks that an entry takes, worked out apart from the cache.
 */
#include "cache/cache.h"

/** Values may be put that are longer than what the cache keeps. */
#define MODEL_VALUE_ROOM (QN_CACHE_VALUE_MAX + 64)

/** A key: number, and what follows from it. */
struct model_key {
	struct qn_name name;
	uint16_t type;
	uint8_t kind;
	uint8_t zone; /* The name ends with that of this zone: 0 to MODEL_ZONE_COUNT - 1. */
};

#define MODEL_ZONE_COUNT 7

/** The key with `number`: no two are the same, and one in 16 has a name of 255 octets. */
struct model_key model_key(uint32_t number);

/** The name that keys of `zone` are below. */
struct qn_name model_zone_name(unsigned zone);

/** The cache's form of a key; `coins` sets the letter case of its name. */
struct qn_cache_key model_cache_key(
    const struct model_key *key, const struct qn_hash_key *hash_key, uint64_t coins);

/** Fills `value` with what version `version` of key `number` holds. */
void model_value(uint8_t *value, size_t len, uint32_t number, uint32_t version);

/** Blocks of an entry, by the cache's own description: words of 8 bytes, 4 in a head, 6 in a link. */
uint64_t model_block_count(const struct model_key *key, size_t value_len);

/** A number that looks random but follows from `x`. */
uint64_t model_mix(uint64_t x);

/** The value of an environment variable as a number; `otherwise` when it is not set. */
uint64_t model_option(const char *variable, uint64_t otherwise);
