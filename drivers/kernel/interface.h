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

/** What an interface is to have besides what its port's configuration says. */
struct qn_kernel_interface {
	const struct qn_link_config *link;
	bool services;       /* The service addresses are on this one. */
	bool services_alone; /* No network comes with them: kernel.h. */
};

/**
 * Makes the interface `name`. 0, or -errno, and what could not be done in `*what`.
 */
QN_MUST_USE int qn_kernel_interface_open(struct qn_tap *tap, struct qn_netlink *netlink,
    const char *name, const struct qn_kernel_interface *interface, const char **what);

/**
 * Adds the addresses and routes of an interface that is up, those that are not there: the kernel
 * drops some when it is taken down. 0, or -errno.
 */
QN_MUST_USE int qn_kernel_interface_mend(
    struct qn_netlink *netlink, unsigned index, const struct qn_kernel_interface *interface);
