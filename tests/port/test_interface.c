/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_af_packet and net_tap against the kernel of this machine: frames both ways, and the
 * traps of sharing an interface with it. Needs root: runs in a network namespace of its own.
 */
#include "host/clock.h"
#include "port/mailbox.h"
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE "net_af_packet0,iface=near"

static const uint8_t stranger[6] = {2, 0, 0, 0, 0, 1};

static struct qn_port *port;
static struct qn_port_info info;
static int station; /* At the other end of the wire. */

static int
open_port(void **state)
{
	(void)state;
	world_wire("near", "far", 1500);
	port = world_port_open(DEVICE, 2);
	qn_port_info_read(port, &info);
	station = world_station("far");
	return 0;
}

/* Whatever a test did, closing leaves no socket, no wish and no flag on the interface. */
static int
close_port(void **state)
{
	(void)state;
	qn_port_close(port);
	close(station);
	world_run("test $(wc -l </proc/net/packet) = 1");
	world_run("ip -d link show near | grep -q 'promiscuity 0 .*allmulti 0 '");
	world_run("ip link del near");
	return 0;
}

/* A frame of this length to the port, from a stranger. */
static size_t
frame_make(uint8_t *frame, uint32_t mark, uint16_t frame_len, bool tagged)
{
	return world_frame(frame, &(struct world_datagram){
				      .source_mac = stranger,
				      .destination_mac = info.mac,
				      .source_port = (uint16_t)(1024 + mark),
				      .frame_len = frame_len,
				      .tagged = tagged,
				      .mark = mark,
				  });
}

static void
frame_send(uint32_t mark, uint16_t frame_len, bool tagged)
{
	uint8_t frame[WORLD_FRAME_MAX];

	world_station_send(station, frame, frame_make(frame, mark, frame_len, tagged));
}

/* Takes `count` packets off both queues. */
static uint32_t
receive_all(struct qn_packet *packets, uint32_t count)
{
	const struct qn_mono end = qn_mono_after_us(qn_clock_read().mono, QN_US_PER_S / 2);
	uint32_t received = 0;

	while (received < count && !qn_mono_reached(end, qn_clock_read().mono)) {
		for (uint16_t queue = 0; queue < 2; queue++)
			received +=
			    qn_port_receive(port, queue, packets + received, count - received);
	}
	return received;
}

/* Waits until a counter has this value. */
static void
counter_wait(enum qn_port_counter counter, uint64_t value)
{
	struct qn_packet packets[QN_PORT_BURST_MAX];

	/* Nothing else is on the wire, so receiving moves the counters and yields no packet. */
	assert_int_equal(receive_all(packets, 1), 0);
	assert_int_equal(world_counter(port, counter), value);
}

TEST(tells_what_it_is)
{
	uint8_t frame[WORLD_FRAME_MAX];

	assert_string_equal(info.device, DEVICE);
	assert_string_equal(info.driver, "net_af_packet");
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(info.frame_max, 1514);
	assert_int_equal(info.queue_count, 2);
	assert_int_equal(world_station_receive(station, frame, sizeof(frame), 0), 0);
}

TEST(follows_the_link)
{
	assert_true(qn_port_link_up(port));
	world_run("ip link set far down");
	world_interface_wait("near", "LOWERLAYERDOWN");
	assert_false(qn_port_link_up(port));
	world_run("ip link set far up");
	world_interface_wait("near", "UP");
	assert_true(qn_port_link_up(port));
}

TEST(takes_all_multicast_frames_while_open)
{
	world_run("ip -d link show near | grep -q ' allmulti 1 '");
}

TEST(sends_back_what_it_receives)
{
	struct qn_packet packet;
	uint8_t sent[WORLD_FRAME_MAX];
	uint8_t back[WORLD_FRAME_MAX];
	const size_t len = frame_make(sent, 1, 200, false);

	world_station_send(station, sent, len);
	assert_int_equal(receive_all(&packet, 1), 1);
	assert_view_equal(qn_packet_view(&packet), ((struct qn_view){sent, len}));
	assert_int_equal(packet.capacity, info.frame_max);
	world_echo(packet.data);
	world_echo(sent);
	world_port_transmit(port, 0, &packet, 1);
	assert_int_equal(world_station_receive(station, back, sizeof(back), 500), len);
	assert_memory_equal(back, sent, len);
	assert_int_equal(world_counter(port, QN_PORT_RX_PACKETS), 1);
	assert_int_equal(world_counter(port, QN_PORT_RX_BYTES), len);
	assert_int_equal(world_counter(port, QN_PORT_TX_PACKETS), 1);
	assert_int_equal(world_counter(port, QN_PORT_TX_BYTES), len);
}

