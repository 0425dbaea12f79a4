/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "base/random.h"
#include "net/frame.h"
#include "packets.h"

#include <string.h>

static struct packet packet;

static struct qn_path
path_to_peer(bool tagged)
{
	struct qn_path path = {.tagged = tagged, .vlan_tci = tagged ? 291 : 0};

	memcpy(path.source_mac, our_mac, 6);
	memcpy(path.destination_mac, peer_mac, 6);
	return path;
}

static void
build(bool tagged, const char *source, const char *destination, struct qn_view payload)
{
	const struct qn_path path = path_to_peer(tagged);
	const struct qn_endpoint from = {address_of(source), 5353};
	const struct qn_endpoint to = {address_of(destination), 53};

	memcpy(packet.data + qn_frame_payload_at(&path, from.address.family), payload.data,
	    payload.len);
	packet.len =
	    qn_frame_build_udp(packet_span(&packet), &path, &from, &to, (uint16_t)payload.len);
}

TEST(udp_builds_known_frames)
{
	memset(packet.data, 0xa5, 128);
	build(false, "10.0.0.2", "10.0.0.9", test_octets("hi!"));
	assert_hex(packet_view(&packet),
	    "0200000000020200000000010800 4500001f00004000401126c40a0000020a000009"
	    "14e90035000b4d46 686921");
	memset(packet.data, 0xa5, 128);
	build(true, "fd00::2", "fd00::9", test_octets("hi!"));
	assert_hex(packet_view(&packet),
	    "0200000000020200000000018100012386dd 60000000000b1140"
	    "fd000000000000000000000000000002 fd000000000000000000000000000009"
	    "14e90035000b6744 686921");
}

TEST(udp_builds_what_it_reads)
{
	static const uint8_t zeros[1232];

	for (uint32_t len = 0; len <= sizeof(zeros); len += 77)
		for (uint32_t way = 0; way < 4; way++) {
			const bool ipv6 = way & 1, tagged = way & 2;
			struct qn_frame frame;

			build(tagged, ipv6 ? "2001:db8::1" : "192.0.2.1",
			    ipv6 ? "2001:db8:ffff::2" : "198.51.100.2",
			    (struct qn_view){zeros, len});
			assert_sound(packet_view(&packet));
			assert_int_equal(qn_frame_read(&frame, packet_view(&packet)), QN_FRAME_UDP);
			assert_int_equal(frame.payload_len, len);
			assert_int_equal(frame.source.port, 5353);
			assert_int_equal(frame.destination.port, 53);
			assert_int_equal(frame.tagged, tagged);
			assert_int_equal(frame.vlan_tci, tagged ? 291 : 0);
		}
}

/* RFC 768: a sum of zero goes out as all ones. Two octets of payload can bring it about. */
TEST(udp_never_sends_a_checksum_of_zero)
{
	static const char *const ends[][2] = {{"10.0.0.2", "10.0.0.9"}, {"fd00::2", "fd00::9"}};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		const struct qn_path path = path_to_peer(false);
		uint8_t payload[2] = {0, 0};
		uint8_t *checksum;

		build(false, ends[i][0], ends[i][1], (struct qn_view){payload, 2});
		checksum = packet.data +
		           qn_frame_payload_at(&path, i == 0 ? QN_FAMILY_IPV4 : QN_FAMILY_IPV6) - 2;
		memcpy(payload, checksum, 2);
		build(false, ends[i][0], ends[i][1], (struct qn_view){payload, 2});
		assert_int_equal(qn_load_be16(checksum), 0xffff);
		assert_sound(packet_view(&packet));
	}
}

TEST(udp_does_not_build_beyond_its_buffer)
{
	const struct qn_path path = path_to_peer(false);
	const struct qn_endpoint from = {address_of("10.0.0.2"), 1},
				 to = {address_of("10.0.0.9"), 2};
	const struct qn_endpoint other = {address_of("fd00::9"), 2};

	assert_int_equal(
	    qn_frame_build_udp((struct qn_span){packet.data, 52}, &path, &from, &to, 10), 52);
	assert_is_bug(qn_frame_build_udp((struct qn_span){packet.data, 51}, &path, &from, &to, 10));
	assert_is_bug(qn_frame_build_udp(packet_span(&packet), &path, &from, &to, 9216 - 41));
	assert_is_bug(qn_frame_build_udp(packet_span(&packet), &path, &from, &other, 10));
}

