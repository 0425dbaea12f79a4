/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the node knows of nameserver addresses, and why it asks the one and not the other.
 */
#include "node.h"

#include <jansson.h>

/** Addresses that a report without a name has at most: those that are worth most. */
#define SERVERS_REPORT_MAX 100

/** The addresses that most is known of, and figures of the whole. The caller owns it. */
json_t *servers_report(const struct node *node, struct qn_now now);

/** One address, with the zones that it was useless for counted. */
json_t *servers_report_address(
    const struct node *node, const struct qn_address *address, struct qn_now now);

/**
 * The deepest zone cut at or above `name` that a cache knows, and all addresses of its servers
 * that the delegation has, best first; {"found": false} where no cache knows any.
 */
json_t *servers_report_zone(const struct node *node, const struct qn_name *name, struct qn_now now);
