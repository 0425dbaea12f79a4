/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/frame.h"
#include "packets.h"

#include "base/endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_HOP_BY_HOP  0
#define PROTOCOL_ROUTING     43
#define PROTOCOL_FRAGMENT    44
#define PROTOCOL_DESTINATION 60

static struct packet packet;
static struct qn_frame frame;

/* Every reason that a test has seen; the last test wants them all. */
static bool seen[QN_FRAME_DROP_COUNT];

/* Reads a copy without any room behind it, so that a sanitizer sees every octet too many. */
static enum qn_frame_kind
read_packet(void)
{
	uint8_t *copy = malloc(packet.len > 0 ? packet.len : 1);
	enum qn_frame_kind kind;

	memcpy(copy, packet.data, packet.len);
	kind = qn_frame_read(&frame, (struct qn_view){copy, packet.len});
	free(copy);
	return kind;
}

static void
assert_kind(enum qn_frame_kind kind)
{
	assert_int_equal(read_packet(), kind);
	assert_int_equal(frame.kind, kind);
	if (kind != QN_FRAME_DROP)
		assert_string_equal(qn_frame_drop_name(frame.drop), "none");
}

static void
assert_drop(enum qn_frame_drop reason)
{
	assert_int_equal(read_packet(), QN_FRAME_DROP);
	assert_string_equal(qn_frame_drop_name(frame.drop), qn_frame_drop_name(reason));
	seen[reason] = true;
}

static void
make_udp(const struct flow *flow)
{
	packet_udp(&packet, flow, 4242, 53, test_octets("a question"));
}

static void
make_echo(const struct flow *flow)
{
	uint8_t message[40] = {strchr(flow->source, ':') != NULL ? 128 : 8};

	packet_icmp(&packet, flow, (struct qn_view){message, sizeof(message)});
}

static void
assert_endpoint(const struct qn_endpoint *endpoint, const char *text, uint16_t port)
{
	const struct qn_address address = address_of(text);

	assert_true(qn_address_equal(&endpoint->address, &address));
	assert_int_equal(endpoint->port, port);
}

/* The frame must read as the datagram of make_udp(), `header_len` octets into the packet. */
static void
assert_is_the_question(const struct flow *flow, size_t header_len)
{
	const struct qn_view payload = {packet.data + frame.payload_at, frame.payload_len};

	assert_kind(QN_FRAME_UDP);
	assert_int_equal(frame.l4_at, (flow->tagged ? 18 : 14) + header_len);
	assert_int_equal(frame.payload_at, frame.l4_at + 8);
	assert_int_equal(frame.payload_len, strlen("a question"));
	assert_memory_equal(packet.data + frame.payload_at, "a question", payload.len);
	assert_endpoint(&frame.source, flow->source, 4242);
	assert_endpoint(&frame.destination, flow->destination, 53);
	assert_int_equal(frame.family, frame.source.address.family);
	assert_memory_equal(frame.source_mac, flow->source_mac, 6);
	assert_memory_equal(frame.destination_mac, flow->destination_mac, 6);
	assert_int_equal(frame.tagged, flow->tagged);
	assert_int_equal(frame.vlan_tci, flow->tagged ? flow->vlan_tci : 0);
}

TEST(frame_reads_a_datagram)
{
	make_udp(&flow_ipv4);
	assert_is_the_question(&flow_ipv4, 20);
	make_udp(&flow_ipv6);
	assert_is_the_question(&flow_ipv6, 40);
}

TEST(frame_reads_a_tagged_datagram)
{
	struct flow ipv4 = flow_ipv4, ipv6 = flow_ipv6;

	ipv4.tagged = ipv6.tagged = true;
	ipv4.vlan_tci = ipv6.vlan_tci = 0xa123;
	make_udp(&ipv4);
	assert_is_the_question(&ipv4, 20);
	make_udp(&ipv6);
	assert_is_the_question(&ipv6, 40);
}

TEST(frame_reads_an_empty_datagram)
{
	packet_udp(&packet, &flow_ipv4, 1, 2, test_octets(""));
	assert_kind(QN_FRAME_UDP);
	assert_int_equal(frame.payload_len, 0);
}

