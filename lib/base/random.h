/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Random numbers an attacker cannot predict: ChaCha20 (RFC 8439) with fast key erasure.
 *
 * Owner:  one thread; every worker has a generator of its own.
 * Seed:   32 bytes handed in: from the kernel in production, fixed in tests and replays.
 * Source: D. J. Bernstein, "Fast-key-erasure random-number generators", 2017.
 */
#include "base/assert.h"
#include "base/span.h"

#define QN_RANDOM_SEED_LEN 32

struct qn_random {
	uint32_t key[8];
	uint8_t buffer[512];
	uint32_t used; /* Bytes of the buffer already given out and wiped. */
};

void qn_random_init(struct qn_random *random, const uint8_t seed[QN_RANDOM_SEED_LEN]);

/** Fills `out` with random bytes. */
void qn_random_fill(struct qn_random *random, struct qn_span out);

uint32_t qn_random_u32(struct qn_random *random);
uint64_t qn_random_u64(struct qn_random *random);

/** A number from 0 to `bound` - 1, each equally likely; `bound` is at least 1. */
uint32_t qn_random_below(struct qn_random *random, uint32_t bound);
