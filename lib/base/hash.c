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
sip_word(struct sip_state *s, uint64_t word, unsigned rounds)
{
	s->v3 ^= word;
	for (unsigned round = 0; round < rounds; round++)
		sip_round(s);
	s->v0 ^= word;
}

static inline struct sip_state
sip_begin(const struct qn_hash_key *key)
{
	return (struct sip_state){
	    .v0 = key->k0 ^ 0x736f6d6570736575ull,
	    .v1 = key->k1 ^ 0x646f72616e646f6dull,
	    .v2 = key->k0 ^ 0x6c7967656e657261ull,
	    .v3 = key->k1 ^ 0x7465646279746573ull,
	};
}

static inline uint64_t
sip_end(struct sip_state *s, unsigned rounds)
{
	s->v2 ^= 0xff;
	for (unsigned round = 0; round < rounds; round++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Both variants, told apart by constants once inlined: rounds for each word, and at the end. */
__attribute__((always_inline)) static inline uint64_t
siphash(const struct qn_hash_key *key, struct qn_view bytes, unsigned word_rounds,
    unsigned final_rounds)
{
	struct sip_state s = sip_begin(key);
	const size_t whole = bytes.len / 8 * 8;
	uint64_t word;

	for (size_t at = 0; at < whole; at += 8) {
		memcpy(&word, bytes.data + at, sizeof(word));
		sip_word(&s, word, word_rounds);
	}
	/* The last word holds what is left over, and the length. */
	word = (uint64_t)bytes.len << 56;
	for (unsigned i = 0; i < bytes.len % 8; i++)
		word |= (uint64_t)bytes.data[whole + i] << 8 * i;
	sip_word(&s, word, word_rounds);
	return sip_end(&s, final_rounds);
}

uint64_t
qn_hash(const struct qn_hash_key *key, struct qn_view bytes)
{
	return siphash(key, bytes, 1, 3);
}

uint64_t
qn_hash_words(const struct qn_hash_key *key, const uint64_t *words, size_t count)
{
	struct sip_state s = sip_begin(key);

	for (size_t i = 0; i < count; i++)
		sip_word(&s, words[i], 1);
	sip_word(&s, (uint64_t)(8 * count) << 56, 1);
	return sip_end(&s, 3);
}

uint64_t
qn_siphash24(const struct qn_hash_key *key, struct qn_view bytes)
{
	return siphash(key, bytes, 2, 4);
}
