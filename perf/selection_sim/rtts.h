/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Round trips to draw from: measured ones where there are any, else a distribution like theirs.
 */
#include "base/random.h"

#include <stdbool.h>

struct rtts {
	uint32_t *us; /* Ascending. */
	uint32_t count;
	bool measured;
};

/**
 * Reads the median answer time of each address out of a table as in shared/data/rtt, compressed
 * by xz; without one that can be read, takes the built-in distribution. False without memory.
 */
bool rtts_read(struct rtts *rtts, const char *path);
void rtts_destroy(struct rtts *rtts);

/** The round trip of a path, when nothing disturbs it. */
uint32_t rtts_draw_us(const struct rtts *rtts, struct qn_random *random);

/** The time between one query and its reply, on a path of `rtt_us`: nearly always a bit more. */
uint64_t rtts_jitter_us(struct qn_random *random, uint32_t rtt_us);

/** How much more on average, as a factor. */
double rtts_jitter_mean(void);
