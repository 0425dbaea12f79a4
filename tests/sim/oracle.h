/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Knows all zones: whether an answer is right, and whether a failure has a cause.
 *
 * An answer is right when each step of it stands in some zone in one of the epochs, when an
 * authority's reply has truly brought it to the node, and when it is no older than its TTL.
 */
#include "sim/client.h"
#include "sim/plan.h"
#include "sim/world.h"

#define SIM_REASON_MAX 512

/** How the judge came to its verdict. */
struct sim_verdict {
	bool right;
	char reason[SIM_REASON_MAX]; /* Why not. */
};

/** Judges the node's reply `message` to `query` at `now`, in a world run as `plan` has it. */
struct sim_verdict sim_oracle_judge(const struct sim_world *world, const struct sim_plan *plan,
    const struct sim_query *query, const struct qn_message *message, struct qn_mono now);
