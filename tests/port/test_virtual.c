/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that need no privileges: net_ring, whose queues give back what they are sent, and
 * net_pcap, which reads and writes capture files. And the EAL, workers and mailboxes.
 */
#include "host/clock.h"
#include "port/mailbox.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKER_COUNT 2

static char directory[] = "/tmp/qn_port_XXXXXX";
static cpu_set_t allowed; /* Before the EAL started. */

/* A process with an EAL of its own; it lives as long as this one. */
static pid_t other_node;

TEST(gives_back_what_a_ring_was_sent)
{
	struct qn_port *port = world_port_open("net_ring0", 2);
	struct qn_packet packets[64];
	struct qn_packet received[64];

	for (uint16_t queue = 0; queue < 2; queue++) {
		for (uint32_t i = 0; i < 64; i++)
			packets[i] = world_packet(port, queue, 100 * queue + i, 60);
		world_port_transmit(port, queue, packets, 64);
	}
	for (uint16_t queue = 0; queue < 2; queue++) {
		assert_int_equal(world_port_receive(port, queue, received, 64), 64);
		for (uint32_t i = 0; i < 64; i++)
			assert_int_equal(world_frame_mark(received[i].data), 100 * queue + i);
		qn_port_free_bulk(received, 64);
		assert_int_equal(world_pool_used(port, queue), 0);
	}
	assert_true(qn_port_link_up(port));
	qn_port_close(port);
}

TEST(leaves_to_the_caller_what_the_device_refuses)
{
	enum { COUNT = 4000 }; /* More than the device's ring holds. */
	struct qn_port *port = world_port_open("net_ring0", 1);
	uint32_t sent = 0;
	struct qn_packet packet;

	for (uint32_t i = 0; i < COUNT; i++) {
		packet = world_packet(port, 0, i, 60);
		if (qn_port_transmit(port, 0, &packet, 1) == 1)
			sent++;
		else
			qn_port_free(&packet);
	}
	assert_in_range(sent, 1, COUNT - 1);
	assert_int_equal(world_counter(port, QN_PORT_TX_REFUSED), COUNT - sent);
	assert_int_equal(world_counter(port, QN_PORT_TX_PACKETS), sent);
	assert_int_equal(world_pool_used(port, 0), sent);
	for (uint32_t i = 0; i < sent; i++) {
		assert_int_equal(world_port_receive(port, 0, &packet, 1), 1);
		assert_int_equal(world_frame_mark(packet.data), i);
		qn_port_free(&packet);
	}
	assert_int_equal(world_pool_used(port, 0), 0);
	qn_port_close(port);
}

/* What is refused is a tail: too long frames before it are gone, those in it are not. */
TEST(keeps_order_when_long_frames_meet_a_full_device)
{
	struct qn_port *port = world_port_open("net_ring0", 1);
	struct qn_packet packets[4];
	struct qn_packet packet;
	uint32_t count = 0;

	for (;; count++) {
		packet = world_packet(port, 0, count, 60);
		if (qn_port_transmit(port, 0, &packet, 1) == 0)
			break;
	}
	qn_port_free(&packet);
	/* One place is free: the second of the good ones does not fit. */
	assert_int_equal(world_port_receive(port, 0, &packet, 1), 1);
	qn_port_free(&packet);
	for (uint32_t i = 0; i < 4; i++)
		packets[i] = world_packet(port, 0, i, 60);
	packets[0].len = 1515;
	packets[3].len = 1515;
	assert_int_equal(qn_port_transmit(port, 0, packets, 4), 2);
	assert_int_equal(world_counter(port, QN_PORT_TX_DROP_OVERSIZED), 1);
	assert_int_equal(world_pool_used(port, 0), count + 2);
	qn_port_free_bulk(packets + 2, 2);
	qn_port_close(port);
}

/* The device's ring is still there when it is opened again: what was in it must not be. */
TEST(takes_what_is_in_flight_along_when_it_closes)
{
	struct qn_port *port = world_port_open("net_ring0", 1);
	struct qn_packet packet = world_packet(port, 0, 1, 60);

	world_port_transmit(port, 0, &packet, 1);
	qn_port_close(port);
	port = world_port_open("net_ring0", 1);
	assert_int_equal(qn_port_receive(port, 0, &packet, 1), 0);
	qn_port_close(port);
}

