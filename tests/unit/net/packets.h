/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Frames for the tests of lib/net, made octet by octet with nothing from lib/net, so that
 * they can contradict it; and a reader, just as plain, for the frames it writes.
 */
#include "base/address.h"
#include "support/test.h"

#include <stdbool.h>

#define PACKET_MAX 16384

extern const uint8_t our_mac[6];
extern const uint8_t peer_mac[6];
extern const uint8_t other_mac[6];
extern const uint8_t broadcast_mac[6];

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ICMPV6 = 58,
};

struct packet {
	uint8_t data[PACKET_MAX];
	size_t len;
	size_t l3_at;
	size_t l4_at;
	uint8_t protocol;
};

/** Who sends to whom, and what is in between. */
struct flow {
	const uint8_t *source_mac;
	const uint8_t *destination_mac;
	bool tagged;
	uint16_t vlan_tci;
	const char *source; /* Text of an IPv4 or IPv6 address. */
	const char *destination;
	uint8_t hop_limit;
	const char *extra;   /* Hexadecimal: IPv4 options, or IPv6 extension headers. */
	uint8_t extra_first; /* Next header of the IPv6 header when there is `extra`. */
};

/** The peer, 10.0.0.9 or fd00::9, to us, 10.0.0.2 or fd00::2. */
extern const struct flow flow_ipv4;
extern const struct flow flow_ipv6;

/** The address that `text` spells; fails the test when it spells none. */
struct qn_address address_of(const char *text);

struct qn_view packet_view(const struct packet *packet);

/** All the room of a packet, to hand it to what answers in place. */
struct qn_span packet_span(struct packet *packet);

/** A packet of any protocol; its checksum is the caller's affair. */
void packet_ip(
    struct packet *packet, const struct flow *flow, uint8_t protocol, struct qn_view payload);

/** A datagram with its checksum. */
void packet_udp(struct packet *packet, const struct flow *flow, uint16_t source_port,
    uint16_t destination_port, struct qn_view payload);

/** An ICMP or ICMPv6 message, whose checksum is put into its octets 2 and 3. */
void packet_icmp(struct packet *packet, const struct flow *flow, struct qn_view message);

/** An ARP packet in a frame of `flow`, which gives MACs and tag. */
void packet_arp(struct packet *packet, const struct flow *flow, uint16_t operation,
    const uint8_t *sender_mac, const char *sender, const char *target);

/**
 * A neighbour solicitation (type 135) or advertisement (136) for `target` with `options` in
 * hexadecimal behind it.
 */
void packet_nd(struct packet *packet, const struct flow *flow, uint8_t type, uint8_t flags,
    const char *target, const char *options);

/** Makes the IPv4 header checksum right again after an edit. */
void packet_seal_ip(struct packet *packet);

/** Makes the checksum of UDP, ICMP or ICMPv6 right again after an edit. */
void packet_seal_l4(struct packet *packet);

/** Appends `len` octets that belong to no header. */
void packet_pad(struct packet *packet, size_t len);

/** One's complement sum of big-endian words, folded (RFC 1071 s4.1). */
uint16_t naive_sum(struct qn_view bytes);

/**
 * Fails the test unless `frame` is an IP packet without options or extension headers whose
 * lengths fit each other and the frame, and whose checksums are right.
 */
void assert_sound(struct qn_view frame);

/** Fails the test unless `frame` is what `hex` says. */
void assert_hex(struct qn_view frame, const char *hex);
