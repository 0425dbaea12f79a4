/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/headers.h"

/*
 * Writes the header in front of its payload. A checksum of 0 is sent as its other
 * representation, all ones, because 0 says that there is none (RFC 768).
 */
static void
write_udp(
    uint8_t *at, const struct qn_ip_header *ip, uint16_t source_port, uint16_t destination_port)
{
	uint64_t sum = qn_headers_sum_start(ip);
	uint16_t checksum;

	sum = qn_checksum_add_word(sum, source_port);
	sum = qn_checksum_add_word(sum, destination_port);
	sum = qn_checksum_add_word(sum, ip->payload_len);
	sum = qn_checksum_add(sum, at + UDP_LEN, (size_t)ip->payload_len - UDP_LEN);
	checksum = (uint16_t)~qn_checksum_fold(sum);
	if (checksum == 0)
		checksum = 0xffff;
	qn_store_be16(at, source_port);
	qn_store_be16(at + UDP_DESTINATION_AT, destination_port);
	qn_store_be16(at + UDP_LENGTH_AT, ip->payload_len);
	memcpy(at + UDP_CHECKSUM_AT, &checksum, sizeof(checksum));
}

static struct qn_ip_header
ip_header(
    const struct qn_endpoint *source, const struct qn_endpoint *destination, uint16_t payload_len)
{
	return (struct qn_ip_header){
	    .source = &source->address,
	    .destination = &destination->address,
	    .protocol = IP_PROTOCOL_UDP,
	    .hop_limit = HOP_LIMIT,
	    .payload_len = (uint16_t)(UDP_LEN + payload_len),
	};
}

uint32_t
qn_frame_build_udp(struct qn_span buffer, const struct qn_path *path,
    const struct qn_endpoint *source, const struct qn_endpoint *destination, uint16_t payload_len)
{
	const uint8_t family = source->address.family;
	const uint32_t frame_len = (uint32_t)qn_frame_payload_at(path, family) + payload_len;
	const struct qn_ip_header ip = ip_header(source, destination, payload_len);

	qn_assert(frame_len <= buffer.len && frame_len <= QN_FRAME_LEN_MAX);
	write_udp(buffer.data + qn_headers_write_ip(buffer.data, path, &ip), &ip, source->port,
	    destination->port);
	return frame_len;
}

/* Where the headers have the length that ours have, tag and type stay as they came. */
static uint32_t
reply_in_place(struct qn_span buffer, const struct qn_frame *frame, uint16_t payload_len)
{
	const struct qn_ip_header ip = ip_header(&frame->destination, &frame->source, payload_len);
	const uint32_t frame_len = (uint32_t)frame->payload_at + payload_len;
	uint8_t *l3 = buffer.data + qn_frame_l3_at(frame->tagged);

	qn_assert(frame_len <= buffer.len && frame_len <= QN_FRAME_LEN_MAX);
	memcpy(buffer.data, frame->source_mac, QN_MAC_OCTETS);
	memcpy(buffer.data + QN_MAC_OCTETS, frame->destination_mac, QN_MAC_OCTETS);
	if (frame->family == QN_FAMILY_IPV6)
		qn_headers_write_ipv6(l3, &ip);
	else
		qn_headers_write_ipv4(l3, &ip);
	write_udp(buffer.data + frame->l4_at, &ip, frame->destination.port, frame->source.port);
	return frame_len;
}

uint32_t
qn_frame_reply_udp(struct qn_span buffer, const struct qn_frame *frame, uint16_t payload_len)
{
	const struct qn_path path = qn_frame_path_back(frame);
	const uint16_t payload_at = qn_frame_payload_at(&path, frame->family);

	qn_assert(frame->kind == QN_FRAME_UDP && payload_len <= buffer.len - frame->payload_at);
	if (payload_at == frame->payload_at)
		return reply_in_place(buffer, frame, payload_len);
	memmove(buffer.data + payload_at, buffer.data + frame->payload_at, payload_len);
	return qn_frame_build_udp(buffer, &path, &frame->destination, &frame->source, payload_len);
}
