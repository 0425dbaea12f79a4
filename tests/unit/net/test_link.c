/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"

#include "base/endian.h"

#include <string.h>

static struct packet packet;

static bool
accepts(struct qn_link *link, const uint8_t *source_mac, const uint8_t *destination_mac)
{
	struct flow flow = flow_ipv4;
	struct qn_frame frame;

	flow.source_mac = source_mac;
	flow.destination_mac = destination_mac;
	packet_udp(&packet, &flow, 1, 2, test_octets("x"));
	(void)qn_frame_read(&frame, packet_view(&packet));
	return qn_link_accepts(link, &frame);
}

static bool
accepts_tag(struct qn_link *link, bool tagged, uint16_t vlan_tci)
{
	struct flow flow = flow_ipv6;
	struct qn_frame frame;

	flow.tagged = tagged;
	flow.vlan_tci = vlan_tci;
	packet_udp(&packet, &flow, 1, 2, test_octets("x"));
	(void)qn_frame_read(&frame, packet_view(&packet));
	return qn_link_accepts(link, &frame);
}

TEST(link_accepts_what_is_for_us)
{
	static const uint8_t groups[][6] = {
	    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x33, 0x33, 0, 0, 0, 1},
	    {0x33, 0x33, 0xff, 0, 0, 2},    /* fd00::2 */
	    {0x33, 0x33, 0xff, 0, 0, 0x53}, /* 2001:db8::53 */
	    {0x33, 0x33, 0xff, 0, 0, 1},    /* fe80::ff:fe00:1 */
	};
	static const uint8_t others[][6] = {
	    {2, 0, 0, 0, 0, 3},
	    {0x33, 0x33, 0, 0, 0, 2},
	    {0x33, 0x33, 0xff, 0, 0, 3},
	    {0x33, 0x33, 0xfe, 0, 0, 2},
	    {0x33, 0x32, 0xff, 0, 0, 2},
	    {0x01, 0, 0x5e, 0, 0, 1},
	};
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	assert_true(accepts(link, peer_mac, our_mac));
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		assert_true(accepts(link, peer_mac, groups[i]));
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(accepts(link, peer_mac, others[i]));
}

/* net_af_packet hands up what the kernel itself sends on the interface. */
TEST(link_does_not_accept_our_own_frames)
{
	static const uint8_t nobody[6];
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	assert_false(accepts(link, our_mac, our_mac));
	assert_false(accepts(link, our_mac, broadcast_mac));
	assert_false(accepts(link, broadcast_mac, our_mac));
	assert_false(accepts(link, nobody, our_mac));
}

TEST(link_accepts_its_own_vlan)
{
	struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	assert_true(accepts_tag(link, false, 0));
	assert_true(accepts_tag(link, true, 0xa000)); /* A priority only. */
	assert_false(accepts_tag(link, true, 1));
	config.tagged = true;
	config.vlan_id = 77;
	link = link_of(&config);
	assert_true(accepts_tag(link, true, 77));
	assert_true(accepts_tag(link, true, 0x6000 | 77));
	assert_false(accepts_tag(link, true, 78));
	assert_false(accepts_tag(link, true, 0));
	assert_false(accepts_tag(link, false, 0));
}

TEST(link_accepts_no_runt)
{
	const struct qn_link_config config = link_config();
	struct qn_frame frame;

	(void)qn_frame_read(&frame, (struct qn_view){our_mac, 6});
	assert_false(qn_link_accepts(link_of(&config), &frame));
}

TEST(link_owns_its_addresses)
{
	static const char *const ours[] = {
	    "10.0.0.2", "fd00::2", "192.0.2.53", "2001:db8::53", "fe80::ff:fe00:1"};
	static const char *const others[] = {
	    "10.0.0.1", "10.0.0.0", "fd00::", "fd00::1", "fe80::1", "::ffff:10.0.0.2"};
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		const struct qn_address address = address_of(ours[i]);

		assert_true(qn_link_owns(link, &address));
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		const struct qn_address address = address_of(others[i]);

		assert_false(qn_link_owns(link, &address));
	}
}

