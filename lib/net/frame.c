/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/frame.h"

#include "net/headers.h"

#define EXTENSION_COUNT_MAX 4
#define EXTENSIONS_LEN_MAX  256

#define OPTION_PAD1         0
#define OPTION_DISCARD_MASK 0xc0 /* Any of these bits: who does not know it discards. */

/* The IP packet being read. */
struct packet {
	const uint8_t *data;      /* Of the frame. */
	const uint8_t *addresses; /* Source and destination, one behind the other. */
	uint16_t l4_at;
	uint16_t end; /* Of the packet; Ethernet padding may follow. */
	uint8_t protocol;
	uint8_t hop_limit;
	bool group; /* To a multicast or broadcast address. */
};

static const char *const drop_names[] = {
    [QN_FRAME_DROP_NONE] = "none",
    [QN_FRAME_DROP_RUNT] = "runt",
    [QN_FRAME_DROP_OVERSIZED] = "oversized",
    [QN_FRAME_DROP_IP_HEADER] = "ip_header",
    [QN_FRAME_DROP_IP_LENGTH] = "ip_length",
    [QN_FRAME_DROP_IP_CHECKSUM] = "ip_checksum",
    [QN_FRAME_DROP_FRAGMENT] = "fragment",
    [QN_FRAME_DROP_IP_OPTION] = "ip_option",
    [QN_FRAME_DROP_IP_EXTENSION] = "ip_extension",
    [QN_FRAME_DROP_IP_ROUTING] = "ip_routing",
    [QN_FRAME_DROP_SOURCE] = "source",
    [QN_FRAME_DROP_DESTINATION] = "destination",
    [QN_FRAME_DROP_LINK_BROADCAST] = "link_broadcast",
    [QN_FRAME_DROP_UDP_LENGTH] = "udp_length",
    [QN_FRAME_DROP_UDP_PORT] = "udp_port",
    [QN_FRAME_DROP_UDP_CHECKSUM] = "udp_checksum",
    [QN_FRAME_DROP_UDP_CHECKSUM_NONE] = "udp_checksum_none",
    [QN_FRAME_DROP_UDP_CHECKSUM_PARTIAL] = "udp_checksum_partial",
    [QN_FRAME_DROP_ICMP_LENGTH] = "icmp_length",
    [QN_FRAME_DROP_ICMP_CHECKSUM] = "icmp_checksum",
    [QN_FRAME_DROP_ECHO_GROUP] = "echo_group",
    [QN_FRAME_DROP_ARP_MALFORMED] = "arp_malformed",
    [QN_FRAME_DROP_ND_HOP_LIMIT] = "nd_hop_limit",
    [QN_FRAME_DROP_ND_MALFORMED] = "nd_malformed",
};

_Static_assert(
    sizeof(drop_names) / sizeof(*drop_names) == QN_FRAME_DROP_COUNT, "a name for each reason");

const char *
qn_frame_drop_name(enum qn_frame_drop drop)
{
	qn_assert(drop < QN_FRAME_DROP_COUNT);
	return drop_names[drop];
}

static enum qn_frame_kind
finish(struct qn_frame *frame, enum qn_frame_kind kind)
{
	frame->kind = (uint8_t)kind;
	return kind;
}

static enum qn_frame_kind
drop(struct qn_frame *frame, enum qn_frame_drop reason)
{
	frame->drop = (uint8_t)reason;
	return finish(frame, QN_FRAME_DROP);
}

static uint64_t
sum_pseudo_header(const struct qn_frame *frame, const struct packet *packet, uint16_t len)
{
	const uint8_t *source = packet->addresses;

	return qn_headers_sum_pseudo(
	    source, source + qn_family_octets(frame->family), frame->family, packet->protocol, len);
}

/* Only looked at when the checksum is wrong: whether it covers the pseudo-header alone. */
static enum qn_frame_drop
udp_checksum_reason(uint64_t pseudo_header, const uint8_t *checksum)
{
	const uint16_t partial = qn_checksum_fold(pseudo_header);

	return memcmp(&partial, checksum, sizeof(partial)) == 0 ? QN_FRAME_DROP_UDP_CHECKSUM_PARTIAL
	                                                        : QN_FRAME_DROP_UDP_CHECKSUM;
}

