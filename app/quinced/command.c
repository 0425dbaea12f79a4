/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

void
command_send(struct command_box *box, struct command *command)
{
	const uint32_t sent = atomic_load_explicit(&box->sent, memory_order_relaxed);
	const uint32_t done = atomic_load_explicit(&box->done, memory_order_acquire);

	qn_assert(sent - done < COMMAND_BOX_MAX);
	box->commands[sent % COMMAND_BOX_MAX] = command;
	atomic_store_explicit(&box->sent, sent + 1, memory_order_release);
}

uint32_t
command_run_all(struct command_box *box, struct qn_shard *shard, struct qn_now now)
{
	const uint32_t sent = atomic_load_explicit(&box->sent, memory_order_acquire);
	uint32_t done = atomic_load_explicit(&box->done, memory_order_relaxed);
	uint32_t count = 0;

	while (done != sent) {
		struct command *command = box->commands[done % COMMAND_BOX_MAX];

		count++;
		if (!command->run(command, shard, now))
			break;
		done++;
		atomic_store_explicit(&box->done, done, memory_order_release);
		/* The last touch: the control thread may reuse the command from here on. */
		atomic_fetch_sub_explicit(&command->left, 1, memory_order_acq_rel);
	}
	return count;
}
