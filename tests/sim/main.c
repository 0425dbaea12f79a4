/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * quince-sim: runs the simulated internet for a range of seeds and reports in TAP.
 */
#include "base/broken.h"
#include "sim/sim.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS_DEFAULT  200
#define PROGRESS_SEEDS 1000

static const char usage[] =
    "Usage: quince-sim [--seeds N] [--seed S] [--verbose] [--break NAME]\n"
    "\n"
    "Runs the iterator in N simulated worlds (200), made from the seeds S (1) and up.\n"
    "--seed without --seeds runs that one. --verbose tells every query, reply and verdict.\n"
    "--break NAME turns the outcome round, for a build in which the rule NAME is broken on\n"
    "purpose (meson option 'break'): it succeeds as soon as the simulation notices.\n";

struct options {
	uint64_t first;
	uint64_t count;
	bool verbose;
	const char *broken; /* NULL unless the outcome is turned round. */
};

/* The seed being run, for whoever reads about a failed assertion. */
static uint64_t seed_running;

static void
print_replay(void)
{
	printf("# replay: quince-sim --verbose --seed %llu\n", (unsigned long long)seed_running);
	fflush(stdout);
}

_Noreturn void
qn_assert_failed(const char *expression, const char *file, int line)
{
	printf("Bail out! seed %llu: assertion failed: %s at %s:%d\n",
	    (unsigned long long)seed_running, expression, file, line);
	print_replay();
	abort();
}

/* --- Options ---------------------------------------------------------------------------- */

static bool
read_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && text[0] != '-')
		return true;
	fprintf(stderr, "quince-sim: not a number: %s\n", text);
	return false;
}

static bool
read_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"seeds", required_argument, NULL, 'n'},
	    {"seed", required_argument, NULL, 's'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"break", required_argument, NULL, 'b'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	bool with_seed = false;
	bool with_count = false;
	int option;

	*options = (struct options){.first = 1, .count = SEEDS_DEFAULT};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'n':
			with_count = true;
			if (!read_number(optarg, &options->count))
				return false;
			break;
		case 's':
			with_seed = true;
			if (!read_number(optarg, &options->first))
				return false;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'b':
			options->broken = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs(usage, stderr);
			return false;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return false;
	}
	if (options->broken != NULL && strcmp(options->broken, QN_BROKEN_NAME) != 0) {
		fprintf(stderr,
		    "quince-sim: this build breaks \"%s\", not \"%s\": meson configure "
		    "-Dbreak=%s\n",
		    QN_BROKEN_NAME, options->broken, options->broken);
		return false;
	}
	if (with_seed && !with_count)
		options->count = 1;
	return true;
}

/* --- Running ---------------------------------------------------------------------------- */

struct tally {
	uint64_t seed_count;
	uint64_t question_count;
	uint64_t query_count;
	uint64_t virtual_us;
	uint64_t digest; /* Of the digests of all seeds in order. */
};

static void
tally_add(struct tally *tally, const struct sim_result *result)
{
	tally->seed_count++;
	tally->question_count += result->question_count;
	tally->query_count += result->query_count;
	tally->virtual_us += result->virtual_us;
	tally->digest = tally->digest * 0x9e3779b97f4a7c15u + result->digest;
}

static void
print_tally(const struct tally *tally)
{
	printf(
	    "# %llu seeds, %llu questions, %llu queries, %llu s of virtual time, digest %016llx\n",
	    (unsigned long long)tally->seed_count, (unsigned long long)tally->question_count,
	    (unsigned long long)tally->query_count,
	    (unsigned long long)(tally->virtual_us / QN_US_PER_S),
	    (unsigned long long)tally->digest);
	fflush(stdout);
}

/* Runs all seeds; false at the first that breaks an invariant. */
static bool
run_seeds(struct sim *sim, const struct options *options, struct tally *tally)
{
	for (uint64_t i = 0; i < options->count; i++) {
		seed_running = options->first + i;
		const struct sim_result result = sim_run(sim, seed_running);

		tally_add(tally, &result);
		if (result.breach != NULL) {
			printf(
			    "# seed %llu: %s\n", (unsigned long long)seed_running, result.breach);
			print_replay();
			return false;
		}
		if (tally->seed_count % PROGRESS_SEEDS == 0)
			print_tally(tally);
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct tally tally = {0};
	struct options options;

	if (!read_options(&options, argc, argv))
		return 2;
	struct sim *sim = sim_create(options.verbose);

	if (sim == NULL) {
		fprintf(stderr, "quince-sim: out of memory\n");
		return 2;
	}
	printf("TAP version 13\n1..1\n");
	const bool clean = run_seeds(sim, &options, &tally);
	const bool wanted = clean == (options.broken == NULL);

	print_tally(&tally);
	printf("%s 1 - %s in %llu seeds\n", wanted ? "ok" : "not ok",
	    clean ? "no invariant broken" : "an invariant broken",
	    (unsigned long long)tally.seed_count);
	sim_destroy(sim);
	return wanted ? EXIT_SUCCESS : EXIT_FAILURE;
}
