/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"

#include "base/endian.h"

#include <string.h>

enum {
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
	ROUTER = 0x80,
	SOLICITED = 0x40,
	OVERRIDE = 0x20,
};

#define SOURCE_PEER  "0101020000000002"
#define TARGET_PEER  "0201020000000002"
#define TARGET_OTHER "0201020000000003"

static const uint8_t our_group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 2};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

static struct packet packet;
static struct qn_link *test_link;
static struct flow flow;

static int
setup(void **state)
{
	struct qn_link_config config = link_config();

	(void)state;
	config.gateway_count = 0;
	test_link = link_of(&config);
	flow = flow_ipv6;
	flow.hop_limit = 255;
	return 0;
}

static void
assert_answers(const char *target, uint8_t flags)
{
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_sound(packet_view(&packet));
	assert_int_equal(packet.len, 14 + 40 + 32);
	assert_int_equal(packet.data[14 + 7], 255);
	assert_memory_equal(packet.data + 14 + 8, address_of(target).octets, 16);
	assert_int_equal(packet.data[54], ADVERTISEMENT);
	assert_int_equal(packet.data[58], flags);
	assert_memory_equal(packet.data + 62, address_of(target).octets, 16);
}

static void
resolve_peer(uint64_t ms)
{
	assert_route(test_link, "fd00::9", at_ms(ms), QN_LINK_RESOLVING, NULL);
	assert_int_equal(link_drain(test_link, at_ms(ms)), 1);
	make_answer(&packet, "fd00::9", peer_mac);
	assert_learned(test_link, &packet, at_ms(ms));
	assert_route(test_link, "fd00::9", at_ms(ms), QN_LINK_READY, peer_mac);
}

TEST(nd_answers_for_our_addresses)
{
	flow.destination_mac = our_group_mac;
	flow.destination = "ff02::1:ff00:2";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", SOURCE_PEER);
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet),
	    "02000000000202000000000186dd 6000000000203aff"
	    "fd000000000000000000000000000002 fd000000000000000000000000000009"
	    "88001c9360000000 fd000000000000000000000000000002 0201020000000001");
}

TEST(nd_answers_unicast_solicitations_without_a_station)
{
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", "");
	assert_answers("fd00::2", SOLICITED | OVERRIDE);
	assert_memory_equal(packet.data, peer_mac, 6);
}

TEST(nd_answers_for_the_link_local_address)
{
	flow.destination = "fe80::ff:fe00:1";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fe80::ff:fe00:1", SOURCE_PEER);
	assert_answers("fe80::ff:fe00:1", SOLICITED | OVERRIDE);
}

/* Other nodes may have the same service address on this link (RFC 4861 s7.2.7). */
TEST(nd_answers_for_services_without_overriding)
{
	flow.destination = "2001:db8::53";
	packet_nd(&packet, &flow, SOLICITATION, 0, "2001:db8::53", SOURCE_PEER);
	assert_answers("2001:db8::53", SOLICITED);
}

TEST(nd_answers_with_the_tag_it_was_asked_with)
{
	struct qn_link_config config = link_config();

	config.tagged = flow.tagged = true;
	config.vlan_id = flow.vlan_tci = 9;
	test_link = link_of(&config);
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", SOURCE_PEER);
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_sound(packet_view(&packet));
	assert_memory_equal(packet.data + 12, "\x81\0\0\x09\x86\xdd", 6);
}

TEST(nd_answers_without_the_extension_headers)
{
	flow.extra_first = 0;
	flow.extra = "3a00050200000100";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", SOURCE_PEER);
	assert_answers("fd00::2", SOLICITED | OVERRIDE);
}

/* RFC 4862 s5.4.3: who has no address yet is told through the group of all nodes. */
TEST(nd_defends_our_addresses)
{
	flow.source = "::";
	flow.destination = "ff02::1:ff00:2";
	flow.destination_mac = our_group_mac;
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", "");
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet),
	    "33330000000102000000000186dd 6000000000203aff"
	    "fd000000000000000000000000000002 ff020000000000000000000000000001"
	    "88005a9920000000 fd000000000000000000000000000002 0201020000000001");
}

TEST(nd_ignores_broken_probes)
{
	flow.source = "::";
	flow.destination = "ff02::1:ff00:2";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", SOURCE_PEER);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_MALFORMED);
	flow.destination = "ff02::1";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", "");
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_MALFORMED);
}

TEST(nd_ignores_questions_for_others)
{
	flow.destination = "ff02::1:ff00:2";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::1:2", SOURCE_PEER);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_NOT_OURS);
}

TEST(nd_ignores_group_targets)
{
	packet_nd(&packet, &flow, SOLICITATION, 0, "ff02::1", SOURCE_PEER);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_MALFORMED);
	packet_nd(&packet, &flow, ADVERTISEMENT, OVERRIDE, "ff02::1", TARGET_PEER);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_MALFORMED);
}

