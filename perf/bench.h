/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the benchmarks share: memory, cores, result lines, and the spread of many batches.
 *
 * A result is one line, `name value unit`. Times are taken with the time stamp counter, which
 * on the processors of the last fifteen years ticks at a fixed rate (bench_tsc_hz()).
 */
#include "base/random.h"
#include "base/span.h"

#include <stdint.h>
#include <x86intrin.h>

/** Zeroed memory for good, in large pages where the kernel gives them; ends the program without. */
struct qn_span bench_block(size_t len);

/** Has this thread run on core `core` alone. */
void bench_pin(unsigned core);

/** Prints one result line. */
void bench_report(const char *name, double value, const char *unit);

/** Ticks of the time stamp counter in a second, measured against the clock. */
double bench_tsc_hz(void);

/** Seconds on the monotonic clock. */
double bench_seconds(void);

/** The time stamp counter, after all that was to be done before has been done. */
static inline uint64_t
bench_ticks(void)
{
	unsigned processor;
	const uint64_t ticks = __rdtscp(&processor);

	_mm_lfence();
	return ticks;
}

/**
 * Results of batches that all do the same. Others' work on the machine only ever makes a batch
 * slower: the lowest are what to compare, the median says how quiet it was.
 */
#define BENCH_BATCH_MAX 4096

struct bench_batches {
	uint32_t count;
	double values[BENCH_BATCH_MAX];
};

/** Adds one; beyond BENCH_BATCH_MAX it is left out. */
void bench_batches_add(struct bench_batches *batches, double value);

/** The value that `part` of the batches, 0 to 1, lie below; sorts them. */
double bench_batches_at(struct bench_batches *batches, double part);

/** A fast number that looks random, for what is not to be unpredictable; advances `*state`. */
static inline uint64_t
bench_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15u;
	uint64_t x = *state;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/** A number from 0 to 1, 1 left out. */
static inline double
bench_random_unit(uint64_t *state)
{
	return (double)(bench_random(state) >> 11) * 0x1p-53;
}