TEST(drops_frames_in_several_buffers)
{
	struct qn_port *port = world_port_open("net_ring0", 1);
	struct rte_ring *ring = rte_ring_lookup("ETH_RXTX0_net_ring0");
	struct rte_mempool *pool = rte_mempool_lookup("port0-queue0");
	struct rte_mbuf *parts[2];
	struct qn_packet packet;

	assert_non_null(ring);
	assert_non_null(pool);
	for (int i = 0; i < 2; i++) {
		parts[i] = rte_pktmbuf_alloc(pool);
		assert_non_null(rte_pktmbuf_append(parts[i], 40));
	}
	assert_int_equal(rte_pktmbuf_chain(parts[0], parts[1]), 0);
	assert_int_equal(rte_ring_enqueue(ring, parts[0]), 0);
	assert_int_equal(qn_port_receive(port, 0, &packet, 1), 0);
	assert_int_equal(world_counter(port, QN_PORT_RX_DROP_SEGMENTS), 1);
	assert_int_equal(world_pool_used(port, 0), 0);
	qn_port_close(port);
}

/* A capture file as net_pcap reads it (the format of libpcap 2.4). */
static FILE *
capture_create(const char *path)
{
	const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(head, sizeof(head), 1, file), 1);
	return file;
}

static void
capture_add(FILE *file, const void *frame, uint32_t len)
{
	const uint32_t head[4] = {0, 0, len, len};

	assert_int_equal(fwrite(head, sizeof(head), 1, file), 1);
	assert_int_equal(fwrite(frame, len, 1, file), 1);
}

TEST(reads_and_writes_captures)
{
	static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
	static const uint16_t lens[] = {100, 1514, 1515, 3000};
	char device[200];
	char path[100];
	uint8_t frame[WORLD_FRAME_MAX];
	struct qn_packet packets[8];
	struct qn_port *port;
	FILE *file;

	snprintf(path, sizeof(path), "%s/in.pcap", directory);
	file = capture_create(path);
	for (uint32_t i = 0; i < COUNT_OF(lens); i++)
		capture_add(file, frame,
		    (uint32_t)world_frame(frame, &(struct world_datagram){
						     .source_mac = macs[0],
						     .destination_mac = macs[1],
						     .source_port = 1024,
						     .frame_len = lens[i],
						     .mark = i,
						 }));
	capture_add(file, "short", 5);
	fclose(file);

	snprintf(device, sizeof(device), "net_pcap0,rx_pcap=%s/in.pcap,tx_pcap=%s/out.pcap",
	    directory, directory);
	world_port_refuse(device, 2, "1 receive and 1 transmit queues, fewer than the 2 workers");
	port = world_port_open(device, 1);
	assert_int_equal(world_port_receive(port, 0, packets, 8), 2);
	assert_int_equal(packets[0].len, 100);
	assert_int_equal(packets[1].len, 1514);
	assert_true(world_udp_checksum_right(packets[1].data));
	assert_int_equal(world_counter(port, QN_PORT_RX_DROP_OVERSIZED), 2);
	assert_int_equal(world_counter(port, QN_PORT_RX_DROP_RUNT), 1);
	world_port_transmit(port, 0, packets, 2);
	assert_int_equal(world_pool_used(port, 0), 0);
	qn_port_close(port);

	snprintf(path, sizeof(path), "%s/out.pcap", directory);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	assert_int_equal(ftell(file), 24 + 16 + 100 + 16 + 1514);
	fclose(file);
}

TEST(refuses_what_is_no_device)
{
	world_port_refuse("eth0", 1, "is neither a PCI address");
	world_port_refuse("net_pcap0,rx_pcap=/nonexistent", 1, "does not come up");
	world_port_refuse("net_ring0", 17, "fewer than the 17 workers");
}

static int
cpu_and_name(void *argument)
{
	*(int *)argument = sched_getcpu();
	return 42;
}

TEST(runs_workers_on_their_cores)
{
	int cpus[WORKER_COUNT] = {-1, -1};

	for (uint16_t i = 0; i < WORKER_COUNT; i++) {
		assert_true(qn_port_worker_launch(i, cpu_and_name, &cpus[i]));
		assert_int_equal(qn_port_worker_wait(i), 42);
		assert_true(CPU_ISSET(cpus[i], &allowed));
	}
	assert_int_not_equal(cpus[0], cpus[1]);
}

static int
wait_for_go(void *argument)
{
	while (!atomic_load((atomic_bool *)argument))
		;
	return 0;
}

TEST(refuses_a_worker_that_is_busy)
{
	atomic_bool go = false;
	int cpu;

	assert_true(qn_port_worker_launch(0, wait_for_go, &go));
	assert_false(qn_port_worker_launch(0, cpu_and_name, &cpu));
	atomic_store(&go, true);
	assert_int_equal(qn_port_worker_wait(0), 0);
}

static void *
affinity_read(void *argument)
{
	if (sched_getaffinity(0, sizeof(cpu_set_t), argument) != 0)
		CPU_ZERO((cpu_set_t *)argument);
	return NULL;
}

