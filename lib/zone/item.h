/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What local data is built from: the beginnings of zones, and records.
 *
 * An owner is written as a *path*: its labels from the root down, each with its length in
 * front, letters in lower case, a zero at the end. "\3com\7example\3www\0" is
 * www.example.com. Compared octet by octet, no path is the beginning of another one, and all
 * names below a name come right behind it: what is built from sorted items needs one pass.
 *
 * Memory: items only point at octets, which are the caller's.
 */
#include "base/span.h"
#include "wire/constants.h"
#include "wire/name.h"

/** What happens to a name at or below a zone. */
enum qn_zone_kind {
	QN_ZONE_TRANSPARENT,        /* Names with records are answered, others resolved. */
	QN_ZONE_TYPE_TRANSPARENT,   /* RRsets that are there are answered, all else resolved. */
	QN_ZONE_STATIC,             /* Nothing but the records exists. */
	QN_ZONE_REDIRECT,           /* Every name has the records of the zone's own name. */
	QN_ZONE_REFUSE,             /* The records are answered, all else REFUSED. */
	QN_ZONE_DENY,               /* The records are answered, all else not at all. */
	QN_ZONE_BLOCK_A,            /* As type-transparent; but for the records there is no A. */
	QN_ZONE_BLOCK_AAAA,         /* The same for AAAA. */
	QN_ZONE_ALWAYS_TRANSPARENT, /* Resolved, whatever records there are. */
	QN_ZONE_ALWAYS_NXDOMAIN,    /* No name exists, whatever records there are. */
	QN_ZONE_ALWAYS_NODATA,      /* Every name exists and has nothing, whatever there is. */
	QN_ZONE_ALWAYS_NULL,        /* The addresses 0.0.0.0 and ::, and nothing else. */
};

#define QN_ZONE_KIND_COUNT (QN_ZONE_ALWAYS_NULL + 1)

/** What the configuration calls each kind: "type-transparent". */
extern const char *const qn_zone_kind_names[QN_ZONE_KIND_COUNT];

/** In place of a record's type: a zone begins at the owner. */
#define QN_ZONE_APEX 0

/** A record, or the beginning of a zone. */
struct qn_zone_item {
	struct qn_view path;  /* The owner, as above. */
	struct qn_view rdata; /* In memory form: names in full. */
	uint32_t ttl_s;
	uint32_t line; /* Where it was written, for whoever complains; 0: nowhere. */
	uint16_t type; /* Of the record, or QN_ZONE_APEX. */
	uint8_t kind;  /* enum qn_zone_kind, of the zone. */
};

/** Writes `name` as a path; returns its length, which is that of the name. */
size_t qn_zone_path(uint8_t path[QN_NAME_MAX], const struct qn_name *name);

/** The name that a path spells. */
void qn_zone_path_name(struct qn_name *name, struct qn_view path);

/** The order that items must have: below 0, 0, above 0. */
int qn_zone_item_compare(const struct qn_zone_item *a, const struct qn_zone_item *b);

/** Whether two items have the same owner. */
bool qn_zone_same_owner(const struct qn_zone_item *a, const struct qn_zone_item *b);

/**
 * Octets that the records of an RRset may take in a message, owners left out but for the two
 * octets of a pointer: 256 addresses, for example.
 */
#define QN_ZONE_SET_LEN_MAX 4096

/** What can be wrong with items that are sorted. */
enum qn_zone_fault {
	QN_ZONE_SOUND,
	QN_ZONE_TWICE,         /* A zone of this name began before. */
	QN_ZONE_SINGLE_TWICE,  /* More than one CNAME or SOA for a name (RFC 2181 s10.1). */
	QN_ZONE_ALIAS_BESIDE,  /* A CNAME beside other data (RFC 1034 s3.6.2). */
	QN_ZONE_SET_TOO_LARGE, /* Longer than QN_ZONE_SET_LEN_MAX. */
};

/**
 * Looks for the first fault at or behind item `*at` and sets that to the item; QN_ZONE_SOUND
 * when there is none. Go on with the next item to find all of them.
 */
QN_MUST_USE enum qn_zone_fault qn_zone_items_fault(
    const struct qn_zone_item *items, size_t count, size_t *at);

/** Number of items from `first` on that are of one RRset. */
size_t qn_zone_set_count(const struct qn_zone_item *items, size_t count, size_t first);

/** Whether item `at` says the same as the one in front of it. */
bool qn_zone_item_repeats(const struct qn_zone_item *items, size_t at);
