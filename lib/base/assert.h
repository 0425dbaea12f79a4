/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Assertions for bugs: always on, never reachable from packet bytes.
 *
 * Seam: the program linking this library says what a failed assertion does
 *       (drivers/host prints and aborts; a fuzzer traps).
 */
/** Reports a broken invariant and does not return. Implemented outside lib/. */
_Noreturn void qn_assert_failed(const char *expression, const char *file, int line);

/** Stops the program when `expression`, which only a bug can make false, is false. */
#define qn_assert(expression)                          \
	(__builtin_expect(!!(expression), 1) ? (void)0 \
					     : qn_assert_failed(#expression, __FILE__, __LINE__))

/** Marks a result that the caller has to look at. */
#define QN_MUST_USE __attribute__((warn_unused_result))
