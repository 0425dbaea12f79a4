/* SPDX-License-Identifier: BSD-2-Clause */
#include "servers.h"

#include "resolve/delegation.h"

#include <stdlib.h>

/* One address as it is judged for one zone, or for none. */
struct judged {
	struct qn_address address;
	const struct qn_name *server; /* Its name in the delegation; NULL without one. */
	const struct qn_server_stats *stats;
	const struct qn_zone_quality *quality;
	uint64_t order_us; /* Asked in this order. */
};

static const struct qn_server_stats no_stats;
static const struct qn_zone_quality no_quality;

static const struct qn_standing *
find(const struct node *node, const struct qn_address *address, uint64_t zone_hash)
{
	const struct qn_standings *standings = qn_nsdb_standings(node->statistics.nsdb);
	const struct qn_standing_key key = qn_standing_key(standings, address);
	const struct qn_standing_key zone_key = qn_standing_key_for_zone(&key, zone_hash);

	return qn_standings_find(standings, zone_hash == 0 ? &key : &zone_key);
}

/* --- One address ------------------------------------------------------------------------ */

static json_t *
ms_of(uint64_t us)
{
	return json_real((double)us / QN_US_PER_MS);
}

/* Seconds from `earlier` to `later`, to a tenth. */
static double
seconds(struct qn_mono earlier, struct qn_mono later)
{
	return (double)(qn_mono_since_us(earlier, later) / (QN_US_PER_S / 10)) / 10;
}

static double
share(uint16_t of_one)
{
	return (double)(of_one * 1000u / QN_SHARE_ONE) / 10;
}

static const char *
useless_text(const struct qn_zone_quality *quality)
{
	switch ((enum qn_outcome)quality->outcome) {
	case QN_OUTCOME_SERVFAIL:
		return "SERVFAIL";
	case QN_OUTCOME_MALFORMED:
		return "malformed replies";
	case QN_OUTCOME_REFUSED:
		return "REFUSED";
	case QN_OUTCOME_LAME:
		return "not serving the zone";
	case QN_OUTCOME_TIMED_OUT:
		return "silent";
	case QN_OUTCOME_SENT:
	case QN_OUTCOME_USEFUL:
	case QN_OUTCOME_NEUTRAL:
	case QN_OUTCOME_LATE:
		break;
	}
	return "useless replies";
}

static bool
is_avoided(const struct judged *judged, struct qn_now now)
{
	return judged->stats->deprioritized ||
	       !qn_mono_reached(judged->quality->avoid_until, now.mono);
}

/* Why it is asked, or not: one sentence without a full stop. */
static json_t *
why(const struct judged *judged, struct qn_now now)
{
	const struct qn_server_stats *stats = judged->stats;
	const struct qn_zone_quality *quality = judged->quality;

	if (stats->deprioritized)
		return json_sprintf("avoided: silent for %.1f s, probed in %.1f s",
		    seconds(stats->silent_since, now.mono), seconds(now.mono, stats->probe_at));
	if (!qn_mono_reached(quality->avoid_until, now.mono))
		return json_sprintf("avoided for this zone: %s, %.1f s more", useless_text(quality),
		    seconds(now.mono, quality->avoid_until));
	if (!stats->measured)
		return json_string(stats->timeouts == 0 ? "never asked" : "has never answered");
	if (stats->timeouts + stats->late > 0)
		return json_sprintf("silent for %.1f s", seconds(stats->silent_since, now.mono));
	return json_string("good");
}

static void
add_measured(json_t *report, const struct qn_server_stats *stats)
{
	if (!stats->measured)
		return;
	json_object_set_new(report, "rtt_ms", ms_of(stats->srtt_us));
	json_object_set_new(report, "deviation_ms", ms_of(stats->rttvar_us));
	json_object_set_new(report, "p95_ms", ms_of(stats->p95_us));
}

static json_t *
report_judged(const struct judged *judged, struct qn_now now)
{
	const struct qn_server_stats *stats = judged->stats;
	char address[QN_ADDRESS_TEXT_MAX], name[QN_NAME_TEXT_MAX];
	json_t *report = json_object();

	qn_address_to_text(&judged->address, address);
	json_object_set_new(report, "address", json_string(address));
	if (judged->server != NULL) {
		qn_name_to_text(judged->server, name);
		json_object_set_new(report, "server", json_string(name));
	}
	add_measured(report, stats);
	json_object_set_new(report, "loss_percent", json_real(share(stats->loss)));
	json_object_set_new(report, "useless_percent", json_real(share(judged->quality->useless)));
	json_object_set_new(report, "timeouts", json_integer(stats->timeouts));
	if (stats->updated.us > 0)
		json_object_set_new(
		    report, "heard_s", json_real(seconds(stats->updated, now.mono)));
	json_object_set_new(report, "avoided", json_boolean(is_avoided(judged, now)));
	json_object_set_new(report, "why", why(judged, now));
	return report;
}

static int
compare_judged(const void *a, const void *b)
{
	const uint64_t a_us = ((const struct judged *)a)->order_us;
	const uint64_t b_us = ((const struct judged *)b)->order_us;

	return (a_us > b_us) - (a_us < b_us);
}

/* Sorts, and makes the list of a report out of the first `most`. */
static json_t *
report_list(struct judged *judged, size_t count, size_t most, struct qn_now now)
{
	json_t *list = json_array();

	qsort(judged, count, sizeof(*judged), compare_judged);
	for (size_t i = 0; i < count && i < most; i++)
		json_array_append_new(list, report_judged(&judged[i], now));
	return list;
}

