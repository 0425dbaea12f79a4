/* SPDX-License-Identifier: BSD-2-Clause */
#include "packets.h"

#include <string.h>

const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0x02};
const uint8_t other_mac[6] = {0x02, 0, 0, 0, 0, 0x03};
const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

const struct flow flow_ipv4 = {
    .source_mac = peer_mac,
    .destination_mac = our_mac,
    .source = "10.0.0.9",
    .destination = "10.0.0.2",
    .hop_limit = 57,
};

const struct flow flow_ipv6 = {
    .source_mac = peer_mac,
    .destination_mac = our_mac,
    .source = "fd00::9",
    .destination = "fd00::2",
    .hop_limit = 57,
};

struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	if (!qn_address_from_text(&address, text))
		fail_msg("not an address: %s", text);
	return address;
}

struct qn_view
packet_view(const struct packet *packet)
{
	return (struct qn_view){packet->data, packet->len};
}

struct qn_span
packet_span(struct packet *packet)
{
	return (struct qn_span){packet->data, sizeof(packet->data)};
}

uint16_t
naive_sum(struct qn_view bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes.data[i] << 8 : bytes.data[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static void
put(struct packet *packet, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(packet->data) - packet->len);
	memcpy(packet->data + packet->len, bytes, len);
	packet->len += len;
}

static void
put8(struct packet *packet, unsigned value)
{
	const uint8_t octet = (uint8_t)value;

	put(packet, &octet, 1);
}

static void
put16(struct packet *packet, unsigned value)
{
	put8(packet, value >> 8);
	put8(packet, value);
}

static void
set16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

void
packet_pad(struct packet *packet, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put8(packet, 0xee);
}

static void
start(struct packet *packet, const struct flow *flow, unsigned type)
{
	packet->len = 0;
	put(packet, flow->destination_mac, 6);
	put(packet, flow->source_mac, 6);
	if (flow->tagged) {
		put16(packet, 0x8100);
		put16(packet, flow->vlan_tci);
	}
	put16(packet, type);
	packet->l3_at = packet->len;
}

static void
put_ipv4_header(struct packet *packet, const struct flow *flow, uint8_t protocol,
    struct qn_view options, size_t payload_len)
{
	assert_int_equal(options.len % 4, 0);
	put8(packet, 0x40 | (5 + options.len / 4));
	put8(packet, 0x28); /* A type of service that replies must not copy. */
	put16(packet, (unsigned)(20 + options.len + payload_len));
	put16(packet, 0x1234); /* Identification. */
	put16(packet, 0);
	put8(packet, flow->hop_limit);
	put8(packet, protocol);
	put16(packet, 0);
	put(packet, address_of(flow->source).octets, 4);
	put(packet, address_of(flow->destination).octets, 4);
	put(packet, options.data, options.len);
}

static void
put_ipv6_header(struct packet *packet, const struct flow *flow, uint8_t protocol,
    struct qn_view extensions, size_t payload_len)
{
	put16(packet, 0x6281); /* Traffic class and flow label that replies must not copy. */
	put16(packet, 0x2345);
	put16(packet, (unsigned)(extensions.len + payload_len));
	put8(packet, extensions.len > 0 ? flow->extra_first : protocol);
	put8(packet, flow->hop_limit);
	put(packet, address_of(flow->source).octets, 16);
	put(packet, address_of(flow->destination).octets, 16);
	put(packet, extensions.data, extensions.len);
}

void
packet_ip(struct packet *packet, const struct flow *flow, uint8_t protocol, struct qn_view payload)
{
	const bool ipv6 = strchr(flow->source, ':') != NULL;
	uint8_t room[2048];
	const struct qn_view extra =
	    test_hex((struct qn_span){room, sizeof(room)}, flow->extra == NULL ? "" : flow->extra);

	start(packet, flow, ipv6 ? 0x86dd : 0x0800);
	if (ipv6)
		put_ipv6_header(packet, flow, protocol, extra, payload.len);
	else
		put_ipv4_header(packet, flow, protocol, extra, payload.len);
	packet->l4_at = packet->len;
	packet->protocol = protocol;
	put(packet, payload.data, payload.len);
	packet_seal_ip(packet);
}

void
packet_seal_ip(struct packet *packet)
{
	uint8_t *header = packet->data + packet->l3_at;

	if (header[0] >> 4 != 4)
		return;
	set16(header + 10, 0);
	set16(header + 10,
	    (uint16_t)~naive_sum((struct qn_view){header, (size_t)(header[0] & 15) * 4}));
}

/* Sum of the pseudo-header and `len` octets at `l4`, the IP header being at `l3`. */
static uint16_t
sum_with_pseudo_header(const uint8_t *l3, const uint8_t *l4, uint8_t protocol, size_t len)
{
	static uint8_t bytes[PACKET_MAX + 40];
	const bool ipv6 = l3[0] >> 4 == 6;
	const size_t addresses_len = ipv6 ? 32 : 8;

	memcpy(bytes, l3 + (ipv6 ? 8 : 12), addresses_len);
	set16(bytes + addresses_len, protocol);
	set16(bytes + addresses_len + 2, (unsigned)len);
	memcpy(bytes + addresses_len + 4, l4, len);
	return naive_sum((struct qn_view){bytes, addresses_len + 4 + len});
}

/* The sum that `protocol` puts its checksum of, over `len` octets at `l4`. */
static uint16_t
sum_of(const uint8_t *l3, const uint8_t *l4, uint8_t protocol, size_t len)
{
	return protocol == PROTOCOL_ICMP ? naive_sum((struct qn_view){l4, len})
	                                 : sum_with_pseudo_header(l3, l4, protocol, len);
}

void
packet_seal_l4(struct packet *packet)
{
	uint8_t *l4 = packet->data + packet->l4_at;
	const bool udp = packet->protocol == PROTOCOL_UDP;
	const size_t len = udp ? get16(l4 + 4) : packet->len - packet->l4_at;
	uint8_t *checksum = l4 + (udp ? 6 : 2);
	uint16_t value;

	set16(checksum, 0);
	value = (uint16_t)~sum_of(packet->data + packet->l3_at, l4, packet->protocol, len);
	set16(checksum, udp && value == 0 ? 0xffff : value);
}

void
packet_udp(struct packet *packet, const struct flow *flow, uint16_t source_port,
    uint16_t destination_port, struct qn_view payload)
{
	static uint8_t datagram[PACKET_MAX];

	set16(datagram, source_port);
	set16(datagram + 2, destination_port);
	set16(datagram + 4, (unsigned)(8 + payload.len));
	memcpy(datagram + 8, payload.data, payload.len);
	packet_ip(packet, flow, PROTOCOL_UDP, (struct qn_view){datagram, 8 + payload.len});
	packet_seal_l4(packet);
}

void
packet_icmp(struct packet *packet, const struct flow *flow, struct qn_view message)
{
	const bool ipv6 = strchr(flow->source, ':') != NULL;

	packet_ip(packet, flow, ipv6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP, message);
	packet_seal_l4(packet);
}

void
packet_arp(struct packet *packet, const struct flow *flow, uint16_t operation,
    const uint8_t *sender_mac, const char *sender, const char *target)
{
	start(packet, flow, 0x0806);
	put16(packet, 1);
	put16(packet, 0x0800);
	put8(packet, 6);
	put8(packet, 4);
	put16(packet, operation);
	put(packet, sender_mac, 6);
	put(packet, address_of(sender).octets, 4);
	put(packet, operation == 1 ? (const uint8_t[6]){0} : flow->destination_mac, 6);
	put(packet, address_of(target).octets, 4);
}

void
packet_nd(struct packet *packet, const struct flow *flow, uint8_t type, uint8_t flags,
    const char *target, const char *options)
{
	uint8_t message[512] = {type, 0, 0, 0, flags};
	struct qn_view decoded;

	memcpy(message + 8, address_of(target).octets, 16);
	decoded = test_hex((struct qn_span){message + 24, sizeof(message) - 24}, options);
	packet_icmp(packet, flow, (struct qn_view){message, 24 + decoded.len});
}

static size_t
header_len(const uint8_t *l3)
{
	return l3[0] >> 4 == 6 ? 40 : 20;
}

/* Length of the packet by its header, and what is in it. */
static size_t
check_ip_header(const uint8_t *l3, uint8_t *protocol)
{
	if (l3[0] >> 4 == 6) {
		*protocol = l3[6];
		return 40 + get16(l3 + 4);
	}
	assert_int_equal(l3[0], 0x45);
	assert_int_equal(naive_sum((struct qn_view){l3, 20}), 0xffff);
	*protocol = l3[9];
	return get16(l3 + 2);
}

void
assert_sound(struct qn_view frame)
{
	const bool tagged = get16(frame.data + 12) == 0x8100;
	const size_t l3_at = tagged ? 18 : 14;
	const uint8_t *l3 = frame.data + l3_at;
	const uint8_t *l4 = l3 + header_len(l3);
	const size_t l4_len = frame.len - l3_at - header_len(l3);
	uint8_t protocol;

	assert_true(frame.len >= l3_at + header_len(l3) + 8);
	assert_int_equal(get16(l3 - 2), l3[0] >> 4 == 6 ? 0x86dd : 0x0800);
	assert_int_equal(check_ip_header(l3, &protocol), frame.len - l3_at);
	if (protocol == PROTOCOL_UDP) {
		assert_int_equal(get16(l4 + 4), l4_len);
		assert_int_not_equal(get16(l4 + 6), 0);
	} else {
		assert_int_equal(protocol, l3[0] >> 4 == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP);
	}
	assert_int_equal(sum_of(l3, l4, protocol, l4_len), 0xffff);
}

void
assert_hex(struct qn_view frame, const char *hex)
{
	uint8_t room[256];

	assert_view_equal(frame, test_hex((struct qn_span){room, sizeof(room)}, hex));
}
