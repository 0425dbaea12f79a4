/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"

#include <string.h>

enum {
	REQUEST = 1,
	REPLY = 2,
};

static struct packet packet;
static struct qn_link *test_link;

static int
setup(void **state)
{
	const struct qn_link_config config = link_config();

	(void)state;
	test_link = link_of(&config);
	return 0;
}

static void
make_request(const uint8_t *mac, const char *sender, const char *target)
{
	struct flow flow = flow_ipv4;

	flow.source_mac = mac;
	flow.destination_mac = broadcast_mac;
	packet_arp(&packet, &flow, REQUEST, mac, sender, target);
}

/* Makes a neighbour of 10.0.0.9 at peer_mac whose answer came at `ms`. */
static void
resolve_peer(uint64_t ms)
{
	assert_route(test_link, "10.0.0.9", at_ms(ms), QN_LINK_RESOLVING, NULL);
	assert_true(link_drain(test_link, at_ms(ms)) > 0);
	make_answer(&packet, "10.0.0.9", peer_mac);
	assert_learned(test_link, &packet, at_ms(ms));
	assert_route(test_link, "10.0.0.9", at_ms(ms), QN_LINK_READY, peer_mac);
}

TEST(arp_answers_for_our_addresses)
{
	make_request(peer_mac, "10.0.0.9", "10.0.0.2");
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet), "0200000000020200000000010806 0001080006040002"
					 "020000000001 0a000002 020000000002 0a000009");
	make_request(peer_mac, "10.0.0.9", "192.0.2.53");
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_memory_equal(packet.data + 28, "\xc0\0\x02\x35", 4);
}

TEST(arp_answers_with_the_tag_it_was_asked_with)
{
	struct qn_link_config config = link_config();
	struct flow flow = flow_ipv4;

	config.tagged = flow.tagged = true;
	config.vlan_id = 5;
	flow.vlan_tci = 0xe005;
	test_link = link_of(&config);
	packet_arp(&packet, &flow, REQUEST, peer_mac, "10.0.0.9", "10.0.0.2");
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet), "0200000000020200000000018100e0050806 0001080006040002"
					 "020000000001 0a000002 020000000002 0a000009");
}

TEST(arp_defends_our_addresses_against_probes)
{
	make_request(peer_mac, "0.0.0.0", "10.0.0.2");
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet), "0200000000020200000000010806 0001080006040002"
					 "020000000001 0a000002 020000000002 00000000");
}

TEST(arp_ignores_questions_for_others)
{
	make_request(peer_mac, "10.0.0.9", "10.0.0.3");
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_NOT_OURS);
}

TEST(arp_ignores_senders_that_are_no_station)
{
	static const uint8_t macs[][6] = {{0}, {1, 0, 0x5e, 0, 0, 1}, {2, 0, 0, 0, 0, 1}};

	for (size_t i = 0; i < COUNT_OF(macs); i++) {
		packet_arp(&packet, &flow_ipv4, REQUEST, macs[i], "10.0.0.9", "10.0.0.2");
		assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_MALFORMED);
	}
}

TEST(arp_notices_who_claims_our_addresses)
{
	make_request(peer_mac, "10.0.0.2", "10.0.0.2");
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_CONFLICT);
	packet_arp(&packet, &flow_ipv4, REPLY, peer_mac, "192.0.2.53", "10.0.0.2");
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_CONFLICT);
}

