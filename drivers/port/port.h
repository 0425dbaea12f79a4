/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Ports: DPDK devices that frames come from and go to.
 *
 * Life:    qn_port_eal_start(), qn_port_open() for each device, qn_port_eal_settle(), workers
 *          launched and waited for, qn_port_close() for each port, qn_port_eal_stop(). Once a
 *          process.
 * Owner:   the main thread does all of that; during the workers' life queue i belongs to
 *          worker i: only it receives, transmits and allocates there. Figures may be read
 *          by any thread. Any thread may free a packet.
 * Memory:  every queue has a pool of buffers of its own. A packet received or allocated on
 *          one queue may be transmitted on any queue of any port.
 * Frames:  linear, without frame check sequence, at most qn_port_info.frame_max long; what
 *          the device hands up that is not so is made so or dropped, and counted.
 * Errors:  a set-up failure returns -errno and one sentence for the operator in `error`,
 *          and leaves nothing behind.
 */
#include "base/assert.h"
#include "net/packet.h"

#include <stdbool.h>

/** Packets that one receive or transmit handles at most. */
#define QN_PORT_BURST_MAX 64

/** Room for any sentence of this header, the final zero included. */
#define QN_PORT_ERROR_MAX 512

/* The environment: cores and memory. */

struct qn_port_eal_config {
	const char *const *devices; /* As given to qn_port_open() later. */
	uint16_t device_count;
	const uint16_t *worker_cores; /* CPU of worker 0, 1, ...; each at most once. */
	uint16_t worker_count;
	uint64_t memory_bytes;  /* What qn_port_memory_alloc() will be asked for in all. */
	bool without_hugepages; /* Takes ordinary memory even if hugepages are free. */
};

/**
 * Takes hugepages if enough are free, ordinary memory else (the log says which), and starts
 * a thread pinned to the core of each worker. Afterwards the calling thread and those it
 * makes run on the allowed CPUs that no worker has; on all of them when none is left.
 */
QN_MUST_USE int qn_port_eal_start(
    const struct qn_port_eal_config *config, char *error, size_t error_len);

/**
 * All memory has been asked for. Until then other nodes that start on this machine wait, up to
 * 10 s, so that no two rely on the same free hugepages.
 */
void qn_port_eal_settle(void);

/** Ends the workers' threads and gives the memory back; all ports must be closed. */
void qn_port_eal_stop(void);

/** Whether buffers and qn_port_memory_alloc() use hugepages. */
bool qn_port_eal_hugepages(void);

/** Runs `run(argument)` on the core of `worker`; false when it is busy with another. */
QN_MUST_USE bool qn_port_worker_launch(uint16_t worker, int (*run)(void *), void *argument);

/** Waits until what was last launched on `worker` has returned; gives its result. */
int qn_port_worker_wait(uint16_t worker);

/**
 * Zeroed memory near the core of `worker`, aligned to a cache line, for good use by that
 * worker's shard and cache; NULL when there is not enough left of memory_bytes.
 */
void *qn_port_memory_alloc(size_t len, uint16_t worker);
void qn_port_memory_free(void *memory);

/** The processor's cycle counter, for statistics; qn_port_cycles_hz() of them are a second. */
uint64_t qn_port_cycles(void);
uint64_t qn_port_cycles_hz(void);

/* Ports. */

struct qn_port;

/**
 * Opens and starts the device with one receive and one transmit queue per worker.
 * `device` is a PCI address ("0000:3b:00.0") or a virtual device with its arguments
 * ("net_af_packet0,iface=vres"); what several queues need there is added.
 */
QN_MUST_USE int qn_port_open(
    struct qn_port **port, const char *device, uint16_t queue_count, char *error, size_t error_len);

/**
 * Stops the device and takes back what open did, the XDP program too. Packets that are still
 * held are gone with it. Workers must have returned. A net_af_xdp device cannot be opened
 * again in the same process: its driver keeps the sockets.
 */