TEST(frame_reads_the_longest_datagram_and_no_longer_one)
{
	static uint8_t payload[QN_FRAME_LEN_MAX];

	packet_udp(
	    &packet, &flow_ipv4, 1, 2, (struct qn_view){payload, QN_FRAME_LEN_MAX - 14 - 20 - 8});
	assert_int_equal(packet.len, QN_FRAME_LEN_MAX);
	assert_kind(QN_FRAME_UDP);
	packet_pad(&packet, 1);
	assert_drop(QN_FRAME_DROP_OVERSIZED);
	assert_memory_equal(frame.source_mac, peer_mac, 6);
}

TEST(frame_ignores_ethernet_padding)
{
	make_udp(&flow_ipv4);
	packet_pad(&packet, 60);
	assert_is_the_question(&flow_ipv4, 20);
	make_udp(&flow_ipv6);
	packet_pad(&packet, 1);
	assert_is_the_question(&flow_ipv6, 40);
}

TEST(frame_passes_over_ipv4_options)
{
	struct flow flow = flow_ipv4;

	flow.extra = "94040000 01010100"; /* Router alert, padding. */
	make_udp(&flow);
	assert_is_the_question(&flow, 28);
	flow.extra = "01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101"
		     "01010101 01010100";
	make_udp(&flow);
	assert_is_the_question(&flow, 60);
}

TEST(frame_passes_over_ipv6_extension_headers)
{
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_HOP_BY_HOP;
	flow.extra = "11 00 0502 0000 0100"; /* Router alert, PadN. */
	make_udp(&flow);
	assert_is_the_question(&flow, 48);
	/* Hop-by-hop, destination, routing without segments left, destination. */
	flow.extra = "3c 00 01 04 00000000"
		     "2b 01 1e 0a 00000000 0000000000000000"
		     "3c 00 00 00 00000000"
		     "11 00 00 00 00000000";
	make_udp(&flow);
	assert_is_the_question(&flow, 40 + 8 + 16 + 8 + 8);
}

TEST(frame_drops_one_extension_header_too_many)
{
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_DESTINATION;
	flow.extra = "3c00010400000000 3c00010400000000 3c00010400000000 1100010400000000";
	make_udp(&flow);
	assert_kind(QN_FRAME_UDP);
	flow.extra = "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
		     "1100010400000000";
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_IP_EXTENSION);
}

/* An extension header of `len` octets full of padding, UDP behind it. */
static const char *
extension_of(size_t len)
{
	static char text[2 * 512 + 1];

	memset(text, '0', 2 * len);
	text[2 * len] = '\0';
	text[1] = text[0] = '1';
	snprintf(text + 2, 3, "%02zx", len / 8 - 1);
	text[4] = '0';
	return text;
}

TEST(frame_drops_extension_headers_that_are_too_long)
{
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_DESTINATION;
	flow.extra = extension_of(256);
	make_udp(&flow);
	assert_is_the_question(&flow, 40 + 256);
	flow.extra = extension_of(264);
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_IP_EXTENSION);
}

TEST(frame_drops_a_hop_by_hop_header_that_is_not_first)
{
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_DESTINATION;
	flow.extra = "0000010400000000 1100010400000000";
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_IP_EXTENSION);
}

TEST(frame_drops_an_extension_header_beyond_the_packet)
{
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_DESTINATION;
	flow.extra = "1105010400000000";
	packet_ip(&packet, &flow, PROTOCOL_UDP, test_octets("less than that"));
	assert_drop(QN_FRAME_DROP_IP_EXTENSION);
	flow.extra = "1100010400000000";
	packet_ip(&packet, &flow, PROTOCOL_UDP, test_octets(""));
	qn_store_be16(packet.data + packet.l3_at + 4, 7);
	assert_drop(QN_FRAME_DROP_IP_EXTENSION);
}

TEST(frame_drops_by_the_options_of_extension_headers)
{
	const struct {
		const char *extra;
		enum qn_frame_drop reason;
	} cases[] = {
	    {"11 00 1e04 00000000", QN_FRAME_DROP_NONE},          /* Unknown: skip. */
	    {"11 00 5e04 00000000", QN_FRAME_DROP_IP_OPTION},     /* Unknown: discard. */
	    {"11 00 9e04 00000000", QN_FRAME_DROP_IP_OPTION},     /* Discard and say so. */
	    {"11 00 c204 00010000", QN_FRAME_DROP_IP_OPTION},     /* Jumbo payload. */
	    {"11 00 0105 00000000", QN_FRAME_DROP_IP_EXTENSION},  /* Beyond the header. */
	    {"11 00 0103 000000 1e", QN_FRAME_DROP_IP_EXTENSION}, /* No length. */
	};
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_DESTINATION;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		flow.extra = cases[i].extra;
		make_udp(&flow);
		if (cases[i].reason == QN_FRAME_DROP_NONE)
			assert_is_the_question(&flow, 48);
		else
			assert_drop(cases[i].reason);
	}
}