/* With a core left over, threads made after the start stay off the workers' cores. */
TEST(keeps_other_threads_off_the_workers_cores)
{
	cpu_set_t expected = allowed;
	cpu_set_t found;
	pthread_t thread;

	for (uint16_t i = 0; i < WORKER_COUNT; i++) {
		int cpu;

		assert_true(qn_port_worker_launch(i, cpu_and_name, &cpu));
		assert_int_equal(qn_port_worker_wait(i), 42);
		CPU_CLR(cpu, &expected);
	}
	if (CPU_COUNT(&expected) == 0)
		expected = allowed;
	assert_int_equal(pthread_create(&thread, NULL, affinity_read, &found), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(CPU_EQUAL(&found, &expected));
}

TEST(gives_zeroed_memory_in_cache_lines)
{
	enum { LEN = 3 << 20 };
	static const uint8_t zero[4096];

	for (int round = 0; round < 2; round++) {
		uint8_t *memory = qn_port_memory_alloc(LEN, 0);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 64, 0);
		for (int at = 0; at < LEN; at += (int)sizeof(zero))
			assert_memory_equal(memory + at, zero, sizeof(zero));
		memset(memory, 0xaa, LEN);
		qn_port_memory_free(memory);
	}
}

TEST(counts_cycles)
{
	const uint64_t cycles = qn_port_cycles();
	const struct qn_mono start = qn_clock_read().mono;
	uint64_t passed_us;
	double rate;

	usleep(50 * 1000);
	passed_us = qn_mono_since_us(start, qn_clock_read().mono);
	rate = (double)(qn_port_cycles() - cycles) * 1e6 / (double)passed_us;
	assert_true(rate > 0.8 * (double)qn_port_cycles_hz());
	assert_true(rate < 1.2 * (double)qn_port_cycles_hz());
}

TEST(fills_a_mailbox_to_its_capacity_and_no_more)
{
	struct qn_port *port = world_port_open("net_ring0", 1);
	struct qn_mailbox *mailbox = qn_mailbox_create(5);
	struct qn_mail mails[8];
	struct qn_mail received[8];

	for (uint32_t i = 0; i < 8; i++) {
		mails[i] = (struct qn_mail){.packet = world_packet(port, 0, i, 60 + (uint16_t)i),
		    .link = (uint16_t)(7 * i),
		    .is_query = i % 2 == 1};
		mails[i].packet.capacity = 1400 + i;
	}
	assert_int_equal(qn_mailbox_send(mailbox, mails, 8), 5);
	assert_int_equal(qn_mailbox_send(mailbox, mails + 5, 3), 0);
	assert_int_equal(qn_mailbox_count(mailbox), 5);
	assert_int_equal(qn_mailbox_receive(mailbox, received, 3), 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(received[i].link, 7 * i);
		assert_int_equal(received[i].is_query, i % 2);
		assert_int_equal(received[i].packet.len, 60 + i);
		assert_int_equal(received[i].packet.capacity, 1400 + i);
		assert_ptr_equal(received[i].packet.data, mails[i].packet.data);
		assert_ptr_equal(received[i].packet.buffer, mails[i].packet.buffer);
		qn_port_free(&received[i].packet);
	}
	/* Two stay inside and are freed with it; three were never taken. */
	qn_mailbox_destroy(mailbox);
	assert_int_equal(world_pool_used(port, 0), 3);
	for (uint32_t i = 5; i < 8; i++)
		qn_port_free(&mails[i].packet);
	assert_int_equal(world_pool_used(port, 0), 0);
	qn_port_close(port);
}

enum { PARCEL_COUNT = 200000 };

struct correspondence {
	struct qn_port *port;
	struct qn_mailbox *mailbox;
};

static int
write_letters(void *argument)
{
	const struct correspondence *with = argument;

	for (uint32_t i = 0; i < PARCEL_COUNT; i++) {
		struct qn_mail mail = {
		    .link = (uint16_t)(i % QN_MAILBOX_LINK_MAX), .is_query = i % 3 == 0};

		while (!qn_port_alloc(with->port, 0, &mail.packet))
			;
		mail.packet.len = 60;
		memcpy(mail.packet.data, &i, sizeof(i));
		while (qn_mailbox_send(with->mailbox, &mail, 1) == 0)
			;
	}
	return 0;
}

/* Returns how many came out of order or damaged. */
static int
read_letters(void *argument)
{
	const struct correspondence *with = argument;
	uint32_t count = 0;
	int wrong = 0;

	while (count < PARCEL_COUNT) {
		struct qn_mail mails[QN_MAILBOX_BURST_MAX];
		const uint32_t got = qn_mailbox_receive(with->mailbox, mails, QN_MAILBOX_BURST_MAX);

		for (uint32_t i = 0; i < got; i++, count++) {
			uint32_t mark;

			memcpy(&mark, mails[i].packet.data, sizeof(mark));
			wrong += mark != count || mails[i].link != count % QN_MAILBOX_LINK_MAX ||
			         mails[i].is_query != (count % 3 == 0) || mails[i].packet.len != 60;
			qn_port_free(&mails[i].packet);
		}
	}
	return wrong;
}

