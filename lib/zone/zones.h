/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Local data: zones and names that the operator gives, answered as their authority would.
 *
 * A name belongs to the deepest zone that it is in, and outside all of them is treated as in
 * a transparent one. An alias is followed as long as local data goes on; where it leads out of
 * them, the caller has the rest resolved. There are no delegations and no DNAME in it.
 * Local data may lie over others, which are asked about what they do not answer themselves:
 * what some clients see over what all see.
 *
 * Owner:   built by the control side, then immutable: any thread reads, without locks.
 * Memory:  lives in the block given to init; answering allocates nothing.
 * Bounds:  one hash and one probe for each label that the deepest known name shares with the
 *          one asked for, and one more; mostly none for names that are not local. At most
 *          QN_ZONE_ALIAS_MAX aliases.
 * Trust:   items are the operator's, checked by whoever gives them.
 * RFC:     1034 s4.3.2, 2308, 4592 (wildcards), 6303 (zones to serve locally), 8914.
 */
#include "cache/answer.h"
#include "wire/rrset.h"
#include "zone/item.h"

/** Aliases in one answer. */
#define QN_ZONE_ALIAS_MAX 11

struct qn_zones;

/** Bytes that init needs for `items`, sorted and without fault; 0 when they are too many. */
size_t qn_zones_size(const struct qn_zone_item *items, size_t count);

/**
 * Builds local data inside `block`, aligned to QN_ARENA_ALIGN; keeps nothing of `items`. They
 * lie over `below`, which has to stay as long, or over nothing with NULL.
 */
const struct qn_zones *qn_zones_init(struct qn_span block, const struct qn_zone_item *items,
    size_t count, const struct qn_zones *below);

/**
 * Whether local data can have to do with names below the top-level label at `top`, its length
 * in front; the root's own label, for the root. Mostly false, and then find() gives OUTSIDE.
 */
bool qn_zones_know_top(const struct qn_zones *zones, const uint8_t *top);

/**
 * Whether local data can have to do with names below the top-level label at `top`, its length
 * in front; the root's own label, for the root. Mostly false, and then find() gives OUTSIDE.
 */
bool qn_zones_know_top(const struct qn_zones *zones, const uint8_t *top);

/** What local data has to say about a name and type. */
enum qn_zone_found {
	QN_ZONE_OUTSIDE,  /* Nothing: resolve it. */
	QN_ZONE_DATA,     /* The RRset. */
	QN_ZONE_ALIAS,    /* The CNAME RRset of the name instead. */
	QN_ZONE_NEGATIVE, /* No such name or type: rcode, and the SOA if the zone has one. */
	QN_ZONE_REFUSED,
	QN_ZONE_DENIED, /* The client is not to get a reply. */
};

struct qn_zone_match {
	struct qn_rrset rrset; /* With DATA and ALIAS that one, with NEGATIVE the SOA. */
	uint16_t rcode;
	uint16_t ede; /* enum qn_ede: with a zone that is there to block. */
	bool has_soa;
};

/** Looks one name and type up, without following aliases. Views are into the block. */
QN_MUST_USE enum qn_zone_found qn_zones_find(const struct qn_zones *zones,
    const struct qn_name *name, uint16_t type, struct qn_zone_match *match);

/** What to do with a question. */
enum qn_zone_verdict {
	QN_ZONE_RESOLVE, /* It is not local. */
	QN_ZONE_REPLY,   /* `answer` is all there is to say. */
	QN_ZONE_LEAD,    /* `answer` has the aliases that lead to `target`, which is not local. */
	QN_ZONE_DROP,
};

/**
 * Answers `question` of class IN. The answer is a view into `value`, at least
 * QN_CACHE_VALUE_MAX octets; `scratch` needs as many. SERVFAIL when there are too many aliases.
 */
QN_MUST_USE enum qn_zone_verdict qn_zones_answer(const struct qn_zones *zones,
    const struct qn_question *question, struct qn_span value, struct qn_span scratch,
    struct qn_answer *answer, struct qn_name *target);