static enum qn_frame_drop
check_udp_checksum(const struct qn_frame *frame, const struct packet *packet, uint16_t len)
{
	const uint8_t *at = packet->data + packet->l4_at;
	uint64_t pseudo_header;

	if (qn_load_be16(at + UDP_CHECKSUM_AT) == 0)
		return frame->family == QN_FAMILY_IPV6 ? QN_FRAME_DROP_UDP_CHECKSUM_NONE
		                                       : QN_FRAME_DROP_NONE;
	pseudo_header = sum_pseudo_header(frame, packet, len);
	if (qn_checksum_fold(qn_checksum_add(pseudo_header, at, len)) == QN_CHECKSUM_RIGHT)
		return QN_FRAME_DROP_NONE;
	return udp_checksum_reason(pseudo_header, at + UDP_CHECKSUM_AT);
}

/* Octets between the end of the datagram and the end of the packet are let pass (RFC 9868). */
static enum qn_frame_kind
read_udp(struct qn_frame *frame, const struct packet *packet)
{
	const uint8_t *at = packet->data + packet->l4_at;
	const uint16_t room = (uint16_t)(packet->end - packet->l4_at);
	enum qn_frame_drop reason;
	uint16_t len;

	if (packet->group)
		return finish(frame, QN_FRAME_OTHER);
	if (room < UDP_LEN)
		return drop(frame, QN_FRAME_DROP_UDP_LENGTH);
	len = qn_load_be16(at + UDP_LENGTH_AT);
	if (len < UDP_LEN || len > room)
		return drop(frame, QN_FRAME_DROP_UDP_LENGTH);
	frame->source.port = qn_load_be16(at);
	frame->destination.port = qn_load_be16(at + UDP_DESTINATION_AT);
	if (frame->source.port == 0 || frame->destination.port == 0)
		return drop(frame, QN_FRAME_DROP_UDP_PORT);
	reason = check_udp_checksum(frame, packet, len);
	if (reason != QN_FRAME_DROP_NONE)
		return drop(frame, reason);
	frame->l4_at = packet->l4_at;
	frame->payload_at = (uint16_t)(packet->l4_at + UDP_LEN);
	frame->payload_len = (uint16_t)(len - UDP_LEN);
	return finish(frame, QN_FRAME_UDP);
}

/* An ICMP message of either family that we answer; `sum` is what its checksum starts from. */
static enum qn_frame_kind
read_icmp_message(struct qn_frame *frame, const struct packet *packet, enum qn_frame_kind kind,
    uint16_t len_min, uint64_t sum)
{
	const uint16_t len = (uint16_t)(packet->end - packet->l4_at);

	if (len < len_min)
		return drop(frame, QN_FRAME_DROP_ICMP_LENGTH);
	sum = qn_checksum_add(sum, packet->data + packet->l4_at, len);
	if (qn_checksum_fold(sum) != QN_CHECKSUM_RIGHT)
		return drop(frame, QN_FRAME_DROP_ICMP_CHECKSUM);
	frame->l4_at = packet->l4_at;
	frame->payload_at = (uint16_t)(packet->l4_at + ICMP_LEN);
	frame->payload_len = (uint16_t)(len - ICMP_LEN);
	return finish(frame, kind);
}

static enum qn_frame_kind
read_echo(struct qn_frame *frame, const struct packet *packet, uint64_t sum)
{
	if (packet->group)
		return drop(frame, QN_FRAME_DROP_ECHO_GROUP);
	return read_icmp_message(frame, packet, QN_FRAME_ECHO, ICMP_LEN, sum);
}

static enum qn_frame_kind
read_nd(struct qn_frame *frame, const struct packet *packet, uint64_t sum)
{
	enum qn_frame_kind kind;

	if (packet->hop_limit != ND_HOP_LIMIT)
		return drop(frame, QN_FRAME_DROP_ND_HOP_LIMIT);
	kind = read_icmp_message(frame, packet, QN_FRAME_ND, ND_LEN, sum);
	if (kind == QN_FRAME_ND && packet->data[packet->l4_at + ICMP_CODE_AT] != 0)
		return drop(frame, QN_FRAME_DROP_ND_MALFORMED);
	return kind;
}

static enum qn_frame_kind
read_icmp(struct qn_frame *frame, const struct packet *packet)
{
	if (packet->end == packet->l4_at)
		return drop(frame, QN_FRAME_DROP_ICMP_LENGTH);
	if (packet->data[packet->l4_at] != ICMP_ECHO_REQUEST)
		return finish(frame, QN_FRAME_OTHER);
	return read_echo(frame, packet, 0);
}

