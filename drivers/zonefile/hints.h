/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Reads the root hints: the names and addresses of the root servers, from a zone file.
 *
 * Memory: allocates while it reads, nothing afterwards.
 * Bounds: a file of at most 1 MiB, QN_HINT_MAX servers, QN_HINT_ADDRESS_MAX addresses each.
 * RFC:    1035 s5 (zone files), 9609 s2 (what hints are).
 */
#include "base/assert.h"
#include "resolve/config.h"

#include <stddef.h>

/** Room for any sentence of this header, the final zero included. */
#define QN_HINTS_ERROR_MAX 512

/**
 * Fills `hints` and `*hint_count` from the file at `path`. Returns 0, or -errno with
 * "PATH:LINE: sentence." in `error` and neither of the two touched.
 */
QN_MUST_USE int qn_hints_read(const char *path, struct qn_hint hints[QN_HINT_MAX],
    uint8_t *hint_count, char *error, size_t error_len);
