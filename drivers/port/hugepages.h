/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The machine's hugepages: how many are free, and who may count them. Used inside drivers/port.
 *
 * DPDK takes pages one by one as memory is asked for, so what is counted as free is nobody's yet.
 * Two nodes that started together would count the same pages and one of them would not get them.
 */
#include <stdint.h>

/** Octets in hugepages of all sizes that nobody has taken or been promised. */
uint64_t qn_hugepages_free(void);

/**
 * Keeps the other nodes of this machine from counting until qn_hugepages_release(), or until this
 * process ends. Waits for one that has come first, for 10 s at most, and then goes on beside it,
 * with a warning. Nodes in containers with a /proc of their own do not know of each other.
 */
void qn_hugepages_claim(void);

/** Lets others count what is left; does nothing without a claim. */
void qn_hugepages_release(void);
