/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Ethernet frames: checked and taken apart on the way in, put together on the way out.
 *
 * A frame that read() does not drop has had every length, header and checksum checked that
 * its kind depends on, so that nobody behind it looks at the headers again. Nothing is
 * offloaded: checksums are verified and made here, whatever the device does.
 *
 * Bounds: at most 4 IPv6 extension headers, 256 octets of them together.
 * Memory: works in the caller's buffer; `struct qn_frame` is one cache line of offsets.
 * RFC:    768, 791, 1071, 1122 s3.2.1, 4443, 6864, 8200, 8504 s5.3; IEEE 802.1Q (one tag).
 */
#include "base/address.h"
#include "net/mac.h"

/** Frames longer than this, without check sequence, are dropped: the usual jumbo frame. */
#define QN_FRAME_LEN_MAX 9216

/** Most octets in front of a UDP payload that build() writes: tag, IPv6 and UDP headers. */
#define QN_FRAME_HEADER_LEN_MAX (14 + 4 + 40 + 8)

enum qn_frame_kind {
	QN_FRAME_UDP,   /* UDP from one host to one host, checksum right. */
	QN_FRAME_ARP,   /* Request or reply for IPv4 over Ethernet. */
	QN_FRAME_ND,    /* Neighbour solicitation or advertisement from this very link. */
	QN_FRAME_ECHO,  /* ICMP or ICMPv6 echo request to one host, checksum right. */
	QN_FRAME_OTHER, /* As far as it was read well formed, and not ours: for the kernel. */
	QN_FRAME_DROP,  /* Worth nothing to anybody; `drop` says why. */
};

/** Why a frame was dropped. */
enum qn_frame_drop {
	QN_FRAME_DROP_NONE,
	QN_FRAME_DROP_RUNT,              /* Ends inside its Ethernet header or tag. */
	QN_FRAME_DROP_OVERSIZED,         /* Longer than QN_FRAME_LEN_MAX. */
	QN_FRAME_DROP_IP_HEADER,         /* Version, or length of the IPv4 header. */
	QN_FRAME_DROP_IP_LENGTH,         /* Ends before the length its IP header claims. */
	QN_FRAME_DROP_IP_CHECKSUM,       /* IPv4 header checksum. */
	QN_FRAME_DROP_FRAGMENT,          /* Either family; an IPv6 atomic fragment too. */
	QN_FRAME_DROP_IP_OPTION,         /* IPv6 option that says to discard (RFC 8200 s4.2). */
	QN_FRAME_DROP_IP_EXTENSION,      /* Malformed, misplaced, too many or too long. */
	QN_FRAME_DROP_IP_ROUTING,        /* Routing header with segments left. */
	QN_FRAME_DROP_SOURCE,            /* Not the address of one other host. */
	QN_FRAME_DROP_DESTINATION,       /* Neither one host nor a group. */
	QN_FRAME_DROP_LINK_BROADCAST,    /* To many stations but one host (RFC 1122 s3.3.6). */
	QN_FRAME_DROP_UDP_LENGTH,        /* Below 8, or beyond the IP packet. */
	QN_FRAME_DROP_UDP_PORT,          /* Port 0, to which nobody can answer. */
	QN_FRAME_DROP_UDP_CHECKSUM,      /* Wrong. */
	QN_FRAME_DROP_UDP_CHECKSUM_NONE, /* Zero over IPv6 (RFC 8200 s8.1). */
	QN_FRAME_DROP_UDP_CHECKSUM_PARTIAL, /* Pseudo-header only: offload is on at a veth's far end. */
	QN_FRAME_DROP_ICMP_LENGTH,          /* Too short for its type. */
	QN_FRAME_DROP_ICMP_CHECKSUM,        /* Either family. */
	QN_FRAME_DROP_ECHO_GROUP,           /* Echo request to a multicast or broadcast address. */
	QN_FRAME_DROP_ARP_MALFORMED,        /* Too short, other hardware, or unknown operation. */
	QN_FRAME_DROP_ND_HOP_LIMIT,         /* Not 255: came from beyond the link. */
	QN_FRAME_DROP_ND_MALFORMED,         /* Code not 0 (RFC 4861 s7.1). */
	QN_FRAME_DROP_COUNT,
};

