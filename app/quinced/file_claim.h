/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Keeps a file to one process, by a lock on an empty file beside it: its name and `.lock`.
 *
 * The file itself is replaced whenever it is written (statistics.h), and a lock on it would go with
 * what is replaced. The lock ends with the process, however that ends. What a process that was
 * killed leaves is an empty file without a lock, which is in nobody's way.
 * Owner:  the control thread.
 */
#include "base/assert.h"

#include <limits.h>

struct file_claim {
	char lock[PATH_MAX + 8]; /* Path of the empty file. */
	int fd;                  /* -1: nothing is claimed. */
};

/**
 * Claims the file at `path`, which need not exist; an empty path claims nothing. Returns 0,
 * -EWOULDBLOCK when another process has it, or -errno when nobody can, which both claim nothing.
 */
QN_MUST_USE int file_claim_take(struct file_claim *claim, const char *path);

/** Gives the file up, if it was claimed, and removes the empty one. */
void file_claim_release(struct file_claim *claim);
