/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What operators do to a running node: flush names, trace questions, load a configuration.
 */
#include "base/random.h"

#include <stdbool.h>

struct sim;
struct qn_trace;

struct sim_operator {
	struct qn_random random;
	struct qn_trace *trace; /* One at a time. */
	bool tracing;
};

/** False without memory. */
bool sim_operator_create(struct sim_operator *operator);
void sim_operator_destroy(struct sim_operator *operator);

void sim_operator_start(struct sim *sim);

/** Does one of these things now. */
void sim_operator_act(struct sim *sim);

/** At the end, when all is quiet: a trace must have come to its end, too. */
void sim_operator_end(struct sim *sim);
