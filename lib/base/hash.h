/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Keyed hash for tables whose keys come from strangers: SipHash-1-3; and SipHash-2-4, a
 * message authentication code, where a standard asks for it.
 *
 * An attacker who does not know the key, drawn at start, cannot make keys collide.
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#include "base/span.h"

struct qn_hash_key {
	uint64_t k0;
	uint64_t k1;
};

/** 64-bit hash of `bytes` under `key`. */
uint64_t qn_hash(const struct qn_hash_key *key, struct qn_view bytes);

/** The same of the octets of `count` whole words. */
uint64_t qn_hash_words(const struct qn_hash_key *key, const uint64_t *words, size_t count);

/** 64-bit SipHash-2-4 of `bytes` under `key`. */
uint64_t qn_siphash24(const struct qn_hash_key *key, struct qn_view bytes);
