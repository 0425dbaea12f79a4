/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Unpredictable bytes from the kernel, to seed generators with.
 */
#include "base/assert.h"
#include "base/span.h"

/**
 * Fills `out`, waiting for the kernel's generator to be ready after boot. Returns 0, or
 * -errno with `out` wiped: a program must not go on without its randomness.
 */
QN_MUST_USE int qn_entropy_fill(struct qn_span out);
