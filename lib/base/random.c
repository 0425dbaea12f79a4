/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"

#include <string.h>

#define CHACHA_BLOCK_LEN 64
#define CHACHA_ROUNDS    20

static inline uint32_t
rotate_left(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

/* RFC 8439 s2.1. */
static inline void
chacha_quarter_round(uint32_t s[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate_left(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate_left(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate_left(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate_left(s[b] ^ s[c], 7);
}

/* RFC 8439 s2.3, with a zero nonce: a key is used for one buffer only. */
static void
chacha_block(const uint32_t key[8], uint32_t counter, uint8_t out[CHACHA_BLOCK_LEN])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	uint32_t s[16];

	memcpy(start + 4, key, 8 * sizeof(*key));
	start[12] = counter;
	memcpy(s, start, sizeof(s));
	for (unsigned round = 0; round < CHACHA_ROUNDS; round += 2) {
		chacha_quarter_round(s, 0, 4, 8, 12);
		chacha_quarter_round(s, 1, 5, 9, 13);
		chacha_quarter_round(s, 2, 6, 10, 14);
		chacha_quarter_round(s, 3, 7, 11, 15);
		chacha_quarter_round(s, 0, 5, 10, 15);
		chacha_quarter_round(s, 1, 6, 11, 12);
		chacha_quarter_round(s, 2, 7, 8, 13);
		chacha_quarter_round(s, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		s[i] += start[i];
	memcpy(out, s, CHACHA_BLOCK_LEN);
}

/* The first 32 bytes of each buffer become the next key and are never given out. */
static void
random_refill(struct qn_random *random)
{
	for (uint32_t block = 0; block < sizeof(random->buffer) / CHACHA_BLOCK_LEN; block++)
		chacha_block(random->key, block, random->buffer + block * CHACHA_BLOCK_LEN);
	memcpy(random->key, random->buffer, sizeof(random->key));
	memset(random->buffer, 0, sizeof(random->key));
	random->used = sizeof(random->key);
}

void
qn_random_init(struct qn_random *random, const uint8_t seed[QN_RANDOM_SEED_LEN])
{
	memcpy(random->key, seed, sizeof(random->key));
	random_refill(random);
}

void
qn_random_fill(struct qn_random *random, struct qn_span out)
{
	for (size_t done = 0; done < out.len;) {
		if (random->used == sizeof(random->buffer))
			random_refill(random);
		const size_t left = sizeof(random->buffer) - random->used;
		const size_t part = out.len - done < left ? out.len - done : left;
		uint8_t *from = random->buffer + random->used;

		memcpy(out.data + done, from, part);
		memset(from, 0, part);
		random->used += (uint32_t)part;
		done += part;
	}
}

uint32_t
qn_random_u32(struct qn_random *random)
{
	uint32_t value;

	qn_random_fill(random, (struct qn_span){(uint8_t *)&value, sizeof(value)});
	return value;
}

uint64_t
qn_random_u64(struct qn_random *random)
{
	uint64_t value;

	qn_random_fill(random, (struct qn_span){(uint8_t *)&value, sizeof(value)});
	return value;
}

/* D. Lemire, "Fast random integer generation in an interval", 2019: multiply, reject the bias. */
uint32_t
qn_random_below(struct qn_random *random, uint32_t bound)
{
	qn_assert(bound > 0);
	const uint32_t biased = -bound % bound;

	for (;;) {
		const uint64_t product = (uint64_t)qn_random_u32(random) * bound;

		if ((uint32_t)product >= biased)
			return (uint32_t)(product >> 32);
	}
}
