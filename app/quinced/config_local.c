/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include "wire/text.h"
#include "zone/special.h"
#include "zonefile/hosts.h"
#include "zonefile/record.h"

#include <stdlib.h>
#include <string.h>

/* For records without a TTL, and for what zones without a SOA do not have. */
#define TTL_DEFAULT_S 300

/* One item of the list of zones, while it is read. */
struct zone_reader {
	struct config_local *local;
	struct qn_name zone;
	enum qn_zone_kind kind;
	struct document_value records;
	bool zone_seen;
	bool kind_seen;
	bool records_seen;
	bool takes_soa; /* It has none yet, and is no alias, which could have none. */
};

static void
note_out_of_memory(const struct config_local *local)
{
	diagnostics_add(local->errors, 0, "%s: no memory is left for it.", local->where);
}

static void
add_zone(
    struct config_local *local, const struct qn_name *zone, enum qn_zone_kind kind, unsigned line)
{
	if (!qn_zone_list_add_zone(&local->list, zone, kind, line))
		note_out_of_memory(local);
}

static void
add_record(struct config_local *local, const struct qn_name *owner, uint16_t type, uint32_t ttl_s,
    struct qn_view rdata, unsigned line)
{
	if (!qn_zone_list_add_record(&local->list, owner, type, ttl_s, rdata, line))
		note_out_of_memory(local);
}

static void
add_soa(struct config_local *local, const struct qn_name *zone, uint32_t ttl_s, unsigned line)
{
	uint8_t rdata[QN_ZONE_SOA_LEN_MAX];
	const size_t len = qn_zone_soa(rdata, zone, ttl_s);

	add_record(local, zone, QN_TYPE_SOA, ttl_s, (struct qn_view){rdata, len}, line);
}

/* Zones */

static void
read_zone_name(const struct document_value *value, void *target)
{
	struct zone_reader *at = target;

	at->zone_seen = true;
	config_read_name(value, &at->zone);
}

static void
read_kind(const struct document_value *value, void *target)
{
	struct zone_reader *at = target;
	const int word = document_word(value, qn_zone_kind_names, QN_ZONE_KIND_COUNT);

	at->kind_seen = true;
	if (word >= 0)
		at->kind = (enum qn_zone_kind)word;
}

/* What a record may be depends on keys that may come behind it. */
static void
keep_records(const struct document_value *value, void *target)
{
	struct zone_reader *at = target;

	at->records_seen = true;
	at->records = *value;
}

static const struct document_key zone_keys[] = {
    {"zone", read_zone_name},
    {"type", read_kind},
    {"records", keep_records},
};

/* What keeps the zone from having the record; NULL when nothing does. */
static const char *
record_fault(const struct zone_reader *at, const struct qn_record_text *record)
{
	const bool at_apex = qn_name_equal(&record->owner, &at->zone);

	if (!qn_name_within(&record->owner, &at->zone))
		return "it is not in the zone";
	if (record->type == QN_TYPE_DNAME)
		return "a DNAME is not followed in local data; list the names";
	if (record->type == QN_TYPE_SOA && !at_apex)
		return "a SOA record belongs to the zone's own name";
	if (at->kind == QN_ZONE_REDIRECT && !at_apex)
		return "in a zone of type redirect only its own name has records";
	return NULL;
}

static void
read_record(const struct document_value *value, void *target)
{
	struct zone_reader *at = target;
	const char *text = document_text(value);
	char error[QN_RECORD_ERROR_MAX];
	struct qn_record_text record;
	const char *fault = error;

	if (text == NULL)
		return;
	if (qn_record_read(&record, text, &at->zone, TTL_DEFAULT_S, error))
		fault = record_fault(at, &record);
	if (fault != NULL) {
		document_complain(value, "\"%s\": %s.", text, fault);
		return;
	}
	if (record.type == QN_TYPE_SOA ||
	    (record.type == QN_TYPE_CNAME && qn_name_equal(&record.owner, &at->zone)))
		at->takes_soa = false;
	add_record(at->local, &record.owner, record.type, record.ttl_s,
	    (struct qn_view){record.rdata, record.rdata_len}, value->line);
}