TEST(frame_drops_source_routes)
{
	struct flow flow = flow_ipv6;

	flow.extra_first = PROTOCOL_ROUTING;
	flow.extra = "1102 0001 00000000 fd000000000000000000000000000077";
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_IP_ROUTING);
}

TEST(frame_drops_fragments)
{
	struct flow flow = flow_ipv6;

	/* An atomic fragment, a first, and one behind another extension header. */
	flow.extra_first = PROTOCOL_FRAGMENT;
	flow.extra = "1100 0000 00000001";
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_FRAGMENT);
	flow.extra = "1100 0001 00000001";
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_FRAGMENT);
	flow.extra_first = PROTOCOL_DESTINATION;
	flow.extra = "2c00010400000000 1100000100000001";
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_FRAGMENT);

	for (uint32_t bit = 0; bit < 16; bit++) {
		make_udp(&flow_ipv4);
		qn_store_be16(packet.data + packet.l3_at + 6, (uint16_t)(1u << bit));
		packet_seal_ip(&packet);
		if (bit >= 14) /* "Don't fragment", and the reserved bit. */
			assert_is_the_question(&flow_ipv4, 20);
		else
			assert_drop(QN_FRAME_DROP_FRAGMENT);
	}
}

TEST(frame_drops_runts)
{
	struct flow flow = flow_ipv4;

	make_udp(&flow);
	for (packet.len = 0; packet.len < 14; packet.len++)
		assert_drop(QN_FRAME_DROP_RUNT);
	flow.tagged = true;
	make_udp(&flow);
	for (packet.len = 0; packet.len < 18; packet.len++)
		assert_drop(QN_FRAME_DROP_RUNT);
}

TEST(frame_drops_what_ends_too_early)
{
	const struct flow *flows[] = {&flow_ipv4, &flow_ipv6};

	for (size_t i = 0; i < COUNT_OF(flows); i++) {
		size_t whole;

		make_udp(flows[i]);
		whole = packet.len;
		for (packet.len = 14; packet.len < whole; packet.len++)
			assert_drop(QN_FRAME_DROP_IP_LENGTH);
		assert_kind(QN_FRAME_UDP);
	}
}

static void
assert_ipv4_header_drops(size_t at, uint8_t value, enum qn_frame_drop reason)
{
	make_udp(&flow_ipv4);
	packet.data[packet.l3_at + at] = value;
	packet_seal_ip(&packet);
	assert_drop(reason);
}

TEST(frame_drops_broken_ip_headers)
{
	assert_ipv4_header_drops(0, 0x55, QN_FRAME_DROP_IP_HEADER); /* Version. */
	assert_ipv4_header_drops(0, 0x44, QN_FRAME_DROP_IP_HEADER); /* Header below 20 octets. */
	assert_ipv4_header_drops(3, 19, QN_FRAME_DROP_IP_HEADER);   /* Packet below its header. */
	assert_ipv4_header_drops(2, 4, QN_FRAME_DROP_IP_LENGTH);
	make_udp(&flow_ipv6);
	packet.data[packet.l3_at] = 0x40;
	assert_drop(QN_FRAME_DROP_IP_HEADER);
	make_udp(&flow_ipv6);
	packet.data[packet.l3_at + 5]++;
	assert_drop(QN_FRAME_DROP_IP_LENGTH);
}

