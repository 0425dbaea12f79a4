/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"
#include "net/lane.h"

#include <stdlib.h>
#include <string.h>

static struct packet packet;
static struct qn_link *link;

static enum qn_lane
lane(void)
{
	return qn_lane_of(link, packet_view(&packet));
}

/* The lane of a packet whose transport header begins with these ports. */
static enum qn_lane
lane_of(const struct flow *flow, uint8_t protocol, uint16_t source, uint16_t destination)
{
	const uint8_t head[20] = {(uint8_t)(source >> 8), (uint8_t)source,
	    (uint8_t)(destination >> 8), (uint8_t)destination};

	packet_ip(&packet, flow, protocol, (struct qn_view){head, sizeof(head)});
	return lane();
}

static struct flow
from(const struct flow *flow, const char *source)
{
	struct flow other = *flow;

	other.source = source;
	return other;
}

static void
set_up(void)
{
	static struct qn_link_config config;

	config = link_config();
	link = link_of(&config);
}

TEST(lane_of_routing_is_for_neighbours)
{
	const struct flow far4 = from(&flow_ipv4, "192.0.2.9");
	const struct flow far6 = from(&flow_ipv6, "2001:db8::9");
	const struct flow local = from(&flow_ipv6, "fe80::9");

	set_up();
	assert_int_equal(lane_of(&flow_ipv4, PROTOCOL_TCP, 40000, 179), QN_LANE_ROUTING);
	assert_int_equal(lane_of(&flow_ipv4, PROTOCOL_TCP, 179, 40000), QN_LANE_ROUTING);
	assert_int_equal(lane_of(&flow_ipv6, PROTOCOL_TCP, 40000, 179), QN_LANE_ROUTING);
	assert_int_equal(lane_of(&local, PROTOCOL_TCP, 40000, 179), QN_LANE_ROUTING);
	assert_int_equal(lane_of(&flow_ipv4, PROTOCOL_UDP, 49152, 3784), QN_LANE_ROUTING);
	assert_int_equal(lane_of(&flow_ipv6, PROTOCOL_UDP, 49152, 4784), QN_LANE_ROUTING);
	assert_int_equal(lane_of(&far4, PROTOCOL_TCP, 40000, 179), QN_LANE_OTHER);
	assert_int_equal(lane_of(&far6, PROTOCOL_TCP, 40000, 179), QN_LANE_OTHER);
	assert_int_equal(lane_of(&far6, PROTOCOL_UDP, 49152, 3784), QN_LANE_OTHER);
	assert_int_equal(lane_of(&flow_ipv4, PROTOCOL_UDP, 40000, 179), QN_LANE_OTHER);
	assert_int_equal(lane_of(&flow_ipv4, PROTOCOL_TCP, 40000, 3784), QN_LANE_OTHER);
}

TEST(lane_of_service_is_dns_over_tcp)
{
	const struct flow far = from(&flow_ipv6, "2001:db8::9");

	set_up();
	assert_int_equal(lane_of(&far, PROTOCOL_TCP, 40000, 53), QN_LANE_SERVICE);
	assert_int_equal(lane_of(&far, PROTOCOL_TCP, 40000, 853), QN_LANE_SERVICE);
	assert_int_equal(lane_of(&far, PROTOCOL_TCP, 53, 40000), QN_LANE_SERVICE);
	assert_int_equal(lane_of(&far, PROTOCOL_TCP, 853, 40000), QN_LANE_OTHER);
	assert_int_equal(lane_of(&far, PROTOCOL_UDP, 40000, 853), QN_LANE_OTHER);
	assert_int_equal(lane_of(&far, PROTOCOL_TCP, 40000, 22), QN_LANE_OTHER);
}

TEST(lane_of_neighbours_is_arp_and_advertisements)
{
	struct flow tagged = flow_ipv4;

	set_up();
	tagged.tagged = true;
	packet_arp(&packet, &flow_ipv4, 2, peer_mac, "10.0.0.9", "10.0.0.2");
	assert_int_equal(lane(), QN_LANE_NEIGHBOUR);
	packet_arp(&packet, &tagged, 2, peer_mac, "10.0.0.9", "10.0.0.2");
	assert_int_equal(lane(), QN_LANE_NEIGHBOUR);
	packet_nd(&packet, &flow_ipv6, 136, 0x60, "fd00::9", "");
	assert_int_equal(lane(), QN_LANE_NEIGHBOUR);
	packet_nd(&packet, &flow_ipv6, 135, 0, "fd00::2", "");
	assert_int_equal(lane(), QN_LANE_OTHER);
}

TEST(lane_sees_through_tags_and_options)
{
	struct flow flow = flow_ipv4;

	set_up();
	flow.tagged = true;
	flow.vlan_tci = 7;
	assert_int_equal(lane_of(&flow, PROTOCOL_TCP, 40000, 179), QN_LANE_ROUTING);
	flow.extra = "01010100";
	assert_int_equal(lane_of(&flow, PROTOCOL_TCP, 40000, 179), QN_LANE_ROUTING);
}

/* Cut anywhere, in memory of exactly that length: nothing beyond is read. */
TEST(lane_of_cut_frames)
{
	set_up();
	(void)lane_of(&flow_ipv6, PROTOCOL_TCP, 40000, 179);
	for (size_t len = 0; len <= packet.len; len++) {
		uint8_t *cut = malloc(len + (len == 0));
		enum qn_lane found;

		assert_non_null(cut);
		memcpy(cut, packet.data, len);
		found = qn_lane_of(link, (struct qn_view){cut, len});
		/* Ethernet, IPv6, and four octets of ports. */
		assert_int_equal(found, len >= 14 + 40 + 4 ? QN_LANE_ROUTING : QN_LANE_OTHER);
		free(cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lane_of_routing_is_for_neighbours),
	    cmocka_unit_test(lane_of_service_is_dns_over_tcp),
	    cmocka_unit_test(lane_of_neighbours_is_arp_and_advertisements),
	    cmocka_unit_test(lane_sees_through_tags_and_options),
	    cmocka_unit_test(lane_of_cut_frames),
	};

	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
