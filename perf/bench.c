/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define LARGE_PAGE    (2u << 20)
#define TSC_MEASURE_S 0.05

struct qn_span
bench_block(size_t len)
{
	/* A large page more, so that a block can begin where one does. */
	uint8_t *data = mmap(NULL, len + LARGE_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (data == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	data += (LARGE_PAGE - (uintptr_t)data % LARGE_PAGE) % LARGE_PAGE;
	/* Asked for before the first touch: later it would come too late. */
	madvise(data, len, MADV_HUGEPAGE);
	return (struct qn_span){data, len};
}

void
bench_pin(unsigned core)
{
	cpu_set_t cores;

	CPU_ZERO(&cores);
	CPU_SET(core, &cores);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores) != 0)
		fprintf(stderr, "not pinned to core %u\n", core);
}

void
bench_report(const char *name, double value, const char *unit)
{
	printf("%s %.*f %s\n", name, value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
	fflush(stdout);
}

double
bench_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double
bench_tsc_hz(void)
{
	const double start_s = bench_seconds();
	const uint64_t start = bench_ticks();
	double now_s;

	do
		now_s = bench_seconds();
	while (now_s - start_s < TSC_MEASURE_S);
	return (double)(bench_ticks() - start) / (now_s - start_s);
}

void
bench_batches_add(struct bench_batches *batches, double value)
{
	if (batches->count < BENCH_BATCH_MAX)
		batches->values[batches->count++] = value;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_batches_at(struct bench_batches *batches, double part)
{
	qsort(batches->values, batches->count, sizeof(*batches->values), compare);
	return batches->values[(size_t)(part * (batches->count - 1))];
}