TEST(frame_drops_a_wrong_ipv4_checksum)
{
	for (uint32_t bit = 0; bit < 16; bit++) {
		make_udp(&flow_ipv4);
		packet.data[packet.l3_at + 10 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_drop(QN_FRAME_DROP_IP_CHECKSUM);
	}
}

TEST(frame_drops_sources_that_are_not_a_host)
{
	static const char *const ipv4[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1",
	    "239.1.1.1", "240.0.0.1", "255.255.255.255", "10.0.0.2"};
	static const char *const ipv6[] = {"::", "::1", "ff02::1", "::ffff:10.0.0.1", "fd00::2"};
	struct flow flow = flow_ipv4;

	for (size_t i = 0; i < COUNT_OF(ipv4); i++) {
		flow.source = ipv4[i];
		make_udp(&flow);
		assert_drop(QN_FRAME_DROP_SOURCE);
		make_echo(&flow);
		assert_drop(QN_FRAME_DROP_SOURCE);
	}
	flow = flow_ipv6;
	for (size_t i = 0; i < COUNT_OF(ipv6); i++) {
		flow.source = ipv6[i];
		make_udp(&flow);
		assert_drop(QN_FRAME_DROP_SOURCE);
	}
}

TEST(frame_drops_destinations_that_are_nothing)
{
	static const char *const destinations[] = {
	    "0.0.0.0", "0.0.0.2", "127.0.0.1", "::", "::1", "::ffff:10.0.0.2"};

	for (size_t i = 0; i < COUNT_OF(destinations); i++) {
		struct flow flow = strchr(destinations[i], ':') != NULL ? flow_ipv6 : flow_ipv4;

		flow.destination = destinations[i];
		make_udp(&flow);
		assert_drop(QN_FRAME_DROP_DESTINATION);
	}
}

TEST(frame_takes_any_host_as_source)
{
	static const char *const sources[] = {"1.0.0.0", "10.255.255.255", "126.9.9.9", "128.0.0.1",
	    "169.254.1.1", "223.255.255.255", "::2", "::1:0:0", "::fffe:1.2.3.4", "1::ffff:1.2.3.4",
	    "fe80::1", "2001:db8::1"};

	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		struct flow flow = strchr(sources[i], ':') != NULL ? flow_ipv6 : flow_ipv4;

		flow.source = sources[i];
		make_udp(&flow);
		assert_kind(QN_FRAME_UDP);
	}
}

TEST(frame_drops_link_broadcasts_to_one_host)
{
	static const uint8_t group_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct flow flow = flow_ipv4;

	flow.destination_mac = broadcast_mac;
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_LINK_BROADCAST);
	flow = flow_ipv6;
	flow.destination_mac = group_mac;
	make_udp(&flow);
	assert_drop(QN_FRAME_DROP_LINK_BROADCAST);
}

TEST(frame_leaves_group_datagrams_to_the_kernel)
{
	static const char *const groups[] = {"224.0.0.251", "255.255.255.255"};
	struct flow flow = flow_ipv4;

	flow.destination_mac = broadcast_mac;
	flow.source = "0.0.0.0"; /* DHCP. */
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		flow.destination = groups[i];
		make_udp(&flow);
		assert_kind(QN_FRAME_OTHER);
	}
	flow = flow_ipv6;
	flow.destination = "ff02::fb";
	make_udp(&flow);
	assert_kind(QN_FRAME_OTHER);
}

TEST(frame_drops_udp_lengths_that_do_not_fit)
{
	static const uint16_t lens[] = {0, 7, 19, 0xffff};

	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		make_udp(&flow_ipv4);
		qn_store_be16(packet.data + packet.l4_at + 4, lens[i]);
		assert_drop(QN_FRAME_DROP_UDP_LENGTH);
		make_udp(&flow_ipv6);
		qn_store_be16(packet.data + packet.l4_at + 4, lens[i]);
		assert_drop(QN_FRAME_DROP_UDP_LENGTH);
	}
	packet_ip(&packet, &flow_ipv4, PROTOCOL_UDP, test_octets("7octets"));
	assert_drop(QN_FRAME_DROP_UDP_LENGTH);
}

TEST(frame_takes_a_datagram_shorter_than_its_packet)
{
	make_udp(&flow_ipv6);
	qn_store_be16(packet.data + packet.l4_at + 4, 8 + 3);
	packet_seal_l4(&packet);
	assert_kind(QN_FRAME_UDP);
	assert_int_equal(frame.payload_len, 3);
}

