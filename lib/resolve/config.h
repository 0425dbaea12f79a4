/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the operator may tell the iterator.
 */
#include "base/address.h"
#include "wire/name.h"

#define QN_HINT_MAX         13 /* Root servers (RFC 9609). */
#define QN_HINT_ADDRESS_MAX 4  /* Addresses kept for one root server. */

/** QNAME minimisation (RFC 9156). */
enum qn_minimization {
	QN_MINIMIZATION_RELAXED, /* A server that breaks on it gets the full name. */
	QN_MINIMIZATION_STRICT,  /* Such a server has failed. */
	QN_MINIMIZATION_OFF,
};

/** A root server out of the hints file. */
struct qn_hint {
	struct qn_name name;
	struct qn_address addresses[QN_HINT_ADDRESS_MAX];
	uint8_t address_count;
};

#define QN_ROUTE_MAX        64
#define QN_ROUTE_SERVER_MAX 8 /* Servers of one route. */

/** How the servers of a route are asked. */
enum qn_route_kind {
	QN_ROUTE_FORWARD, /* They resolve: asked with RD for all at or below the zone. */
	QN_ROUTE_STUB, /* They are the zone's authorities; zones below it are delegated as usual. */
};

/** A zone whose servers the operator names (service discovery, split horizon). */
struct qn_route {
	struct qn_name zone;
	uint8_t kind; /* enum qn_route_kind */
	uint8_t server_count;
	struct qn_endpoint servers[QN_ROUTE_SERVER_MAX];
};

struct qn_resolve_config {
	struct qn_route routes[QN_ROUTE_MAX];
	uint16_t route_count;
	struct qn_hint hints[QN_HINT_MAX];
	uint8_t hint_count;
	uint8_t minimization; /* enum qn_minimization */
	uint32_t zone_rate;   /* Most queries a second to one zone, of one worker; 0: any. */
	uint32_t server_rate; /* The same to one address. Routes and hints are free of both. */
	bool use_ipv4;        /* Whether this node can reach authorities of the family. */
	bool use_ipv6;
};
