/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/lane.h"

#include "net/headers.h"

#define PORT_DNS          53
#define PORT_BGP          179
#define PORT_DNS_TLS      853
#define PORT_BFD          3784
#define PORT_BFD_MULTIHOP 4784

#define IP_PROTOCOL_TCP 6

/* The packet of a frame, as far as a lane needs it. */
struct packet {
	struct qn_address source;
	struct qn_view payload; /* Behind the IP header. */
	uint8_t protocol;
};

const char *
qn_lane_name(enum qn_lane lane)
{
	static const char *const names[] = {
	    [QN_LANE_NEIGHBOUR] = "neighbour",
	    [QN_LANE_ROUTING] = "routing",
	    [QN_LANE_SERVICE] = "service",
	    [QN_LANE_OTHER] = "other",
	};

	qn_assert(lane < QN_LANE_COUNT);
	return names[lane];
}

static struct qn_view
behind(struct qn_view view, size_t len)
{
	return (struct qn_view){view.data + len, view.len - len};
}

/* Without a first fragment's ports nobody knows what a later one is part of. */
static bool
read_ipv4(struct packet *packet, struct qn_view bytes)
{
	size_t header_len;

	if (bytes.len < IPV4_LEN)
		return false;
	header_len = (size_t)(bytes.data[0] & 0x0f) * 4;
	if (header_len < IPV4_LEN || header_len > bytes.len ||
	    (qn_load_be16(bytes.data + IPV4_FRAGMENT_AT) & IPV4_FRAGMENT_MASK))
		return false;
	packet->source = qn_address_ipv4(bytes.data + IPV4_SOURCE_AT);
	packet->protocol = bytes.data[IPV4_PROTOCOL_AT];
	packet->payload = behind(bytes, header_len);
	return true;
}

static bool
read_ipv6(struct packet *packet, struct qn_view bytes)
{
	if (bytes.len < IPV6_LEN)
		return false;
	packet->source = qn_address_ipv6(bytes.data + IPV6_SOURCE_AT);
	packet->protocol = bytes.data[IPV6_NEXT_HEADER_AT];
	packet->payload = behind(bytes, IPV6_LEN);
	return true;
}

static bool
is_bfd(uint16_t port)
{
	return port == PORT_BFD || port == PORT_BFD_MULTIHOP;
}

static enum qn_lane
lane_if_near(const struct qn_link *link, const struct packet *packet)
{
	return qn_link_is_near(link, &packet->source) ? QN_LANE_ROUTING : QN_LANE_OTHER;
}

/* TCP and UDP begin with the two ports. */
static enum qn_lane
lane_of_ports(const struct qn_link *link, const struct packet *packet)
{
	const bool tcp = packet->protocol == IP_PROTOCOL_TCP;
	uint16_t source, destination;

	if (packet->payload.len < 4)
		return QN_LANE_OTHER;
	source = qn_load_be16(packet->payload.data);
	destination = qn_load_be16(packet->payload.data + 2);
	if (tcp && (source == PORT_BGP || destination == PORT_BGP))
		return lane_if_near(link, packet);
	if (!tcp && is_bfd(destination))
		return lane_if_near(link, packet);
	/* Towards our own server, and back from an authority. */
	if (tcp && (destination == PORT_DNS || destination == PORT_DNS_TLS || source == PORT_DNS))
		return QN_LANE_SERVICE;
	return QN_LANE_OTHER;
}

static enum qn_lane
lane_of_packet(const struct qn_link *link, const struct packet *packet)
{
	switch (packet->protocol) {
	case IP_PROTOCOL_TCP:
	case IP_PROTOCOL_UDP:
		return lane_of_ports(link, packet);
	case IP_PROTOCOL_ICMPV6:
		return packet->payload.len > 0 && packet->payload.data[0] == ICMPV6_ADVERTISEMENT
		           ? QN_LANE_NEIGHBOUR
		           : QN_LANE_OTHER;
	default:
		return QN_LANE_OTHER;
	}
}

enum qn_lane
qn_lane_of(const struct qn_link *link, struct qn_view frame)
{
	struct packet packet;
	size_t at = ETHERNET_LEN;

	if (frame.len < ETHERNET_LEN + VLAN_TAG_LEN)
		return QN_LANE_OTHER;
	if (qn_load_be16(frame.data + ETHERNET_TYPE_AT) == ETHERNET_TYPE_VLAN)
		at += VLAN_TAG_LEN;
	switch (qn_load_be16(frame.data + at - 2)) {
	case ETHERNET_TYPE_ARP:
		return QN_LANE_NEIGHBOUR;
	case ETHERNET_TYPE_IPV4:
		if (read_ipv4(&packet, behind(frame, at)))
			return lane_of_packet(link, &packet);
		break;
	case ETHERNET_TYPE_IPV6:
		if (read_ipv6(&packet, behind(frame, at)))
			return lane_of_packet(link, &packet);
		break;
	}
	return QN_LANE_OTHER;
}
