/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include "base/endian.h"
#include "host/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define HUGEPAGES         "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define HUGEPAGES_FILE    HUGEPAGES "nr_hugepages"
#define HUGEPAGES_FREE    HUGEPAGES "free_hugepages"
#define HUGEPAGES_SURPLUS HUGEPAGES "surplus_hugepages"

/* Enough for the pools of the widest test. */
#define HUGEPAGES_WANTED 128

static bool with_hugepages;
static unsigned long hugepages_before;

static unsigned long
file_number(const char *path)
{
	unsigned long number = 0;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static bool
file_write(const char *path, unsigned long number)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return false;
	fprintf(file, "%lu\n", number);
	return fclose(file) == 0;
}

static void
hugepages_restore(void)
{
	file_write(HUGEPAGES_FILE, hugepages_before);
}

/* Sees to free hugepages, for as long as the program runs. */
static bool
hugepages_reserve(void)
{
	/* The kernel takes a moment to get back the pages of a process that used AF_XDP. */
	for (int i = 0; i < 300 && file_number(HUGEPAGES_SURPLUS) > 0; i++)
		usleep(10 * 1000);
	if (file_number(HUGEPAGES_FREE) >= HUGEPAGES_WANTED)
		return true;
	hugepages_before = file_number(HUGEPAGES_FILE);
	if (!file_write(HUGEPAGES_FILE, hugepages_before + HUGEPAGES_WANTED))
		return false;
	atexit(hugepages_restore);
	return file_number(HUGEPAGES_FREE) >= HUGEPAGES_WANTED;
}

/* Own interfaces, own mounts, and no IPv6 chatter on interfaces to come. */
static bool
namespaces_enter(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", 1);
	return true;
}

static bool
refuse(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	return false;
}

bool
world_begin(int argc, char **argv, bool needs_root)
{
	with_hugepages = argc > 1 && strcmp(argv[1], "hugepages") == 0;
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	if (needs_root && geteuid() != 0)
		return refuse("needs root");
	if (needs_root && !namespaces_enter())
		return refuse("cannot make a network namespace here");
	if (with_hugepages && !hugepages_reserve())
		return refuse("cannot reserve hugepages here");
	return true;
}

void
world_eal_start(const char *const *devices, uint16_t device_count, uint16_t worker_count)
{
	uint16_t cores[8];
	uint16_t found = 0;
	cpu_set_t allowed;
	char error[QN_PORT_ERROR_MAX] = "";
	const struct qn_port_eal_config config = {
	    .devices = devices,
	    .device_count = device_count,
	    .worker_cores = cores,
	    .worker_count = worker_count,
	    .memory_bytes = 4 << 20,
	    .without_hugepages = !with_hugepages,
	};

	assert_return_code(sched_getaffinity(0, sizeof(allowed), &allowed), errno);
	for (uint16_t cpu = 0; cpu < CPU_SETSIZE && found < worker_count; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			cores[found++] = cpu;
	}
	if (found < worker_count) {
		print_message("needs %u processors\n", worker_count);
		skip();
	}
	if (qn_port_eal_start(&config, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	qn_port_eal_settle();
	assert_int_equal(qn_port_eal_hugepages(), with_hugepages);
}

void
world_run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

void
world_interface_wait(const char *interface, const char *state)
{
	world_run("for i in $(seq 100); do ip link show %s | grep -q ' state %s ' && exit 0; "
		  "sleep 0.02; done; exit 1",
	    interface, state);
}

void
world_wire(const char *near, const char *far, unsigned int mtu)
{
	world_run("ip link add %s mtu %u type veth peer name %s mtu %u", near, mtu, far, mtu);
	world_run("ip link set %s up && ip link set %s up", near, far);
	world_interface_wait(near, "UP");
	world_interface_wait(far, "UP");
}

int
world_station(const char *interface)
{
	const int on = 1;
	const struct sockaddr_ll address = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_ALL),
	    .sll_ifindex = (int)if_nametoindex(interface),
	};
	const int station = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_return_code(station, errno);
	assert_int_not_equal(address.sll_ifindex, 0);
	assert_return_code(
	    setsockopt(station, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), errno);
	assert_return_code(
	    bind(station, (const struct sockaddr *)&address, sizeof(address)), errno);
	return station;
}

void
world_station_send(int station, const uint8_t *frame, size_t len)
{
	assert_int_equal(send(station, frame, len, 0), len);
}

size_t
world_station_receive(int station, uint8_t *frame, size_t room, int wait_ms)
{
	struct pollfd wait = {.fd = station, .events = POLLIN};
	ssize_t len;

	if (poll(&wait, 1, wait_ms) != 1)
		return 0;
	len = recv(station, frame, room, 0);
	assert_return_code((int)len, errno);
	return (size_t)len;
}

/* RFC 1071 word by word, on purpose not the way that the library does it. */
static uint16_t
sum_add(uint16_t sum, const uint8_t *data, size_t len)
{
	uint32_t wide = sum;

	for (size_t i = 0; i < len; i++)
		wide += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (wide > 0xffff)
		wide = (wide & 0xffff) + (wide >> 16);
	return (uint16_t)wide;
}

static const uint8_t *
packet_start(const uint8_t *frame)
{
	return qn_load_be16(frame + 12) == 0x8100 ? frame + 18 : frame + 14;
}

/* Of a UDP datagram inside its frame: where, how long, and the sum that its checksum covers. */
struct udp {
	const uint8_t *data;
	uint16_t len;
	uint16_t sum;
};

