/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/operator.h"

#include "resolve/trace.h"
#include "sim/sim.h"

#include <stdlib.h>

bool
sim_operator_create(struct sim_operator *operator)
{
	operator->trace = malloc(sizeof(*operator->trace));
	return operator->trace != NULL;
}

void
sim_operator_destroy(struct sim_operator *operator)
{
	free(operator->trace);
}

void
sim_operator_start(struct sim *sim)
{
	sim_draw_init(&sim->operator.random, sim->seed, SIM_STREAM_OPERATOR);
	sim->operator.tracing = false;
}

static const struct qn_name *
draw_name(struct sim *sim)
{
	const struct sim_world *world = &sim->world;

	return &world->sets[qn_random_below(&sim->operator.random, world->set_count)].rrset.owner;
}

/* Flushes on all workers, slice by slice. */
static void
flush(struct sim *sim, const struct qn_name *name)
{
	sim_tell(sim, "the operator flushes %s", sim_name_text(name));
	for (uint16_t i = 0; i < sim->node.limits.worker_count; i++) {
		uint32_t count;

		while (!qn_shard_flush(sim->node.shards[i], name, &count))
			continue;
	}
	sim_clients_forget(sim);
}

static void
trace(struct sim *sim, const struct qn_name *name)
{
	struct sim_operator *operator= & sim->operator;
	const struct qn_question question = {*name, QN_TYPE_A, QN_CLASS_IN};

	if (operator->tracing && !operator->trace->done)
		return;
	sim_tell(sim, "the operator traces %s A", sim_name_text(name));
	qn_trace_init(operator->trace, &question, &(struct qn_address){0});
	operator->tracing = true;
	for (uint16_t i = 0; i < sim->node.limits.worker_count; i++)
		if (!qn_shard_trace(sim->node.shards[i], operator->trace, sim->now))
			operator->tracing = false;
}

void
sim_operator_act(struct sim *sim)
{
	const struct qn_name *name = draw_name(sim);

	switch (qn_random_below(&sim->operator.random, 3)) {
	case 0:
		flush(sim, name);
		break;
	case 1:
		trace(sim, name);
		break;
	default:
		sim_tell(sim, "the operator loads the configuration again");
		sim_node_configure(sim);
		break;
	}
}

void
sim_operator_end(struct sim *sim)
{
	if (sim->operator.tracing && !sim->operator.trace->done)
		sim_breach(sim, "a trace has not come to its end");
}
