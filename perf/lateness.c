/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wakes on a core every millisecond, before everything else there, and says when it could not: the
 * host of a virtual machine had the core, or the kernel did something that nothing interrupts.
 *
 *     lateness CORE LATE_US      until it is killed
 *
 * Prints a line each time that it wakes later than LATE_US after its time: when that was, in
 * seconds of the monotonic clock, and by how many microseconds.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S  1000000000ull
#define NS_PER_US 1000ull
#define PERIOD_NS 1000000ull
#define PRIORITY  99

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void
wait_until(uint64_t time_ns)
{
	const struct timespec time = {
	    .tv_sec = (time_t)(time_ns / NS_PER_S), .tv_nsec = (long)(time_ns % NS_PER_S)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static unsigned long
number_of(const char *text)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "lateness: %s is no number\n", text);
		exit(2);
	}
	return number;
}

/* Alone on the core, and before all others. */
static void
take_core(unsigned long core)
{
	const struct sched_param first = {.sched_priority = PRIORITY};
	cpu_set_t cores;

	CPU_ZERO(&cores);
	CPU_SET(core, &cores);
	if (sched_setaffinity(0, sizeof(cores), &cores) != 0) {
		perror("lateness: sched_setaffinity");
		exit(1);
	}
	if (sched_setscheduler(0, SCHED_FIFO, &first) != 0) {
		perror("lateness: sched_setscheduler");
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	uint64_t late_ns;

	if (argc != 3) {
		fprintf(stderr, "usage: lateness CORE LATE_US\n");
		return 2;
	}
	take_core(number_of(argv[1]));
	late_ns = number_of(argv[2]) * NS_PER_US;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		const uint64_t due = now_ns() + PERIOD_NS;
		uint64_t woken;

		wait_until(due);
		woken = now_ns();
		if (woken - due > late_ns)
			printf("%.6f %lu\n", (double)woken / NS_PER_S,
			    (unsigned long)((woken - due) / NS_PER_US));
	}
}
