/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Reads the clocks of the kernel, without a system call where the machine has a vDSO.
 */
#include "base/time.h"

/** Monotonic and wall time now; any thread, meant for once a turn. */
struct qn_now qn_clock_read(void);