static enum qn_frame_kind
read_icmpv6(struct qn_frame *frame, const struct packet *packet)
{
	const uint16_t len = (uint16_t)(packet->end - packet->l4_at);

	if (len == 0)
		return drop(frame, QN_FRAME_DROP_ICMP_LENGTH);
	switch (packet->data[packet->l4_at]) {
	case ICMPV6_ECHO_REQUEST:
		return read_echo(frame, packet, sum_pseudo_header(frame, packet, len));
	case ICMPV6_SOLICITATION:
	case ICMPV6_ADVERTISEMENT:
		return read_nd(frame, packet, sum_pseudo_header(frame, packet, len));
	default:
		return finish(frame, QN_FRAME_OTHER);
	}
}

static enum qn_frame_kind
read_transport(struct qn_frame *frame, const struct packet *packet)
{
	if (packet->protocol == IP_PROTOCOL_UDP)
		return read_udp(frame, packet);
	if (packet->protocol == IP_PROTOCOL_ICMP && frame->family == QN_FAMILY_IPV4)
		return read_icmp(frame, packet);
	if (packet->protocol == IP_PROTOCOL_ICMPV6 && frame->family == QN_FAMILY_IPV6)
		return read_icmpv6(frame, packet);
	return finish(frame, QN_FRAME_OTHER);
}

/* Fills in place what is zero yet: addresses as return values would cost a copy each. */
static void
set_addresses(struct qn_frame *frame, enum qn_family family, const uint8_t *addresses)
{
	const size_t octets = qn_family_octets((uint8_t)family);

	frame->family = (uint8_t)family;
	frame->source.address.family = (uint8_t)family;
	frame->destination.address.family = (uint8_t)family;
	memcpy(frame->source.address.octets, addresses, octets);
	memcpy(frame->destination.address.octets, addresses + octets, octets);
}

/* Two comparisons of fixed length instead of one that calls a function. */
static bool
octets_equal(const uint8_t *a, const uint8_t *b, uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? memcmp(a, b, 16) == 0 : memcmp(a, b, 4) == 0;
}

static bool
is_host(const uint8_t *octets, uint8_t family)
{
	return family == QN_FAMILY_IPV6 ? qn_headers_ipv6_is_host(octets)
	                                : qn_headers_ipv4_is_host(octets);
}

/* Nobody has the unspecified address, but who has none yet may call a group from it. */
static bool
source_is_right(const uint8_t *source, const struct packet *packet, uint8_t family)
{
	static const uint8_t unspecified[16];

	return is_host(source, family) ||
	       (packet->group && octets_equal(source, unspecified, family));
}

/* Checks the addresses by themselves, against each other, and against the stations. */
static enum qn_frame_drop
check_addresses(const struct qn_frame *frame, const struct packet *packet)
{
	const uint8_t *source = packet->addresses;
	const uint8_t *destination = source + qn_family_octets(frame->family);

	if (!source_is_right(source, packet, frame->family) ||
	    octets_equal(source, destination, frame->family))
		return QN_FRAME_DROP_SOURCE;
	if (packet->group)
		return QN_FRAME_DROP_NONE;
	if (!is_host(destination, frame->family))
		return QN_FRAME_DROP_DESTINATION;
	return qn_mac_is_group(frame->destination_mac) ? QN_FRAME_DROP_LINK_BROADCAST
	                                               : QN_FRAME_DROP_NONE;
}

/* `bytes` starts with the IP header, `l3_at` octets into the frame; fills `*packet`. */
static enum qn_frame_drop
read_ipv4_header(struct packet *packet, struct qn_view bytes, uint16_t l3_at)
{
	const uint8_t *header = bytes.data;
	size_t header_len, len;

	if (bytes.len < IPV4_LEN)
		return QN_FRAME_DROP_IP_LENGTH;
	header_len = (size_t)(header[0] & 0x0f) * 4;
	len = qn_load_be16(header + IPV4_TOTAL_LEN_AT);
	if (header[0] >> 4 != 4 || header_len < IPV4_LEN || len < header_len)
		return QN_FRAME_DROP_IP_HEADER;
	if (len > bytes.len)
		return QN_FRAME_DROP_IP_LENGTH;
	if (qn_checksum_fold(qn_checksum_add(0, header, header_len)) != QN_CHECKSUM_RIGHT)
		return QN_FRAME_DROP_IP_CHECKSUM;
	if (qn_load_be16(header + IPV4_FRAGMENT_AT) & IPV4_FRAGMENT_MASK)
		return QN_FRAME_DROP_FRAGMENT;
	packet->addresses = header + IPV4_SOURCE_AT;
	packet->l4_at = (uint16_t)(l3_at + header_len);
	packet->end = (uint16_t)(l3_at + len);
	packet->protocol = header[IPV4_PROTOCOL_AT];
	packet->hop_limit = header[IPV4_HOP_LIMIT_AT];
	packet->group = header[IPV4_DESTINATION_AT] >= 224;
	return QN_FRAME_DROP_NONE;
}

