/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * How much memory a configuration takes, and whether the machine has it.
 */
#include "config.h"

struct budget {
	size_t shard_bytes;  /* Of each worker. */
	size_t cache_bytes;  /* Of each worker. */
	size_t shared_bytes; /* Of the node: links, the table of source ports, statistics. */
	size_t total_bytes;  /* All of that, for all workers. */
};

/** What qn_shard_init() is told for `worker`. */
struct qn_shard_limits budget_limits(const struct config_fixed *fixed, uint16_t worker);

struct budget budget_of(const struct config_fixed *fixed);

/** Notes an error when the machine cannot give what `fixed` and its packet buffers take. */
void budget_check(
    const struct config_fixed *fixed, const struct machine *machine, struct diagnostics *errors);
