/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void
qn_assert_failed(const char *expression, const char *file, int line)
{
	char text[512];
	const int len = snprintf(
	    text, sizeof(text), "bug: assertion failed: %s at %s:%d\n", expression, file, line);
	const size_t shown = len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1;

	/* One write, no lock: whatever state the program is in, this line gets out. */
	if (write(STDERR_FILENO, text, shown) < 0)
		abort();
	abort();
}
