/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Any bytes as frames that arrive on a link, one after the other: what is read lies inside the
 * frame, what is answered reads back as an answer to who asked, and nothing outside the buffer is
 * touched (each has memory of exactly its size).
 *
 * An input is an octet whose lowest bit says whether the link is tagged, and for each frame: an
 * octet (bit 0: make the checksums right first; above: quarters of a second that pass before it),
 * its length in 2 octets, and the frame, which the end of the input may cut.
 */
#include "base/arena.h"
#include "base/endian.h"
#include "fuzz/fuzz.h"
#include "net/lane.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_COUNT_MAX 16
#define REPLY_LEN_MAX   1232
#define REQUEST_MAX     516 /* Neighbours of a link and its gateways, by link.h. */
#define EXTENSION_MAX   8
#define VLAN_ID         7

static const uint8_t our_mac[QN_MAC_OCTETS] = {0x02, 0, 0, 0, 0, 0x01};

/* Memory that ends with its last octet, so that a sanitizer sees any step beyond. */
static struct qn_span
exactly(size_t len)
{
	struct qn_span span = {malloc(len), len};

	qn_assert(span.data != NULL || len == 0);
	return span;
}

static struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	qn_assert(qn_address_from_text(&address, text));
	return address;
}

static struct qn_link *
link_make(bool tagged)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t block[1 << 16];
	struct qn_link_config config = {
	    .mtu = 1500,
	    .tagged = tagged,
	    .vlan_id = VLAN_ID,
	    .address_count = 2,
	    .services = {address_of("192.0.2.53"), address_of("2001:db8::53")},
	    .service_count = 2,
	    .gateways = {address_of("10.0.0.1"), address_of("fe80::1")},
	    .gateway_count = 2,
	};

	memcpy(config.mac, our_mac, sizeof(our_mac));
	qn_assert(qn_prefix_from_text(&config.addresses[0], "10.0.0.2/24"));
	qn_assert(qn_prefix_from_text(&config.addresses[1], "fd00::2/64"));
	qn_assert(qn_link_size() <= sizeof(block));
	return qn_link_init((struct qn_span){block, sizeof(block)}, &config);
}

/* The checksum as RFC 1071 s4.1 computes it, octet by octet: nothing shared with lib/net. */
static uint32_t
sum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Where the checksum is in the header of a protocol; 0 when there is none that we know. */
static size_t
checksum_at(uint8_t protocol)
{
	return protocol == 17 ? 6 : protocol == 1 || protocol == 58 ? 2 : 0;
}

/* Makes the checksum of the `len` octets at `l4` right. */
static void
repair_l4(uint8_t *l4, size_t len, uint8_t protocol, const uint8_t *addresses, size_t addresses_len)
{
	const size_t at = checksum_at(protocol);
	const size_t claimed = protocol == 17 && len >= 8 ? qn_load_be16(l4 + 4) : len;
	uint8_t pseudo_header[4] = {0, protocol, (uint8_t)(claimed >> 8), (uint8_t)claimed};
	uint32_t sum = 0;

	if (at == 0 || len < at + 2 || claimed > len)
		return;
	qn_store_be16(l4 + at, 0);
	if (protocol != 1) {
		sum = sum_add(sum, addresses, addresses_len);
		sum = sum_add(sum, pseudo_header, sizeof(pseudo_header));
	}
	sum = sum_add(sum, l4, claimed);
	qn_store_be16(l4 + at, (uint16_t)(sum == 0xffff && protocol == 17 ? sum : ~sum));
}

static void
repair_ipv4(uint8_t *header, size_t room)
{
	const size_t header_len = (size_t)(header[0] & 15) * 4;
	const size_t len = qn_load_be16(header + 2) < room ? qn_load_be16(header + 2) : room;

	if (header_len < 20 || header_len > len)
		return;
	repair_l4(header + header_len, len - header_len, header[9], header + 12, 8);
	qn_store_be16(header + 10, 0);
	qn_store_be16(header + 10, (uint16_t)~sum_add(0, header, header_len));
}

static bool
is_extension(uint8_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 60;
}

static void
repair_ipv6(uint8_t *header, size_t room)
{
	const size_t claimed = 40 + (size_t)qn_load_be16(header + 4);
	const size_t len = claimed < room ? claimed : room;
	uint8_t protocol = header[6];
	size_t at = 40;

	for (uint32_t i = 0; i < EXTENSION_MAX && is_extension(protocol) && len - at >= 8; i++) {
		const size_t extension_len = ((size_t)header[at + 1] + 1) * 8;

		protocol = header[at];
		if (extension_len > len - at)
			return;
		at += extension_len;
	}
	repair_l4(header + at, len - at, protocol, header + 8, 32);
}

