/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the operator wrote for a device, taken apart, checked and completed. Pure.
 * Used inside drivers/port.
 */
#include "port/error.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

enum qn_device_kind {
	QN_DEVICE_PCI,
	QN_DEVICE_AF_PACKET,
	QN_DEVICE_AF_XDP,
	QN_DEVICE_TAP,
	QN_DEVICE_OTHER, /* Any other virtual device: net_ring0, net_pcap0, ... */
};

struct qn_device {
	enum qn_device_kind kind;
	char text[256];           /* As written. */
	char name[64];            /* "net_af_packet0"; a PCI address with its domain. */
	char arguments[384];      /* What follows the name, ours added; no leading comma. */
	char interface[IFNAMSIZ]; /* The kernel's interface under af_packet and af_xdp, else "". */
	bool queues_chosen;       /* The operator chose which queues of the interface to use. */
};

/**
 * Reads `text` and adds what `queue_count` queues need in `arguments`. Returns 0, or -EINVAL
 * with a sentence.
 */
QN_MUST_USE int qn_device_parse(struct qn_device *device, const char *text, uint16_t queue_count,
    const struct qn_port_error *error);
