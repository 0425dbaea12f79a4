/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache_model.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t
model_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t
model_option(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

struct qn_name
model_zone_name(unsigned zone)
{
	char text[32];

	snprintf(text, sizeof(text), "zone%u.example", zone);
	return test_name(text);
}

/* Letters before `text` until the name cannot grow any more. */
static struct qn_name
name_pad(const char *text)
{
	char padded[QN_NAME_TEXT_MAX];
	struct qn_name name = test_name(text);
	size_t at = 0;

	for (size_t left = QN_NAME_MAX - name.len; left >= 2;) {
		const size_t label = left < 64 ? left - 1 : left == 64 ? 62 : 63;

		memset(padded + at, 'q', label);
		padded[at + label] = '.';
		at += label + 1;
		left -= label + 1;
	}
	strcpy(padded + at, text);
	return test_name(padded);
}

struct model_key
model_key(uint32_t number)
{
	const uint64_t bits = model_mix(number);
	struct model_key key = {
	    .type = (uint16_t)(bits >> 8 & 3),
	    .kind = (uint8_t)(QN_CACHE_ANSWER + (bits >> 16) % 5),
	    .zone = (uint8_t)(number % MODEL_ZONE_COUNT),
	};
	char text[64];

	snprintf(text, sizeof(text), "host%u.zone%u.example", number, key.zone);
	key.name = bits % 16 == 0 ? name_pad(text) : test_name(text);
	return key;
}

struct qn_cache_key
model_cache_key(const struct model_key *key, const struct qn_hash_key *hash_key, uint64_t coins)
{
	struct qn_name name = key->name;
	struct qn_cache_key cache_key;

	for (unsigned i = 0; i < name.len; i++)
		if (name.octets[i] >= 'a' && name.octets[i] <= 'z' && coins >> i % 64 & 1)
			name.octets[i] = (uint8_t)(name.octets[i] - 'a' + 'A');
	qn_cache_key_init(&cache_key, hash_key, key->kind, &name, key->type);
	return cache_key;
}

void
model_value(uint8_t *value, size_t len, uint32_t number, uint32_t version)
{
	const uint64_t seed = model_mix((uint64_t)number << 32 | version);

	for (size_t i = 0; i < len; i++)
		value[i] = (uint8_t)(model_mix(seed + i / 8) >> 8 * (i % 8));
}

uint64_t
model_block_count(const struct model_key *key, size_t value_len)
{
	const uint64_t words = (3 + key->name.len + 7) / 8 + (value_len + 7) / 8;

	return words <= 4 ? 1 : 1 + (words - 4 + 5) / 6;
}