TEST(nd_ignores_broken_options)
{
	static const char *const options[] = {
	    "0100020000000002",                   /* Length zero. */
	    "0102020000000002",                   /* Beyond the message. */
	    "0e",                                 /* Ends behind the type. */
	    "0102020000000002 00000000 00000000", /* No Ethernet address. */
	    "0101330000000002",                   /* A group. */
	    "0101000000000000",                   /* Nobody. */
	    SOURCE_PEER "0e00",                   /* Behind a good one. */
	};

	for (size_t i = 0; i < COUNT_OF(options); i++) {
		packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", options[i]);
		assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_MALFORMED);
	}
}

TEST(nd_passes_over_unknown_options)
{
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2",
	    "0e01aabbccddeeff" SOURCE_PEER "0502"
	    "0000000000000000000000000000");
	assert_answers("fd00::2", SOLICITED | OVERRIDE);
}

TEST(nd_notices_who_claims_our_addresses)
{
	packet_nd(&packet, &flow, ADVERTISEMENT, OVERRIDE, "fd00::2", TARGET_PEER);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_CONFLICT);
	flow.source = "fd00::2";
	flow.destination = "fe80::ff:fe00:1";
	packet_nd(&packet, &flow, SOLICITATION, 0, "fe80::ff:fe00:1", SOURCE_PEER);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_CONFLICT);
}

TEST(nd_asks_the_group_first)
{
	assert_route(test_link, "fd00::9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_true(link_request(test_link, &packet, at_ms(0)));
	assert_hex(packet_view(&packet),
	    "3333ff00000902000000000186dd 6000000000203aff"
	    "fd000000000000000000000000000002 ff0200000000000000000001ff000009"
	    "87007d8800000000 fd000000000000000000000000000009 0101020000000001");
	assert_false(link_request(test_link, &packet, at_ms(0)));
}

TEST(nd_asks_a_known_station_alone)
{
	resolve_peer(0);
	assert_route(test_link, "fd00::9", at_ms(15000), QN_LINK_READY, peer_mac);
	assert_true(link_request(test_link, &packet, at_ms(15000)));
	assert_sound(packet_view(&packet));
	assert_memory_equal(packet.data, peer_mac, 6);
	assert_memory_equal(packet.data + 14 + 24, address_of("fd00::9").octets, 16);
}

TEST(nd_asks_link_local_gateways_as_link_local)
{
	struct qn_link_config config = link_config();

	config.gateways[0] = address_of("fe80::1");
	config.gateway_count = 1;
	test_link = link_of(&config);
	assert_true(link_request(test_link, &packet, at_ms(0)));
	assert_sound(packet_view(&packet));
	assert_memory_equal(packet.data + 14 + 8, address_of("fe80::ff:fe00:1").octets, 16);
	make_answer(&packet, "fe80::1", gateway_mac);
	assert_learned(test_link, &packet, at_ms(1));
	assert_route(test_link, "2001:db8:1::1", at_ms(1), QN_LINK_READY, gateway_mac);
}

TEST(nd_learns_from_the_answer_only_when_asked)
{
	make_answer(&packet, "fd00::9", peer_mac);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_STRANGER);
	resolve_peer(0);
	make_answer(&packet, "fd00::9", other_mac);
	assert_ignored(test_link, &packet, at_ms(2000), QN_LINK_IGNORED_NOT_ASKED);
	assert_route(test_link, "fd00::9", at_ms(2000), QN_LINK_READY, peer_mac);
}

