/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the queries to one server, or to one zone, may take of a worker: places and rate.
 *
 * Servers and zones share a fixed number of slots by a keyed hash, so that nobody can choose
 * whom to meet there. The rate is a token bucket of one second, kept as the time at which it
 * will be full again.
 *
 * Owner:  one worker.
 * Memory: 16 bytes a slot.
 * Time:   a call that looks at the rate takes `now`.
 */
#include "base/time.h"

#define QN_QUOTA_SLOT_COUNT 4096u

/** Of what is not counted. */
#define QN_QUOTA_SLOT_NONE UINT16_MAX

/** Who asks: what has begun may use up what is left when nothing new is begun any more. */
enum qn_quota_share {
	QN_QUOTA_NEW,   /* Three quarters of a bucket. */
	QN_QUOTA_BEGUN, /* All of it. */
};

struct qn_quota_slot {
	struct qn_mono full_at; /* When all tokens will be back. */
	uint32_t tasks;         /* Places of tasks taken. */
	uint32_t queries;       /* Slots of queries taken. */
};

struct qn_quota {
	struct qn_quota_slot slots[QN_QUOTA_SLOT_COUNT];
};

static inline uint16_t
qn_quota_slot_of(uint32_t hash)
{
	return (uint16_t)(hash % QN_QUOTA_SLOT_COUNT);
}

/** Whether one more query may go at `rate_per_s`; a rate of 0 is none. */
static inline bool
qn_quota_allows(const struct qn_quota *quota, uint16_t slot, uint32_t rate_per_s,
    enum qn_quota_share share, struct qn_now now)
{
	const uint64_t most_us = share == QN_QUOTA_NEW ? QN_US_PER_S / 4 * 3 : QN_US_PER_S;

	return rate_per_s == 0 || qn_mono_since_us(now.mono, quota->slots[slot].full_at) < most_us;
}

/** Takes the token of one query. */
static inline void
qn_quota_spend(struct qn_quota *quota, uint16_t slot, uint32_t rate_per_s, struct qn_now now)
{
	struct qn_mono *full_at = &quota->slots[slot].full_at;

	if (rate_per_s == 0)
		return;
	if (qn_mono_reached(*full_at, now.mono))
		*full_at = now.mono;
	*full_at = qn_mono_after_us(*full_at, QN_US_PER_S / rate_per_s);
}