static bool
kind_has_records(enum qn_zone_kind kind)
{
	return kind < QN_ZONE_ALWAYS_TRANSPARENT;
}

/* Whether names that are not there are denied in the name of the zone, which takes a SOA. */
static bool
kind_has_soa(enum qn_zone_kind kind)
{
	return kind == QN_ZONE_STATIC || kind == QN_ZONE_REDIRECT ||
	       kind == QN_ZONE_ALWAYS_NXDOMAIN || kind == QN_ZONE_ALWAYS_NODATA ||
	       kind == QN_ZONE_ALWAYS_NULL;
}

static void
read_zone(const struct document_value *value, void *target)
{
	struct config_local *local = target;
	struct zone_reader at = {.local = local};
	const size_t errors_before = local->errors->count;

	document_mapping(value, zone_keys, CONFIG_ITEM_COUNT(zone_keys), &at);
	if (local->errors->count != errors_before)
		return;
	if (!at.zone_seen || !at.kind_seen) {
		document_complain(value, "the %s is missing.", at.zone_seen ? "type" : "zone");
		return;
	}
	if (at.records_seen && !kind_has_records(at.kind)) {
		document_complain(
		    &at.records, "a zone of type %s has no records.", qn_zone_kind_names[at.kind]);
		return;
	}
	add_zone(local, &at.zone, at.kind, value->line);
	at.takes_soa = kind_has_soa(at.kind);
	if (at.records_seen)
		document_list(&at.records, SIZE_MAX, read_record, &at);
	if (at.takes_soa)
		add_soa(local, &at.zone, TTL_DEFAULT_S, value->line);
}

static void
read_zones(const struct document_value *value, void *target)
{
	document_list(value, SIZE_MAX, read_zone, target);
}

/* The section */

static void
read_hosts(const struct document_value *value, void *target)
{
	struct config_local *local = target;
	const char *text = document_text(value);

	if (text == NULL)
		return;
	local->hosts_line = value->line;
	local->hosts_path = strdup(text);
	if (local->hosts_path == NULL)
		note_out_of_memory(local);
}

static void
read_special_names(const struct document_value *value, void *target)
{
	struct config_local *local = target;

	document_switch(value, &local->special_names);
}

static const struct document_key local_keys[] = {
    {"zones", read_zones},
    {"hosts", read_hosts},
    {"special-names", read_special_names},
};

void
config_read_local(const struct document_value *value, struct config_local *local)
{
	document_mapping(value, local_keys, CONFIG_ITEM_COUNT(local_keys), local);
}

void
config_local_init(struct config_local *local, struct diagnostics *errors, const char *where)
{
	*local = (struct config_local){.where = where, .errors = errors, .special_names = true};
	qn_zone_list_init(&local->list);
}

void
config_local_fini(struct config_local *local)
{
	free(local->hosts_path);
	qn_zone_list_fini(&local->list);
}

/* What can only be done when all has been read */

/* The file's zones; what is added to the list later does not count as one. */
struct given {
	const struct config_local *local;
	size_t item_count;
};

static bool
is_given_zone(const struct given *given, const struct qn_name *zone)
{
	uint8_t octets[QN_NAME_MAX];
	const struct qn_zone_item item = {.path = {octets, qn_zone_path(octets, zone)}};
	const struct qn_zone_item *items = given->local->list.items;

	for (size_t i = 0; i < given->item_count; i++)
		if (items[i].type == QN_ZONE_APEX && qn_zone_same_owner(&items[i], &item))
			return true;
	return false;
}

static bool
has_route(const struct qn_resolve_config *resolve, const struct qn_name *zone)
{
	for (uint16_t i = 0; i < resolve->route_count; i++)
		if (qn_name_equal(&resolve->routes[i].zone, zone))
			return true;
	return false;
}

/* An empty zone has a SOA, and a NS record that names nobody else (RFC 6303 s3). */
static void
add_special(struct config_local *local, const struct qn_zone_special *special)
{
	add_zone(local, &special->zone, special->kind, 0);
	add_soa(local, &special->zone, QN_ZONE_SPECIAL_TTL_S, 0);
	add_record(local, &special->zone, QN_TYPE_NS, QN_ZONE_SPECIAL_TTL_S,
	    qn_name_view(&special->zone), 0);
	for (size_t i = 0; i < special->record_count; i++) {
		const struct qn_zone_special_record *record = &special->records[i];
		struct qn_name owner;
		const bool ok = qn_name_from_text(&owner, record->owner, strlen(record->owner));

		qn_assert(ok);
		add_record(local, &owner, record->type, QN_ZONE_SPECIAL_TTL_S, record->rdata, 0);
	}
}

