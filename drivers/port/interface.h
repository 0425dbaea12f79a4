/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The kernel's side of a network interface that a port sits on. Used inside drivers/port.
 */
#include "base/assert.h"

#include <stdbool.h>
#include <stdint.h>

struct qn_interface {
	int index;
	uint16_t mtu;         /* 65535 when it is more. */
	bool up;              /* Set up by somebody: not whether there is a carrier. */
	uint32_t queue_count; /* Receive queues in use. */
};

/** Reads the facts; -errno, -ENODEV when there is no interface `name`. */
QN_MUST_USE int qn_interface_read(const char *name, struct qn_interface *interface);

/** Whether the interface is up and has a carrier. */
bool qn_interface_running(const char *name);

/**
 * Has the interface take all multicast frames, which neighbour solicitations come in, for
 * as long as the returned descriptor is open; -errno else. When the process dies, so does
 * the wish: nothing is left behind on the interface.
 */
QN_MUST_USE int qn_interface_hear_multicast(int index);

/**
 * Whether sockets of this process may have the kernel poll busily, which takes Linux 5.11 and
 * CAP_NET_ADMIN: 0, else -errno. net_af_xdp does without if it must, and then waits for frames.
 */
QN_MUST_USE int qn_interface_busy_poll(void);
