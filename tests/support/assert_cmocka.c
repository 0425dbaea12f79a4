/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/assert.h"
#include "support/test.h"

#include <stdlib.h>

/* Jumps into cmocka: to expect_assert_failure() where the test waits for this, else to a failure. */
noreturn void
qn_assert_failed(const char *expression, const char *file, int line)
{
	mock_assert(0, expression, file, line);
	abort();
}
