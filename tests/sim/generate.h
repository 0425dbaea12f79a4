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

/** Fills in what the node's operator knows of `world`: root servers, zones of their own. */
void sim_generate_config(const struct sim_world *world, struct qn_resolve_config *config);
