/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The sentence for the operator that goes with a failed set-up. Used inside drivers/port.
 */
#include "base/assert.h"

#include <stddef.h>

/** Where the sentence goes: room that the caller of a public function gave. */
struct qn_port_error {
	char *text;
	size_t len;
};

/** Writes the sentence and returns `rc`, a -errno. */
int qn_port_fail(const struct qn_port_error *error, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
