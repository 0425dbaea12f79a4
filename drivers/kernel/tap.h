/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A TAP interface: an Ethernet whose other end is a file descriptor of this process.
 *
 * It lives as long as the descriptor is open: with the process the kernel removes it and all
 * addresses and routes on it.
 * Checksums: no offload is offered, so that the kernel completes every checksum and cuts
 * segments to the MTU before a frame gets here.
 */
#include "base/assert.h"

#include <net/if.h>
#include <stdint.h>
#include <sys/types.h>

struct qn_tap {
	int fd;
	unsigned index; /* Of the interface. */
	char name[IFNAMSIZ];
};

/** Makes the interface `name`, still down. 0, or -errno: -EBUSY when the name is taken. */
QN_MUST_USE int qn_tap_open(struct qn_tap *tap, const char *name);
void qn_tap_close(struct qn_tap *tap);

/**
 * Sets one of the interface's own switches in /proc/sys/net: "ipv4", "arp_ignore", 8. 0, or
 * -errno.
 */
QN_MUST_USE int qn_tap_set(
    const struct qn_tap *tap, const char *family, const char *name, unsigned value);

/** Takes the next frame from the kernel; its length, or -errno: -EAGAIN when there is none. */
ssize_t qn_tap_read(const struct qn_tap *tap, uint8_t *frame, size_t room);

/** Gives a frame to the kernel. 0, or -errno; never waits. */
QN_MUST_USE int qn_tap_write(const struct qn_tap *tap, const uint8_t *frame, size_t len);
