/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the tests of ports share: namespaces and wires, frames, and short ways to use a port.
 * A failure of anything here fails the running test.
 */
#include "port/port.h"
#include "support/test.h"

/**
 * Reads the program's arguments: "ordinary" or "hugepages", the memory to test with, then
 * the names of tests to run, all if none. Returns false when the program cannot run here,
 * after saying why the way that meson wants it.
 */
bool world_begin(int argc, char **argv, bool needs_root);

/** Starts the EAL with `worker_count` workers on the first cores, ports for `devices` at hand. */
void world_eal_start(const char *const *devices, uint16_t device_count, uint16_t worker_count);

/** Runs a shell command. */
void world_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Waits for an interface to be in a state that "ip link" shows: "UP", "DOWN". */
void world_interface_wait(const char *interface, const char *state);

/** Makes a wire: the interface `near` with the given MTU, and `far` at its other end. */
void world_wire(const char *near, const char *far, unsigned int mtu);

/** A socket that sends frames at `interface` and receives those that come in there. */
int world_station(const char *interface);
void world_station_send(int station, const uint8_t *frame, size_t len);

/** The next frame that comes in within `wait_ms`; 0 when none does. */
size_t world_station_receive(int station, uint8_t *frame, size_t room, int wait_ms);

#define WORLD_FRAME_MAX 4096

/** A UDP datagram to build a frame around. */
struct world_datagram {
	const uint8_t *source_mac;
	const uint8_t *destination_mac;
	uint16_t source_port;
	uint16_t frame_len; /* Octets of the frame, the tag included. */
	bool tagged;        /* In VLAN 7. */
	uint32_t mark;      /* The first octets of the payload; frame_len leaves room for it. */
};

/** Writes the frame with right checksums; returns its length. */
size_t world_frame(uint8_t frame[WORLD_FRAME_MAX], const struct world_datagram *datagram);

/** The mark of a frame that world_frame() wrote. */
uint32_t world_frame_mark(const uint8_t *frame);

/** Whether the checksum of a UDP datagram, over IPv4 without options or IPv6, is right. */
bool world_udp_checksum_right(const uint8_t *frame);

/** Turns a UDP datagram over IPv4 or IPv6 back to where it came from. */
void world_echo(uint8_t *frame);

struct qn_port *world_port_open(const char *device, uint16_t queue_count);

/** Opens a device that must fail to, with `words` in the sentence. */
void world_port_refuse(const char *device, uint16_t queue_count, const char *words);

/** Receives until `count` packets have come or half a second has passed; returns how many. */
uint32_t world_port_receive(
    struct qn_port *port, uint16_t queue, struct qn_packet *packets, uint32_t count);

/** Sends all, however many calls it takes. */
void world_port_transmit(
    struct qn_port *port, uint16_t queue, const struct qn_packet *packets, uint32_t count);

/** Writes a frame with this mark into a new packet of `queue`. */
struct qn_packet world_packet(
    struct qn_port *port, uint16_t queue, uint32_t mark, uint16_t frame_len);

/** Sum of a counter over all queues. */
uint64_t world_counter(const struct qn_port *port, enum qn_port_counter counter);

/** Buffers out of the pool of `queue`. */
uint32_t world_pool_used(const struct qn_port *port, uint16_t queue);
