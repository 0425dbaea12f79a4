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

uint16_t
qn_headers_write_ip(uint8_t *frame, const struct qn_path *path, const struct qn_ip_header *ip)
{
	uint16_t at;

	qn_assert(ip->source->family == ip->destination->family);
	if (ip->source->family == QN_FAMILY_IPV6) {
		at = qn_headers_write_ethernet(frame, path, ETHERNET_TYPE_IPV6);
		qn_headers_write_ipv6(frame + at, ip);
		return (uint16_t)(at + IPV6_LEN);
	}
	at = qn_headers_write_ethernet(frame, path, ETHERNET_TYPE_IPV4);
	qn_headers_write_ipv4(frame + at, ip);
	return (uint16_t)(at + IPV4_LEN);
}