static struct udp
udp_read(const uint8_t *frame)
{
	const uint8_t *packet = packet_start(frame);
	const bool ipv6 = packet[0] >> 4 == 6;
	const uint8_t *data = packet + (ipv6 ? 40 : 20);
	const uint16_t len = qn_load_be16(data + 4);
	const uint8_t tail[4] = {0, 17, data[4], data[5]};
	uint16_t sum = ipv6 ? sum_add(0, packet + 8, 32) : sum_add(0, packet + 12, 8);

	sum = sum_add(sum, tail, sizeof(tail));
	return (struct udp){data, len, sum_add(sum, data, len)};
}

bool
world_udp_checksum_right(const uint8_t *frame)
{
	return udp_read(frame).sum == 0xffff;
}

size_t
world_frame(uint8_t frame[WORLD_FRAME_MAX], const struct world_datagram *datagram)
{
	static const uint8_t addresses[8] = {10, 9, 0, 1, 10, 9, 0, 2};
	uint8_t *packet = frame + (datagram->tagged ? 18 : 14);
	uint8_t *udp = packet + 20;
	const uint16_t packet_len = (uint16_t)(datagram->frame_len - (packet - frame));

	assert_in_range(datagram->frame_len, 50, WORLD_FRAME_MAX);
	memset(frame, 0, datagram->frame_len);
	memcpy(frame, datagram->destination_mac, 6);
	memcpy(frame + 6, datagram->source_mac, 6);
	if (datagram->tagged) {
		qn_store_be16(frame + 12, 0x8100);
		qn_store_be16(frame + 14, 7);
	}
	qn_store_be16(packet - 2, 0x0800);
	packet[0] = 0x45;
	qn_store_be16(packet + 2, packet_len);
	packet[8] = 64;
	packet[9] = 17;
	memcpy(packet + 12, addresses, sizeof(addresses));
	qn_store_be16(packet + 10, (uint16_t)~sum_add(0, packet, 20));
	qn_store_be16(udp, datagram->source_port);
	qn_store_be16(udp + 2, 53);
	qn_store_be16(udp + 4, (uint16_t)(packet_len - 20));
	memcpy(udp + 8, &datagram->mark, sizeof(datagram->mark));
	qn_store_be16(udp + 6, (uint16_t)~udp_read(frame).sum);
	return datagram->frame_len;
}

uint32_t
world_frame_mark(const uint8_t *frame)
{
	uint32_t mark;

	memcpy(&mark, packet_start(frame) + 28, sizeof(mark));
	return mark;
}

static void
swap(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[16];

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

void
world_echo(uint8_t *frame)
{
	uint8_t *packet = frame + (packet_start(frame) - frame);

	swap(frame, frame + 6, 6);
	if (packet[0] >> 4 == 6) {
		swap(packet + 8, packet + 24, 16);
		swap(packet + 40, packet + 42, 2);
	} else {
		swap(packet + 12, packet + 16, 4);
		swap(packet + 20, packet + 22, 2);
	}
}

struct qn_port *
world_port_open(const char *device, uint16_t queue_count)
{
	char error[QN_PORT_ERROR_MAX] = "";
	struct qn_port *port;

	if (qn_port_open(&port, device, queue_count, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return port;
}

void
world_port_refuse(const char *device, uint16_t queue_count, const char *words)
{
	char error[QN_PORT_ERROR_MAX] = "";
	struct qn_port *port;

	assert_true(qn_port_open(&port, device, queue_count, error, sizeof(error)) < 0);
	/* Every sentence names the device, as it was written. */
	if (strncmp(error, device, strlen(device)) != 0 || strstr(error, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\" of %s", error, words, device);
}

uint32_t
world_port_receive(struct qn_port *port, uint16_t queue, struct qn_packet *packets, uint32_t count)
{
	const struct qn_mono end = qn_mono_after_us(qn_clock_read().mono, QN_US_PER_S / 2);
	uint32_t received = 0;

	while (received < count && !qn_mono_reached(end, qn_clock_read().mono))
		received += qn_port_receive(port, queue, packets + received, count - received);
	return received;
}

void
world_port_transmit(
    struct qn_port *port, uint16_t queue, const struct qn_packet *packets, uint32_t count)
{
	const struct qn_mono end = qn_mono_after_us(qn_clock_read().mono, QN_US_PER_S);
	uint32_t sent = 0;

	while (sent < count) {
		const uint32_t burst =
		    count - sent < QN_PORT_BURST_MAX ? count - sent : QN_PORT_BURST_MAX;

		sent += qn_port_transmit(port, queue, packets + sent, burst);
		assert_false(qn_mono_reached(end, qn_clock_read().mono));
	}
}

struct qn_packet
world_packet(struct qn_port *port, uint16_t queue, uint32_t mark, uint16_t frame_len)
{
	static const uint8_t somebody[6] = {2, 0, 0, 0, 0, 9};
	struct world_datagram datagram = {
	    .source_port = 53,
	    .destination_mac = somebody,
	    .frame_len = frame_len,
	    .mark = mark,
	};
	struct qn_port_info info;
	struct qn_packet packet;
	uint8_t frame[WORLD_FRAME_MAX];

	qn_port_info_read(port, &info);
	datagram.source_mac = info.mac;
	assert_true(qn_port_alloc(port, queue, &packet));
	assert_int_equal(packet.len, 0);
	packet.len = (uint32_t)world_frame(frame, &datagram);
	memcpy(packet.data, frame, packet.len);
	return packet;
}

uint64_t
world_counter(const struct qn_port *port, enum qn_port_counter counter)
{
	struct qn_port_info info;
	uint64_t sum = 0;

	qn_port_info_read(port, &info);
	for (uint16_t i = 0; i < info.queue_count; i++)
		sum += qn_port_counter_value(port, i, counter);
	return sum;
}

uint32_t
world_pool_used(const struct qn_port *port, uint16_t queue)
{
	struct qn_port_pool_stats stats;

	qn_port_pool_stats_read(port, queue, &stats);
	return stats.used;
}
