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

struct qn_resolve_config {
	struct qn_hint hints[QN_HINT_MAX];
	uint8_t hint_count;
	uint8_t minimization; /* enum qn_minimization */
	bool use_ipv4;        /* Whether this node can reach authorities of the family. */
	bool use_ipv6;
};
