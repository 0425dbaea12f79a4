/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Runs a fuzz target over stored inputs: `fuzz_TARGET` reads them from standard input, each behind
 * its length in 4 octets, big-endian. Prints how many there were.
 */
#include "base/endian.h"
#include "fuzz/fuzz.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#define LENGTH_LEN 4
#define INPUT_MAX  (1u << 20)

/* Exactly `len` octets of standard input, in memory that ends with the last of them. */
static uint8_t *
input_read(size_t len)
{
	uint8_t *data = malloc(len);

	if (data == NULL && len > 0)
		err(1, "no memory for an input of %zu octets", len);
	if (fread(data, 1, len, stdin) != len)
		errx(1, "standard input ends in the middle of an input");
	return data;
}

int
main(void)
{
	uint8_t length[LENGTH_LEN];
	size_t got, count = 0;

	while ((got = fread(length, 1, sizeof(length), stdin)) == sizeof(length)) {
		const uint32_t len = qn_load_be32(length);

		if (len > INPUT_MAX)
			errx(1, "an input of %u octets is too large", len);
		uint8_t *data = input_read(len);

		(void)LLVMFuzzerTestOneInput(data, len);
		free(data);
		count++;
	}
	if (got != 0)
		errx(1, "standard input ends in the middle of a length");
	printf("%zu\n", count);
	return 0;
}
