/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * selection_sim: how close the choice of servers comes to an oracle's, in a simulated internet.
 */
#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What has to be reached after 20 questions to a zone; and no server may flap. */
#define WAIT_MOST 1.1
#define SENT_MOST 1.1

#define NUMBER_MOST 10000000u

#define RTT_PATH "../shared/data/rtt/zonemaster-real-querytimes.tsv.xz"

static const char usage[] =
    "Usage: selection_sim [--zones N] [--rate N] [--seconds N] [--unrest N] [--seed N]\n"
    "                     [--workers N] [--rtts FILE.tsv.xz] [--figures] [--check]\n"
    "\n"
    "A real shard resolves unique names of N zones (3000) with 2 to 13 servers each, which are\n"
    "asked with Zipf's law, N a second (200) for N seconds of virtual time (1200). N times an\n"
    "hour (1) each server dies for a while, loses packets for a while, or moves. Prints how long\n"
    "clients waited, as a ratio to an oracle that always knows the best server of the moment.\n"
    "--workers: that many shards (1), which share what they know of servers every 50 ms.\n"
    "--check: ends with 1 if what has to be reached is not.\n";

_Noreturn void
qn_assert_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "selection_sim: assertion failed: %s at %s:%d\n", expression, file, line);
	abort();
}

static uint32_t
number_of(const char *text, uint32_t most)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || number == 0 || number > most) {
		fprintf(stderr, "selection_sim: not a number from 1 to %u: %s\n", most, text);
		exit(2);
	}
	return (uint32_t)number;
}

static struct run_plan
read_options(int argc, char **argv, bool *figures, bool *check)
{
	static const struct option known[] = {
	    {"zones", required_argument, NULL, 'z'},
	    {"rate", required_argument, NULL, 'r'},
	    {"seconds", required_argument, NULL, 's'},
	    {"unrest", required_argument, NULL, 'u'},
	    {"seed", required_argument, NULL, 'd'},
	    {"workers", required_argument, NULL, 'w'},
	    {"rtts", required_argument, NULL, 't'},
	    {"figures", no_argument, NULL, 'f'},
	    {"check", no_argument, NULL, 'c'},
	    {NULL, 0, NULL, 0},
	};
	struct run_plan plan = {.rtt_path = RTT_PATH,
	    .zone_count = 3000,
	    .unrest = 1,
	    .rate = 200,
	    .length_s = 1200,
	    .worker_count = 1,
	    .seed = 1};
	int option;

	*figures = false;
	*check = false;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'z':
			plan.zone_count = number_of(optarg, NUMBER_MOST);
			break;
		case 'r':
			plan.rate = number_of(optarg, NUMBER_MOST);
			break;
		case 's':
			plan.length_s = number_of(optarg, NUMBER_MOST);
			break;
		case 'u':
			plan.unrest = number_of(optarg, NUMBER_MOST);
			break;
		case 'd':
			plan.seed = number_of(optarg, NUMBER_MOST);
			break;
		case 'w':
			plan.worker_count = (uint16_t)number_of(optarg, QN_SHARD_WORKER_MAX);
			break;
		case 't':
			plan.rtt_path = optarg;
			break;
		case 'f':
			*figures = true;
			break;
		case 'c':
			*check = true;
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	return plan;
}

/* --- Telling ---------------------------------------------------------------------------- */

static int
float_compare(const void *a, const void *b)
{
	const float left = *(const float *)a, right = *(const float *)b;

	return (left > right) - (left < right);
}

/* Prints quantiles of a time over all questions to known zones. */
static void
print_quantiles(const struct run *run, const char *what, size_t offset)
{
	static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
	float *times_us = calloc(run->question_count + 1, sizeof(*times_us));
	uint32_t count = 0;

	if (times_us == NULL)
		return;
	for (uint32_t i = 0; i < run->question_count; i++)
		if (run->questions[i].stage == RUN_KNOWN && run->questions[i].oracle_us > 0)
			memcpy(&times_us[count++], (const char *)&run->questions[i] + offset,
			    sizeof(float));
	qsort(times_us, count, sizeof(*times_us), float_compare);
	printf("%-6s", what);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		printf("  p%g %.1f ms", quantiles[i] * 100,
		    count == 0 ? 0
			       : (double)times_us[(uint32_t)((count - 1) * quantiles[i])] / 1e3);
	printf("\n");
	free(times_us);
}

