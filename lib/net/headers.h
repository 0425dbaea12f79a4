/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The headers of Ethernet, ARP, IP, UDP and ICMP: numbers, and writing them. Used inside
 * lib/net only.
 */
#include "base/endian.h"
#include "net/checksum.h"
#include "net/frame.h"

#define ETHERNET_TYPE_AT   12
#define ETHERNET_LEN       14
#define VLAN_TAG_LEN       4
#define ETHERNET_TYPE_IPV4 0x0800
#define ETHERNET_TYPE_ARP  0x0806
#define ETHERNET_TYPE_VLAN 0x8100
#define ETHERNET_TYPE_IPV6 0x86dd

#define ARP_LEN               28
#define ARP_HARDWARE_ETHERNET 1
#define ARP_REQUEST           1
#define ARP_REPLY             2
#define ARP_PROTOCOL_AT       2
#define ARP_HARDWARE_LEN_AT   4
#define ARP_PROTOCOL_LEN_AT   5
#define ARP_OPERATION_AT      6
#define ARP_SENDER_MAC_AT     8
#define ARP_SENDER_AT         14
#define ARP_TARGET_MAC_AT     18
#define ARP_TARGET_AT         24

#define IPV4_LEN            20     /* Without options. */
#define IPV4_VERSION_LEN    0x4500 /* Version 4, 5 words; type of service 0. */
#define IPV4_TOTAL_LEN_AT   2
#define IPV4_ID_AT          4
#define IPV4_FRAGMENT_AT    6
#define IPV4_HOP_LIMIT_AT   8
#define IPV4_PROTOCOL_AT    9
#define IPV4_CHECKSUM_AT    10
#define IPV4_SOURCE_AT      12
#define IPV4_DESTINATION_AT 16
#define IPV4_DONT_FRAGMENT  0x4000
#define IPV4_FRAGMENT_MASK  0x3fff /* More fragments, or an offset. */

#define IPV6_LEN            40 /* Without extension headers. */
#define IPV6_PAYLOAD_LEN_AT 4
#define IPV6_NEXT_HEADER_AT 6
#define IPV6_HOP_LIMIT_AT   7
#define IPV6_SOURCE_AT      8
#define IPV6_DESTINATION_AT 24

#define IP_PROTOCOL_HOP_BY_HOP  0
#define IP_PROTOCOL_ICMP        1
#define IP_PROTOCOL_UDP         17
#define IP_PROTOCOL_ROUTING     43
#define IP_PROTOCOL_FRAGMENT    44
#define IP_PROTOCOL_ICMPV6      58
#define IP_PROTOCOL_DESTINATION 60

#define UDP_LEN            8
#define UDP_DESTINATION_AT 2
#define UDP_LENGTH_AT      4
#define UDP_CHECKSUM_AT    6

#define ICMP_LEN             8
#define ICMP_CODE_AT         1
#define ICMP_CHECKSUM_AT     2
#define ICMP_ECHO_REPLY      0
#define ICMP_ECHO_REQUEST    8
#define ICMPV6_ECHO_REQUEST  128
#define ICMPV6_ECHO_REPLY    129
#define ICMPV6_SOLICITATION  135
#define ICMPV6_ADVERTISEMENT 136

/* Neighbour messages: the target follows the ICMPv6 header, options follow the target. */
#define ND_LEN       24
#define ND_FLAGS_AT  4
#define ND_TARGET_AT 8
#define ND_HOP_LIMIT 255

#define HOP_LIMIT 64 /* RFC 1700; of everything that may leave the link. */

/** What write_ip() has to know. */
struct qn_ip_header {
	const struct qn_address *source;
	const struct qn_address *destination; /* Of the same family. */
	uint8_t protocol;
	uint8_t hop_limit;
	uint16_t payload_len; /* Octets behind the IP header. */
};

/**
 * Writes an IPv4 header without options. The checksum is taken over the values, not over what
 * was just written: loads that span several stores still under way would wait for them.
 */
