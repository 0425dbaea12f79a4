/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quince-replay: plays scenario files on a shard of the resolver, without network or root.
 */
#include "player.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: quince-replay [--strict] [--verbose] [--scripted-only] [--seed N] FILE...\n"
    "\n"
    "Plays .rpl scenarios and says for each whether the resolver did as it should:\n"
    "PASS, FAIL, UNDEF (failed after asking what the file does not script) or SKIP.\n"
    "\n"
    "  --strict         compare everything, not only what clients depend on\n"
    "  --verbose        tell on standard error what happens\n"
    "  --scripted-only  give no addresses of nameservers out of glue, and no\n"
    "                   referrals for shortened names that are scripted as NS\n"
    "  --seed N         where the resolver's random numbers start; 1 if not given\n"
    "\n"
    "The status is 0 if nothing failed, 1 if something did, 2 for a wrong call.\n";

static const char *const verdict_words[] = {
    [VERDICT_PASS] = "PASS",
    [VERDICT_FAIL] = "FAIL",
    [VERDICT_UNDEF] = "UNDEF",
    [VERDICT_SKIP] = "SKIP",
};

_Static_assert(sizeof(verdict_words) / sizeof(*verdict_words) == VERDICT_COUNT, "a word each");

/*
 * A validating resolver answers some questions otherwise. A file that plays without has
 * passed; one that does not says nothing about a resolver that cannot validate.
 */
static enum verdict
without_validation(enum verdict verdict, char reason[REASON_MAX])
{
	char why[REASON_MAX];

	if (verdict == VERDICT_PASS)
		return verdict;
	memcpy(why, reason, REASON_MAX);
	snprintf(reason, REASON_MAX, "needs DNSSEC validation (without it: %.900s)", why);
	return VERDICT_SKIP;
}

/* Whatever a file made it say, a terminal can show it. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static enum verdict
play_file(const char *path, const struct player_options *options, char reason[REASON_MAX])
{
	enum verdict verdict = VERDICT_SKIP;
	struct settings settings = {0};
	struct scenario scenario;

	if (!scenario_read(&scenario, path)) {
		snprintf(reason, REASON_MAX, "%s", scenario.problem);
	} else if (!settings_read(&settings, &scenario)) {
		snprintf(reason, REASON_MAX, "%s", settings.reason);
	} else {
		verdict = player_play(&scenario, &settings, options, reason);
		if (settings.validates)
			verdict = without_validation(verdict, reason);
	}
	settings_free(&settings);
	scenario_free(&scenario);
	return verdict;
}

static bool
read_options(int argc, char **argv, struct player_options *options)
{
	static const struct option known[] = {
	    {"strict", no_argument, NULL, 's'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"scripted-only", no_argument, NULL, 'o'},
	    {"seed", required_argument, NULL, 'n'},
	    {0},
	};
	char *end;

	for (int c = getopt_long(argc, argv, "", known, NULL); c != -1;
	     c = getopt_long(argc, argv, "", known, NULL))
		switch (c) {
		case 's':
			options->strict = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'o':
			options->scripted_only = true;
			break;
		case 'n':
			options->seed = (uint32_t)strtoul(optarg, &end, 10);
			if (*optarg == '\0' || *end != '\0')
				return false;
			break;
		default:
			return false;
		}
	return optind < argc;
}

int
main(int argc, char **argv)
{
	struct player_options options = {.seed = 1};
	unsigned counts[VERDICT_COUNT] = {0};
	char reason[REASON_MAX];

	if (!read_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	for (int i = optind; i < argc; i++) {
		const enum verdict verdict = play_file(argv[i], &options, reason);

		counts[verdict]++;
		make_printable(reason);
		printf("%s %s: %s\n", verdict_words[verdict], argv[i], reason);
		fflush(stdout);
	}
	if (counts[VERDICT_UNDEF] > 0)
		printf("%u undefined\n", counts[VERDICT_UNDEF]);
	printf("%u passed, %u failed, %u skipped\n", counts[VERDICT_PASS], counts[VERDICT_FAIL],
	    counts[VERDICT_SKIP]);
	return counts[VERDICT_FAIL] + counts[VERDICT_UNDEF] > 0;
}