static void
print_sum(const char *what, const struct run_sum *sum, double whole_us)
{
	const double count = sum->count == 0 ? 1 : (double)sum->count;

	printf("%-28s %8llu questions, %5llu failed: %7.2f ms, oracle %7.2f ms, ratio %.3f", what,
	    (unsigned long long)sum->count, (unsigned long long)sum->failed,
	    sum->wait_us / count / 1e3, sum->oracle_us / count / 1e3,
	    sum->oracle_us > 0 ? sum->wait_us / sum->oracle_us : 0);
	if (whole_us > 0)
		printf(", %.3f of the whole", (sum->wait_us - sum->oracle_us) / whole_us);
	printf("\n");
}

static double
wait_ratio(const struct run *run)
{
	return run->stages[RUN_KNOWN].wait_us / run->stages[RUN_KNOWN].oracle_us;
}

static double
sent_ratio(const struct run *run)
{
	return (double)run->queries[RUN_KNOWN] / (double)run->stages[RUN_KNOWN].count;
}

static bool
has_reached(const struct run *run)
{
	return wait_ratio(run) <= WAIT_MOST && sent_ratio(run) <= SENT_MOST &&
	       run->flaps.again == 0;
}

static void
print_run(const struct run *run)
{
	static const char *const stages[] = {"first question to a zone", "up to 20 more", "after"};
	static const char *const states[] = {"  calm", "  within 10 s of a death",
	    "  within 10 s of a loss", "  within 10 s of a move", "  within 10 s of a return"};
	const struct run_sum *known = &run->stages[RUN_KNOWN];

	for (unsigned i = 0; i < RUN_STAGE_COUNT; i++)
		print_sum(stages[i], &run->stages[i], 0);
	for (unsigned i = 0; i < RUN_STATE_COUNT; i++)
		print_sum(states[i], &run->states[i], known->oracle_us);
	print_quantiles(run, "wait", offsetof(struct run_question, wait_us));
	print_quantiles(run, "oracle", offsetof(struct run_question, oracle_us));
	printf(
	    "after 20 questions to a zone: mean wait %.3f of the oracle's, %.3f queries sent for "
	    "a question, %.1f %% of them to the best server or one as good\n",
	    wait_ratio(run), sent_ratio(run),
	    100.0 * (double)run->best_count / (double)run->queries[RUN_KNOWN]);
	printf("servers were deprioritized %u times, without cause %u times, of these %u within a "
	       "minute of the last time\n",
	    run->flaps.deprioritized, run->flaps.without_cause, run->flaps.again);
}

static void
print_figures(const struct run *run)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++) {
		const struct qn_shard_figure figure = qn_shard_figure(i);

		const uint64_t value = stand_figure(run->stand, figure.name);

		if (value > 0)
			printf(
			    "%s%s %llu\n", figure.prefix, figure.name, (unsigned long long)value);
	}
}

int
main(int argc, char **argv)
{
	bool figures, check;
	const struct run_plan plan = read_options(argc, argv, &figures, &check);
	struct run run;

	if (!run_play(&run, &plan)) {
		fprintf(stderr, "selection_sim: out of memory\n");
		return 1;
	}
	printf("%u workers, %u zones, %u servers, round trips %s %s\n", plan.worker_count,
	    run.world.zone_count, run.world.server_count,
	    run.world.rtts.measured ? "from" : "built in, for these cannot be read:",
	    plan.rtt_path);
	print_run(&run);
	if (figures)
		print_figures(&run);
	const bool good = !check || has_reached(&run);

	run_destroy(&run);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