/* Makes the checksums of a frame right, as far as it has any. */
static void
repair(struct qn_span bytes)
{
	const size_t l3_at = bytes.len >= 14 && qn_load_be16(bytes.data + 12) == 0x8100 ? 18 : 14;

	if (bytes.len >= l3_at + 20 && bytes.data[l3_at] >> 4 == 4)
		repair_ipv4(bytes.data + l3_at, bytes.len - l3_at);
	else if (bytes.len >= l3_at + 40 && bytes.data[l3_at] >> 4 == 6)
		repair_ipv6(bytes.data + l3_at, bytes.len - l3_at);
}

/* A frame that we wrote: its checksums do not change when they are made right. */
static void
check_checksums(struct qn_view bytes)
{
	struct qn_span copy = exactly(bytes.len);

	memcpy(copy.data, bytes.data, bytes.len);
	repair(copy);
	qn_assert(memcmp(copy.data, bytes.data, bytes.len) == 0);
	free(copy.data);
}

static void
check_frame(const struct qn_frame *frame, struct qn_view bytes)
{
	qn_assert(frame->kind <= QN_FRAME_DROP && frame->drop < QN_FRAME_DROP_COUNT);
	qn_assert((frame->kind == QN_FRAME_DROP) == (frame->drop != QN_FRAME_DROP_NONE));
	if (frame->kind == QN_FRAME_DROP || frame->kind == QN_FRAME_OTHER)
		return;
	qn_assert(frame->family == frame->source.address.family);
	qn_assert(frame->family == frame->destination.address.family);
	qn_assert(frame->l4_at >= qn_frame_l3_at(frame->tagged));
	qn_assert(frame->payload_at >= frame->l4_at);
	qn_assert((size_t)frame->payload_at + frame->payload_len <= bytes.len);
}

/* The reply in `bytes` goes back to who sent `frame`. */
static void
check_reply(struct qn_frame *reply, const struct qn_frame *frame, struct qn_view bytes)
{
	check_checksums(bytes);
	qn_assert(qn_frame_read(reply, bytes) != QN_FRAME_DROP);
	check_frame(reply, bytes);
	qn_assert(reply->tagged == frame->tagged && reply->vlan_tci == frame->vlan_tci);
}

static void
check_endpoint(const struct qn_endpoint *a, const struct qn_endpoint *b)
{
	qn_assert(qn_address_equal(&a->address, &b->address) && a->port == b->port);
}

/* Answers a datagram with its own payload, cut or lengthened. */
static void
udp_check(const struct qn_frame *frame, struct qn_view bytes, uint16_t reply_len)
{
	const size_t reply_end = (size_t)frame->payload_at + reply_len;
	struct qn_span buffer = exactly(reply_end > bytes.len ? reply_end : bytes.len);
	struct qn_span payload = exactly(reply_len);
	struct qn_frame reply;
	uint32_t len;

	memset(payload.data, 0x5a, reply_len);
	memcpy(buffer.data, bytes.data, bytes.len);
	memcpy(buffer.data + frame->payload_at, payload.data, reply_len);
	len = qn_frame_reply_udp(buffer, frame, reply_len);
	qn_assert(len <= buffer.len);
	check_reply(&reply, frame, (struct qn_view){buffer.data, len});
	qn_assert(reply.kind == QN_FRAME_UDP && reply.payload_len == reply_len);
	qn_assert((size_t)reply.payload_at + reply_len == len);
	qn_assert(memcmp(buffer.data + reply.payload_at, payload.data, reply_len) == 0);
	qn_assert(qn_mac_equal(reply.source_mac, frame->destination_mac));
	qn_assert(qn_mac_equal(reply.destination_mac, frame->source_mac));
	check_endpoint(&reply.source, &frame->destination);
	check_endpoint(&reply.destination, &frame->source);
	free(payload.data);
	free(buffer.data);
}

