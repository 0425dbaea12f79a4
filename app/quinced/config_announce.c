/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <string.h>

#define TABLE_DEFAULT 53
#define TABLE_MAX     252 /* The kernel's own tables begin behind it; daemons take no more. */
#define AFTER_S       10
#define AFTER_MAX_S   3600
#define DRAIN_S       10
#define DRAIN_MAX_S   600

static struct config_announce *
announce_of(void *target)
{
	const struct config_reader *reader = target;

	return &reader->config->fixed.announce;
}

static void
read_table(const struct document_value *value, void *target)
{
	const char *text = document_is_single(value) ? document_text(value) : NULL;

	if (text != NULL && strcmp(text, "main") == 0)
		announce_of(target)->table = CONFIG_TABLE_MAIN;
	else
		document_count(value, 1, TABLE_MAX, &announce_of(target)->table);
}

static void
read_after(const struct document_value *value, void *target)
{
	document_count(value, 0, AFTER_MAX_S, &announce_of(target)->after_s);
}

static void
read_drain(const struct document_value *value, void *target)
{
	document_count(value, 1, DRAIN_MAX_S, &announce_of(target)->drain_s);
}

static void
read_probe(const struct document_value *value, void *target)
{
	struct config_announce *announce = announce_of(target);
	struct qn_name *name = &announce->probes[announce->probe_count];

	if (config_read_name(value, name))
		announce->probe_count++;
}

/* With one name, that one domain would decide. */
static void
read_probes(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	const size_t errors_before = reader->errors->count;
	const size_t count = document_list(value, CONFIG_PROBE_MAX, read_probe, target);

	if (count < 2 && reader->errors->count == errors_before)
		document_complain(value,
		    "needs names of two domains or more, so that none of them alone decides.");
}

static void
read_last_resort(const struct document_value *value, void *target)
{
	document_switch(value, &announce_of(target)->last_resort);
}

static const struct document_key announce_keys[] = {
    {"table", read_table},
    {"after", read_after},
    {"drain", read_drain},
    {"probes", read_probes},
    {"last-resort", read_last_resort},
};

void
config_default_announce(struct config_announce *announce)
{
	*announce = (struct config_announce){
	    .table = TABLE_DEFAULT,
	    .after_s = AFTER_S,
	    .drain_s = DRAIN_S,
	};
}

void
config_read_announce(const struct document_value *value, void *target)
{
	document_mapping(value, announce_keys, CONFIG_ITEM_COUNT(announce_keys), target);
}
