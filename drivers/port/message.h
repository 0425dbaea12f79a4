/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What DPDK and libxdp say: kept out of standard error, turned into log lines, and quoted
 * in our own sentences. Used inside drivers/port.
 *
 * Between begin() and end() a failure is reported by our caller, so messages only go to the
 * debug log; the first one is kept, because it is the most exact. Outside they are warnings.
 */
#include <stdbool.h>

/** Sends the messages of DPDK and libxdp to our log from now on; false without memory. */
bool qn_message_redirect(void);

/** DPDK's own channel again; for a program that leaves. */
void qn_message_restore(void);

void qn_message_begin(void);
void qn_message_end(void);

/** The first message since begin(), or "no reason given". */
const char *qn_message_first(void);
