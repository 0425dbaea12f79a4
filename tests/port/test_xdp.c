/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_af_xdp: its pools, and the XDP program that it puts on the interface. Needs root: runs in
 * a network namespace of its own.
 *
 * One test a run, named in the arguments: processes that get killed are children, and a process
 * that has an EAL cannot make children that start their own.
 */
#include "host/clock.h"
#include "port/interface.h"
#include "world.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t stranger[6] = {2, 0, 0, 0, 0, 1};

static bool eal_started;

static void
eal_start(void)
{
	static const char *const devices[] = {"net_af_xdp0,iface=near", "net_af_xdp1,iface=near2"};

	world_eal_start(devices, COUNT_OF(devices), 1);
	eal_started = true;
}

static uint32_t
program_on(const char *interface)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	return id;
}

/* A child that has the port open; it lives until it is killed, or the test program dies. */
static pid_t
child_open(const char *device)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_false(eal_started);
	assert_return_code(pipe(ready), errno);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		eal_start();
		world_port_open(device, 1);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void
child_kill(pid_t child)
{
	assert_return_code(kill(child, SIGKILL), errno);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
frame_send(struct qn_port *port, int station, uint32_t mark, uint16_t frame_len)
{
	uint8_t frame[WORLD_FRAME_MAX];
	struct qn_port_info info;

	qn_port_info_read(port, &info);
	world_station_send(station, frame,
	    world_frame(frame, &(struct world_datagram){
				   .source_mac = stranger,
				   .destination_mac = info.mac,
				   .source_port = 1024,
				   .frame_len = frame_len,
				   .mark = mark,
			       }));
}

/* Sends a frame to the port, has it echoed, and looks at what comes back. */
static void
echo_check(struct qn_port *port, int station, uint32_t mark)
{
	struct qn_packet packet;
	uint8_t frame[WORLD_FRAME_MAX];

	frame_send(port, station, mark, 300);
	assert_int_equal(world_port_receive(port, 0, &packet, 1), 1);
	assert_int_equal(packet.len, 300);
	assert_true(packet.capacity >= 1514);
	world_echo(packet.data);
	world_port_transmit(port, 0, &packet, 1);
	assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 300);
	assert_memory_equal(frame, stranger, 6);
	assert_int_equal(world_frame_mark(frame), mark);
	assert_true(world_udp_checksum_right(frame));
}

TEST(removes_what_a_killed_process_left)
{
	struct qn_port *port;
	uint32_t left;
	int station;

	world_wire("near", "far", 1500);
	child_kill(child_open("net_af_xdp0,iface=near"));
	left = program_on("near");
	assert_int_not_equal(left, 0);

	eal_start();
	port = world_port_open("net_af_xdp0,iface=near", 1);
	assert_int_not_equal(program_on("near"), 0);
	assert_int_not_equal(program_on("near"), left);
	station = world_station("far");
	echo_check(port, station, 1);
	qn_port_close(port);
	assert_int_equal(program_on("near"), 0);
	close(station);
}

TEST(leaves_a_living_process_alone)
{
	pid_t child;
	char words[64];
	uint32_t program;

	world_wire("near", "far", 1500);
	child = child_open("net_af_xdp0,iface=near");
	program = program_on("near");
	eal_start();
	snprintf(words, sizeof(words), "process %d uses near", child);
	world_port_refuse("net_af_xdp0,iface=near", 1, words);
	assert_int_equal(program_on("near"), program);
	child_kill(child);
}

