/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Plays one scenario: its steps in order, and what its ranges answer in between.
 *
 * Time passes only as far as a step makes it. Every step first lets arrive what is on its
 * way; CHECK_ANSWER and CHECK_OUT_QUERY go on, at most 30 s, until what they want has come.
 * A query that no range in force answers, no REPLY and no glue, stays unanswered; should a
 * later step fail then, the scenario counts as undefined rather than failed.
 */
#include "settings.h"

struct player_options {
	bool strict;        /* Compare everything. */
	bool verbose;       /* Tell on standard error what happens. */
	bool scripted_only; /* Answer nothing that the file does not script. */
	uint32_t seed;
};

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_UNDEF, /* Failed after a query that the scenario does not script. */
	VERDICT_SKIP,  /* Cannot be played. */
	VERDICT_COUNT,
};

/** Room for the reason of a verdict, the final zero included. */
#define REASON_MAX 1024

/** Plays `scenario` on a new shard with `settings`. */
enum verdict player_play(struct scenario *scenario, const struct settings *settings,
    const struct player_options *options, char reason[REASON_MAX]);
