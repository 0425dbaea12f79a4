/* SPDX-License-Identifier: BSD-2-Clause */
#include "local_data.h"

#include "base/arena.h"
#include "text.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_DEFAULT_S 3600

/* Octets of a record between its owner and its rdata: type, class, TTL, length. */
#define RECORD_FIXED_LEN 10

/* Of clients in a prefix. */
struct local_override {
	struct local_override *next;
	struct qn_prefix prefix;
	const struct local_kind *kind;
};

struct local_zone {
	struct local_zone *next;
	struct qn_name name;
	const struct local_kind *kind;
	struct local_override *overrides;
	uint64_t tags; /* 0: for everybody. */
};

struct local_record {
	struct local_record *next;
	struct qn_name owner;
	uint16_t type;
	uint32_t ttl_s;
	struct qn_view rdata;
};

static const struct {
	const char *word;
	struct local_kind kind;
} kinds[] = {
    {"transparent", {QN_ZONE_TRANSPARENT, false}},
    {"typetransparent", {QN_ZONE_TYPE_TRANSPARENT, false}},
    {"static", {QN_ZONE_STATIC, false}},
    {"redirect", {QN_ZONE_REDIRECT, false}},
    {"refuse", {QN_ZONE_REFUSE, false}},
    {"deny", {QN_ZONE_DENY, false}},
    {"inform", {QN_ZONE_TRANSPARENT, false}},
    {"inform_deny", {QN_ZONE_DENY, false}},
    {"inform_redirect", {QN_ZONE_REDIRECT, false}},
    {"block_a", {QN_ZONE_BLOCK_A, true}},
    {"block_aaaa", {QN_ZONE_BLOCK_AAAA, true}},
    {"block_a_wdata", {QN_ZONE_BLOCK_A, false}},
    {"block_aaaa_wdata", {QN_ZONE_BLOCK_AAAA, false}},
    {"always_transparent", {QN_ZONE_ALWAYS_TRANSPARENT, true}},
    {"always_refuse", {QN_ZONE_REFUSE, true}},
    {"always_deny", {QN_ZONE_DENY, true}},
    {"always_nxdomain", {QN_ZONE_ALWAYS_NXDOMAIN, true}},
    {"always_nodata", {QN_ZONE_ALWAYS_NODATA, true}},
    {"always_null", {QN_ZONE_ALWAYS_NULL, true}},
    {"noview", {QN_ZONE_TRANSPARENT, true}},
};

const struct local_kind *
local_kind_of(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i].kind;
	return NULL;
}

/* --- Gathering -------------------------------------------------------------------------- */

static bool
read_name(struct qn_name *name, const char *text)
{
	return text != NULL && qn_name_from_text(name, text, strlen(text));
}

const char *
local_data_add_zone(struct local_data *data, const char *text)
{
	char *rest = region_text(data->region, text, strlen(text));
	const char *name = text_word(&rest);
	const char *word = text_word(&rest);
	struct local_zone *zone = region_take(data->region, sizeof(*zone));

	if (!read_name(&zone->name, name))
		return "it has no name";
	zone->kind = word == NULL ? NULL : local_kind_of(word);
	if (zone->kind == NULL)
		return "it is of a kind that is not known";
	zone->next = data->zones;
	data->zones = zone;
	return NULL;
}

static const char *
read_rr(struct local_data *data, struct local_record *record, const ldns_rr *rr)
{
	const struct qn_view owner_wire = {
	    ldns_rdf_data(ldns_rr_owner(rr)), ldns_rdf_size(ldns_rr_owner(rr))};
	uint8_t *wire;
	size_t len;

	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return "it is not of class IN";
	if (qn_name_from_wire(&record->owner, owner_wire) == 0 ||
	    ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &len) != LDNS_STATUS_OK)
		return "it has no wire form";
	const size_t rdata_at = owner_wire.len + RECORD_FIXED_LEN;
	uint8_t *rdata = region_take(data->region, len - rdata_at);

	memcpy(rdata, wire + rdata_at, len - rdata_at);
	free(wire);
	record->rdata = (struct qn_view){rdata, len - rdata_at};
	record->type = (uint16_t)ldns_rr_get_type(rr);
	record->ttl_s = ldns_rr_ttl(rr);
	return NULL;
}

static const char *
read_record(struct local_data *data, struct local_record *record, const char *text)
{
	ldns_rdf *origin = ldns_dname_new_frm_str(".");
	ldns_rr *rr = NULL;
	const ldns_status status = ldns_rr_new_frm_str(&rr, text, TTL_DEFAULT_S, origin, NULL);
	const char *wrong = "it is no record";

	if (status == LDNS_STATUS_OK)
		wrong = read_rr(data, record, rr);
	ldns_rr_free(rr);
	ldns_rdf_deep_free(origin);
	return wrong;
}

