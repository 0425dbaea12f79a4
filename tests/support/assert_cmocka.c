/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/assert.h"
#include "support/test.h"

#include <stdlib.h>

jmp_buf *test_bug_exit;

_Noreturn void
qn_assert_failed(const char *expression, const char *file, int line)
{
	if (test_bug_exit != NULL)
		longjmp(*test_bug_exit, 1);
	_assert_true(0, expression, file, line);
	abort();
}