TEST(frame_drops_port_zero)
{
	packet_udp(&packet, &flow_ipv4, 0, 53, test_octets("x"));
	assert_drop(QN_FRAME_DROP_UDP_PORT);
	packet_udp(&packet, &flow_ipv6, 53, 0, test_octets("x"));
	assert_drop(QN_FRAME_DROP_UDP_PORT);
}

TEST(frame_drops_every_flipped_bit_of_a_datagram)
{
	const struct flow *flows[] = {&flow_ipv4, &flow_ipv6};

	for (size_t i = 0; i < COUNT_OF(flows); i++) {
		make_udp(flows[i]);
		for (size_t at = packet.l4_at; at < packet.len; at++)
			for (uint32_t bit = 0; bit < 8; bit++) {
				packet.data[at] ^= (uint8_t)(1 << bit);
				assert_int_equal(read_packet(), QN_FRAME_DROP);
				packet.data[at] ^= (uint8_t)(1 << bit);
			}
		assert_kind(QN_FRAME_UDP);
		packet.data[packet.len - 1] ^= 1;
		assert_drop(QN_FRAME_DROP_UDP_CHECKSUM);
	}
}

TEST(frame_takes_no_udp_checksum_over_ipv4_only)
{
	make_udp(&flow_ipv4);
	qn_store_be16(packet.data + packet.l4_at + 6, 0);
	assert_is_the_question(&flow_ipv4, 20);
	make_udp(&flow_ipv6);
	qn_store_be16(packet.data + packet.l4_at + 6, 0);
	assert_drop(QN_FRAME_DROP_UDP_CHECKSUM_NONE);
}

/* A kernel that leaves the rest to its device stores the sum of the pseudo-header. */
TEST(frame_names_partial_checksums)
{
	const struct flow *flows[] = {&flow_ipv4, &flow_ipv6};

	for (size_t i = 0; i < COUNT_OF(flows); i++) {
		uint8_t pseudo_header[36] = {0};
		size_t addresses_len;

		make_udp(flows[i]);
		addresses_len = flows[i] == &flow_ipv6 ? 32 : 8;
		memcpy(pseudo_header, packet.data + packet.l4_at - addresses_len, addresses_len);
		pseudo_header[addresses_len + 1] = PROTOCOL_UDP;
		pseudo_header[addresses_len + 3] = 8 + sizeof("a question") - 1;
		qn_store_be16(packet.data + packet.l4_at + 6,
		    naive_sum((struct qn_view){pseudo_header, addresses_len + 4}));
		assert_drop(QN_FRAME_DROP_UDP_CHECKSUM_PARTIAL);
	}
}

TEST(frame_reads_echo_requests)
{
	const struct flow *flows[] = {&flow_ipv4, &flow_ipv6};

	for (size_t i = 0; i < COUNT_OF(flows); i++) {
		make_echo(flows[i]);
		packet_pad(&packet, 5);
		assert_kind(QN_FRAME_ECHO);
		assert_int_equal(frame.l4_at, packet.l4_at);
		assert_int_equal(frame.payload_at, packet.l4_at + 8);
		assert_int_equal(frame.payload_len, 32);
		assert_endpoint(&frame.source, flows[i]->source, 0);
		packet.data[packet.l4_at + 20] ^= 4;
		assert_drop(QN_FRAME_DROP_ICMP_CHECKSUM);
	}
}

TEST(frame_drops_short_icmp)
{
	const uint8_t echo[] = {8, 0, 0, 0, 0, 0, 0}, echo6[] = {128, 0, 0, 0, 0, 0, 0};

	packet_icmp(&packet, &flow_ipv4, (struct qn_view){echo, sizeof(echo)});
	assert_drop(QN_FRAME_DROP_ICMP_LENGTH);
	packet_icmp(&packet, &flow_ipv6, (struct qn_view){echo6, sizeof(echo6)});
	assert_drop(QN_FRAME_DROP_ICMP_LENGTH);
	packet_ip(&packet, &flow_ipv4, PROTOCOL_ICMP, test_octets(""));
	assert_drop(QN_FRAME_DROP_ICMP_LENGTH);
	packet_ip(&packet, &flow_ipv6, PROTOCOL_ICMPV6, test_octets(""));
	assert_drop(QN_FRAME_DROP_ICMP_LENGTH);
}

