/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * IP addresses, prefixes and endpoints of both families as plain values.
 */
#include "base/assert.h"
#include "base/span.h"

#include <stdbool.h>
#include <string.h>

enum qn_family {
	QN_FAMILY_NONE = 0,
	QN_FAMILY_IPV4 = 4,
	QN_FAMILY_IPV6 = 6,
};

/** One address; an IPv4 address uses the first 4 octets, the others are zero. */
struct qn_address {
	uint8_t octets[16];
	uint8_t family; /* enum qn_family */
};

/** An address and how many of its leading bits name the network. */
struct qn_prefix {
	struct qn_address address;
	uint8_t len_bits;
};

/** Where a datagram comes from or goes to. */
struct qn_endpoint {
	struct qn_address address;
	uint16_t port; /* Host byte order. */
};

/** Room for the text of any address or prefix, the final zero included. */
#define QN_ADDRESS_TEXT_MAX 64

/** The IPv4 address of the 4 octets at `octets`. */
struct qn_address qn_address_ipv4(const uint8_t *octets);

/** The IPv6 address of the 16 octets at `octets`. */
struct qn_address qn_address_ipv6(const uint8_t *octets);

/** Length in octets of an address of this family: 4 or 16. */
static inline size_t
qn_family_octets(uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? 16 : 4;
}

/* Of an IPv4 address only what means anything is read, in one piece as it was written. */
static inline bool
qn_address_equal(const struct qn_address *a, const struct qn_address *b)
{
	if (a->family != b->family)
		return false;
	return a->family == QN_FAMILY_IPV4 ? memcmp(a->octets, b->octets, 4) == 0
	                                   : memcmp(a->octets, b->octets, 16) == 0;
}

/** The octets of the network that what one client may have is counted by: its /24, or its /56. */
static inline struct qn_view
qn_address_client_network(const struct qn_address *address)
{
	return (struct qn_view){address->octets, address->family == QN_FAMILY_IPV6 ? 7 : 3};
}

/** Whether `address` is inside `prefix`; never across families. */
bool qn_prefix_contains(const struct qn_prefix *prefix, const struct qn_address *address);

/**
 * Whether a resolver may send a query to `address`: not unspecified, loopback, multicast,
 * broadcast or link-local. Private addresses are fine (RFC 6890 lists the special ones).
 */
bool qn_address_reachable(const struct qn_address *address);

/** Reads the dotted (IPv4) or RFC 4291 s2.2 (IPv6) text of an address; false when it is not one. */
QN_MUST_USE bool qn_address_from_text(struct qn_address *address, const char *text);

/** Reads "address/len"; a bare address is a prefix of its full length. Host bits may be set. */
QN_MUST_USE bool qn_prefix_from_text(struct qn_prefix *prefix, const char *text);

/** Writes the RFC 5952 text and a final zero; returns the length without it. */
size_t qn_address_to_text(const struct qn_address *address, char text[QN_ADDRESS_TEXT_MAX]);
