/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Numbers drawn for a simulated world: each part has a stream of its own, made from the seed.
 *
 * So that one part drawing more than before does not change what the others see. Draws stand
 * in statements of their own: C leaves the order inside an expression to the compiler.
 */
#include "base/endian.h"
#include "base/random.h"

#include <stdbool.h>

/** The streams of one seed. */
enum sim_stream {
	SIM_STREAM_WORLD,
	SIM_STREAM_NETWORK,
	SIM_STREAM_SERVERS,
	SIM_STREAM_FORGER,
	SIM_STREAM_CLIENTS,
	SIM_STREAM_NODE,
	SIM_STREAM_OPERATOR,
};

/** Fills `bytes`, the seed of `stream` in the world of `seed`. */
static inline void
sim_stream_seed(uint8_t bytes[QN_RANDOM_SEED_LEN], uint64_t seed, enum sim_stream stream)
{
	memset(bytes, 0, QN_RANDOM_SEED_LEN);
	qn_store_be32(bytes, (uint32_t)(seed >> 32));
	qn_store_be32(bytes + 4, (uint32_t)seed);
	bytes[8] = (uint8_t)stream;
}

static inline void
sim_draw_init(struct qn_random *random, uint64_t seed, enum sim_stream stream)
{
	uint8_t bytes[QN_RANDOM_SEED_LEN];

	sim_stream_seed(bytes, seed, stream);
	qn_random_init(random, bytes);
}

/** True `percent` times out of a hundred. */
static inline bool
sim_chance(struct qn_random *random, uint32_t percent)
{
	return qn_random_below(random, 100) < percent;
}

/** A number from `least` to `most`, both included. */
static inline uint32_t
sim_between(struct qn_random *random, uint32_t least, uint32_t most)
{
	return least + qn_random_below(random, most - least + 1);
}

/** One element of an array. */
#define SIM_PICK(random, array) \
	((array)[qn_random_below((random), sizeof(array) / sizeof((array)[0]))])
