/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/headers.h"

uint16_t
qn_headers_write_ethernet(uint8_t *frame, const struct qn_path *path, uint16_t type)
{
	const uint16_t l3_at = qn_frame_l3_at(path->tagged);

	memcpy(frame, path->destination_mac, QN_MAC_OCTETS);
	memcpy(frame + QN_MAC_OCTETS, path->source_mac, QN_MAC_OCTETS);
	if (path->tagged) {
		qn_store_be16(frame + ETHERNET_TYPE_AT, ETHERNET_TYPE_VLAN);
		qn_store_be16(frame + ETHERNET_TYPE_AT + 2, path->vlan_tci);
	}
	qn_store_be16(frame + l3_at - 2, type);
	return l3_at;
}

/*
 * The checksum is taken over the values, not over what was just written: loads that span
 * several stores still under way would wait for them.
 */
static void
write_ipv4(uint8_t *at, const struct qn_ip_header *ip)
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

static void
write_ipv6(uint8_t *at, const struct qn_ip_header *ip)
{
	qn_store_be32(at, 0x60000000u);
	qn_store_be16(at + IPV6_PAYLOAD_LEN_AT, ip->payload_len);
	at[IPV6_NEXT_HEADER_AT] = ip->protocol;
	at[IPV6_HOP_LIMIT_AT] = ip->hop_limit;
	memcpy(at + IPV6_SOURCE_AT, ip->source->octets, 16);
	memcpy(at + IPV6_DESTINATION_AT, ip->destination->octets, 16);
}

uint16_t
qn_headers_write_ip(uint8_t *frame, const struct qn_path *path, const struct qn_ip_header *ip)
{
	uint16_t at;

	qn_assert(ip->source->family == ip->destination->family);
	if (ip->source->family == QN_FAMILY_IPV6) {
		at = qn_headers_write_ethernet(frame, path, ETHERNET_TYPE_IPV6);
		write_ipv6(frame + at, ip);
		return (uint16_t)(at + IPV6_LEN);
	}
	at = qn_headers_write_ethernet(frame, path, ETHERNET_TYPE_IPV4);
	write_ipv4(frame + at, ip);
	return (uint16_t)(at + IPV4_LEN);
}
