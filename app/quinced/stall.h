/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Keeps a worker from turning, to see what the node does about it: in builds for tests only
 * (meson option test_verbs).
 *
 * Owner:  the control thread; one stall at a time.
 */
#include "command.h"

struct node;

/** Has the first worker that hears of it stand still; NULL, or a sentence why it does not. */
QN_MUST_USE const char *stall_begin(struct node *node, uint64_t duration_ms);
