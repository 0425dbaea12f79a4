/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A zone cut as the parent describes it: nameserver names and their addresses.
 *
 * Kept in the cache apart from answers: its glue reaches the zone's servers and is never
 * given to a client, and nothing the child says makes it live longer (ghost domains).
 * Bounds:  13 nameservers, 6 addresses each; what goes beyond is not taken.
 * RFC:     1034 s4.2.1, 9471 (glue).
 */
#include "cache/records.h"
#include "resolve/config.h"
#include "select/select.h"

#define QN_DELEGATION_SERVER_MAX    13
#define QN_DELEGATION_ADDRESS_MAX   6 /* Of one nameserver. */
#define QN_DELEGATION_CANDIDATE_MAX (QN_DELEGATION_SERVER_MAX * QN_DELEGATION_ADDRESS_MAX)

/** A nameserver's name, and what has been done to find its addresses. */
struct qn_nameserver {
	struct qn_name name;
	uint8_t address_count;
	bool looked_up; /* Its addresses have been asked for, or are all there already. */
};

struct qn_delegation {
	struct qn_name zone;
	uint32_t ttl_s;
	bool configured; /* From the configuration: it does not age, and `ttl_s` is 0. */
	bool forwarded;  /* Its servers resolve for us. */
	uint8_t server_count;
	uint8_t candidate_count;
	struct qn_nameserver servers[QN_DELEGATION_SERVER_MAX];
	struct qn_candidate candidates[QN_DELEGATION_CANDIDATE_MAX];
};

/** Makes an empty delegation of `zone`. */
void qn_delegation_init(struct qn_delegation *delegation, const struct qn_name *zone);

/** Copies the parts that mean something. */
void qn_delegation_copy(struct qn_delegation *to, const struct qn_delegation *from);

/** Adds a nameserver, unless it is there or the delegation is full. */
void qn_delegation_add_server(struct qn_delegation *delegation, const struct qn_name *name);

/** Adds an address, unless it is there already or the nameserver has enough of them. */
void qn_delegation_add_address(
    struct qn_delegation *delegation, uint8_t server, const struct qn_address *address);

/** Drops the addresses of families that this node cannot reach. */
void qn_delegation_keep_families(
    struct qn_delegation *delegation, const struct qn_resolve_config *config);

/** The root as the hints have it (RFC 9609). */
void qn_delegation_from_hints(
    struct qn_delegation *delegation, const struct qn_resolve_config *config);

/** The deepest route at or above `name`; NULL when there is none. */
const struct qn_route *qn_route_find(
    const struct qn_resolve_config *config, const struct qn_name *name);

/** A zone and its servers as the operator has named them. */
void qn_delegation_from_route(struct qn_delegation *delegation, const struct qn_route *route);

/** Remembers a delegation for its ttl_s. */
void qn_store_put_delegation(
    struct qn_store *store, const struct qn_delegation *delegation, struct qn_now now);

/**
 * Forgets delegations strictly between `zone` and the zone above it that has just delegated
 * it: that one knows of no cut in between.
 */
void qn_store_drop_delegations(
    struct qn_store *store, const struct qn_name *zone, const struct qn_name *above);

/**
 * The deepest fresh delegation at or above `name` with no outdated one above it: when the
 * parent's own delegation has ended, what hung from it is not used until the parent has been
 * asked again (ghost domains). False when there is none, not even the root's.
 */
QN_MUST_USE bool qn_store_get_delegation(struct qn_store *store, const struct qn_name *name,
    struct qn_now now, struct qn_delegation *delegation);