TEST(sends_what_grew_and_what_moved)
{
	struct qn_packet packet;
	uint8_t back[WORLD_FRAME_MAX];

	frame_send(1, 100, false);
	assert_int_equal(receive_all(&packet, 1), 1);
	/* Four octets less at the front, as when a tag is taken off, and 900 more behind. */
	memmove(packet.data + 4, packet.data, 12);
	packet.data += 4;
	packet.len = 1000;
	packet.data[999] = 0x77;
	world_port_transmit(port, 1, &packet, 1);
	assert_int_equal(world_station_receive(station, back, sizeof(back), 500), 1000);
	assert_memory_equal(back, info.mac, 6);
	assert_int_equal(back[999], 0x77);
}

TEST(drops_what_the_kernel_itself_sends_there)
{
	const int kernel = world_station("near");
	uint8_t frame[WORLD_FRAME_MAX];
	const struct world_datagram datagram = {
	    .source_mac = info.mac,
	    .destination_mac = stranger,
	    .source_port = 1024,
	    .frame_len = 100,
	};

	world_station_send(kernel, frame, world_frame(frame, &datagram));
	counter_wait(QN_PORT_RX_DROP_OWN_MAC, 1);
	/* It went out all the same. */
	assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 100);
	close(kernel);
}

TEST(takes_the_longest_frames_and_drops_longer_ones)
{
	struct qn_packet packets[2];

	world_run("ip link set near mtu 3000 && ip link set far mtu 3000");
	frame_send(1, 1514, false);
	frame_send(2, 1518, true);
	assert_int_equal(receive_all(packets, 2), 2);
	for (int i = 0; i < 2; i++) {
		const uint32_t mark = world_frame_mark(packets[i].data);

		assert_int_equal(packets[i].len, mark == 1 ? 1514 : 1518);
		assert_true(world_udp_checksum_right(packets[i].data));
	}
	qn_port_free_bulk(packets, 2);

	frame_send(3, 1515, false);
	frame_send(4, 1519, true);
	frame_send(5, 3000, false); /* Cut by the driver to what its ring holds. */
	counter_wait(QN_PORT_RX_DROP_OVERSIZED, 3);
	assert_int_equal(world_pool_used(port, 0) + world_pool_used(port, 1), 0);
}

TEST(keeps_to_a_smaller_mtu_of_the_interface)
{
	struct qn_packet packet;
	struct qn_port_info small;

	qn_port_close(port);
	world_run("ip link set near mtu 1400");
	port = world_port_open(DEVICE, 2);
	qn_port_info_read(port, &small);
	assert_int_equal(small.mtu, 1400);
	assert_int_equal(small.frame_max, 1414);
	assert_true(qn_port_alloc(port, 0, &packet));
	assert_int_equal(packet.capacity, 1414);
	qn_port_free(&packet);
}

TEST(drops_what_is_too_long_to_send_and_sends_the_rest)
{
	struct qn_packet packets[4];
	uint8_t frame[WORLD_FRAME_MAX];

	for (uint32_t i = 0; i < 4; i++)
		packets[i] = world_packet(port, 0, i, 100);
	packets[1].len = 1515;
	packets[2].len = 1514;
	world_port_transmit(port, 0, packets, 4);
	assert_int_equal(world_counter(port, QN_PORT_TX_DROP_OVERSIZED), 1);
	assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 100);
	assert_int_equal(world_frame_mark(frame), 0);
	assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 1514);
	assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 100);
	assert_int_equal(world_frame_mark(frame), 3);
	assert_int_equal(world_pool_used(port, 0), 0);
}

/* Flows spread over both queues; every packet goes out of the queue that did not receive it. */
TEST(sends_from_one_queue_what_another_received)
{
	enum { COUNT = 200 };
	struct qn_mailbox *mailboxes[2];
	uint32_t received[2] = {0, 0};
	bool seen[COUNT] = {false};
	uint8_t frame[WORLD_FRAME_MAX];

	for (int i = 0; i < 2; i++)
		mailboxes[i] = qn_mailbox_create(COUNT);
	for (uint32_t mark = 0; mark < COUNT; mark++)
		frame_send(mark, 100, false);
	for (uint16_t queue = 0; queue < 2; queue++) {
		struct qn_packet packets[COUNT];

		received[queue] = world_port_receive(port, queue, packets, COUNT);
		for (uint32_t i = 0; i < received[queue]; i++) {
			const struct qn_mail mail = {.packet = packets[i], .link = queue};

			assert_int_equal(qn_mailbox_send(mailboxes[1 - queue], &mail, 1), 1);
		}
	}
	assert_true(received[0] > 0 && received[1] > 0);
	assert_int_equal(received[0] + received[1], COUNT);
	for (uint16_t queue = 0; queue < 2; queue++) {
		struct qn_mail mail;

		while (qn_mailbox_receive(mailboxes[queue], &mail, 1) == 1) {
			assert_int_equal(mail.link, 1 - queue);
			assert_int_equal(mail.packet.capacity, info.frame_max);
			world_echo(mail.packet.data);
			world_port_transmit(port, queue, &mail.packet, 1);
		}
	}
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 100);
		assert_true(world_frame_mark(frame) < COUNT);
		assert_false(seen[world_frame_mark(frame)]);
		seen[world_frame_mark(frame)] = true;
	}
	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(world_pool_used(port, i), 0);
		qn_mailbox_destroy(mailboxes[i]);
	}
}

