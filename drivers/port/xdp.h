/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The XDP program that libxdp puts on an interface for AF_XDP sockets: it stays there when
 * the process that had it attached is killed. Used inside drivers/port.
 */
#include "port/error.h"

/**
 * Makes sure that no XDP program sits on the interface. One that libxdp made for sockets
 * that no living process has any more is removed, and the log says so. Any other is
 * somebody's: -EBUSY and a sentence. `device` is what the operator wrote.
 */
QN_MUST_USE int qn_xdp_clear(
    const char *device, const char *interface, int index, const struct qn_port_error *error);

/** Removes our program if closing the device has left it; the log says what failed. */
void qn_xdp_remove(const char *interface, int index);
