/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Work that the control thread has every worker do on its own shard, once.
 *
 * The control thread sends a command to all workers, looks now and then whether it is done,
 * and does not touch it until then. No thread waits for another. A worker does them in their
 * order, but that those of many slices let the others go ahead.
 * Memory: a command is a member of what its result goes into; a box holds pointers to
 *         COMMAND_BOX_MAX of them.
 */
#include "shard/shard.h"

#include <stdatomic.h>

#define COMMAND_BOX_MAX 16 /* A power of two. */

struct command {
	/* Does a slice of it on a worker; true when that worker is through. */
	bool (*run)(struct command *command, struct qn_shard *shard, struct qn_now now);
	bool sliced;           /* May take more than one slice. */
	_Atomic uint32_t left; /* Workers that are not through yet. */
};

/** The way of commands to one worker; all zero at start. */
struct command_box {
	_Atomic uint32_t sent;                     /* Ever; written by the control thread. */
	_Atomic uint32_t done;                     /* Ever; written by the worker. */
	struct command *commands[COMMAND_BOX_MAX]; /* Those sent and not done are the worker's. */
};

/** Sends `command`; the caller has no more than COMMAND_BOX_MAX on their way. */
void command_send(struct command_box *box, struct command *command);

/**
 * Runs what was sent, on the worker, up to the first that is not through with this slice.
 * Returns how many commands ran.
 */
uint32_t command_run_all(struct command_box *box, struct qn_shard *shard, struct qn_now now);

/** Whether all workers are through with `command`, and everything they wrote can be read. */
static inline bool
command_is_done(const struct command *command)
{
	return atomic_load_explicit((_Atomic uint32_t *)&command->left, memory_order_acquire) == 0;
}
