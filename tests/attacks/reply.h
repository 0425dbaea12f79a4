/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What servers say: replies written record by record, and the honest ones whole.
 */
#include "attacks/net.h"

#define REPLY_MAX 65535

/** How long a reply takes unless its authority changes that. */
#define REPLY_DELAY_US (10 * QN_US_PER_MS)

/** A reply being written. Over UDP, one that is too long for the node goes out cut, with TC. */
struct reply {
	struct qn_writer writer;
	uint16_t counts[QN_SECTION_COUNT];
	uint64_t delay_us;
	uint8_t bytes[REPLY_MAX];
};

/** Whether the name asked for starts with `letter`, in either case. */
bool query_starts(const struct net_query *query, char letter);

/** Starts a reply with the query's id and question; `flags` come beside QR. */
void reply_begin(struct reply *reply, const struct net_query *query, uint16_t flags);

/** Adds a record; false when it does not fit any more. */
bool reply_add(struct reply *reply, enum qn_section section, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, struct qn_view rdata);

/** Adds a record whose rdata is a name. */
bool reply_add_name(struct reply *reply, enum qn_section section, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, const struct qn_name *target);

/** Adds the address of a server. */
bool reply_add_server(struct reply *reply, enum qn_section section, const struct qn_name *owner,
    uint32_t ttl_s, uint8_t server);

/** Ends the reply: its octets. */
struct qn_view reply_end(struct reply *reply);

/* Whole replies, but for reply_end(). */

/** The name asked for has the address of a server. */
void reply_server(struct reply *reply, const struct net_query *query, uint8_t server);

/** The name asked for stands for another. */
void reply_alias(struct reply *reply, const struct net_query *query, const struct qn_name *target);

/** The name or the type does not exist, by the SOA of `zone`. */
void reply_negative(
    struct reply *reply, const struct net_query *query, const struct qn_name *zone, uint16_t rcode);

/** A referral to one nameserver, "ns" in the zone, with its address. */
void reply_refer(struct reply *reply, const struct net_query *query, const struct qn_name *zone,
    uint32_t ttl_s, uint8_t server);

/* Servers. */

/** The root, and with it every delegation that is honest. */
net_authority reply_root;

/** The honest server of "victim.": "www" and "ns" exist there. */
net_authority reply_victim;

/** Says that it has whatever name it is asked for. */
net_authority reply_itself;

/** Nobody is there. */
net_authority reply_nothing;
