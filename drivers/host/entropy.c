/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/entropy.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int
qn_entropy_fill(struct qn_span out)
{
	size_t filled = 0;

	while (filled < out.len) {
		const ssize_t got = getrandom(out.data + filled, out.len - filled, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			const int failure = errno;

			memset(out.data, 0, out.len);
			return -failure;
		}
		filled += (size_t)got;
	}
	return 0;
}
