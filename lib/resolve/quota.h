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
 * Sharing: the first half of a bucket is anybody's. From there on those clients' networks are
 *          refused that have used more than their share of the rate: a half of it at first, and
 *          half as much with each 64th more that is gone. Whoever asks most is refused first,
 *          and the bucket settles where the shares of all who want more make up the rate
 *          (docs/decisions/0015-shares-of-a-rate.md).
 *
 * Owner:  one worker.
 * Memory: 16 bytes a slot, and 8 for each pair of a slot and a network, which share theirs by a
 *         keyed hash, too.
 * Time:   a call that looks at the rate takes `now`.
 */
#include "base/assert.h"
#include "base/time.h"

#define QN_QUOTA_SLOT_COUNT 4096u
#define QN_QUOTA_PAIR_COUNT 8192u

/** Of what is not counted. */
#define QN_QUOTA_SLOT_NONE UINT16_MAX

/** What no client has asked for: all of it together has the share of one network. */
#define QN_QUOTA_NETWORK_NONE 0u

/** How much of a bucket a query may use up. */
enum qn_quota_need {
	QN_QUOTA_SPARE, /* Half: nobody would have to send it. */
	QN_QUOTA_NEW,   /* Three quarters: it would begin something. */
	QN_QUOTA_BEGUN, /* All of it, so that what has begun can end. */
};

struct qn_quota_slot {
	struct qn_mono full_at; /* When all tokens will be back. */
	uint32_t tasks;         /* Places of tasks taken. */
	uint32_t queries;       /* Slots of queries taken. */
};

/** What one network has used of one slot: in this window, and half of what it had before. */
struct qn_quota_pair {
	uint32_t window;
	uint32_t used;
};

struct qn_quota {
	struct qn_quota_slot slots[QN_QUOTA_SLOT_COUNT];
	struct qn_quota_pair pairs[QN_QUOTA_PAIR_COUNT];
};

static inline uint16_t
qn_quota_slot_of(uint32_t hash)
{
	return (uint16_t)(hash % QN_QUOTA_SLOT_COUNT);
}

/**
 * Whether one more query may go to `slot` at `rate_per_s`, a rate of 0 being none; `network` is a
 * keyed hash of the network of the client who wants it.
 */
QN_MUST_USE bool qn_quota_allows(const struct qn_quota *quota, uint16_t slot, uint32_t rate_per_s,
    enum qn_quota_need need, uint32_t network, struct qn_now now);

/** Takes the token of one query. */
void qn_quota_spend(struct qn_quota *quota, uint16_t slot, uint32_t rate_per_s, uint32_t network,
    struct qn_now now);
