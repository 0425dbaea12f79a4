/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"

#include <string.h>

static struct packet packet;

/* An echo request with `len` octets of data, all of value `fill`. */
static void
make_echo(const struct flow *flow, size_t len, uint8_t fill)
{
	static uint8_t message[QN_FRAME_LEN_MAX];

	memset(message, fill, sizeof(message));
	memcpy(message,
	    (const uint8_t[8]){strchr(flow->source, ':') ? 128 : 8, 0, 0, 0, 0x12, 0x34, 0, 1}, 8);
	packet_icmp(&packet, flow, (struct qn_view){message, 8 + len});
}

static void
ping(struct qn_link *link, const struct flow *flow, size_t len, uint8_t fill)
{
	const bool ipv6 = strchr(flow->source, ':') != NULL;
	const size_t l4_at = (flow->tagged ? 18 : 14) + (ipv6 ? 40 : 20);
	struct qn_link_result result;

	make_echo(flow, len, fill);
	result = link_receive(link, &packet, at_ms(0));
	assert_int_equal(result.verdict, QN_LINK_REPLY);
	assert_int_equal(result.len, l4_at + 8 + len);
	assert_sound(packet_view(&packet));
	assert_int_equal(packet.data[l4_at], ipv6 ? 129 : 0);
	assert_memory_equal(packet.data + l4_at + 4, "\x12\x34\0\1", 4);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(packet.data[l4_at + 8 + i], fill);
	assert_memory_equal(packet.data, flow->source_mac, 6);
	assert_memory_equal(packet.data + 6, our_mac, 6);
}

TEST(icmp_answers_with_known_frames)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);
	const uint8_t echo[] = {8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'};
	const uint8_t echo6[] = {128, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g'};

	packet_icmp(&packet, &flow_ipv4, (struct qn_view){echo, sizeof(echo)});
	assert_int_equal(link_receive(link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet),
	    "0200000000020200000000010800 4500002000004000400126d30a0000020a000009"
	    "00000efa12340001 70696e67");
	packet_icmp(&packet, &flow_ipv6, (struct qn_view){echo6, sizeof(echo6)});
	assert_int_equal(link_receive(link, &packet, at_ms(0)).verdict, QN_LINK_REPLY);
	assert_hex(packet_view(&packet),
	    "02000000000202000000000186dd 60000000000c3a40"
	    "fd000000000000000000000000000002 fd000000000000000000000000000009"
	    "810093a612340001 70696e67");
}

TEST(icmp_answers_any_data)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	for (uint32_t fill = 0; fill < 256; fill++)
		for (size_t len = 0; len < 4; len++) {
			ping(link, &flow_ipv4, len, (uint8_t)fill);
			ping(link, &flow_ipv6, len, (uint8_t)fill);
		}
}

TEST(icmp_answers_for_services_and_with_a_tag)
{
	struct qn_link_config config = link_config();
	struct flow ipv4 = flow_ipv4, ipv6 = flow_ipv6;

	config.tagged = ipv4.tagged = ipv6.tagged = true;
	config.vlan_id = ipv4.vlan_tci = ipv6.vlan_tci = 7;
	ipv4.destination = "192.0.2.53";
	ipv6.destination = "2001:db8::53";
	ping(link_of(&config), &ipv4, 56, 1);
	ping(link_of(&config), &ipv6, 56, 1);
	assert_memory_equal(packet.data + 12, "\x81\0\0\7", 4);
}

TEST(icmp_answers_without_the_options)
{
	const struct qn_link_config config = link_config();
	struct flow ipv4 = flow_ipv4, ipv6 = flow_ipv6;

	ipv4.extra = "0101010101010100";
	ipv6.extra = "3a000104 00000000";
	ipv6.extra_first = 60;
	ping(link_of(&config), &ipv4, 100, 0x5a);
	ping(link_of(&config), &ipv6, 100, 0x5a);
}

TEST(icmp_answers_up_to_the_mtu)
{
	const struct qn_link_config config = link_config();
	struct qn_link *link = link_of(&config);

	ping(link, &flow_ipv4, 1500 - 28, 3);
	ping(link, &flow_ipv6, 1500 - 48, 3);
	make_echo(&flow_ipv4, 1500 - 27, 3);
	assert_ignored(link, &packet, at_ms(0), QN_LINK_IGNORED_TOO_LONG);
	make_echo(&flow_ipv6, 1500 - 47, 3);
	assert_ignored(link, &packet, at_ms(0), QN_LINK_IGNORED_TOO_LONG);
}

TEST(icmp_answers_for_us_only)
{
	const struct qn_link_config config = link_config();
	struct flow ipv4 = flow_ipv4, ipv6 = flow_ipv6;

	ipv4.destination = "10.0.0.3";
	ipv6.destination = "fd00::3";
	make_echo(&ipv4, 10, 0);
	assert_ignored(link_of(&config), &packet, at_ms(0), QN_LINK_IGNORED_NOT_OURS);
	make_echo(&ipv6, 10, 0);
	assert_ignored(link_of(&config), &packet, at_ms(0), QN_LINK_IGNORED_NOT_OURS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(icmp_answers_with_known_frames),
	    cmocka_unit_test(icmp_answers_any_data),
	    cmocka_unit_test(icmp_answers_for_services_and_with_a_tag),
	    cmocka_unit_test(icmp_answers_without_the_options),
	    cmocka_unit_test(icmp_answers_up_to_the_mtu),
	    cmocka_unit_test(icmp_answers_for_us_only),
	};

	return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}