TEST(arp_asks_everybody_first)
{
	struct qn_link_config config = link_config();

	config.gateway_count = 0;
	test_link = link_of(&config);
	assert_route(test_link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_true(qn_link_has_output(test_link, at_ms(0)));
	assert_true(link_request(test_link, &packet, at_ms(0)));
	assert_hex(packet_view(&packet), "ffffffffffff0200000000010806 0001080006040001"
					 "020000000001 0a000002 000000000000 0a000009");
	assert_false(link_request(test_link, &packet, at_ms(0)));
	assert_false(qn_link_has_output(test_link, at_ms(0)));
}

TEST(arp_asks_with_the_tag_of_the_link)
{
	struct qn_link_config config = link_config();

	config.gateway_count = 0;
	config.tagged = true;
	config.vlan_id = 291;
	test_link = link_of(&config);
	assert_route(test_link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_true(link_request(test_link, &packet, at_ms(0)));
	assert_hex(packet_view(&packet), "ffffffffffff02000000000181000123 0806 0001080006040001"
					 "020000000001 0a000002 000000000000 0a000009");
}

TEST(arp_learns_from_the_answer)
{
	resolve_peer(0);
	assert_route(test_link, "10.0.0.9", at_ms(10), QN_LINK_READY, peer_mac);
}

TEST(arp_does_not_learn_from_an_answer_it_did_not_ask_for)
{
	make_answer(&packet, "10.0.0.9", peer_mac);
	assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_STRANGER);
	resolve_peer(0);
	make_answer(&packet, "10.0.0.9", other_mac);
	assert_ignored(test_link, &packet, at_ms(5000), QN_LINK_IGNORED_NOT_ASKED);
	assert_route(test_link, "10.0.0.9", at_ms(5000), QN_LINK_READY, peer_mac);
}

TEST(arp_does_not_learn_from_an_answer_that_comes_too_late)
{
	assert_route(test_link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_true(link_drain(test_link, at_ms(0)) > 0);
	make_answer(&packet, "10.0.0.9", peer_mac);
	assert_ignored(test_link, &packet, at_ms(3001), QN_LINK_IGNORED_NOT_ASKED);
	assert_route(test_link, "10.0.0.9", at_ms(3001), QN_LINK_RESOLVING, NULL);
}

TEST(arp_does_not_learn_from_an_answer_to_somebody_else)
{
	assert_route(test_link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_true(link_drain(test_link, at_ms(0)) > 0);
	packet_arp(&packet, &flow_ipv4, REPLY, other_mac, "10.0.0.9", "10.0.0.77");
	assert_ignored(test_link, &packet, at_ms(1), QN_LINK_IGNORED_NOT_OURS);
}

TEST(arp_adds_nobody_who_only_asks)
{
	make_request(peer_mac, "10.0.0.9", "10.0.0.2");
	assert_int_equal(link_receive(test_link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_route(test_link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
}

TEST(arp_takes_hearsay_for_an_unresolved_neighbour_and_asks)
{
	assert_route(test_link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_true(link_drain(test_link, at_ms(0)) > 0);
	make_request(peer_mac, "10.0.0.9", "10.0.0.2");
	assert_int_equal(link_receive(test_link, &packet, at_ms(100)).verdict, QN_LINK_REPLY);
	assert_route(test_link, "10.0.0.9", at_ms(100), QN_LINK_READY, peer_mac);
	while (link_request(test_link, &packet, at_ms(1000)))
		if (packet.data[41] == 9) /* 10.0.0.9, the gateways are asked too. */
			break;
	assert_memory_equal(packet.data, peer_mac, 6);
}

TEST(arp_follows_gratuitous_news)
{
	static const uint16_t operations[] = {REQUEST, REPLY};

	for (size_t i = 0; i < COUNT_OF(operations); i++) {
		struct flow flow = flow_ipv4;

		setup(NULL);
		flow.destination_mac = broadcast_mac;
		packet_arp(&packet, &flow, operations[i], other_mac, "10.0.0.9", "10.0.0.9");
		assert_ignored(test_link, &packet, at_ms(0), QN_LINK_IGNORED_STRANGER);
		resolve_peer(0);
		packet_arp(&packet, &flow, operations[i], other_mac, "10.0.0.9", "10.0.0.9");
		assert_ignored(test_link, &packet, at_ms(999), QN_LINK_IGNORED_TOO_SOON);
		assert_route(test_link, "10.0.0.9", at_ms(999), QN_LINK_READY, peer_mac);
		assert_learned(test_link, &packet, at_ms(1000));
		assert_route(test_link, "10.0.0.9", at_ms(1000), QN_LINK_READY, other_mac);
	}
}

/* Whoever forges news of a neighbour brings about one request a second, to that station. */
TEST(arp_proves_gratuitous_news)
{
	struct qn_link_config config = link_config();
	struct flow flow = flow_ipv4;
	uint32_t count = 0;

	config.gateway_count = 0;
	test_link = link_of(&config);
	resolve_peer(0);
	flow.destination_mac = broadcast_mac;
	for (uint64_t ms = 1000; ms < 2000; ms++) {
		const uint8_t *mac = ms % 2 == 0 ? other_mac : peer_mac;

		packet_arp(&packet, &flow, REQUEST, mac, "10.0.0.9", "10.0.0.9");
		assert_learned(test_link, &packet, at_ms(ms));
		if (link_request(test_link, &packet, at_ms(ms))) {
			assert_memory_equal(packet.data, mac, 6);
			count++;
		}
	}
	assert_int_equal(count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(arp_answers_for_our_addresses, setup),
	    cmocka_unit_test_setup(arp_answers_with_the_tag_it_was_asked_with, setup),
	    cmocka_unit_test_setup(arp_defends_our_addresses_against_probes, setup),
	    cmocka_unit_test_setup(arp_ignores_questions_for_others, setup),
	    cmocka_unit_test_setup(arp_ignores_senders_that_are_no_station, setup),
	    cmocka_unit_test_setup(arp_notices_who_claims_our_addresses, setup),
	    cmocka_unit_test_setup(arp_asks_everybody_first, setup),
	    cmocka_unit_test_setup(arp_asks_with_the_tag_of_the_link, setup),
	    cmocka_unit_test_setup(arp_learns_from_the_answer, setup),
	    cmocka_unit_test_setup(arp_does_not_learn_from_an_answer_it_did_not_ask_for, setup),
	    cmocka_unit_test_setup(arp_does_not_learn_from_an_answer_that_comes_too_late, setup),
	    cmocka_unit_test_setup(arp_does_not_learn_from_an_answer_to_somebody_else, setup),
	    cmocka_unit_test_setup(arp_adds_nobody_who_only_asks, setup),
	    cmocka_unit_test_setup(arp_takes_hearsay_for_an_unresolved_neighbour_and_asks, setup),
	    cmocka_unit_test_setup(arp_follows_gratuitous_news, setup),
	    cmocka_unit_test_setup(arp_proves_gratuitous_news, setup),
	};

	return cmocka_run_group_tests_name("arp", tests, NULL, NULL);
}
