/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <string.h>

/* Data a week past its end help nobody. */
#define AGE_MOST_S (7 * 86400)
#define TTL_MOST_S 3600

/* When all clients are told that there is no answer. */
#define WAIT_MOST_MS 5000

static void
read_max_age(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;

	document_count(value, 1, AGE_MOST_S, &reader->config->live.stale.age_max_s);
}

static void
read_ttl(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;

	document_count(value, 1, TTL_MOST_S, &reader->config->live.stale.ttl_s);
}

static void
read_wait_ms(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;

	document_count(value, 0, WAIT_MOST_MS, &reader->config->live.stale.wait_ms);
}

static const struct document_key stale_keys[] = {
    {"max-age", read_max_age},
    {"ttl", read_ttl},
    {"wait-ms", read_wait_ms},
};

void
config_read_stale(const struct document_value *value, void *target)
{
	const struct config_reader *reader = target;

	if (!document_is_single(value)) {
		document_mapping(value, stale_keys, CONFIG_ITEM_COUNT(stale_keys), target);
		return;
	}
	const char *text = document_text(value);

	if (text != NULL && strcmp(text, "off") != 0)
		document_complain(value,
		    "\"%s\" is neither off nor keys with values, such as \"max-age: 86400\".",
		    text);
	reader->config->live.stale.age_max_s = 0;
}
