/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * RRsets in memory: the records of one owner, type and class, packed behind each other.
 *
 * Shape:  `count` times a 16-bit big-endian length and so many octets of rdata, names in full.
 * RFC:    2181 s5 (one TTL, no duplicates).
 */
#include "wire/rdata.h"

struct qn_rrset {
	struct qn_name owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl_s;
	uint16_t count;
	struct qn_view rdatas; /* Packed as above. */
};

/** Takes the next rdata off the front of `rdatas`; false when none is left. */
bool qn_rdatas_next(struct qn_view *rdatas, struct qn_view *rdata);

/** Whether `rdatas` holds the very octets of `rdata`. */
bool qn_rdatas_contain(struct qn_view rdatas, struct qn_view rdata);

/** Appends `rdata` to the packed list of length `*len` in `out`; false when it does not fit. */
QN_MUST_USE bool qn_rdatas_append(struct qn_span out, size_t *len, struct qn_view rdata);

/**
 * Writes all records of `rrset`, beginning with number `rotation` modulo its count, with
 * TTL `ttl_s`; returns how many.
 */
uint16_t qn_write_rrset(
    struct qn_writer *writer, const struct qn_rrset *rrset, uint32_t ttl_s, uint32_t rotation);
