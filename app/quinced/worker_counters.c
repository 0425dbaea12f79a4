/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker_counters.h"

#define COUNTER_NAME(name) #name,

const char *
worker_counter_name(enum worker_counter counter)
{
	static const char *const names[] = {WORKER_COUNTERS(COUNTER_NAME)};

	return names[counter];
}

enum worker_counter
worker_counter_of_turn(uint64_t duration_us)
{
	const unsigned most = COUNT_worker_turn_32768us - COUNT_worker_turn_0us;
	const unsigned bits = duration_us == 0 ? 0 : 64u - (unsigned)__builtin_clzll(duration_us);

	return COUNT_worker_turn_0us + (bits < most ? bits : most);
}
