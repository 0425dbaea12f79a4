/* SPDX-License-Identifier: BSD-2-Clause */
#include "flaps.h"

/* What has just ended was a cause as well: the queries in flight tell of it late. */
#define CAUSE_US (5 * QN_US_PER_S)

static bool
has_cause(const struct world_server *server, struct qn_mono now)
{
	return server->moved ||
	       !qn_mono_reached(qn_mono_after_us(server->down_until, CAUSE_US), now) ||
	       !qn_mono_reached(qn_mono_after_us(server->lossy_until, CAUSE_US), now);
}

static void
note(struct flaps *flaps, struct world_server *server, struct qn_mono now)
{
	const bool flaps_again = server->deprioritized_at.us > 0 &&
	                         qn_mono_since_us(server->deprioritized_at, now) < FLAPS_WITHIN_US;

	flaps->deprioritized++;
	server->deprioritized_at = now;
	if (!has_cause(server, now)) {
		flaps->without_cause++;
		flaps->again += flaps_again;
	}
	server->moved = false;
}

void
flaps_look(struct flaps *flaps, struct stand *stand, struct world *world)
{
	const struct qn_mono now = stand_now(stand).mono;

	if (!qn_mono_reached(flaps->due, now))
		return;
	flaps->due = qn_mono_after_us(now, FLAPS_EVERY_US);
	const struct qn_standings *standings = qn_nsdb_standings(stand_nsdb(stand));

	for (uint32_t i = 0; i < world->server_count; i++) {
		struct world_server *server = &world->servers[i];
		const struct qn_standing_key key = qn_standing_key(standings, &server->address);
		const struct qn_standing *row = qn_standings_find(standings, &key);
		const bool deprioritized = row != NULL && row->stats.deprioritized;

		if (deprioritized && !server->deprioritized)
			note(flaps, server, now);
		server->deprioritized = deprioritized;
	}
}