/* --- All -------------------------------------------------------------------------------- */

static void
add_figures(json_t *report, const struct node *node)
{
	const struct qn_nsdb_figures figures = qn_nsdb_figures(node->statistics.nsdb);
	uint64_t dropped = 0;

	for (uint16_t i = 0; i < node->statistics.ring_count; i++)
		dropped += qn_counter_get(&node->statistics.rings[i]->dropped);
	json_object_update_new(report,
	    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rows",
		(json_int_t)figures.row_count, "rows_max", (json_int_t)figures.row_max,
		"samples_folded", (json_int_t)figures.folded, "samples_dropped",
		(json_int_t)dropped, "rows_evicted", (json_int_t)figures.evicted, "folds_postponed",
		(json_int_t)figures.postponed, "deprioritized", (json_int_t)figures.deprioritized,
		"restored", (json_int_t)figures.restored));
}

json_t *
servers_report(const struct node *node, struct qn_now now)
{
	const struct qn_nsdb *nsdb = node->statistics.nsdb;
	const uint32_t slot_count = qn_nsdb_slot_count(nsdb);
	struct judged *judged = calloc(slot_count, sizeof(*judged));
	json_t *report = json_object();
	size_t count = 0;

	for (uint32_t slot = 0; slot < slot_count && judged != NULL; slot++) {
		const struct qn_standing *row = qn_nsdb_row(nsdb, slot);

		if (row == NULL || row->zone_hash != 0)
			continue;
		judged[count++] = (struct judged){
		    .address = row->address,
		    .stats = &row->stats,
		    .quality = &no_quality,
		    .order_us = UINT64_MAX - qn_stats_worth_us(&row->stats),
		};
	}
	add_figures(report, node);
	json_object_set_new(report, "addresses", json_integer((json_int_t)count));
	json_object_set_new(report, "servers", report_list(judged, count, SERVERS_REPORT_MAX, now));
	free(judged);
	return report;
}

/* --- An address ------------------------------------------------------------------------- */

/* Zones that the address is avoided for now. */
static uint32_t
count_zones(const struct node *node, const struct qn_address *address, struct qn_now now)
{
	const struct qn_nsdb *nsdb = node->statistics.nsdb;
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < qn_nsdb_slot_count(nsdb); slot++) {
		const struct qn_standing *row = qn_nsdb_row(nsdb, slot);

		count += row != NULL && row->zone_hash != 0 &&
		         qn_address_equal(&row->address, address) &&
		         !qn_mono_reached(row->quality.avoid_until, now.mono);
	}
	return count;
}

json_t *
servers_report_address(const struct node *node, const struct qn_address *address, struct qn_now now)
{
	const struct qn_standing *row = find(node, address, 0);
	struct judged judged = {
	    .address = *address,
	    .stats = row == NULL ? &no_stats : &row->stats,
	    .quality = &no_quality,
	};

	return json_pack("{s:b, s:i, s:o}", "found", row != NULL, "zones_avoided",
	    count_zones(node, address, now), "servers", report_list(&judged, 1, 1, now));
}

/* --- A zone ----------------------------------------------------------------------------- */

/* The deepest delegation of any worker's cache; false when there is none. */
static bool
find_delegation(const struct node *node, const struct qn_name *name, struct qn_now now,
    struct qn_delegation *deepest)
{
	static struct qn_delegation found; /* Too large for a stack; of the control thread. */
	uint8_t scratch[QN_CACHE_VALUE_MAX];
	bool any = false;

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		struct qn_store store = {node->shared.caches[i], &node->shared.hash_key, scratch};

		if (!qn_store_get_delegation(&store, name, now, &found) ||
		    (any && found.zone.len <= deepest->zone.len))
			continue;
		qn_delegation_copy(deepest, &found);
		any = true;
	}
	return any;
}

static struct judged
judge(const struct node *node, const struct qn_delegation *zone, uint8_t index, struct qn_now now)
{
	const struct qn_candidate *candidate = &zone->candidates[index];
	const uint64_t zone_hash = qn_zone_hash(&node->shared.hash_key, &zone->zone);
	const struct qn_standing *row = find(node, &candidate->address, 0);
	const struct qn_standing *zone_row = find(node, &candidate->address, zone_hash);
	struct judged judged = {
	    .address = candidate->address,
	    .server = &zone->servers[candidate->server].name,
	    .stats = row == NULL ? &no_stats : &row->stats,
	    .quality = zone_row == NULL ? &no_quality : &zone_row->quality,
	};

	judged.order_us = qn_select_expected_us((struct qn_opinion){judged.stats, judged.quality}) +
	                  (is_avoided(&judged, now) ? UINT64_MAX / 2 : 0);
	return judged;
}

json_t *
servers_report_zone(const struct node *node, const struct qn_name *name, struct qn_now now)
{
	static struct qn_delegation zone; /* Too large for a stack; of the control thread. */
	struct judged judged[QN_DELEGATION_CANDIDATE_MAX];
	char text[QN_NAME_TEXT_MAX];

	if (!find_delegation(node, name, now, &zone))
		return json_pack("{s:b, s:[]}", "found", 0, "servers");
	for (uint8_t i = 0; i < zone.candidate_count; i++)
		judged[i] = judge(node, &zone, i, now);
	qn_name_to_text(&zone.zone, text);
	return json_pack("{s:b, s:s, s:o}", "found", 1, "zone", text, "servers",
	    report_list(judged, zone.candidate_count, zone.candidate_count, now));
}