TEST(carries_packets_from_worker_to_worker_in_order)
{
	struct correspondence with = {world_port_open("net_ring0", 1), qn_mailbox_create(1024)};

	assert_true(qn_port_worker_launch(0, write_letters, &with));
	assert_true(qn_port_worker_launch(1, read_letters, &with));
	assert_int_equal(qn_port_worker_wait(0), 0);
	assert_int_equal(qn_port_worker_wait(1), 0);
	assert_int_equal(world_pool_used(with.port, 0), 0);
	qn_mailbox_destroy(with.mailbox);
	qn_port_close(with.port);
}

/* Both run, and neither has left a directory of DPDK behind. */
TEST(lives_beside_another_node)
{
	const char *run = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");
	char path[200];

	assert_int_equal(waitpid(other_node, NULL, WNOHANG), 0);
	if (run == NULL)
		run = "/tmp";
	snprintf(path, sizeof(path), "%s/dpdk/quince-%d", run, (int)getpid());
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/dpdk/quince-%d", run, (int)other_node);
	assert_int_equal(access(path, F_OK), -1);
}

static void
eal_refuse(const struct qn_port_eal_config *config, const char *words)
{
	char error[QN_PORT_ERROR_MAX] = "";

	assert_true(qn_port_eal_start(config, error, sizeof(error)) < 0);
	if (strstr(error, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, words);
}

/* What can be refused is refused before DPDK is touched, so that starting can be tried again. */
TEST(refuses_a_configuration_that_cannot_be)
{
	static const uint16_t twice[] = {0, 0};
	static const uint16_t nowhere[] = {1000};
	static const char *const not_a_device[] = {"eth0"};
	struct qn_port_eal_config config = {.worker_cores = twice, .worker_count = 2};

	eal_refuse(&config, "two workers are given core 0");
	config = (struct qn_port_eal_config){.worker_cores = nowhere, .worker_count = 1};
	eal_refuse(&config, "core 1000 does not exist");
	config.worker_count = 0;
	eal_refuse(&config, "0 workers are not possible");
	config = (struct qn_port_eal_config){
	    .devices = not_a_device, .device_count = 1, .worker_cores = twice, .worker_count = 1};
	eal_refuse(&config, "eth0: is neither a PCI address");
	config.memory_bytes = UINT64_C(1) << 50;
	eal_refuse(&config, "too little memory: 1073741");
}

static int
start(void **state)
{
	static const char *const devices[] = {"net_ring0"};
	int ready[2];
	char byte;

	(void)state;
	assert_return_code(sched_getaffinity(0, sizeof(allowed), &allowed), errno);
	assert_non_null(mkdtemp(directory));
	refuses_a_configuration_that_cannot_be(NULL);
	assert_return_code(pipe(ready), errno);
	other_node = fork();
	assert_return_code(other_node, errno);
	if (other_node == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		world_eal_start(devices, 1, WORKER_COUNT);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	world_eal_start(devices, 1, WORKER_COUNT);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	qn_port_eal_stop();
	kill(other_node, SIGKILL);
	waitpid(other_node, NULL, 0);
	world_run("rm -r %s", directory);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_back_what_a_ring_was_sent),
	    cmocka_unit_test(leaves_to_the_caller_what_the_device_refuses),
	    cmocka_unit_test(keeps_order_when_long_frames_meet_a_full_device),
	    cmocka_unit_test(takes_what_is_in_flight_along_when_it_closes),
	    cmocka_unit_test(drops_frames_in_several_buffers),
	    cmocka_unit_test(reads_and_writes_captures),
	    cmocka_unit_test(refuses_what_is_no_device),
	    cmocka_unit_test(runs_workers_on_their_cores),
	    cmocka_unit_test(refuses_a_worker_that_is_busy),
	    cmocka_unit_test(keeps_other_threads_off_the_workers_cores),
	    cmocka_unit_test(gives_zeroed_memory_in_cache_lines),
	    cmocka_unit_test(counts_cycles),
	    cmocka_unit_test(fills_a_mailbox_to_its_capacity_and_no_more),
	    cmocka_unit_test(carries_packets_from_worker_to_worker_in_order),
	    cmocka_unit_test(lives_beside_another_node),
	};

	if (!world_begin(argc, argv, false))
		return 0;
	return cmocka_run_group_tests_name("virtual", tests, start, stop);
}