static void
add_specials(
    struct config_local *local, const struct qn_resolve_config *resolve, const struct given *given)
{
	struct qn_zone_special special;

	for (size_t i = 0; qn_zone_special(&special, i); i++)
		if (!is_given_zone(given, &special.zone) && !has_route(resolve, &special.zone))
			add_special(local, &special);
}

/* What is forwarded goes there, though it may be in a zone that has no such names. */
static void
add_routes(
    struct config_local *local, const struct qn_resolve_config *resolve, const struct given *given)
{
	for (uint16_t i = 0; i < resolve->route_count; i++) {
		const struct qn_name *zone = &resolve->routes[i].zone;

		if (zone->len != qn_name_root.len && !is_given_zone(given, zone))
			add_zone(local, zone, QN_ZONE_TRANSPARENT, 0);
	}
}

static void
complain_of_hosts(void *context, unsigned line, const char *sentence)
{
	const struct config_local *local = context;

	if (line == 0)
		diagnostics_add(local->errors, local->hosts_line, "%s.hosts: %s: %s", local->where,
		    local->hosts_path, sentence);
	else
		diagnostics_add(local->errors, local->hosts_line, "%s.hosts: %s:%u: %s",
		    local->where, local->hosts_path, line, sentence);
}

static void
note_fault(
    const struct config_local *local, enum qn_zone_fault fault, const struct qn_zone_item *item)
{
	char owner[QN_NAME_TEXT_MAX], type[QN_MNEMONIC_MAX];
	const unsigned line = item->line != 0 ? item->line : local->hosts_line;
	struct qn_name name;

	qn_zone_path_name(&name, item->path);
	qn_name_to_text(&name, owner);
	qn_type_to_text(item->type, type);
	switch (fault) {
	case QN_ZONE_SOUND:
		break;
	case QN_ZONE_TWICE:
		diagnostics_add(local->errors, line, "%s.zones: the zone %s is on line %u already.",
		    local->where, owner, item[-1].line);
		break;
	case QN_ZONE_SINGLE_TWICE:
		diagnostics_add(local->errors, line, "%s: %s has more than one %s record.",
		    local->where, owner, type);
		break;
	case QN_ZONE_ALIAS_BESIDE:
		diagnostics_add(local->errors, line,
		    "%s: %s is an alias, so it can have no other records than its CNAME.",
		    local->where, owner);
		break;
	case QN_ZONE_SET_TOO_LARGE:
		diagnostics_add(local->errors, line,
		    "%s: the %s records of %s are more than an answer holds (%d octets).",
		    local->where, type, owner, QN_ZONE_SET_LEN_MAX);
		break;
	}
}

static void
check_items(struct config_local *local)
{
	const struct qn_zone_list *list = &local->list;
	enum qn_zone_fault fault;

	qn_zone_list_sort(&local->list);
	for (size_t at = 0;; at++) {
		fault = qn_zone_items_fault(list->items, list->count, &at);
		if (fault == QN_ZONE_SOUND)
			return;
		note_fault(local, fault, &list->items[at]);
	}
}

void
config_check_local(struct config_local *local, const struct qn_resolve_config *resolve)
{
	const struct given given = {local, local->list.count};
	bool ok = true;

	if (local->special_names)
		add_specials(local, resolve, &given);
	add_routes(local, resolve, &given);
	if (local->hosts_path != NULL)
		ok = qn_hosts_read(&local->list, local->hosts_path, complain_of_hosts, local);
	if (ok)
		check_items(local);
}

const struct qn_zones *
config_build_local(const struct config_local *local, const struct qn_zones *below)
{
	const struct qn_zones *built = qn_zone_list_build(&local->list, below);

	if (built == NULL)
		note_out_of_memory(local);
	return built;
}
