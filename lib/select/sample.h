/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One piece of evidence about an authority address: what became of a query to it.
 *
 * Trust:  only exchanges that matched on port, id, question and letter case become samples,
 *         and silence: a forger can do neither good nor harm (semantics rule 6).
 */
#include "base/address.h"
#include "base/time.h"

/** Why a query was sent. */
enum qn_sample_kind {
	QN_SAMPLE_QUERY, /* A client, or a task for one, waits for it. */
	QN_SAMPLE_HEDGE, /* So does one for this, but another server has been asked before. */
	QN_SAMPLE_PROBE, /* It shows what a server is worth; mostly nobody waits. */
};

/** What became of it. More than one of these may be told of the same query. */
enum qn_outcome {
	QN_OUTCOME_SENT,   /* It leaves. Matters for probes, so that one is sent at a time. */
	QN_OUTCOME_USEFUL, /* A reply that helps: an answer, an alias, a denial, a referral. */
	QN_OUTCOME_NEUTRAL, /* A reply that says how to ask: over TCP, with a cookie, in plain DNS. */
	QN_OUTCOME_SERVFAIL,  /* A genuine reply with a response code that helps nobody. */
	QN_OUTCOME_MALFORMED, /* A genuine reply, for it came over TCP, that cannot be used. */
	QN_OUTCOME_REFUSED,
	QN_OUTCOME_LAME, /* A reply of one that does not serve the zone. */
	QN_OUTCOME_LATE, /* No reply when one could have been expected; it is still waited for. */
	QN_OUTCOME_TIMED_OUT, /* No reply within the timeout. */
};

#define QN_OUTCOME_COUNT (QN_OUTCOME_TIMED_OUT + 1)

/** For `rtt_us` where the time between query and reply is none of the network's (TCP). */
#define QN_RTT_NONE UINT32_MAX

struct qn_sample {
	struct qn_address address;
	uint8_t kind;       /* enum qn_sample_kind */
	uint8_t outcome;    /* enum qn_outcome */
	bool zone_only;     /* Of silence: says something about the zone asked, not the address. */
	uint32_t rtt_us;    /* Of a reply; otherwise not looked at. */
	uint64_t zone_hash; /* Of the zone asked: quality is judged for each zone apart. */
	struct qn_mono when;
};

/** Whether an outcome is a genuine reply that helps nobody. */
static inline bool
qn_outcome_useless(uint8_t outcome)
{
	return outcome >= QN_OUTCOME_SERVFAIL && outcome <= QN_OUTCOME_LAME;
}

/** Whether an outcome is that nothing has come. */
static inline bool
qn_outcome_silent(uint8_t outcome)
{
	return outcome == QN_OUTCOME_LATE || outcome == QN_OUTCOME_TIMED_OUT;
}

/** Whether a sample says that the address does not help those who ask about the zone. */
static inline bool
qn_sample_useless(const struct qn_sample *sample)
{
	return qn_outcome_useless(sample->outcome) ||
	       (sample->outcome == QN_OUTCOME_TIMED_OUT && sample->zone_only);
}

/** Whether an outcome is a genuine reply, useful or not. */
static inline bool
qn_outcome_replied(uint8_t outcome)
{
	return outcome >= QN_OUTCOME_USEFUL && outcome <= QN_OUTCOME_LAME;
}