/* What a link answers to a frame of this kind is of this kind. */
static void
check_link_reply(const struct qn_frame *frame, struct qn_view bytes)
{
	struct qn_frame reply;

	check_reply(&reply, frame, bytes);
	qn_assert(reply.kind == (frame->kind == QN_FRAME_ECHO ? QN_FRAME_OTHER : frame->kind));
	qn_assert(qn_mac_equal(reply.source_mac, our_mac));
	qn_assert(!qn_mac_equal(reply.destination_mac, our_mac));
}

static void
link_check(
    struct qn_link *link, const struct qn_frame *frame, struct qn_view bytes, struct qn_now now)
{
	struct qn_span buffer =
	    exactly(bytes.len > QN_LINK_BUFFER_MIN ? bytes.len : QN_LINK_BUFFER_MIN);
	struct qn_link_result result;

	memcpy(buffer.data, bytes.data, bytes.len);
	result = qn_link_input(link, buffer, frame, now);
	qn_assert((result.verdict == QN_LINK_IGNORED) == (result.ignored != QN_LINK_IGNORED_NONE));
	qn_assert((result.verdict == QN_LINK_REPLY) == (result.len > 0));
	qn_assert(result.len <= buffer.len);
	if (result.verdict == QN_LINK_REPLY)
		check_link_reply(frame, (struct qn_view){buffer.data, result.len});
	free(buffer.data);
}

static void
route_check(struct qn_link *link, const struct qn_address *destination, struct qn_now now)
{
	struct qn_address source;
	struct qn_path path;

	if (qn_link_route(link, destination, now, &path, &source) != QN_LINK_READY)
		return;
	qn_assert(qn_mac_is_station(path.destination_mac));
	qn_assert(qn_mac_equal(path.source_mac, our_mac));
	qn_assert(source.family == destination->family && qn_link_owns(link, &source));
}

static void
output_check(struct qn_link *link, struct qn_now now)
{
	struct qn_span buffer = exactly(QN_LINK_BUFFER_MIN);
	uint32_t count = 0;
	struct qn_frame frame;
	uint32_t len;

	while ((len = qn_link_output(link, buffer, now)) > 0) {
		const struct qn_view bytes = {buffer.data, len};

		qn_assert(len <= buffer.len && ++count <= REQUEST_MAX);
		check_checksums(bytes);
		(void)qn_frame_read(&frame, bytes);
		qn_assert(frame.kind == QN_FRAME_ARP || frame.kind == QN_FRAME_ND);
	}
	free(buffer.data);
}

static void
frame_check(struct qn_link *link, struct qn_view bytes, struct qn_now now)
{
	struct qn_frame frame;

	qn_assert(qn_frame_read(&frame, bytes) == (enum qn_frame_kind)frame.kind);
	check_frame(&frame, bytes);
	if (frame.kind == QN_FRAME_UDP && qn_mac_is_station(frame.source_mac)) {
		udp_check(&frame, bytes, (uint16_t)(frame.source.port % REPLY_LEN_MAX));
		route_check(link, &frame.source.address, now);
	}
	qn_assert(qn_lane_of(link, bytes) < QN_LANE_COUNT);
	if (!qn_link_accepts(link, &frame))
		return;
	if (frame.kind == QN_FRAME_ARP || frame.kind == QN_FRAME_ND || frame.kind == QN_FRAME_ECHO)
		link_check(link, &frame, bytes, now);
	output_check(link, now);
}

/* Takes the next frame off the input and lets it arrive. */
static struct qn_view
step(struct qn_link *link, struct qn_view input, struct qn_now *now)
{
	const uint8_t flags = input.data[0];
	const size_t claimed = qn_load_be16(input.data + 1), room = input.len - 3;
	struct qn_span bytes = exactly(claimed < room ? claimed : room);

	memcpy(bytes.data, input.data + 3, bytes.len);
	now->mono = qn_mono_after_us(now->mono, (uint64_t)(flags >> 1) * QN_US_PER_S / 4);
	if (flags & 1)
		repair(bytes);
	frame_check(link, qn_view_of(bytes), *now);
	input = (struct qn_view){input.data + 3 + bytes.len, room - bytes.len};
	free(bytes.data);
	return input;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct qn_now now = {.mono = {QN_US_PER_S}};
	struct qn_view input = {data, len};
	struct qn_link *link;

	if (len == 0)
		return 0;
	link = link_make(data[0] & 1);
	input = (struct qn_view){data + 1, len - 1};
	for (uint32_t i = 0; i < FRAME_COUNT_MAX && input.len >= 3; i++)
		input = step(link, input, &now);
	return 0;
}