/* RFC 4291 appendix A, example: the bit that says "universal" is turned. */
TEST(link_makes_its_link_local_address_from_the_mac)
{
	static const uint8_t mac[6] = {0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde};
	const struct qn_address address = address_of("fe80::3656:78ff:fe9a:bcde");
	struct qn_link_config config = link_config();

	memcpy(config.mac, mac, 6);
	assert_true(qn_link_owns(link_of(&config), &address));
}

TEST(link_knows_what_fits)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	assert_int_equal(qn_link_payload_max(link, QN_FAMILY_IPV4), 1472);
	assert_int_equal(qn_link_payload_max(link, QN_FAMILY_IPV6), 1452);
}

TEST(link_refuses_impossible_configurations)
{
	const struct qn_link_config good = link_config();
	struct qn_link_config bad = good;

	bad.address_count = QN_LINK_ADDRESS_MAX + 1;
	assert_is_bug(link_of(&bad));
	bad = good;
	bad.service_count = QN_LINK_SERVICE_MAX + 1;
	assert_is_bug(link_of(&bad));
	bad = good;
	bad.gateway_count = 2 * QN_LINK_GATEWAY_MAX + 1;
	assert_is_bug(link_of(&bad));
	bad = good;
	bad.gateways[1] = address_of("10.0.0.3"); /* A third one of the family. */
	assert_is_bug(link_of(&bad));
	bad = good;
	bad.mtu = 100;
	assert_is_bug(link_of(&bad));
	bad = good;
	bad.vlan_id = 4096;
	assert_is_bug(link_of(&bad));
}

/* The source that the link chooses towards `destination`, which must be ready. */
static void
assert_source(struct qn_link *link, const char *destination, const char *expected)
{
	const struct qn_address address = address_of(destination), source = address_of(expected);
	struct qn_address chosen;
	struct qn_path path;

	assert_int_equal(qn_link_route(link, &address, at_ms(0), &path, &chosen), QN_LINK_READY);
	assert_true(qn_address_equal(&chosen, &source));
	assert_int_equal(path.tagged, false);
}

static void
resolve(struct qn_link *link, const char *address, const uint8_t *mac, uint64_t ms)
{
	assert_true(link_drain(link, at_ms(ms)) > 0);
	make_answer(&packet, address, mac);
	assert_learned(link, &packet, at_ms(ms));
}