static inline void
qn_headers_write_ipv4(uint8_t *at, const struct qn_ip_header *ip)
{
	const uint16_t len = (uint16_t)(IPV4_LEN + ip->payload_len);
	const uint16_t limit_protocol = (uint16_t)(ip->hop_limit << 8 | ip->protocol);
	uint64_t sum = 0;

	sum = qn_checksum_add_word(sum, IPV4_VERSION_LEN);
	sum = qn_checksum_add_word(sum, len);
	sum = qn_checksum_add_word(sum, IPV4_DONT_FRAGMENT);
	sum = qn_checksum_add_word(sum, limit_protocol);
	sum = qn_checksum_add4(sum, ip->source->octets);
	sum = qn_checksum_add4(sum, ip->destination->octets);
	qn_store_be16(at, IPV4_VERSION_LEN);
	qn_store_be16(at + IPV4_TOTAL_LEN_AT, len);
	qn_store_be32(at + IPV4_ID_AT, IPV4_DONT_FRAGMENT); /* Identification is 0. */
	qn_store_be16(at + IPV4_HOP_LIMIT_AT, limit_protocol);
	qn_checksum_store(at + IPV4_CHECKSUM_AT, sum);
	memcpy(at + IPV4_SOURCE_AT, ip->source->octets, 4);
	memcpy(at + IPV4_DESTINATION_AT, ip->destination->octets, 4);
}

/** Writes an IPv6 header. */
static inline void
qn_headers_write_ipv6(uint8_t *at, const struct qn_ip_header *ip)
{
	qn_store_be32(at, 0x60000000u);
	qn_store_be16(at + IPV6_PAYLOAD_LEN_AT, ip->payload_len);
	at[IPV6_NEXT_HEADER_AT] = ip->protocol;
	at[IPV6_HOP_LIMIT_AT] = ip->hop_limit;
	memcpy(at + IPV6_SOURCE_AT, ip->source->octets, 16);
	memcpy(at + IPV6_DESTINATION_AT, ip->destination->octets, 16);
}

/** Writes an Ethernet header and the path's tag; returns where the packet starts. */
uint16_t qn_headers_write_ethernet(uint8_t *frame, const struct qn_path *path, uint16_t type);

/** Writes Ethernet and IP headers; returns where the IP payload starts. */
uint16_t qn_headers_write_ip(
    uint8_t *frame, const struct qn_path *path, const struct qn_ip_header *ip);

/**
 * One's complement sum of the pseudo-header of `len` octets of `protocol` (RFC 768, RFC 8200
 * s8.1) between two addresses of `family`.
 */
static inline uint64_t
qn_headers_sum_pseudo(const uint8_t *source, const uint8_t *destination, uint8_t family,
    uint8_t protocol, uint16_t len)
{
	const uint64_t sum = qn_checksum_add_word(qn_checksum_add_word(0, protocol), len);

	if (family == QN_FAMILY_IPV6)
		return qn_checksum_add(qn_checksum_add(sum, source, 16), destination, 16);
	return qn_checksum_add4(qn_checksum_add4(sum, source), destination);
}

/** The same for what follows the header `ip`. */
static inline uint64_t
qn_headers_sum_start(const struct qn_ip_header *ip)
{
	return qn_headers_sum_pseudo(ip->source->octets, ip->destination->octets,
	    ip->source->family, ip->protocol, ip->payload_len);
}

/**
 * Whether 4 octets can be the address of one host on a wire: not unspecified or of "this
 * network", not loopback, multicast, reserved or broadcast (RFC 1122 s3.2.1.3).
 */
static inline bool
qn_headers_ipv4_is_host(const uint8_t *octets)
{
	return octets[0] != 0 && octets[0] != 127 && octets[0] < 224;
}

/**
 * Whether 16 octets can be the address of one host on a wire: not unspecified, loopback,
 * multicast or an IPv4 address in disguise (RFC 4291 s2.5, s2.7).
 */
static inline bool
qn_headers_ipv6_is_host(const uint8_t *octets)
{
	if (octets[0] != 0)
		return octets[0] != 0xff;
	if ((qn_load_be32(octets) | qn_load_be32(octets + 4)) != 0)
		return true;
	if (qn_load_be32(octets + 8) == 0)
		return qn_load_be32(octets + 12) > 1;
	return qn_load_be32(octets + 8) != 0xffff;
}
