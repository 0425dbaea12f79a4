/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What clients want to know: names that exist, names near those, and all sorts of types.
 */
#include "sim/world.h"

/** Draws a question about a name of `world`, or one near it. */
void sim_question_draw(
    struct qn_question *question, const struct sim_world *world, struct qn_random *random);