static enum qn_frame_kind
read_ipv4(struct qn_frame *frame, struct qn_view bytes, uint16_t l3_at)
{
	const struct qn_view rest = {bytes.data + l3_at, bytes.len - l3_at};
	struct packet packet = {.data = bytes.data};
	enum qn_frame_drop reason = read_ipv4_header(&packet, rest, l3_at);

	if (reason != QN_FRAME_DROP_NONE)
		return drop(frame, reason);
	set_addresses(frame, QN_FAMILY_IPV4, packet.addresses);
	reason = check_addresses(frame, &packet);
	return reason == QN_FRAME_DROP_NONE ? read_transport(frame, &packet) : drop(frame, reason);
}

/* Whether we may pass over every option in `options` (RFC 8200 s4.2). */
static enum qn_frame_drop
check_options(struct qn_view options)
{
	size_t at = 0;

	while (at < options.len) {
		if (options.data[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if (options.len - at < 2 || options.data[at + 1] > options.len - at - 2)
			return QN_FRAME_DROP_IP_EXTENSION;
		if (options.data[at] & OPTION_DISCARD_MASK)
			return QN_FRAME_DROP_IP_OPTION;
		at += 2 + (size_t)options.data[at + 1];
	}
	return QN_FRAME_DROP_NONE;
}

/* Checks the next extension header, which may not reach beyond `end`, and steps over it. */
static enum qn_frame_drop
skip_extension(struct packet *packet, uint32_t end)
{
	const uint8_t *header = packet->data + packet->l4_at;
	const size_t room = end - packet->l4_at;
	enum qn_frame_drop reason;
	size_t len;

	if (room < 8)
		return QN_FRAME_DROP_IP_EXTENSION;
	len = ((size_t)header[1] + 1) * 8;
	if (len > room)
		return QN_FRAME_DROP_IP_EXTENSION;
	if (packet->protocol != IP_PROTOCOL_ROUTING)
		reason = check_options((struct qn_view){header + 2, len - 2});
	else
		reason = header[3] == 0 ? QN_FRAME_DROP_NONE : QN_FRAME_DROP_IP_ROUTING;
	packet->protocol = header[0];
	packet->l4_at = (uint16_t)(packet->l4_at + len);
	return reason;
}

static bool
is_extension(uint8_t protocol)
{
	return protocol == IP_PROTOCOL_HOP_BY_HOP || protocol == IP_PROTOCOL_ROUTING ||
	       protocol == IP_PROTOCOL_DESTINATION;
}

/* What is neither an extension header that we know nor a fragment is left as the protocol. */
static enum qn_frame_drop
skip_extensions(struct packet *packet)
{
	const uint32_t longest = packet->l4_at + EXTENSIONS_LEN_MAX;
	const uint32_t end = longest < packet->end ? longest : packet->end;

	for (uint32_t count = 0; is_extension(packet->protocol); count++) {
		enum qn_frame_drop reason;

		if (count == EXTENSION_COUNT_MAX)
			return QN_FRAME_DROP_IP_EXTENSION;
		if (packet->protocol == IP_PROTOCOL_HOP_BY_HOP && count != 0)
			return QN_FRAME_DROP_IP_EXTENSION;
		reason = skip_extension(packet, end);
		if (reason != QN_FRAME_DROP_NONE)
			return reason;
	}
	return packet->protocol == IP_PROTOCOL_FRAGMENT ? QN_FRAME_DROP_FRAGMENT
	                                                : QN_FRAME_DROP_NONE;
}

/* `bytes` starts with the IP header, `l3_at` octets into the frame; fills `*packet`. */
static enum qn_frame_drop
read_ipv6_header(struct packet *packet, struct qn_view bytes, uint16_t l3_at)
{
	const uint8_t *header = bytes.data;
	size_t len;

	if (bytes.len < IPV6_LEN)
		return QN_FRAME_DROP_IP_LENGTH;
	if (header[0] >> 4 != 6)
		return QN_FRAME_DROP_IP_HEADER;
	len = IPV6_LEN + (size_t)qn_load_be16(header + IPV6_PAYLOAD_LEN_AT);
	if (len > bytes.len)
		return QN_FRAME_DROP_IP_LENGTH;
	packet->addresses = header + IPV6_SOURCE_AT;
	packet->l4_at = (uint16_t)(l3_at + IPV6_LEN);
	packet->end = (uint16_t)(l3_at + len);
	packet->protocol = header[IPV6_NEXT_HEADER_AT];
	packet->hop_limit = header[IPV6_HOP_LIMIT_AT];
	packet->group = header[IPV6_DESTINATION_AT] == 0xff;
	return skip_extensions(packet);
}

static enum qn_frame_kind
read_ipv6(struct qn_frame *frame, struct qn_view bytes, uint16_t l3_at)
{
	const struct qn_view rest = {bytes.data + l3_at, bytes.len - l3_at};
	struct packet packet = {.data = bytes.data};
	enum qn_frame_drop reason = read_ipv6_header(&packet, rest, l3_at);

	if (reason != QN_FRAME_DROP_NONE)
		return drop(frame, reason);
	set_addresses(frame, QN_FAMILY_IPV6, packet.addresses);
	reason = check_addresses(frame, &packet);
	return reason == QN_FRAME_DROP_NONE ? read_transport(frame, &packet) : drop(frame, reason);
}

/* A probe's sender is unspecified (RFC 5227 s1.1). */
static bool
arp_sender_is_right(const uint8_t *sender)
{
	return qn_load_be32(sender) == 0 || qn_headers_ipv4_is_host(sender);
}

static enum qn_frame_kind
read_arp(struct qn_frame *frame, struct qn_view bytes, uint16_t l3_at)
{
	static const uint8_t ipv4_over_ethernet[] = {0, 1, ETHERNET_TYPE_IPV4 >> 8, 0, 6, 4};
	const uint8_t *arp = bytes.data + l3_at;
	uint16_t operation;

	if (bytes.len - l3_at < ARP_LEN || memcmp(arp, ipv4_over_ethernet, ARP_OPERATION_AT) != 0)
		return drop(frame, QN_FRAME_DROP_ARP_MALFORMED);
	operation = qn_load_be16(arp + ARP_OPERATION_AT);
	if (operation != ARP_REQUEST && operation != ARP_REPLY)
		return drop(frame, QN_FRAME_DROP_ARP_MALFORMED);
	if (!arp_sender_is_right(arp + ARP_SENDER_AT))
		return drop(frame, QN_FRAME_DROP_SOURCE);
	frame->family = QN_FAMILY_IPV4;
	frame->source.address = qn_address_ipv4(arp + ARP_SENDER_AT);
	frame->destination.address = qn_address_ipv4(arp + ARP_TARGET_AT);
	frame->l4_at = l3_at;
	frame->payload_at = l3_at;
	frame->payload_len = ARP_LEN;
	return finish(frame, QN_FRAME_ARP);
}

/* Reads stations and tag; false when the frame ends before its type. */
static bool
read_ethernet(struct qn_frame *frame, struct qn_view bytes, uint16_t *type)
{
	if (bytes.len < ETHERNET_LEN)
		return false;
	*type = qn_load_be16(bytes.data + ETHERNET_TYPE_AT);
	if (*type == ETHERNET_TYPE_VLAN) {
		if (bytes.len < ETHERNET_LEN + VLAN_TAG_LEN)
			return false;
		frame->tagged = true;
		frame->vlan_tci = qn_load_be16(bytes.data + ETHERNET_TYPE_AT + 2);
		*type = qn_load_be16(bytes.data + ETHERNET_TYPE_AT + VLAN_TAG_LEN);
	}
	memcpy(frame->destination_mac, bytes.data, QN_MAC_OCTETS);
	memcpy(frame->source_mac, bytes.data + QN_MAC_OCTETS, QN_MAC_OCTETS);
	return true;
}

enum qn_frame_kind
qn_frame_read(struct qn_frame *frame, struct qn_view bytes)
{
	uint16_t type;

	*frame = (struct qn_frame){0};
	if (!read_ethernet(frame, bytes, &type))
		return drop(frame, QN_FRAME_DROP_RUNT);
	if (bytes.len > QN_FRAME_LEN_MAX)
		return drop(frame, QN_FRAME_DROP_OVERSIZED);
	switch (type) {
	case ETHERNET_TYPE_IPV4:
		return read_ipv4(frame, bytes, qn_frame_l3_at(frame->tagged));
	case ETHERNET_TYPE_IPV6:
		return read_ipv6(frame, bytes, qn_frame_l3_at(frame->tagged));
	case ETHERNET_TYPE_ARP:
		return read_arp(frame, bytes, qn_frame_l3_at(frame->tagged));
	default:
		return finish(frame, QN_FRAME_OTHER);
	}
}
