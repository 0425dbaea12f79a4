/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Local data and what it answers, written down as text.
 */
#include "support/message.h"
#include "zone/zones.h"

/** Items that grow as lines are added; owners and rdata are in memory of their own. */
struct local {
	struct qn_zone_item *items;
	size_t count;
	size_t capacity;
	const struct qn_zones *below; /* What building is to lay them over. */
	void *block;                  /* Of what was built, if anything was. */
	const struct qn_zones *zones;
};

/** Adds "zone NAME KIND", KIND as the configuration has it, or "OWNER TTL TYPE RDATA". */
void local_add(struct local *local, const char *line);

/** Adds a record, or with type QN_ZONE_APEX the beginning of a zone. */
void local_add_item(struct local *local, const struct qn_name *owner, uint16_t type, uint8_t kind,
    uint32_t ttl_s, struct qn_view rdata);

/** Puts the items in their order. */
void local_sort(struct local *local);

/** Sorts and builds; fails the test when there is a fault. */
void local_build(struct local *local);

void local_free(struct local *local);

/**
 * What "NAME TYPE" is answered: "resolve", "drop", or "RCODE" or "RCODE ede=N", "to NAME "
 * in front of it when the name that aliases lead to is to be resolved, then a line for each record, "authority " in front of those of that section. Of a SOA only owner, TTL
 * and type. In memory that the next call overwrites.
 */
const char *local_ask(const struct local *local, const char *question);
