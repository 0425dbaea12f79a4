/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Names that no authority is to be asked for: what a resolver answers itself, unless told
 * otherwise.
 *
 * RFC:     6303 and 7793 (reverse zones), 6761 (localhost, invalid, test), 6762 s22.1 (local),
 *          7686 (onion), 8375 (home.arpa), 9462 s6.4 (resolver.arpa), 9665 (service.arpa).
 */
#include "zone/item.h"

/** A record in one of them. */
struct qn_zone_special_record {
	const char *owner;
	struct qn_view rdata;
	uint16_t type;
};

struct qn_zone_special {
	struct qn_name zone;
	enum qn_zone_kind kind;
	const struct qn_zone_special_record *records;
	size_t record_count;
};

/** For how long what a special name has, or has not, may be kept (RFC 6303 s3). */
#define QN_ZONE_SPECIAL_TTL_S 10800

/** Fills `special` with zone number `index`; false behind the last. */
QN_MUST_USE bool qn_zone_special(struct qn_zone_special *special, size_t index);

/**
 * Writes the rdata of the SOA that a zone has which was not given one (RFC 6303 s3): its own
 * name as the server, nobody responsible, `ttl_s` for what does not exist. Returns its length.
 */
#define QN_ZONE_SOA_LEN_MAX (QN_NAME_MAX + 16 + 20)
size_t qn_zone_soa(uint8_t rdata[QN_ZONE_SOA_LEN_MAX], const struct qn_name *zone, uint32_t ttl_s);
