/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the node tells its operator, as JSON.
 *
 * Memory: the caller owns what is returned (json_decref); NULL when memory is short.
 */
#include "node.h"

#include <jansson.h>

/** State, memory, and what goes both ways: cache, parked questions, buffers. */
json_t *report_status(const struct node *node, struct qn_now now);

/** Every counter of every worker, and their sums. */
json_t *report_stats(const struct node *node);

/** Every port: its device, addresses and packets. */
json_t *report_ports(const struct node *node);
