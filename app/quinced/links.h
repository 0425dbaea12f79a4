/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The network interfaces that the configuration describes, one on each port.
 *
 * Memory: from drivers/port, given back by destroy.
 */
#include "config.h"
#include "port/port.h"

/**
 * Makes `links` for the ports of `config`, which are open. Returns 0, or -errno with the reason
 * logged and nothing made.
 */
QN_MUST_USE int links_create(struct qn_link *links[QN_SHARD_LINK_MAX], const struct config *config,
    struct qn_port *const *ports, const struct qn_hash_key *hash_key);

void links_destroy(struct qn_link *links[QN_SHARD_LINK_MAX]);
