/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Reads the clocks of the kernel, without a system call where the machine has a vDSO.
 */
#include "base/time.h"

/** Monotonic and wall time now; any thread, meant for once a turn. */
struct qn_now qn_clock_read(void);

/**
 * Processor time that the calling thread has had, in microseconds: what the scheduler gave to others
 * is not in it, nor what the host of a virtual machine says that it has taken. A system call.
 */
uint64_t qn_clock_thread_us(void);
