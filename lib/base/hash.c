/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <string.h>

static inline uint64_t
rotate_left(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline void
sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v2 = rotate_left(s->v2, 32);
}

/* Both variants, told apart by constants once inlined: rounds for each word, and at the end. */
__attribute__((always_inline)) static inline uint64_t
siphash(const struct qn_hash_key *key, struct qn_view bytes, unsigned word_rounds,
    unsigned final_rounds)
{
	struct sip_state s = {
	    .v0 = key->k0 ^ 0x736f6d6570736575ull,
	    .v1 = key->k1 ^ 0x646f72616e646f6dull,
	    .v2 = key->k0 ^ 0x6c7967656e657261ull,
	    .v3 = key->k1 ^ 0x7465646279746573ull,
	};
	const size_t word_count = bytes.len / 8;

	/* The last word holds what is left over, and the length. */
	for (size_t i = 0; i <= word_count; i++) {
		uint64_t word = 0;

		if (i < word_count) {
			memcpy(&word, bytes.data + 8 * i, sizeof(word));
		} else {
			word = (uint64_t)bytes.len << 56;
			for (size_t at = 8 * i; at < bytes.len; at++)
				word |= (uint64_t)bytes.data[at] << (8 * (at % 8));
		}
		s.v3 ^= word;
		for (unsigned round = 0; round < word_rounds; round++)
			sip_round(&s);
		s.v0 ^= word;
	}
	s.v2 ^= 0xff;
	for (unsigned round = 0; round < final_rounds; round++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t
qn_hash(const struct qn_hash_key *key, struct qn_view bytes)
{
	return siphash(key, bytes, 1, 3);
}

uint64_t
qn_siphash24(const struct qn_hash_key *key, struct qn_view bytes)
{
	return siphash(key, bytes, 2, 4);
}