/* Answers the datagram in the packet with `payload`, and checks who the answer goes to. */
static void
reply(const struct flow *flow, struct qn_view payload)
{
	struct qn_frame question, answer;

	assert_int_equal(qn_frame_read(&question, packet_view(&packet)), QN_FRAME_UDP);
	memcpy(packet.data + question.payload_at, payload.data, payload.len);
	packet.len = qn_frame_reply_udp(packet_span(&packet), &question, (uint16_t)payload.len);
	assert_sound(packet_view(&packet));
	assert_int_equal(qn_frame_read(&answer, packet_view(&packet)), QN_FRAME_UDP);
	assert_view_equal(
	    ((struct qn_view){packet.data + answer.payload_at, answer.payload_len}), payload);
	assert_memory_equal(answer.source_mac, flow->destination_mac, 6);
	assert_memory_equal(answer.destination_mac, flow->source_mac, 6);
	assert_true(qn_address_equal(&answer.source.address, &question.destination.address));
	assert_true(qn_address_equal(&answer.destination.address, &question.source.address));
	assert_int_equal(answer.source.port, question.destination.port);
	assert_int_equal(answer.destination.port, question.source.port);
	assert_int_equal(answer.tagged, flow->tagged);
	assert_int_equal(answer.vlan_tci, question.vlan_tci);
}

static void
ask_and_reply(const struct flow *flow)
{
	static const char *const answers[] = {"", "short", "an answer longer than what was asked"};

	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		packet_udp(&packet, flow, 4242, 53, test_octets("a question"));
		packet_pad(&packet, 7);
		reply(flow, test_octets(answers[i]));
	}
}

TEST(udp_replies_in_place)
{
	struct flow ipv4 = flow_ipv4, ipv6 = flow_ipv6;

	ask_and_reply(&ipv4);
	assert_int_equal(packet.data[14 + 1], 0); /* Type of service: not the asker's. */
	assert_int_equal(packet.data[14 + 8], 64);
	assert_int_equal(qn_load_be16(packet.data + 14 + 6), 0x4000);
	ask_and_reply(&ipv6);
	assert_int_equal(qn_load_be32(packet.data + 14), 0x60000000);
	assert_int_equal(packet.data[14 + 7], 64);
	ipv4.tagged = ipv6.tagged = true;
	ipv4.vlan_tci = ipv6.vlan_tci = 0xe00a;
	ask_and_reply(&ipv4);
	ask_and_reply(&ipv6);
}

TEST(udp_replies_without_the_options)
{
	struct flow ipv4 = flow_ipv4, ipv6 = flow_ipv6;

	ipv4.extra = "0101010101010100";
	ipv6.extra = "11020104000000000104000000000000 0104000000000000";
	ipv6.extra_first = 60;
	ask_and_reply(&ipv4);
	ask_and_reply(&ipv6);
	ipv4.tagged = ipv6.tagged = true;
	ask_and_reply(&ipv4);
	ask_and_reply(&ipv6);
}

TEST(udp_finds_the_same_way_back_later)
{
	struct packet parked;
	struct qn_frame question;
	struct qn_path path;

	packet_udp(&packet, &flow_ipv4, 4242, 53, test_octets("a question"));
	assert_int_equal(qn_frame_read(&question, packet_view(&packet)), QN_FRAME_UDP);
	path = qn_frame_path_back(&question);
	memcpy(parked.data + qn_frame_payload_at(&path, question.family), "answer", 6);
	parked.len = qn_frame_build_udp(
	    packet_span(&parked), &path, &question.destination, &question.source, 6);
	reply(&flow_ipv4, test_octets("answer"));
	assert_view_equal(packet_view(&packet), packet_view(&parked));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(udp_builds_known_frames),
	    cmocka_unit_test(udp_builds_what_it_reads),
	    cmocka_unit_test(udp_never_sends_a_checksum_of_zero),
	    cmocka_unit_test(udp_does_not_build_beyond_its_buffer),
	    cmocka_unit_test(udp_replies_in_place),
	    cmocka_unit_test(udp_replies_without_the_options),
	    cmocka_unit_test(udp_finds_the_same_way_back_later),
	};

	return cmocka_run_group_tests_name("udp", tests, NULL, NULL);
}
