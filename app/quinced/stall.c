/* SPDX-License-Identifier: BSD-2-Clause */
#include "stall.h"

#include "host/clock.h"
#include "node.h"

struct stall {
	struct command command;
	uint64_t duration_us;
	_Atomic bool taken; /* By a worker. */
};

static bool
stall_on_worker(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct stall *stall = (struct stall *)command;
	const struct qn_mono end = qn_mono_after_us(now.mono, stall->duration_us);

	(void)shard;
	if (!atomic_exchange(&stall->taken, true))
		while (!qn_mono_reached(end, qn_clock_read().mono))
			;
	return true;
}

const char *
stall_begin(struct node *node, uint64_t duration_ms)
{
	static struct stall stall;

	if (!command_is_done(&stall.command))
		return "A worker is standing still already.";
	stall.duration_us = duration_ms * QN_US_PER_MS;
	atomic_store(&stall.taken, false);
	stall.command.run = stall_on_worker;
	node_command(node, &stall.command);
	return NULL;
}