TEST(survives_an_empty_pool)
{
	struct qn_port_pool_stats stats;
	struct qn_packet *packets;
	struct qn_packet packet;
	uint32_t count = 0;

	qn_port_pool_stats_read(port, 0, &stats);
	packets = calloc(stats.size + 1, sizeof(*packets));
	assert_non_null(packets);
	while (qn_port_alloc(port, 0, &packets[count]))
		count++;
	assert_int_equal(count, stats.size);
	assert_int_equal(world_pool_used(port, 0), stats.size);
	assert_int_equal(world_counter(port, QN_PORT_ALLOC_FAILED), 1);
	for (uint32_t mark = 0; mark < 16; mark++)
		frame_send(mark, 100, false);
	assert_int_equal(world_port_receive(port, 0, &packet, 1), 0);
	qn_port_free_bulk(packets, count);
	/* What waited in the device is not lost. */
	assert_int_equal(receive_all(packets, 16), 16);
	qn_port_free_bulk(packets, 16);
	assert_int_equal(world_pool_used(port, 0) + world_pool_used(port, 1), 0);
	free(packets);
}

TEST(sends_nothing_and_keeps_nothing_while_the_interface_is_down)
{
	struct qn_packet packet;

	world_run("ip link set near down");
	for (uint32_t i = 0; i < 8; i++) {
		packet = world_packet(port, 0, i, 100);
		if (qn_port_transmit(port, 0, &packet, 1) == 0)
			qn_port_free(&packet);
	}
	assert_int_equal(world_pool_used(port, 0), 0);
	world_run("ip link set near up");
	world_interface_wait("near", "UP");
	world_interface_wait("far", "UP");
	frame_send(1, 100, false);
	assert_int_equal(receive_all(&packet, 1), 1);
	qn_port_free(&packet);
}

/* Asks from a socket of this machine and echoes on the port; the socket must get it back. */
static void
socket_asks(const struct sockaddr *to, socklen_t to_len)
{
	const int asker = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = {.tv_usec = 500 * 1000};
	struct qn_packet packet;
	char answer[32];

	assert_return_code(asker, errno);
	setsockopt(asker, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(sendto(asker, "who is it", 9, 0, to, to_len), 9);
	assert_int_equal(receive_all(&packet, 1), 1);
	assert_true(world_udp_checksum_right(packet.data));
	world_echo(packet.data);
	world_port_transmit(port, 0, &packet, 1);
	assert_int_equal(recv(asker, answer, sizeof(answer), 0), 9);
	assert_memory_equal(answer, "who is it", 9);
	close(asker);
}

static const char *
mac_text(const uint8_t mac[6])
{
	static char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	    mac[3], mac[4], mac[5]);
	return text;
}

TEST(finishes_the_checksums_of_local_sockets)
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};

	world_run("ip addr add 10.9.0.1/24 dev far");
	world_run("ip neigh add 10.9.0.2 lladdr %s dev far", mac_text(info.mac));
	inet_pton(AF_INET, "10.9.0.2", &ipv4.sin_addr);
	socket_asks((const struct sockaddr *)&ipv4, sizeof(ipv4));
	assert_int_equal(world_counter(port, QN_PORT_RX_CHECKSUM_FILLED), 1);

	/* The interface talks of its own once it has IPv6: hear it out first. */
	world_run("echo 0 >/proc/sys/net/ipv6/conf/far/accept_dad");
	world_run("echo 0 >/proc/sys/net/ipv6/conf/far/router_solicitations");
	world_run("echo 0 >/proc/sys/net/ipv6/conf/far/disable_ipv6");
	world_run("ip addr add fd00:9::1/64 dev far nodad");
	world_run("ip neigh add fd00:9::2 lladdr %s dev far", mac_text(info.mac));
	for (struct qn_packet packet; receive_all(&packet, 1) == 1;)
		qn_port_free(&packet);
	inet_pton(AF_INET6, "fd00:9::2", &ipv6.sin6_addr);
	socket_asks((const struct sockaddr *)&ipv6, sizeof(ipv6));
	assert_int_equal(world_counter(port, QN_PORT_RX_CHECKSUM_FILLED), 2);
}

