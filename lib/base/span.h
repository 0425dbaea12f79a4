/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Bytes somebody else owns: a writable span and a read-only view.
 */
#include <stddef.h>
#include <stdint.h>

/** Writable bytes; the memory stays its owner's. */
struct qn_span {
	uint8_t *data;
	size_t len;
};

/** Bytes to read only; the memory stays its owner's. */
struct qn_view {
	const uint8_t *data;
	size_t len;
};

static inline struct qn_view
qn_view_of(const struct qn_span span)
{
	return (struct qn_view){span.data, span.len};
}
