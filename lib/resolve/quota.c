/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/quota.h"

/* How far a bucket is used up: for what nobody has to send, by anybody, and for what is new. */
#define FREE_US (QN_US_PER_S / 2)
#define NEW_US  (QN_US_PER_S / 4 * 3)

/* Of this, what has begun does not count. */
#define BEGUN_US (QN_US_PER_S - NEW_US)

/* With each of these that is gone beyond the free half, the shares halve. */
#define HALVING_US (QN_US_PER_S / 64)

/* About a second: 2^20 us. What a network has used counts half after each. */
#define WINDOW_BITS 20

static uint32_t
window_of(struct qn_now now)
{
	return (uint32_t)(now.mono.us >> WINDOW_BITS);
}

/* Mixed anew for each slot: networks that meet in one slot do not meet in all others. */
static uint32_t
pair_of(uint16_t slot, uint32_t network)
{
	uint32_t mixed = network ^ slot * 0x9e3779b1u;

	mixed = (mixed ^ mixed >> 16) * 0x85ebca6bu;
	mixed = (mixed ^ mixed >> 13) * 0xc2b2ae35u;
	return (mixed ^ mixed >> 16) % QN_QUOTA_PAIR_COUNT;
}

static uint32_t
used_by(const struct qn_quota_pair *pair, struct qn_now now)
{
	const uint32_t windows = window_of(now) - pair->window;

	return windows < 32 ? pair->used >> windows : 0;
}

bool
qn_quota_allows(const struct qn_quota *quota, uint16_t slot, uint32_t rate_per_s,
    enum qn_quota_need need, uint32_t network, struct qn_now now)
{
	uint64_t gone_us = qn_mono_since_us(now.mono, quota->slots[slot].full_at);

	if (need == QN_QUOTA_BEGUN)
		gone_us = gone_us < BEGUN_US ? 0 : gone_us - BEGUN_US;
	if (rate_per_s == 0 || gone_us < FREE_US)
		return true;
	if (need == QN_QUOTA_SPARE || gone_us >= NEW_US)
		return false;
	const uint64_t used = used_by(&quota->pairs[pair_of(slot, network)], now);
	const unsigned halvings = (unsigned)((gone_us - FREE_US) / HALVING_US);

	return used << halvings <= rate_per_s / 2;
}

void
qn_quota_spend(
    struct qn_quota *quota, uint16_t slot, uint32_t rate_per_s, uint32_t network, struct qn_now now)
{
	struct qn_mono *full_at = &quota->slots[slot].full_at;
	struct qn_quota_pair *pair = &quota->pairs[pair_of(slot, network)];

	if (rate_per_s == 0)
		return;
	if (qn_mono_reached(*full_at, now.mono))
		*full_at = now.mono;
	*full_at = qn_mono_after_us(*full_at, QN_US_PER_S / rate_per_s);
	*pair = (struct qn_quota_pair){window_of(now), used_by(pair, now) + 1};
}
