/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Draws a world, and how it is run, from a seed.
 */
#include "sim/plan.h"
#include "sim/world.h"

/** Fills `plan` and `world`, whose second epoch, if any, begins some time after `start`. */
void sim_generate(
    struct sim_plan *plan, struct sim_world *world, uint64_t seed, struct qn_mono start);

/** Fills the node's hints with the root servers of `world`. */
void sim_generate_hints(const struct sim_world *world, struct qn_resolve_config *config);