void qn_port_close(struct qn_port *port);

struct qn_port_info {
	uint8_t mac[6];
	uint16_t mtu;       /* Octets of an IP packet, at most 1500. */
	uint32_t frame_max; /* Octets of an untagged frame: mtu + 14; a VLAN tag adds 4. */
	uint16_t queue_count;
	const char *device; /* As given to open; valid until close. */
	const char *driver; /* "net_af_packet" */
};

void qn_port_info_read(const struct qn_port *port, struct qn_port_info *info);

/** Whether the link is up now. Control threads only: it may ask the kernel. */
bool qn_port_link_up(const struct qn_port *port);

/* Packets. */

/** Takes at most `count_max` frames (QN_PORT_BURST_MAX at most) off `queue`; never waits. */
uint32_t qn_port_receive(
    struct qn_port *port, uint16_t queue, struct qn_packet *packets, uint32_t count_max);

/**
 * Sends `packets` in order; returns how many were taken: those are the port's now, the
 * rest still the caller's, to send again or to free. Frames longer than the port can send are
 * taken, dropped and counted. `count` is at most QN_PORT_BURST_MAX.
 */
QN_MUST_USE uint32_t qn_port_transmit(
    struct qn_port *port, uint16_t queue, const struct qn_packet *packets, uint32_t count);

/** An empty packet (`len` 0, `capacity` frame_max) from the pool of `queue`; false if none is left. */
QN_MUST_USE bool qn_port_alloc(struct qn_port *port, uint16_t queue, struct qn_packet *packet);

void qn_port_free(const struct qn_packet *packet);
void qn_port_free_bulk(const struct qn_packet *packets, uint32_t count);

/* Figures. */

/** Counters of a queue; they only grow. */
enum qn_port_counter {
	QN_PORT_RX_PACKETS, /* Handed to the caller. */
	QN_PORT_RX_BYTES,
	QN_PORT_RX_DROP_OWN_MAC,    /* Source address is the port's: our own, or a loop. */
	QN_PORT_RX_DROP_OVERSIZED,  /* Longer than frame_max, or cut by the driver. */
	QN_PORT_RX_DROP_RUNT,       /* Shorter than an Ethernet header. */
	QN_PORT_RX_DROP_SEGMENTS,   /* In several buffers, though short enough for one. */
	QN_PORT_RX_CHECKSUM_FILLED, /* From a socket of this machine: see drivers/port/partial.h. */
	QN_PORT_TX_PACKETS,         /* Taken by the device. */
	QN_PORT_TX_BYTES,
	QN_PORT_TX_REFUSED, /* Not taken by the device, left to the caller. */
	QN_PORT_TX_DROP_OVERSIZED,
	QN_PORT_ALLOC_FAILED, /* qn_port_alloc() found the pool empty. */
	QN_PORT_COUNTER_COUNT,
};

/** "rx_packets" for QN_PORT_RX_PACKETS. */
const char *qn_port_counter_name(enum qn_port_counter counter);

uint64_t qn_port_counter_value(
    const struct qn_port *port, uint16_t queue, enum qn_port_counter counter);

/** What the device itself has counted since open. */
struct qn_port_device_stats {
	uint64_t rx_missed; /* Nobody took them off in time. */
	uint64_t rx_errors;
	uint64_t rx_no_buffer;
	uint64_t tx_errors;
};

/** Control threads only: it may ask the kernel or the device. */
void qn_port_device_stats_read(const struct qn_port *port, struct qn_port_device_stats *stats);

/**
 * Buffers of a queue's pool. What the device itself holds to receive into counts as in use,
 * so compare `used` with an earlier reading rather than with 0.
 */
struct qn_port_pool_stats {
	uint32_t size;
	uint32_t used;
};

void qn_port_pool_stats_read(
    const struct qn_port *port, uint16_t queue, struct qn_port_pool_stats *stats);
