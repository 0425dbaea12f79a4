/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"

#include "base/arena.h"

#include <stdio.h>
#include <string.h>

#define START_MS 1000000u

const uint8_t gateway_mac[6] = {0x02, 0, 0, 0, 0, 0xfe};

static struct qn_prefix
prefix_of(const char *text)
{
	struct qn_prefix prefix;

	if (!qn_prefix_from_text(&prefix, text))
		fail_msg("not a prefix: %s", text);
	return prefix;
}

struct qn_link_config
link_config(void)
{
	struct qn_link_config config = {
	    .mtu = 1500,
	    .addresses = {prefix_of("10.0.0.2/24"), prefix_of("fd00::2/64")},
	    .address_count = 2,
	    .services = {address_of("192.0.2.53"), address_of("2001:db8::53")},
	    .service_count = 2,
	    .gateways = {address_of("10.0.0.1"), address_of("fd00::1"), address_of("10.0.0.254"),
		address_of("fe80::1")},
	    .gateway_count = 4,
	    .hash_key = {1, 2},
	};

	memcpy(config.mac, our_mac, 6);
	return config;
}

struct qn_link *
link_of(const struct qn_link_config *config)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t block[1 << 16];

	assert_true(qn_link_size() <= sizeof(block));
	return qn_link_init((struct qn_span){block, qn_link_size()}, config);
}

struct qn_now
at_ms(uint64_t ms)
{
	return (struct qn_now){.mono = {(START_MS + ms) * QN_US_PER_MS}};
}

struct qn_link_result
link_receive(struct qn_link *link, struct packet *packet, struct qn_now now)
{
	struct qn_link_result result;
	struct qn_frame frame;

	if (qn_frame_read(&frame, packet_view(packet)) == QN_FRAME_DROP)
		fail_msg("dropped: %s", qn_frame_drop_name(frame.drop));
	assert_true(qn_link_accepts(link, &frame));
	result = qn_link_input(link, packet_span(packet), &frame, now);
	if (result.verdict == QN_LINK_REPLY)
		packet->len = result.len;
	return result;
}

void
assert_ignored(
    struct qn_link *link, struct packet *packet, struct qn_now now, enum qn_link_ignored ignored)
{
	const struct qn_link_result result = link_receive(link, packet, now);

	assert_int_equal(result.verdict, QN_LINK_IGNORED);
	assert_string_equal(qn_link_ignored_name(result.ignored), qn_link_ignored_name(ignored));
}

void
assert_learned(struct qn_link *link, struct packet *packet, struct qn_now now)
{
	const struct qn_link_result result = link_receive(link, packet, now);

	assert_string_equal(qn_link_ignored_name(result.ignored), "none");
	assert_int_equal(result.verdict, QN_LINK_DONE);
}

bool
link_request(struct qn_link *link, struct packet *packet, struct qn_now now)
{
	packet->len = qn_link_output(link, packet_span(packet), now);
	return packet->len > 0;
}

uint32_t
link_drain(struct qn_link *link, struct qn_now now)
{
	struct packet packet;
	uint32_t count = 0;

	while (link_request(link, &packet, now))
		count++;
	return count;
}

void
assert_route(struct qn_link *link, const char *destination, struct qn_now now,
    enum qn_link_route route, const uint8_t *mac)
{
	const struct qn_address address = address_of(destination);
	struct qn_address source;
	struct qn_path path;

	assert_int_equal(qn_link_route(link, &address, now, &path, &source), route);
	if (route != QN_LINK_READY)
		return;
	assert_memory_equal(path.source_mac, our_mac, 6);
	assert_memory_equal(path.destination_mac, mac, 6);
	assert_int_equal(source.family, address.family);
}

void
make_answer(struct packet *packet, const char *address, const uint8_t *mac)
{
	struct flow flow = flow_ipv6;
	char option[17];

	if (strchr(address, ':') == NULL) {
		packet_arp(packet, &flow_ipv4, 2, mac, address, "10.0.0.2");
		return;
	}
	flow.source = address;
	flow.hop_limit = 255;
	if (strncmp(address, "fe80", 4) == 0)
		flow.destination = "fe80::ff:fe00:1";
	snprintf(option, sizeof(option), "0201%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2],
	    mac[3], mac[4], mac[5]);
	packet_nd(packet, &flow, 136, 0x60, address, option);
}