TEST(leaves_the_program_of_a_stranger_alone)
{
	const struct bpf_insn pass[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	const int program =
	    bpf_prog_load(BPF_PROG_TYPE_XDP, "firewall", "BSD", pass, COUNT_OF(pass), NULL);
	uint32_t id;

	world_wire("near", "far", 1500);
	assert_return_code(program, -program);
	assert_int_equal(bpf_xdp_attach((int)if_nametoindex("near"), program, 0, NULL), 0);
	id = program_on("near");
	eal_start();
	world_port_refuse("net_af_xdp0,iface=near", 1, "the XDP program firewall is on near");
	assert_int_equal(program_on("near"), id);
	close(program);
}

TEST(drops_own_and_oversized_frames)
{
	struct qn_packet packet;
	struct qn_port_info info;
	struct qn_port *port;
	uint8_t frame[WORLD_FRAME_MAX];
	int station;

	world_wire("near", "far", 1700);
	eal_start();
	port = world_port_open("net_af_xdp0,iface=near", 1);
	qn_port_info_read(port, &info);
	assert_string_equal(info.driver, "net_af_xdp");
	assert_int_equal(info.mtu, 1500);
	station = world_station("far");

	frame_send(port, station, 1, 1514);
	assert_int_equal(world_port_receive(port, 0, &packet, 1), 1);
	assert_true(world_udp_checksum_right(packet.data));
	qn_port_free(&packet);
	frame_send(port, station, 2, 1515);
	frame_send(port, station, 3, 1714);
	assert_int_equal(world_port_receive(port, 0, &packet, 1), 0);
	assert_int_equal(world_counter(port, QN_PORT_RX_DROP_OVERSIZED), 2);

	world_station_send(station, frame,
	    world_frame(frame, &(struct world_datagram){
				   .source_mac = info.mac,
				   .destination_mac = info.mac,
				   .frame_len = 100,
			       }));
	assert_int_equal(world_port_receive(port, 0, &packet, 1), 0);
	assert_int_equal(world_counter(port, QN_PORT_RX_DROP_OWN_MAC), 1);
	close(station);
	qn_port_close(port);
}

/* Busy polling is for those who may administer the network: ask as somebody who may not. */
TEST(knows_whether_it_could_wait_for_frames)
{
	const pid_t child = fork();
	int status;

	assert_return_code(child, errno);
	if (child == 0)
		_exit(setuid(65534) == 0 && qn_interface_busy_poll() == -EPERM ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(qn_interface_busy_poll(), 0);
}

TEST(never_waits_for_frames)
{
	enum { POLL_COUNT = 1000 };
	struct qn_packet packet;
	struct qn_port *port;
	struct qn_mono start;

	world_wire("near", "far", 1500);
	eal_start();
	port = world_port_open("net_af_xdp0,iface=near", 1);
	start = qn_clock_read().mono;
	for (int i = 0; i < POLL_COUNT; i++)
		assert_int_equal(qn_port_receive(port, 0, &packet, 1), 0);
	/* Without busy polling each of them would take a second. */
	assert_true(qn_mono_since_us(start, qn_clock_read().mono) < QN_US_PER_S);
	qn_port_close(port);
}

/* What the kernel sees of a pool must hold all of it: the last buffers as well as the first. */
TEST(sends_out_of_every_buffer_of_its_pool)
{
	struct qn_port_pool_stats stats;
	struct qn_packet *packets;
	struct qn_port *port;
	uint32_t held;
	uint32_t count;
	int station;

	world_wire("near", "far", 1500);
	eal_start();
	port = world_port_open("net_af_xdp0,iface=near", 1);
	station = world_station("far");
	qn_port_pool_stats_read(port, 0, &stats);
	held = stats.used;
	count = stats.size - held;
	packets = calloc(count, sizeof(*packets));
	assert_non_null(packets);
	for (uint32_t i = 0; i < count; i++)
		packets[i] = world_packet(port, 0, i, 100);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t frame[WORLD_FRAME_MAX];

		world_port_transmit(port, 0, &packets[i], 1);
		assert_int_equal(world_station_receive(station, frame, sizeof(frame), 500), 100);
		assert_int_equal(world_frame_mark(frame), i);
		assert_true(world_udp_checksum_right(frame));
	}
	/* A sent buffer is back once the next send has looked for it. */
	world_port_transmit(port, 0, &(struct qn_packet){0}, 0);
	assert_in_range(world_pool_used(port, 0), held, held + 1);
	free(packets);
	close(station);
	qn_port_close(port);
}

/* The buffers of one socket are not another's: what crosses has to be copied, and freed. */
TEST(sends_what_another_pool_holds)
{
	enum { COUNT = 4000 };
	struct qn_packet packet;
	struct qn_port *ports[2];
	uint32_t held[2];
	int stations[2];

	world_wire("near", "far", 1500);
	world_wire("near2", "far2", 1500);
	eal_start();
	ports[0] = world_port_open("net_af_xdp0,iface=near", 1);
	ports[1] = world_port_open("net_af_xdp1,iface=near2", 1);
	stations[0] = world_station("far");
	stations[1] = world_station("far2");
	for (int i = 0; i < 2; i++)
		held[i] = world_pool_used(ports[i], 0);
	for (uint32_t mark = 0; mark < COUNT; mark++) {
		uint8_t frame[WORLD_FRAME_MAX];

		frame_send(ports[0], stations[0], mark, 100);
		assert_int_equal(world_port_receive(ports[0], 0, &packet, 1), 1);
		world_port_transmit(ports[1], 0, &packet, 1);
		assert_int_equal(
		    world_station_receive(stations[1], frame, sizeof(frame), 500), 100);
		assert_int_equal(world_frame_mark(frame), mark);
		assert_true(world_udp_checksum_right(frame));
	}
	assert_int_equal(world_pool_used(ports[0], 0), held[0]);
	world_port_transmit(ports[1], 0, &packet, 0);
	assert_in_range(world_pool_used(ports[1], 0), held[1], held[1] + 1);
	for (int i = 0; i < 2; i++) {
		close(stations[i]);
		qn_port_close(ports[i]);
	}
}

TEST(wants_a_worker_for_every_queue_of_the_interface)
{
	world_run("ip link add near numrxqueues 2 numtxqueues 2 type veth peer name far "
		  "numrxqueues 2 numtxqueues 2");
	world_run("ip link set near up && ip link set far up");
	eal_start();
	world_port_refuse("net_af_xdp0,iface=near", 1, "over 2 queues, but there are 1 workers");
}

static int
stop_eal(void **state)
{
	(void)state;
	if (eal_started)
		qn_port_eal_stop();
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(removes_what_a_killed_process_left),
	    cmocka_unit_test(leaves_a_living_process_alone),
	    cmocka_unit_test(leaves_the_program_of_a_stranger_alone),
	    cmocka_unit_test(drops_own_and_oversized_frames),
	    cmocka_unit_test(knows_whether_it_could_wait_for_frames),
	    cmocka_unit_test(never_waits_for_frames),
	    cmocka_unit_test(sends_out_of_every_buffer_of_its_pool),
	    cmocka_unit_test(sends_what_another_pool_holds),
	    cmocka_unit_test(wants_a_worker_for_every_queue_of_the_interface),
	};

	size_t named = 0;

	for (size_t i = 0; i < COUNT_OF(tests); i++)
		named += argc > 2 && strcmp(argv[2], tests[i].name) == 0;
	if (named != 1) {
		fprintf(stderr, "usage: %s ordinary|hugepages TEST\n", argv[0]);
		return 1;
	}
	if (!world_begin(argc, argv, true))
		return 0;
	return cmocka_run_group_tests_name("af_xdp", tests, NULL, stop_eal);
}