const char *
local_data_add_record(struct local_data *data, const char *text)
{
	struct local_record *record = region_take(data->region, sizeof(*record));
	const char *wrong = read_record(data, record, text);

	if (wrong != NULL)
		return wrong;
	record->next = data->records;
	data->records = record;
	return NULL;
}

/* The name in the reverse zone of an address, in heap memory; NULL when it is none. */
static char *
reverse_name(const char *address)
{
	const ldns_rdf_type type =
	    strchr(address, ':') == NULL ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA;
	ldns_rdf *rdf = ldns_rdf_new_frm_str(type, address);
	ldns_rdf *reversed = rdf == NULL ? NULL : ldns_rdf_address_reverse(rdf);
	char *text = reversed == NULL ? NULL : ldns_rdf2str(reversed);

	ldns_rdf_deep_free(reversed);
	ldns_rdf_deep_free(rdf);
	return text;
}

const char *
local_data_add_pointer(struct local_data *data, const char *text)
{
	char *rest = region_text(data->region, text, strlen(text));
	const char *address = text_word(&rest);
	const char *first = text_word(&rest);
	const char *second = text_word(&rest);
	char *owner = first == NULL ? NULL : reverse_name(address);
	char line[2 * QN_NAME_TEXT_MAX];

	if (owner == NULL)
		return "it is no address with a name";
	if (second == NULL)
		snprintf(line, sizeof(line), "%s PTR %s", owner, first);
	else
		snprintf(line, sizeof(line), "%s %s PTR %s", owner, first, second);
	free(owner);
	return local_data_add_record(data, line);
}

const struct local_record *
local_data_read_bare(struct local_data *data, const char *text)
{
	struct local_record *record = region_take(data->region, sizeof(*record));
	const size_t len = strlen(text) + sizeof(". ");
	char *line = region_take(data->region, len);

	snprintf(line, len, ". %s", text);
	return read_record(data, record, line) == NULL ? record : NULL;
}

static struct local_zone *
find_zone(const struct local_data *data, const char *text)
{
	struct qn_name name;

	if (!read_name(&name, text))
		return NULL;
	for (struct local_zone *zone = data->zones; zone != NULL; zone = zone->next)
		if (qn_name_equal(&zone->name, &name))
			return zone;
	return NULL;
}

const char *
local_data_tag_zone(struct local_data *data, const char *zone, uint64_t tags)
{
	struct local_zone *tagged = find_zone(data, zone);

	if (tagged == NULL)
		return "there is no such zone";
	tagged->tags |= tags;
	return NULL;
}

const char *
local_data_override(struct local_data *data, const char *zone, const struct qn_prefix *prefix,
    const struct local_kind *kind)
{
	struct local_zone *overridden = find_zone(data, zone);
	struct local_override *override = region_take(data->region, sizeof(*override));

	if (overridden == NULL)
		return "there is no such zone";
	*override = (struct local_override){overridden->overrides, *prefix, kind};
	overridden->overrides = override;
	return NULL;
}

bool
local_data_each_override(const struct local_data *data,
    bool (*take)(void *context, const struct qn_prefix *prefix), void *context)
{
	for (const struct local_zone *zone = data->zones; zone != NULL; zone = zone->next)
		for (const struct local_override *o = zone->overrides; o != NULL; o = o->next)
			if (!take(context, &o->prefix))
				return false;
	return true;
}

bool
local_data_empty(const struct local_data *data)
{
	return data->zones == NULL && data->records == NULL;
}

/* --- What one client sees --------------------------------------------------------------- */

/* The first tag that client and zone have in common; LOCAL_TAG_MAX when they have none. */
static unsigned
common_tag(const struct local_zone *zone, const struct local_client *client)
{
	const uint64_t common = zone->tags & client->tags;

	return common == 0 ? LOCAL_TAG_MAX : (unsigned)__builtin_ctzll(common);
}

static bool
is_visible(const struct local_zone *zone, const struct local_client *client)
{
	return zone->tags == 0 || common_tag(zone, client) != LOCAL_TAG_MAX;
}

static const struct local_kind *
overriding_kind(const struct local_zone *zone, const struct local_client *client)
{
	const struct local_override *longest = NULL;

	for (const struct local_override *o = zone->overrides; o != NULL; o = o->next)
		if (o->prefix.len_bits <= client->prefix.len_bits &&
		    qn_prefix_contains(&o->prefix, &client->prefix.address) &&
		    (longest == NULL || o->prefix.len_bits > longest->prefix.len_bits))
			longest = o;
	return longest == NULL ? NULL : longest->kind;
}

static const struct local_kind *
kind_for(const struct local_zone *zone, const struct local_client *client)
{
	const struct local_kind *kind = overriding_kind(zone, client);
	const unsigned tag = common_tag(zone, client);

	if (kind != NULL)
		return kind;
	for (const struct local_tag_rule *rule = client->rules; rule != NULL; rule = rule->next)
		if (rule->tag == tag && rule->kind != NULL)
			return rule->kind;
	return zone->kind;
}

