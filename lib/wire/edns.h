/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * EDNS(0): the OPT pseudo-record and its options.
 *
 * Bounds: a message with more than QN_EDNS_OPTION_MAX options is broken.
 * RFC:    6891, 5001 (NSID), 7873 (cookies), 8914 (extended errors).
 */
#include "wire/reader.h"
#include "wire/writer.h"

#define QN_EDNS_OPTION_MAX 100

struct qn_edns {
	struct qn_view options; /* All options, checked for structure, in place. */
	uint16_t udp_size;      /* As received; below 512 means 512 (RFC 6891 s6.2.3). */
	uint8_t rcode_high;
	uint8_t version;
	bool present;
	bool dnssec_ok;
};

struct qn_edns_option {
	uint16_t code;
	struct qn_view data;
};

/**
 * Reads an OPT record out of its class, TTL and rdata; false when the options are broken or
 * too many. The options of a version other than 0 are left alone: their form is not known.
 */
QN_MUST_USE bool qn_edns_read(
    struct qn_edns *edns, uint16_t class, uint32_t ttl, struct qn_view options);

/** Takes the next option off the front of `options`; false when none is left. */
bool qn_edns_option_next(struct qn_view *options, struct qn_edns_option *option);

/** Finds the first option with `code`; false when there is none. */
bool qn_edns_option_find(const struct qn_edns *edns, uint16_t code, struct qn_view *data);

/**
 * Starts an OPT record and returns where it is; options follow, then end. `rcode` is the full
 * 12-bit one, of which the upper 8 are written here. The caller counts the record.
 */
size_t qn_write_edns_begin(
    struct qn_writer *writer, uint16_t udp_size, uint16_t rcode, bool dnssec_ok);

void qn_write_edns_option(struct qn_writer *writer, uint16_t code, struct qn_view data);

/** Ends the OPT record that begin, which returned `opt_at`, started: sets its length. */
void qn_write_edns_end(struct qn_writer *writer, size_t opt_at);
