/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * From the configuration in a scenario to that of a shard.
 *
 * Keys are Unbound's, in Deckard's files without sections. A key that no answer depends on is
 * passed over. One that asks for something a shard does not do, and one that nobody knows,
 * is a reason not to play the file.
 */
#include "scenario.h"
#include "shard/shard.h"

/** Room for the reason, the final zero included. */
#define SETTINGS_REASON_MAX 256

struct settings {
	struct qn_shard_config shard; /* Without service addresses. */
	struct qn_wall wall;
	bool validates;                                          /* There is a trust anchor. */
	const struct qn_zones *built[2 * QN_SHARD_VIEW_MAX + 1]; /* All local data. */
	unsigned built_count;
	char reason[SETTINGS_REASON_MAX];
};

/**
 * Fills `settings`; false with the reason, a phrase, when the scenario cannot be played.
 * settings_free() is due in either case.
 */
QN_MUST_USE bool settings_read(struct settings *settings, const struct scenario *scenario);

void settings_free(struct settings *settings);
