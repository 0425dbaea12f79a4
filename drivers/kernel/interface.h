/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The interface of one port: the TAP with everything set that it needs. Used inside
 * drivers/kernel only.
 */
#include "kernel/netlink.h"
#include "kernel/tap.h"
#include "net/link.h"

/**
 * Makes the interface `name` for the port that `link` describes; `first` says that the service
 * addresses are to be on it. 0, or -errno, and what could not be done in `*what`.
 */
QN_MUST_USE int qn_kernel_interface_open(struct qn_tap *tap, struct qn_netlink *netlink,
    const char *name, const struct qn_link_config *link, bool first, const char **what);
