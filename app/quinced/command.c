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

/*
 * The command at `done` takes more turns. The first behind it that takes one goes ahead, so that
 * nothing waits for it, the questions of the node to itself least of all. Those that take many keep
 * their order: a shard is in the middle of one at most.
 */
static void
let_quick_ahead(struct command_box *box, uint32_t done, uint32_t sent)
{
	struct command **commands = box->commands;
	uint32_t at = done;

	while (at != sent && commands[at % COMMAND_BOX_MAX]->sliced)
		at++;
	if (at == sent)
		return;
	struct command *quick = commands[at % COMMAND_BOX_MAX];

	for (; at != done; at--)
		commands[at % COMMAND_BOX_MAX] = commands[(at - 1) % COMMAND_BOX_MAX];
	commands[done % COMMAND_BOX_MAX] = quick;
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
		if (!command->run(command, shard, now)) {
			let_quick_ahead(box, done, sent);
			break;
		}
		done++;
		atomic_store_explicit(&box->done, done, memory_order_release);
		/* The last touch: the control thread may reuse the command from here on. */
		atomic_fetch_sub_explicit(&command->left, 1, memory_order_acq_rel);
	}
	return count;
}
