/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Reads single records as lines of a zone file.
 *
 * Memory: allocates while it reads, nothing afterwards.
 * RFC:    1035 s5.1, 3597 s5.
 */
#include "zone/item.h"

#include <stddef.h>

/** Room for any sentence of this header, the final zero included. */
#define QN_RECORD_ERROR_MAX 256

struct qn_record_text {
	struct qn_name owner;
	uint32_t ttl_s;
	uint16_t type;
	uint16_t rdata_len;
	uint8_t rdata[QN_ZONE_SET_LEN_MAX]; /* In memory form, and valid. */
};

/**
 * Reads "www 300 IN A 192.0.2.1", names without a final dot being relative to `origin`, "@"
 * standing for it; TTL (then `ttl_s`) and class may be left out. False with a sentence in
 * `error` when it is not a record of class IN that a zone can have.
 */
QN_MUST_USE bool qn_record_read(struct qn_record_text *record, const char *text,
    const struct qn_name *origin, uint32_t ttl_s, char error[QN_RECORD_ERROR_MAX]);
