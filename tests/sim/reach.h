/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Who can be reached: whether a question has to succeed, and whom the node may ask.
 */
#include "sim/world.h"

/**
 * Whether `question` must succeed within `within_us`: at every zone on the way some server is
 * well, and the worst order of trying them stays well inside all other limits.
 */
bool sim_reach_sure(const struct sim_world *world, const struct qn_question *question,
    uint64_t within_us, struct qn_mono now);

/** Whether the node may ask `server` about `name`: a delegation that it can know of leads there. */
bool sim_reach_may_ask(const struct sim_world *world, const struct qn_name *name,
    const struct sim_server *server, struct qn_mono now);

/** The zone at or above `name` whose servers the operator has named; NULL without one. */
const struct sim_zone *sim_reach_route(const struct sim_world *world, const struct qn_name *name);

/** Whether `name` is at or below a zone whose servers make up what they say. */
bool sim_reach_is_wild(const struct sim_world *world, const struct qn_name *name);

/** Whether a zone, or one above it, goes to other nameservers in the second epoch. */
bool sim_reach_moves(const struct sim_world *world, const struct sim_zone *zone);
