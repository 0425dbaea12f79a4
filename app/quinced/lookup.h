/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the node knows of a question without asking anybody: what its local data say to a client,
 * and what its caches hold, read while the workers go on.
 */
#include "node.h"
#include "wire/message.h"

#include <jansson.h>

/**
 * As JSON, which the caller owns; nothing is sent and nothing is changed. `client` may be of no
 * family: a client that is in no view.
 */
json_t *lookup_report(const struct node *node, const struct qn_question *question,
    const struct qn_address *client, struct qn_now now);
