/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What a port is made of. Used inside drivers/port: nobody else sees a DPDK type.
 */
#include "base/counter.h"
#include "port/device.h"
#include "port/port.h"

#include <rte_common.h>
#include <rte_mbuf.h>

/**
 * Buffers of a queue's pool. A device holds at most 5 120 of them (net_af_xdp: 2048 to
 * receive into, 1024 to send, 2048 sent and not yet taken back), each core keeps up to 384
 * close by, and the rest is on its way through the workers.
 */
#define QN_POOL_SIZE (8 * 1024 - 1)

/** Octets of EAL memory that a pool takes at most, all included. */
#define QN_POOL_BYTES ((uint64_t)(QN_POOL_SIZE + 1) * 2560)

/** A queue in both directions; one worker's, apart from the counters that others read. */
struct qn_port_queue {
	struct rte_mempool *pool;
	qn_counter counters[QN_PORT_COUNTER_COUNT];
} __rte_cache_aligned;

struct qn_port {
	uint16_t id; /* DPDK's number for it. */
	uint16_t queue_count;
	uint16_t mtu;
	uint8_t mac[6];
	bool shares_interface; /* With the kernel: af_packet and af_xdp. */
	int interface_index;
	int multicast_fd; /* -1 when none. */
	struct qn_device device;
	const char *driver;
	struct qn_port_queue queues[];
};