TEST(link_routes_to_gateways_and_neighbours)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	assert_route(link, "198.51.100.1", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_route(link, "2001:db8:9::1", at_ms(0), QN_LINK_RESOLVING, NULL);
	resolve(link, "10.0.0.1", gateway_mac, 0);
	assert_route(link, "198.51.100.1", at_ms(0), QN_LINK_READY, gateway_mac);
	assert_route(link, "2001:db8:9::1", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_route(link, "10.0.0.1", at_ms(0), QN_LINK_READY, gateway_mac);
	assert_route(link, "10.0.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	resolve(link, "10.0.0.9", peer_mac, 0);
	assert_route(link, "10.0.0.9", at_ms(0), QN_LINK_READY, peer_mac);
	assert_source(link, "198.51.100.1", "10.0.0.2");
	assert_source(link, "10.0.0.9", "10.0.0.2");
}

TEST(link_has_no_route_to_itself_or_to_many)
{
	static const char *const destinations[] = {"10.0.0.2", "192.0.2.53", "fd00::2",
	    "fe80::ff:fe00:1", "10.0.0.255", "10.0.0.0", "255.255.255.255", "224.0.0.1", "ff02::1",
	    "fe80::5", "127.0.0.1", "::1", "0.0.0.0"};
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	for (size_t i = 0; i < COUNT_OF(destinations); i++)
		assert_route(link, destinations[i], at_ms(0), QN_LINK_NO_ROUTE, NULL);
}

TEST(link_takes_every_address_of_a_point_to_point_network)
{
	struct qn_link_config config = link_config();
	struct qn_link *link;

	assert_true(qn_prefix_from_text(&config.addresses[0], "10.0.0.2/31"));
	link = link_of(&config);
	assert_route(link, "10.0.0.3", at_ms(0), QN_LINK_RESOLVING, NULL);
}

TEST(link_has_no_route_without_a_gateway)
{
	struct qn_link_config config = link_config();
	struct qn_link *link;

	config.gateway_count = 1; /* IPv4 only. */
	link = link_of(&config);
	assert_route(link, "198.51.100.1", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_route(link, "2001:db8:9::1", at_ms(0), QN_LINK_NO_ROUTE, NULL);
}

TEST(link_leaves_out_gateways_of_a_family_without_addresses)
{
	struct qn_link_config config = link_config();
	struct qn_link *link;

	config.address_count = 1; /* IPv4 only. */
	link = link_of(&config);
	assert_route(link, "2001:db8:9::1", at_ms(0), QN_LINK_NO_ROUTE, NULL);
	assert_int_equal(link_drain(link, at_ms(0)), 2);
}

TEST(link_speaks_from_the_network_of_the_next_hop)
{
	struct qn_link_config config = link_config();
	struct qn_link *link;

	assert_true(qn_prefix_from_text(&config.addresses[0], "172.16.0.2/12"));
	assert_true(qn_prefix_from_text(&config.addresses[1], "10.0.0.3/8"));
	assert_true(qn_prefix_from_text(&config.addresses[2], "10.0.0.2/24"));
	config.address_count = 3;
	config.gateway_count = 1;
	link = link_of(&config);
	assert_route(link, "10.9.9.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	assert_route(link, "172.31.0.9", at_ms(0), QN_LINK_RESOLVING, NULL);
	resolve(link, "10.0.0.1", gateway_mac, 0);
	make_answer(&packet, "10.9.9.9", peer_mac);
	assert_learned(link, &packet, at_ms(0));
	make_answer(&packet, "172.31.0.9", other_mac);
	assert_learned(link, &packet, at_ms(0));
	assert_source(link, "198.51.100.1", "10.0.0.2");
	assert_source(link, "10.9.9.9", "10.0.0.3");
	assert_source(link, "172.31.0.9", "172.16.0.2");
}

TEST(link_reaches_gateways_outside_of_its_networks)
{
	struct qn_link_config config = link_config();
	struct qn_link *link;

	assert_true(qn_prefix_from_text(&config.addresses[0], "203.0.113.7/32"));
	config.gateway_count = 1;
	link = link_of(&config);
	assert_true(link_request(link, &packet, at_ms(0)));
	assert_memory_equal(packet.data + 28, "\xcb\0\x71\x07", 4);
	packet_arp(&packet, &flow_ipv4, 2, gateway_mac, "10.0.0.1", "203.0.113.7");
	assert_learned(link, &packet, at_ms(0));
	assert_source(link, "198.51.100.1", "203.0.113.7");
}

TEST(link_routes_with_its_tag)
{
	const struct qn_address destination = address_of("198.51.100.1");
	struct qn_link_config config = link_config();
	struct qn_address source;
	struct qn_path path;
	struct qn_link *link;
	struct flow flow = flow_ipv4;

	config.tagged = flow.tagged = true;
	config.vlan_id = flow.vlan_tci = 300;
	link = link_of(&config);
	assert_true(link_drain(link, at_ms(0)) > 0);
	packet_arp(&packet, &flow, 2, gateway_mac, "10.0.0.1", "10.0.0.2");
	assert_learned(link, &packet, at_ms(0));
	assert_int_equal(
	    qn_link_route(link, &destination, at_ms(0), &path, &source), QN_LINK_READY);
	assert_true(path.tagged);
	assert_int_equal(path.vlan_tci, 300);
}

TEST(link_asks_for_its_gateways_unbidden)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	assert_false(qn_link_gateways_resolved(link, at_ms(0)));
	assert_true(qn_link_has_output(link, at_ms(0)));
	assert_int_equal(link_drain(link, at_ms(0)), 4);
	assert_false(qn_link_has_output(link, at_ms(999)));
	assert_int_equal(link_drain(link, at_ms(999)), 0);
	for (uint64_t s = 1; s < 100; s++)
		assert_int_equal(link_drain(link, at_ms(1000 * s)), 4);
}

TEST(link_is_resolved_with_a_gateway_of_each_family)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	resolve(link, "10.0.0.254", gateway_mac, 0);
	assert_true(qn_link_gateway_resolved(link, QN_FAMILY_IPV4, at_ms(0)));
	assert_false(qn_link_gateway_resolved(link, QN_FAMILY_IPV6, at_ms(0)));
	assert_false(qn_link_gateways_resolved(link, at_ms(0)));
	make_answer(&packet, "fe80::1", gateway_mac);
	assert_learned(link, &packet, at_ms(0));
	assert_true(qn_link_gateways_resolved(link, at_ms(0)));
	assert_true(qn_link_gateways_resolved(link, at_ms(29999)));
	assert_false(qn_link_gateways_resolved(link, at_ms(30000)));
}

TEST(link_without_gateways_is_resolved)
{
	struct qn_link_config config = link_config();

	config.gateway_count = 0;
	assert_true(qn_link_gateways_resolved(link_of(&config), at_ms(0)));
}

/* A gateway that answers every refresh is never lost, and costs one request in 15 s. */
TEST(link_keeps_its_gateways_fresh)
{
	struct qn_link_config config = link_config();
	uint32_t request_count = 0;
	struct qn_link *link;

	config.gateway_count = 1;
	link = link_of(&config);
	resolve(link, "10.0.0.1", gateway_mac, 0);
	for (uint64_t ms = 0; ms < 300000; ms += 100) {
		if (link_request(link, &packet, at_ms(ms))) {
			assert_memory_equal(packet.data, gateway_mac, 6); /* Not everybody. */
			make_answer(&packet, "10.0.0.1", gateway_mac);
			assert_learned(link, &packet, at_ms(ms + 1));
			request_count++;
		}
		assert_true(qn_link_gateways_resolved(link, at_ms(ms + 1)));
	}
	assert_in_range(request_count, 18, 20);
}

/* The preferred gateway falls silent 15 s after its last proof and 6 requests later. */
TEST(link_leaves_a_silent_gateway_and_comes_back)
{
	struct qn_link_config config = link_config();
	uint32_t to_station = 0, to_everybody = 0;
	struct qn_link *link;

	config.gateways[1] = address_of("10.0.0.254");
	config.gateway_count = 2;
	link = link_of(&config);
	resolve(link, "10.0.0.1", gateway_mac, 0);
	make_answer(&packet, "10.0.0.254", other_mac);
	assert_learned(link, &packet, at_ms(0));
	for (uint64_t ms = 0; ms < 60000; ms += 100) {
		while (link_request(link, &packet, at_ms(ms)))
			if (packet.data[41] == 254) {
				make_answer(&packet, "10.0.0.254", other_mac);
				assert_learned(link, &packet, at_ms(ms));
			} else if (memcmp(packet.data, gateway_mac, 6) == 0) {
				to_station++;
			} else {
				assert_memory_equal(packet.data, broadcast_mac, 6);
				to_everybody++;
			}
		assert_route(link, "198.51.100.1", at_ms(ms), QN_LINK_READY,
		    ms < 20000 ? gateway_mac : other_mac);
		assert_true(qn_link_gateways_resolved(link, at_ms(ms)));
	}
	assert_int_equal(to_station, 3);
	assert_int_equal(to_everybody, 42);
	make_answer(&packet, "10.0.0.1", gateway_mac);
	assert_learned(link, &packet, at_ms(60000));
	assert_route(link, "198.51.100.1", at_ms(60000), QN_LINK_READY, gateway_mac);
}

TEST(link_uses_a_silent_gateway_when_there_is_no_other)
{
	struct qn_link_config config = link_config();
	struct qn_link *link;

	config.gateway_count = 1;
	link = link_of(&config);
	resolve(link, "10.0.0.1", gateway_mac, 0);
	for (uint64_t s = 1; s < 600; s++)
		(void)link_drain(link, at_ms(1000 * s));
	assert_false(qn_link_gateways_resolved(link, at_ms(600000)));
	assert_route(link, "198.51.100.1", at_ms(600000), QN_LINK_READY, gateway_mac);
}

TEST(link_input_wants_a_frame_of_its_kinds_and_room)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);
	const struct qn_span room = packet_span(&packet);
	const struct qn_span less = {packet.data, QN_LINK_BUFFER_MIN - 1};
	struct qn_frame frame;

	packet_udp(&packet, &flow_ipv4, 1, 2, test_octets("x"));
	(void)qn_frame_read(&frame, packet_view(&packet));
	assert_is_bug(qn_link_input(link, room, &frame, at_ms(0)).verdict);
	packet_arp(&packet, &flow_ipv4, 1, peer_mac, "10.0.0.9", "10.0.0.2");
	(void)qn_frame_read(&frame, packet_view(&packet));
	assert_is_bug(qn_link_input(link, less, &frame, at_ms(0)).verdict);
	assert_is_bug(qn_link_output(link, less, at_ms(0)) > 0);
}

