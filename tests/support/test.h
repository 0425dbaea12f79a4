/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the unit tests share: cmocka with the headers it wants first, and short ways to write
 * down names and bytes.
 */
#include "base/random.h"
#include "base/time.h"
#include "wire/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** The head of a test function. */
#define TEST(function) static void function(void **state __attribute__((unused)))

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/** The name that `text` spells; fails the test when it spells none. */
struct qn_name test_name(const char *text);

/** Presentation form of `name`, in memory of this module that the next call overwrites. */
const char *test_name_text(const struct qn_name *name);

/** Decodes hexadecimal digits into `room`, ignoring spaces; fails the test on other characters. */
struct qn_view test_hex(struct qn_span room, const char *hex);

/** The octets of a string, its final zero excluded. */
struct qn_view test_octets(const char *text);

/** A generator of numbers that follow from `seed`. */
struct qn_random test_random(uint64_t seed);

/** A moment: `us` microseconds after the start of both clocks. */
struct qn_now test_now_us(uint64_t us);

/** Where a failed assertion jumps to while a test waits for one; NULL otherwise. */
extern jmp_buf *test_bug_exit;

/** Fails the test unless the expression makes a qn_assert fail. */
#define assert_is_bug(expression)                                           \
	do {                                                                \
		jmp_buf here;                                               \
		test_bug_exit = &here;                                      \
		if (setjmp(here) == 0) {                                    \
			(void)(expression);                                 \
			test_bug_exit = NULL;                               \
			fail_msg("no assertion failed in %s", #expression); \
		}                                                           \
		test_bug_exit = NULL;                                       \
	} while (0)

/** Fails the test when the views differ. */
#define assert_view_equal(a, b)                                                  \
	do {                                                                     \
		const struct qn_view first = (a), second = (b);                  \
		assert_int_equal(first.len, second.len);                         \
		if (first.len > 0)                                               \
			assert_memory_equal(first.data, second.data, first.len); \
	} while (0)

/** Fails the test when `name` does not read as `text`. */
#define assert_name_text(name, text) assert_string_equal(test_name_text(name), text)