TEST(frame_drops_echo_requests_to_groups)
{
	struct flow flow = flow_ipv4;

	flow.destination = "224.0.0.1";
	make_echo(&flow);
	assert_drop(QN_FRAME_DROP_ECHO_GROUP);
	flow = flow_ipv6;
	flow.destination = "ff02::1";
	make_echo(&flow);
	assert_drop(QN_FRAME_DROP_ECHO_GROUP);
}

static void
make_solicitation(uint8_t hop_limit)
{
	struct flow flow = flow_ipv6;

	flow.hop_limit = hop_limit;
	packet_nd(&packet, &flow, 135, 0, "fd00::2", "0101020000000002");
}

TEST(frame_reads_neighbour_messages)
{
	make_solicitation(255);
	assert_kind(QN_FRAME_ND);
	assert_int_equal(frame.l4_at, packet.l4_at);
	assert_int_equal(frame.payload_len, 24);
	make_solicitation(254);
	assert_drop(QN_FRAME_DROP_ND_HOP_LIMIT);
	make_solicitation(255);
	packet.data[packet.l4_at + 1] = 1;
	packet_seal_l4(&packet);
	assert_drop(QN_FRAME_DROP_ND_MALFORMED);
	make_solicitation(255);
	packet.data[packet.l4_at + 9] ^= 1;
	assert_drop(QN_FRAME_DROP_ICMP_CHECKSUM);
}

TEST(frame_drops_short_neighbour_messages)
{
	struct flow flow = flow_ipv6;

	flow.hop_limit = 255;
	for (size_t len = 1; len < 24; len++) {
		const uint8_t message[24] = {136};

		packet_icmp(&packet, &flow, (struct qn_view){message, len < 4 ? 4 : len});
		assert_drop(QN_FRAME_DROP_ICMP_LENGTH);
	}
}

TEST(frame_reads_arp)
{
	packet_arp(&packet, &flow_ipv4, 1, peer_mac, "10.0.0.9", "10.0.0.2");
	packet_pad(&packet, 18);
	assert_kind(QN_FRAME_ARP);
	assert_int_equal(frame.family, QN_FAMILY_IPV4);
	assert_int_equal(frame.l4_at, 14);
	assert_int_equal(frame.payload_at, 14);
	assert_endpoint(&frame.source, "10.0.0.9", 0);
	assert_endpoint(&frame.destination, "10.0.0.2", 0);
	packet_arp(&packet, &flow_ipv4, 2, peer_mac, "10.0.0.9", "10.0.0.2");
	assert_kind(QN_FRAME_ARP);
	packet_arp(&packet, &flow_ipv4, 1, peer_mac, "0.0.0.0", "10.0.0.2");
	assert_kind(QN_FRAME_ARP);
}

TEST(frame_drops_broken_arp)
{
	static const uint8_t first_octets[8] = {0, 1, 8, 0, 6, 4, 0, 1};

	for (size_t at = 0; at < sizeof(first_octets); at++) {
		packet_arp(&packet, &flow_ipv4, 1, peer_mac, "10.0.0.9", "10.0.0.2");
		packet.data[14 + at] ^= 0x10;
		assert_drop(QN_FRAME_DROP_ARP_MALFORMED);
	}
	packet_arp(&packet, &flow_ipv4, 3, peer_mac, "10.0.0.9", "10.0.0.2");
	assert_drop(QN_FRAME_DROP_ARP_MALFORMED);
	packet_arp(&packet, &flow_ipv4, 1, peer_mac, "10.0.0.9", "10.0.0.2");
	for (packet.len = 14; packet.len < 14 + 28; packet.len++)
		assert_drop(QN_FRAME_DROP_ARP_MALFORMED);
	packet_arp(&packet, &flow_ipv4, 1, peer_mac, "224.0.0.9", "10.0.0.2");
	assert_drop(QN_FRAME_DROP_SOURCE);
}

