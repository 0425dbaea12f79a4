/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Writes the records of a message as a zone file would have them, for people to read.
 *
 * Memory: allocates, and gives it back before it returns.
 * RFC:    1035 s5.1, 3597 s5 (types without a form of their own).
 */
#include "base/assert.h"
#include "wire/message.h"

/** Takes one record, "www.example. 300 IN A 192.0.2.1"; the text is good until it returns. */
typedef void qn_present_take(void *context, enum qn_section section, const char *record);

/** Hands the records of `message`, in its order, to `take`. 0, or -errno when it cannot be read. */
QN_MUST_USE int qn_present_message(struct qn_view message, qn_present_take *take, void *context);