TEST(link_reasons_have_names)
{
	for (uint32_t i = 0; i < QN_LINK_IGNORED_COUNT; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(qn_link_ignored_name(i), qn_link_ignored_name(j));
	assert_is_bug(qn_link_ignored_name(QN_LINK_IGNORED_COUNT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(link_accepts_what_is_for_us),
	    cmocka_unit_test(link_does_not_accept_our_own_frames),
	    cmocka_unit_test(link_accepts_its_own_vlan),
	    cmocka_unit_test(link_accepts_no_runt),
	    cmocka_unit_test(link_owns_its_addresses),
	    cmocka_unit_test(link_makes_its_link_local_address_from_the_mac),
	    cmocka_unit_test(link_knows_what_fits),
	    cmocka_unit_test(link_refuses_impossible_configurations),
	    cmocka_unit_test(link_routes_to_gateways_and_neighbours),
	    cmocka_unit_test(link_has_no_route_to_itself_or_to_many),
	    cmocka_unit_test(link_takes_every_address_of_a_point_to_point_network),
	    cmocka_unit_test(link_has_no_route_without_a_gateway),
	    cmocka_unit_test(link_leaves_out_gateways_of_a_family_without_addresses),
	    cmocka_unit_test(link_speaks_from_the_network_of_the_next_hop),
	    cmocka_unit_test(link_reaches_gateways_outside_of_its_networks),
	    cmocka_unit_test(link_routes_with_its_tag),
	    cmocka_unit_test(link_asks_for_its_gateways_unbidden),
	    cmocka_unit_test(link_is_resolved_with_a_gateway_of_each_family),
	    cmocka_unit_test(link_without_gateways_is_resolved),
	    cmocka_unit_test(link_keeps_its_gateways_fresh),
	    cmocka_unit_test(link_leaves_a_silent_gateway_and_comes_back),
	    cmocka_unit_test(link_uses_a_silent_gateway_when_there_is_no_other),
	    cmocka_unit_test(link_input_wants_a_frame_of_its_kinds_and_room),
	    cmocka_unit_test(link_reasons_have_names),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
