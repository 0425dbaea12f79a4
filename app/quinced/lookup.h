/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the node's caches hold for a name and type, read while the workers go on.
 */
#include "node.h"

#include <jansson.h>

/** As JSON, which the caller owns; nothing is sent and nothing is changed. */
json_t *lookup_report(
    const struct node *node, const struct qn_name *name, uint16_t type, struct qn_now now);
