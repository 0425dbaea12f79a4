/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Items of local data, gathered from wherever they are read, until local data is built of them.
 *
 * Owner:  one thread of the control side.
 * Memory: allocated; owners and rdata are copied. All of it goes with fini, but what was built.
 */
#include "zone/zones.h"

struct qn_zone_chunk;

struct qn_zone_list {
	struct qn_zone_item *items;
	size_t count;
	size_t capacity;
	struct qn_zone_chunk *chunks; /* Where the items' octets are. */
};

void qn_zone_list_init(struct qn_zone_list *list);
void qn_zone_list_fini(struct qn_zone_list *list);

/** Adds the beginning of a zone, written on `line`. False without memory. */
QN_MUST_USE bool qn_zone_list_add_zone(
    struct qn_zone_list *list, const struct qn_name *name, enum qn_zone_kind kind, uint32_t line);

/** Adds a record, its rdata in memory form and valid. False without memory. */
QN_MUST_USE bool qn_zone_list_add_record(struct qn_zone_list *list, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, struct qn_view rdata, uint32_t line);

/** Puts the items in the order that building needs. */
void qn_zone_list_sort(struct qn_zone_list *list);

/**
 * Local data of sorted items without fault, over `below` or NULL, in memory of their own; NULL
 * without memory.
 */
const struct qn_zones *qn_zone_list_build(
    const struct qn_zone_list *list, const struct qn_zones *below);

/** Frees what was built; nothing to do for NULL. */
void qn_zone_list_free_built(const struct qn_zones *zones);