/* Whether a rule replaces the data of type `type` that a redirecting zone has. */
static bool
rule_replaces(const struct local_tag_rule *rule, unsigned tag, uint16_t type)
{
	return rule->tag == tag && rule->record != NULL &&
	       (rule->record->type == type || rule->record->type == QN_TYPE_CNAME);
}

/* The deepest zone that a name is in; NULL when it is in none. */
static const struct local_zone *
zone_of(const struct local_data *data, const struct qn_name *name)
{
	const struct local_zone *deepest = NULL;

	for (const struct local_zone *zone = data->zones; zone != NULL; zone = zone->next)
		if (qn_name_within(name, &zone->name) &&
		    (deepest == NULL || zone->name.len > deepest->name.len))
			deepest = zone;
	return deepest;
}

static bool
has_record(const struct local_data *data, const struct local_client *client,
    const struct local_record *record)
{
	const struct local_zone *zone = zone_of(data, &record->owner);

	if (zone == NULL)
		return true;
	const struct local_kind *kind = kind_for(zone, client);

	if (!is_visible(zone, client) || kind->bare)
		return false;
	if (kind->kind != QN_ZONE_REDIRECT)
		return true;
	for (const struct local_tag_rule *rule = client->rules; rule != NULL; rule = rule->next)
		if (rule_replaces(rule, common_tag(zone, client), record->type))
			return false;
	return true;
}

/* --- Building --------------------------------------------------------------------------- */

/* Items on their way into local data. */
struct items {
	struct region *region;
	struct qn_zone_item *items;
	size_t count;
};

static struct qn_zone_item *
add_item(struct items *to, const struct qn_name *owner, uint16_t type)
{
	uint8_t *path = region_take(to->region, QN_NAME_MAX);
	struct qn_zone_item *item = &to->items[to->count++];

	*item = (struct qn_zone_item){.path = {path, qn_zone_path(path, owner)}, .type = type};
	return item;
}

static void
add_record_item(struct items *to, const struct qn_name *owner, const struct local_record *record)
{
	struct qn_zone_item *item = add_item(to, owner, record->type);

	item->rdata = record->rdata;
	item->ttl_s = record->ttl_s;
}

static void
add_zone_items(struct items *to, const struct local_zone *zone, const struct local_client *client)
{
	const struct local_kind *kind = kind_for(zone, client);

	if (!is_visible(zone, client))
		return;
	add_item(to, &zone->name, QN_ZONE_APEX)->kind = (uint8_t)kind->kind;
	for (const struct local_tag_rule *rule = client->rules; rule != NULL; rule = rule->next)
		if (kind->kind == QN_ZONE_REDIRECT && rule->record != NULL &&
		    rule->tag == common_tag(zone, client))
			add_record_item(to, &zone->name, rule->record);
}

static size_t
most_items(const struct local_data *data, const struct local_client *client)
{
	size_t zone_count = 0, record_count = 0, rule_count = 1;

	for (const struct local_zone *zone = data->zones; zone != NULL; zone = zone->next)
		zone_count++;
	for (const struct local_record *r = data->records; r != NULL; r = r->next)
		record_count++;
	for (const struct local_tag_rule *rule = client->rules; rule != NULL; rule = rule->next)
		rule_count++;
	return zone_count * rule_count + record_count;
}

static int
compare_items(const void *a, const void *b)
{
	return qn_zone_item_compare(a, b);
}

static const struct qn_zones *
build(struct items *items, const struct qn_zones *below, const char **wrong)
{
	size_t fault_at = 0;
	struct qn_span block;

	if (items->count > 0)
		qsort(items->items, items->count, sizeof(*items->items), compare_items);
	*wrong = "it contradicts itself";
	if (qn_zone_items_fault(items->items, items->count, &fault_at) != QN_ZONE_SOUND)
		return NULL;
	block.len = qn_zones_size(items->items, items->count);
	*wrong = "there is too much of it";
	if (block.len == 0)
		return NULL;
	block.data = memory_take_aligned(QN_ARENA_ALIGN, block.len);
	return qn_zones_init(block, items->items, items->count, below);
}

const struct qn_zones *
local_data_build(const struct local_data *data, const struct local_client *client,
    const struct qn_zones *below, const char **wrong)
{
	const size_t item_max = most_items(data, client) + 1;
	struct items items = {
	    .region = data->region,
	    .items = region_take(data->region, item_max * sizeof(*items.items)),
	};

	for (const struct local_zone *zone = data->zones; zone != NULL; zone = zone->next)
		add_zone_items(&items, zone, client);
	for (const struct local_record *r = data->records; r != NULL; r = r->next)
		if (has_record(data, client, r))
			add_record_item(&items, &r->owner, r);
	return build(&items, below, wrong);
}