TEST(frame_leaves_the_rest_to_the_kernel)
{
	static const uint8_t types[][2] = {{0x88, 0xcc}, {0x88, 0xa8}, {0x81, 0x00}, {0x00, 0x26}};
	const uint8_t unreachable[8] = {3, 1}, advertisement[16] = {134};
	struct flow tagged = flow_ipv4;

	packet_ip(&packet, &flow_ipv4, PROTOCOL_TCP, test_octets("a segment, say"));
	assert_kind(QN_FRAME_OTHER);
	assert_endpoint(&frame.destination, "10.0.0.2", 0);
	packet_icmp(&packet, &flow_ipv4, (struct qn_view){unreachable, sizeof(unreachable)});
	assert_kind(QN_FRAME_OTHER);
	packet_icmp(&packet, &flow_ipv6, (struct qn_view){advertisement, sizeof(advertisement)});
	assert_kind(QN_FRAME_OTHER);
	packet_ip(&packet, &flow_ipv4, PROTOCOL_ICMPV6, test_octets("in the wrong family"));
	assert_kind(QN_FRAME_OTHER);
	packet_ip(&packet, &flow_ipv6, PROTOCOL_ICMP, test_octets("in the wrong family"));
	assert_kind(QN_FRAME_OTHER);
	tagged.tagged = true;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		make_udp(&tagged);
		memcpy(packet.data + 16, types[i], 2);
		assert_kind(QN_FRAME_OTHER);
		assert_int_equal(frame.family, QN_FAMILY_NONE);
	}
}

TEST(frame_drop_reasons_have_names_and_were_all_seen)
{
	for (uint32_t i = 1; i < QN_FRAME_DROP_COUNT; i++) {
		if (!seen[i])
			fail_msg("no test reaches %s", qn_frame_drop_name(i));
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(qn_frame_drop_name(i), qn_frame_drop_name(j));
	}
	assert_is_bug(qn_frame_drop_name(QN_FRAME_DROP_COUNT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frame_reads_a_datagram),
	    cmocka_unit_test(frame_reads_a_tagged_datagram),
	    cmocka_unit_test(frame_reads_an_empty_datagram),
	    cmocka_unit_test(frame_reads_the_longest_datagram_and_no_longer_one),
	    cmocka_unit_test(frame_ignores_ethernet_padding),
	    cmocka_unit_test(frame_passes_over_ipv4_options),
	    cmocka_unit_test(frame_passes_over_ipv6_extension_headers),
	    cmocka_unit_test(frame_drops_one_extension_header_too_many),
	    cmocka_unit_test(frame_drops_extension_headers_that_are_too_long),
	    cmocka_unit_test(frame_drops_a_hop_by_hop_header_that_is_not_first),
	    cmocka_unit_test(frame_drops_an_extension_header_beyond_the_packet),
	    cmocka_unit_test(frame_drops_by_the_options_of_extension_headers),
	    cmocka_unit_test(frame_drops_source_routes),
	    cmocka_unit_test(frame_drops_fragments),
	    cmocka_unit_test(frame_drops_runts),
	    cmocka_unit_test(frame_drops_what_ends_too_early),
	    cmocka_unit_test(frame_drops_broken_ip_headers),
	    cmocka_unit_test(frame_drops_a_wrong_ipv4_checksum),
	    cmocka_unit_test(frame_drops_sources_that_are_not_a_host),
	    cmocka_unit_test(frame_drops_destinations_that_are_nothing),
	    cmocka_unit_test(frame_takes_any_host_as_source),
	    cmocka_unit_test(frame_drops_link_broadcasts_to_one_host),
	    cmocka_unit_test(frame_leaves_group_datagrams_to_the_kernel),
	    cmocka_unit_test(frame_drops_udp_lengths_that_do_not_fit),
	    cmocka_unit_test(frame_takes_a_datagram_shorter_than_its_packet),
	    cmocka_unit_test(frame_drops_port_zero),
	    cmocka_unit_test(frame_drops_every_flipped_bit_of_a_datagram),
	    cmocka_unit_test(frame_takes_no_udp_checksum_over_ipv4_only),
	    cmocka_unit_test(frame_names_partial_checksums),
	    cmocka_unit_test(frame_reads_echo_requests),
	    cmocka_unit_test(frame_drops_short_icmp),
	    cmocka_unit_test(frame_drops_echo_requests_to_groups),
	    cmocka_unit_test(frame_reads_neighbour_messages),
	    cmocka_unit_test(frame_drops_short_neighbour_messages),
	    cmocka_unit_test(frame_reads_arp),
	    cmocka_unit_test(frame_drops_broken_arp),
	    cmocka_unit_test(frame_leaves_the_rest_to_the_kernel),
	    cmocka_unit_test(frame_drop_reasons_have_names_and_were_all_seen),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