/** Words joined by underscores, for a counter's name; never NULL. */
const char *qn_frame_drop_name(enum qn_frame_drop drop);

/**
 * A frame taken apart. Offsets count from the first octet of the Ethernet header.
 *
 * Stations and tag are always set, but for QN_FRAME_DROP_RUNT; what was not read is zero.
 * With QN_FRAME_OTHER and QN_FRAME_DROP nothing else need have been read.
 * With QN_FRAME_ARP the endpoints' addresses are the sender's and the target's protocol
 * addresses, and `l4_at` is where the ARP packet starts, as is `payload_at`.
 */
struct qn_frame {
	uint8_t kind;   /* enum qn_frame_kind. */
	uint8_t drop;   /* enum qn_frame_drop. */
	uint8_t family; /* enum qn_family. */
	bool tagged;    /* Carries one 802.1Q tag. */
	uint16_t vlan_tci;
	uint16_t l4_at;       /* UDP, ICMP or ICMPv6 header. */
	uint16_t payload_at;  /* Behind that header's 8 octets. */
	uint16_t payload_len; /* By the headers' lengths: without Ethernet padding. */
	uint8_t source_mac[QN_MAC_OCTETS];
	uint8_t destination_mac[QN_MAC_OCTETS];
	struct qn_endpoint source; /* Ports are 0 unless it is UDP. */
	struct qn_endpoint destination;
};

_Static_assert(sizeof(struct qn_frame) == 64, "one cache line");

/** The stations and the tag of a frame to send. */
struct qn_path {
	uint8_t source_mac[QN_MAC_OCTETS];
	uint8_t destination_mac[QN_MAC_OCTETS];
	bool tagged;
	uint16_t vlan_tci;
};

/** Where the IP or ARP packet starts in a frame with or without a tag. */
static inline uint16_t
qn_frame_l3_at(bool tagged)
{
	return tagged ? 18 : 14;
}

/** Checks and takes apart the frame in `bytes`; fills `*frame` and returns its kind. */
enum qn_frame_kind qn_frame_read(struct qn_frame *frame, struct qn_view bytes);

/** The way back to whoever sent `frame`, a QN_FRAME_UDP: what a parked query keeps. */
static inline struct qn_path
qn_frame_path_back(const struct qn_frame *frame)
{
	struct qn_path path = {.tagged = frame->tagged, .vlan_tci = frame->vlan_tci};

	memcpy(path.source_mac, frame->destination_mac, QN_MAC_OCTETS);
	memcpy(path.destination_mac, frame->source_mac, QN_MAC_OCTETS);
	return path;
}

/**
 * Turns a received QN_FRAME_UDP round in its own buffer: the caller has put `payload_len`
 * octets at `frame->payload_at`. IPv4 options and IPv6 extension headers are left out, and
 * the payload moves forward over them. `buffer` is all the room there is; the reply has to
 * fit. Returns the length of the frame.
 */
uint32_t qn_frame_reply_udp(
    struct qn_span buffer, const struct qn_frame *frame, uint16_t payload_len);

/** Where the payload of a datagram of `family` starts in a frame on `path`. */
static inline uint16_t
qn_frame_payload_at(const struct qn_path *path, uint8_t family)
{
	return (uint16_t)(qn_frame_l3_at(path->tagged) + (family == QN_FAMILY_IPV6 ? 40 : 20) + 8);
}

/**
 * Writes the headers of a UDP datagram in front of `payload_len` octets that the caller has
 * put at qn_frame_payload_at(); returns the length of the frame. The endpoints are of one
 * family. Hop limit 64; IPv4 goes out with "don't fragment" set and identification 0
 * (RFC 6864 s4.1, RFC 9715). Frames below Ethernet's minimum are left to the device to pad.
 */
uint32_t qn_frame_build_udp(struct qn_span buffer, const struct qn_path *path,
    const struct qn_endpoint *source, const struct qn_endpoint *destination, uint16_t payload_len);
