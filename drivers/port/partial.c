/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/partial.h"

#include "base/endian.h"
#include "net/checksum.h"

#define TYPE_AT      12u
#define TYPE_IPV4    0x0800
#define TYPE_VLAN    0x8100
#define TYPE_IPV6    0x86dd
#define VLAN_LEN     4u
#define ETHERNET_LEN 14u

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

#define TCP_LEN         20u
#define TCP_CHECKSUM_AT 16u
#define UDP_LEN         8u
#define UDP_LENGTH_AT   4u
#define UDP_CHECKSUM_AT 6u

/* A transport packet inside a frame and the sum of the pseudo-header that belongs to it. */
struct segment {
	uint8_t *data;
	uint32_t len;
	uint8_t protocol;
	uint64_t pseudo_sum;
};

static bool
ipv4_read(uint8_t *packet, uint32_t len, struct segment *segment)
{
	uint32_t header_len;
	uint32_t total_len;

	if (len < 20 || packet[0] >> 4 != 4)
		return false;
	header_len = (packet[0] & 15u) * 4;
	total_len = qn_load_be16(packet + 2);
	/* 0x3fff: more fragments, or not the first (RFC 791 s3.1). */
	if (header_len < 20 || total_len < header_len || total_len > len ||
	    (qn_load_be16(packet + 6) & 0x3fff) != 0)
		return false;
	segment->data = packet + header_len;
	segment->len = total_len - header_len;
	segment->protocol = packet[9];
	segment->pseudo_sum = qn_checksum_add8(0, packet + 12);
	return true;
}

static bool
ipv6_read(uint8_t *packet, uint32_t len, struct segment *segment)
{
	if (len < 40 || packet[0] >> 4 != 6)
		return false;
	segment->data = packet + 40;
	segment->len = qn_load_be16(packet + 4);
	segment->protocol = packet[6];
	segment->pseudo_sum = qn_checksum_add(0, packet + 8, 32);
	return segment->len <= len - 40;
}

/* Where the segment's checksum is; NULL when it is neither UDP nor TCP that a socket made. */
static uint8_t *
checksum_place(const struct segment *segment)
{
	if (segment->protocol == PROTOCOL_UDP && segment->len >= UDP_LEN &&
	    qn_load_be16(segment->data + UDP_LENGTH_AT) == segment->len)
		return segment->data + UDP_CHECKSUM_AT;
	if (segment->protocol == PROTOCOL_TCP && segment->len >= TCP_LEN)
		return segment->data + TCP_CHECKSUM_AT;
	return NULL;
}

static bool
segment_find(uint8_t *frame, uint32_t len, struct segment *segment)
{
	uint32_t header_len = ETHERNET_LEN;

	if (len < ETHERNET_LEN + VLAN_LEN)
		return false;
	if (qn_load_be16(frame + TYPE_AT) == TYPE_VLAN)
		header_len += VLAN_LEN;
	switch (qn_load_be16(frame + header_len - 2)) {
	case TYPE_IPV4:
		return ipv4_read(frame + header_len, len - header_len, segment);
	case TYPE_IPV6:
		return ipv6_read(frame + header_len, len - header_len, segment);
	default:
		return false;
	}
}

bool
qn_partial_fill(uint8_t *frame, uint32_t len)
{
	static const uint8_t zero[2] = {0, 0};
	struct segment segment;
	uint16_t partial;
	uint8_t *checksum;

	if (!segment_find(frame, len, &segment))
		return false;
	checksum = checksum_place(&segment);
	if (checksum == NULL)
		return false;
	segment.pseudo_sum = qn_checksum_add_word(segment.pseudo_sum, segment.protocol);
	segment.pseudo_sum = qn_checksum_add_word(segment.pseudo_sum, (uint16_t)segment.len);
	partial = qn_checksum_fold(segment.pseudo_sum);
	if (memcmp(checksum, &partial, sizeof(partial)) != 0)
		return false;
	/* With the field holding its pseudo-header's sum, the sum over the segment is the whole. */
	qn_checksum_store(checksum, qn_checksum_add(0, segment.data, segment.len));
	/* Zero would say that there is none (RFC 768). */
	if (segment.protocol == PROTOCOL_UDP && memcmp(checksum, zero, sizeof(zero)) == 0)
		memset(checksum, 0xff, sizeof(zero));
	return true;
}