TEST(leaves_whole_checksums_alone)
{
	struct qn_packet packet;

	frame_send(1, 100, false);
	assert_int_equal(receive_all(&packet, 1), 1);
	assert_int_equal(world_counter(port, QN_PORT_RX_CHECKSUM_FILLED), 0);
	qn_port_free(&packet);
}

/* None of these gets in the way of the port that comes after. */
TEST(says_what_is_wrong_with_a_device)
{
	qn_port_close(port);
	world_port_refuse("net_af_packet0,iface=nowhere", 1, "nowhere: No such device");
	world_port_refuse("net_af_packet0,iface=near,qpairs=3", 2, "number of workers, 2");
	world_port_refuse("net_af_packet0,iface=near,framesz=1000000", 2, "does not come up");
	world_port_refuse(
	    "net_af_packet0,iface=near,blocksz=16384,framesz=8192", 2, "does not start: ");
	world_port_refuse("net_nonsense0", 1, "does not come up");
	world_port_refuse("0000:00:1f.7", 1, "dpdk-devbind.py --bind=vfio-pci 0000:00:1f.7");
	world_run("ip link set near mtu 1200");
	world_port_refuse(DEVICE, 2, "the MTU of near is 1200");
	world_run("ip link set near mtu 1500 down");
	world_port_refuse(DEVICE, 2, "\"ip link set near up\"");
	world_run("ip link set near up");
	world_interface_wait("far", "UP");
	port = world_port_open(DEVICE, 2);
	world_port_refuse(DEVICE, 2, "another port is on near");
	world_port_refuse("net_af_packet1,iface=near", 2, "another port is on near");
	frame_send(1, 100, false);

	struct qn_packet packet;

	assert_int_equal(receive_all(&packet, 1), 1);
	qn_port_free(&packet);
}

TEST(talks_with_the_kernel_through_a_tap)
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct qn_port *af_packet = port;
	struct qn_port_info tap;
	uint32_t held; /* By the device, to receive into. */

	port = world_port_open("net_tap0,iface=tap0", 2);
	held = world_pool_used(port, 0) + world_pool_used(port, 1);
	qn_port_info_read(port, &tap);
	assert_true(qn_port_link_up(port));
	world_run("ip addr add 10.9.0.1/24 dev tap0");
	world_run("ip neigh add 10.9.0.2 lladdr %s dev tap0", mac_text(tap.mac));
	inet_pton(AF_INET, "10.9.0.2", &ipv4.sin_addr);
	socket_asks((const struct sockaddr *)&ipv4, sizeof(ipv4));
	assert_int_equal(world_pool_used(port, 0) + world_pool_used(port, 1), held);
	qn_port_close(port);
	assert_int_equal(if_nametoindex("tap0"), 0);
	port = af_packet;
}

static int
start_eal(void **state)
{
	static const char *const devices[] = {DEVICE, "net_tap0,iface=tap0"};

	(void)state;
	world_eal_start(devices, COUNT_OF(devices), 2);
	return 0;
}

static int
stop_eal(void **state)
{
	(void)state;
	qn_port_eal_stop();
	return 0;
}

#define PORT_TEST(function) cmocka_unit_test_setup_teardown(function, open_port, close_port)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    PORT_TEST(tells_what_it_is),
	    PORT_TEST(follows_the_link),
	    PORT_TEST(takes_all_multicast_frames_while_open),
	    PORT_TEST(sends_back_what_it_receives),
	    PORT_TEST(sends_what_grew_and_what_moved),
	    PORT_TEST(drops_what_the_kernel_itself_sends_there),
	    PORT_TEST(takes_the_longest_frames_and_drops_longer_ones),
	    PORT_TEST(keeps_to_a_smaller_mtu_of_the_interface),
	    PORT_TEST(drops_what_is_too_long_to_send_and_sends_the_rest),
	    PORT_TEST(sends_from_one_queue_what_another_received),
	    PORT_TEST(survives_an_empty_pool),
	    PORT_TEST(sends_nothing_and_keeps_nothing_while_the_interface_is_down),
	    PORT_TEST(finishes_the_checksums_of_local_sockets),
	    PORT_TEST(leaves_whole_checksums_alone),
	    PORT_TEST(says_what_is_wrong_with_a_device),
	    PORT_TEST(talks_with_the_kernel_through_a_tap),
	};

	if (!world_begin(argc, argv, true))
		return 0;
	return cmocka_run_group_tests_name("af_packet", tests, start_eal, stop_eal);
}
