/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/icmp.h"

#include "net/headers.h"

/*
 * Changes the type and brings the checksum up to date without summing the data again
 * (RFC 1624 s3). The pseudo-header of ICMPv6 keeps its sum when the addresses change places.
 *
 * A difference of sums cannot tell the two zeros of ones' complement apart, and only a
 * message of nothing but zeros sums up to the positive one. An ICMP echo reply can be that.
 */
static void
change_type(uint8_t *message, size_t len, uint8_t type)
{
	uint16_t old_word, new_word, checksum;
	uint64_t sum;

	memcpy(&old_word, message, sizeof(old_word));
	memcpy(&checksum, message + ICMP_CHECKSUM_AT, sizeof(checksum));
	message[0] = type;
	memcpy(&new_word, message, sizeof(new_word));
	sum = (uint64_t)(uint16_t)~checksum + (uint16_t)~old_word + new_word;
	if (qn_checksum_fold(sum) == 0xffff && type == ICMP_ECHO_REPLY) {
		memset(message + ICMP_CHECKSUM_AT, 0, sizeof(checksum));
		sum = qn_checksum_add(0, message, len);
	}
	qn_checksum_store(message + ICMP_CHECKSUM_AT, sum);
}

static uint16_t
message_len(const struct qn_frame *frame)
{
	return (uint16_t)(ICMP_LEN + frame->payload_len);
}

uint32_t
qn_icmp_reply_len(const struct qn_frame *frame)
{
	const uint32_t header_len = frame->family == QN_FAMILY_IPV6 ? IPV6_LEN : IPV4_LEN;

	return header_len + message_len(frame);
}

uint32_t
qn_icmp_reply(struct qn_span buffer, const struct qn_frame *frame)
{
	const bool ipv6 = frame->family == QN_FAMILY_IPV6;
	const struct qn_path path = qn_frame_path_back(frame);
	const uint16_t len = message_len(frame);
	const uint16_t at = (uint16_t)(qn_frame_payload_at(&path, frame->family) - ICMP_LEN);
	const struct qn_ip_header ip = {
	    .source = &frame->destination.address,
	    .destination = &frame->source.address,
	    .protocol = ipv6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP,
	    .hop_limit = HOP_LIMIT,
	    .payload_len = len,
	};

	qn_assert(frame->kind == QN_FRAME_ECHO && frame->l4_at + len <= buffer.len);
	if (at != frame->l4_at)
		memmove(buffer.data + at, buffer.data + frame->l4_at, len);
	change_type(buffer.data + at, len, ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY);
	qn_headers_write_ip(buffer.data, &path, &ip);
	return (uint32_t)at + len;
}
