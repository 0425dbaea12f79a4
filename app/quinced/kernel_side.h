/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The kernel's side of a node (drivers/kernel), made from the configuration.
 *
 * Owner:  the control thread.
 */
#include "config.h"
#include "kernel/kernel.h"

/** Keeps the UDP ports that the configuration leaves to the kernel out of those asked from. */
void kernel_side_keep_ports(struct qn_port_table *table, const struct config_kernel *config);

/** NULL, with the reason logged, when it is off or cannot be had: the node runs without. */
struct qn_kernel *kernel_side_create(
    const struct config_fixed *config, struct qn_link *const links[QN_SHARD_LINK_MAX]);

/** Does nothing with NULL. */
void kernel_side_destroy(struct qn_kernel *kernel);
