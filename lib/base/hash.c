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

static inline void
sip_absorb(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t
qn_hash(const struct qn_hash_key *key, struct qn_view bytes)
{
	struct sip_state s = {
	    .v0 = key->k0 ^ 0x736f6d6570736575ull,
	    .v1 = key->k1 ^ 0x646f72616e646f6dull,
	    .v2 = key->k0 ^ 0x6c7967656e657261ull,
	    .v3 = key->k1 ^ 0x7465646279746573ull,
	};
	const size_t tail_at = bytes.len - bytes.len % 8;
	uint64_t last = (uint64_t)bytes.len << 56;

	for (size_t at = 0; at < tail_at; at += 8) {
		uint64_t word;

		memcpy(&word, bytes.data + at, sizeof(word));
		sip_absorb(&s, word);
	}
	for (size_t at = tail_at; at < bytes.len; at++)
		last |= (uint64_t)bytes.data[at] << (8 * (at - tail_at));
	sip_absorb(&s, last);

	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