TEST(nd_ignores_answers_that_cannot_be_ours)
{
	assert_route(test_link, "fd00::9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_int_equal(link_drain(test_link, at_ms(0)), 1);
	packet_nd(&packet, &flow, ADVERTISEMENT, SOLICITED | OVERRIDE, "fd00::9", "");
	assert_ignored(test_link, &packet, at_ms(1), QN_LINK_IGNORED_MALFORMED);
	flow.destination = "ff02::1";
	packet_nd(&packet, &flow, ADVERTISEMENT, SOLICITED | OVERRIDE, "fd00::9", TARGET_PEER);
	assert_ignored(test_link, &packet, at_ms(1), QN_LINK_IGNORED_MALFORMED);
	flow.source = "::";
	packet_nd(&packet, &flow, ADVERTISEMENT, OVERRIDE, "fd00::9", TARGET_PEER);
	assert_ignored(test_link, &packet, at_ms(1), QN_LINK_IGNORED_MALFORMED);
	flow.source = "fd00::9";
	flow.destination = "fd00::77";
	packet_nd(&packet, &flow, ADVERTISEMENT, SOLICITED | OVERRIDE, "fd00::9", TARGET_PEER);
	assert_ignored(test_link, &packet, at_ms(1), QN_LINK_IGNORED_NOT_OURS);
	assert_route(test_link, "fd00::9", at_ms(1), QN_LINK_RESOLVING, NULL);
}

/* A unicast answer need not repeat the station (RFC 4861 s4.4). */
TEST(nd_takes_an_answer_without_the_station_as_proof)
{
	resolve_peer(0);
	assert_route(test_link, "fd00::9", at_ms(15000), QN_LINK_READY, peer_mac);
	assert_int_equal(link_drain(test_link, at_ms(15000)), 1);
	packet_nd(&packet, &flow, ADVERTISEMENT, SOLICITED, "fd00::9", "");
	assert_learned(test_link, &packet, at_ms(15001));
	assert_route(test_link, "fd00::9", at_ms(16001), QN_LINK_READY, peer_mac);
	assert_false(link_request(test_link, &packet, at_ms(16001)));
}

TEST(nd_learns_from_solicitations_what_it_wanted_to_know)
{
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", SOURCE_PEER);
	assert_answers("fd00::2", SOLICITED | OVERRIDE);
	assert_route(test_link, "fd00::9", at_ms(0), QN_LINK_RESOLVING, NULL);
	packet_nd(&packet, &flow, SOLICITATION, 0, "fd00::2", SOURCE_PEER);
	assert_answers("fd00::2", SOLICITED | OVERRIDE);
	assert_route(test_link, "fd00::9", at_ms(0), QN_LINK_READY, peer_mac);
}

/* RFC 4861 s7.2.5, by flag and by what was known. */
TEST(nd_follows_unsolicited_news_as_the_override_flag_says)
{
	resolve_peer(0);
	flow.destination = "ff02::1";
	flow.destination_mac = all_nodes_mac;
	packet_nd(&packet, &flow, ADVERTISEMENT, OVERRIDE, "fd00::9", TARGET_OTHER);
	assert_ignored(test_link, &packet, at_ms(999), QN_LINK_IGNORED_TOO_SOON);
	packet_nd(&packet, &flow, ADVERTISEMENT, ROUTER, "fd00::9", TARGET_OTHER);
	assert_learned(test_link, &packet, at_ms(1000));
	assert_route(test_link, "fd00::9", at_ms(1000), QN_LINK_READY, peer_mac);
	assert_true(link_request(test_link, &packet, at_ms(1000))); /* In doubt now. */
	packet_nd(&packet, &flow, ADVERTISEMENT, OVERRIDE, "fd00::9", TARGET_OTHER);
	assert_learned(test_link, &packet, at_ms(1001));
	assert_route(test_link, "fd00::9", at_ms(1001), QN_LINK_READY, other_mac);
}

TEST(nd_lets_an_answer_with_override_change_the_station)
{
	resolve_peer(0);
	assert_route(test_link, "fd00::9", at_ms(15000), QN_LINK_READY, peer_mac);
	assert_int_equal(link_drain(test_link, at_ms(15000)), 1);
	packet_nd(&packet, &flow, ADVERTISEMENT, SOLICITED | OVERRIDE, "fd00::9", TARGET_OTHER);
	assert_learned(test_link, &packet, at_ms(15001));
	assert_route(test_link, "fd00::9", at_ms(15001), QN_LINK_READY, other_mac);
	assert_int_equal(link_drain(test_link, at_ms(17000)), 0); /* Proved. */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(nd_answers_for_our_addresses, setup),
	    cmocka_unit_test_setup(nd_answers_unicast_solicitations_without_a_station, setup),
	    cmocka_unit_test_setup(nd_answers_for_the_link_local_address, setup),
	    cmocka_unit_test_setup(nd_answers_for_services_without_overriding, setup),
	    cmocka_unit_test_setup(nd_answers_with_the_tag_it_was_asked_with, setup),
	    cmocka_unit_test_setup(nd_answers_without_the_extension_headers, setup),
	    cmocka_unit_test_setup(nd_defends_our_addresses, setup),
	    cmocka_unit_test_setup(nd_ignores_broken_probes, setup),
	    cmocka_unit_test_setup(nd_ignores_questions_for_others, setup),
	    cmocka_unit_test_setup(nd_ignores_group_targets, setup),
	    cmocka_unit_test_setup(nd_ignores_broken_options, setup),
	    cmocka_unit_test_setup(nd_passes_over_unknown_options, setup),
	    cmocka_unit_test_setup(nd_notices_who_claims_our_addresses, setup),
	    cmocka_unit_test_setup(nd_asks_the_group_first, setup),
	    cmocka_unit_test_setup(nd_asks_a_known_station_alone, setup),
	    cmocka_unit_test_setup(nd_asks_link_local_gateways_as_link_local, setup),
	    cmocka_unit_test_setup(nd_learns_from_the_answer_only_when_asked, setup),
	    cmocka_unit_test_setup(nd_ignores_answers_that_cannot_be_ours, setup),
	    cmocka_unit_test_setup(nd_takes_an_answer_without_the_station_as_proof, setup),
	    cmocka_unit_test_setup(nd_learns_from_solicitations_what_it_wanted_to_know, setup),
	    cmocka_unit_test_setup(nd_follows_unsolicited_news_as_the_override_flag_says, setup),
	    cmocka_unit_test_setup(nd_lets_an_answer_with_override_change_the_station, setup),
	};

	return cmocka_run_group_tests_name("nd", tests, NULL, NULL);
}
