/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The local zones and local data of a scenario's configuration, as one client sees them.
 *
 * Which zones there are, of what kind, and with which data may depend on the client: by its
 * prefix, or by tags that zones and clients have. All of that is settled here, so that a
 * shard gets nothing but local data for each prefix.
 *
 * Memory: in the region given; what build returns is the caller's to free().
 */
#include "base/address.h"
#include "region.h"
#include "zone/zones.h"

/** Tags are bits of a number. */
#define LOCAL_TAG_MAX 64

/** What a word for the type of a zone means. */
struct local_kind {
	enum qn_zone_kind kind;
	bool bare; /* The zone's data do not count. */
};

/** The kind that `word` stands for; NULL when there is none. */
const struct local_kind *local_kind_of(const char *word);

/** For clients with a tag: another kind for the zones that have it, or other data. */
struct local_tag_rule {
	struct local_tag_rule *next;
	unsigned tag;
	const struct local_kind *kind;     /* NULL: data. */
	const struct local_record *record; /* Its owner is that of the zone. */
};

/** Whose local data are built. */
struct local_client {
	struct qn_prefix prefix;
	uint64_t tags;
	const struct local_tag_rule *rules;
};

struct local_data {
	struct region *region;
	struct local_zone *zones;
	struct local_record *records;
};

/* Each says what is wrong with its text, for a sentence; NULL when nothing is. */

/** Adds "NAME KIND", a local-zone. */
const char *local_data_add_zone(struct local_data *data, const char *text);

/** Adds a record, a local-data. */
const char *local_data_add_record(struct local_data *data, const char *text);

/** Adds the PTR record of "ADDRESS [TTL] NAME", a local-data-ptr. */
const char *local_data_add_pointer(struct local_data *data, const char *text);

/** Makes the zone that is called so one for clients with some of the tags. */
const char *local_data_tag_zone(struct local_data *data, const char *zone, uint64_t tags);

/** Makes the zone another one for clients in `prefix`. */
const char *local_data_override(struct local_data *data, const char *zone,
    const struct qn_prefix *prefix, const struct local_kind *kind);

/** Reads "TYPE RDATA", for a tag rule; NULL when it is none. */
const struct local_record *local_data_read_bare(struct local_data *data, const char *text);

/** Calls `take` for each prefix that a zone is overridden for; false when one call was. */
bool local_data_each_override(const struct local_data *data,
    bool (*take)(void *context, const struct qn_prefix *prefix), void *context);

/** Whether there is anything at all. */
bool local_data_empty(const struct local_data *data);

/**
 * Builds what `client` sees, over `below` or NULL; NULL, with what is wrong, when it contradicts
 * itself.
 */
const struct qn_zones *local_data_build(const struct local_data *data,
    const struct local_client *client, const struct qn_zones *below, const char **wrong);
