/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"

#include <string.h>

struct qn_name
test_name(const char *text)
{
	struct qn_name name;

	if (!qn_name_from_text(&name, text, strlen(text)))
		fail_msg("not a name: %s", text);
	return name;
}

const char *
test_name_text(const struct qn_name *name)
{
	static char text[QN_NAME_TEXT_MAX];

	qn_name_to_text(name, text);
	return text;
}

struct qn_view
test_hex(struct qn_span room, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t digit_count = 0;

	for (; *hex != '\0'; hex++) {
		const char *digit = strchr(digits, *hex);

		if (*hex == ' ')
			continue;
		if (digit == NULL || digit_count / 2 == room.len)
			fail_msg("not hexadecimal, or too much of it: %s", hex);
		uint8_t *octet = room.data + digit_count++ / 2;

		*octet = (uint8_t)(*octet << 4 | (digit - digits));
	}
	if (digit_count % 2 != 0)
		fail_msg("half an octet");
	return (struct qn_view){room.data, digit_count / 2};
}

struct qn_view
test_octets(const char *text)
{
	return (struct qn_view){(const uint8_t *)text, strlen(text)};
}

struct qn_random
test_random(uint64_t seed)
{
	uint8_t octets[QN_RANDOM_SEED_LEN] = {0};
	struct qn_random random;

	memcpy(octets, &seed, sizeof(seed));
	qn_random_init(&random, octets);
	return random;
}

struct qn_now
test_now_us(uint64_t us)
{
	return (struct qn_now){.mono = {us}, .wall = {(int64_t)(us / QN_US_PER_S)}};
}
