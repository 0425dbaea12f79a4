/* SPDX-License-Identifier: BSD-2-Clause */
#include "local_data.h"

#include "base/arena.h"
#include "text.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#define TTL_DEFAULT_S 3600

/* Octets of a record between its owner and its rdata: type, class, TTL, length. */
#define RECORD_FIXED_LEN 10

struct local_item {
	struct local_item *next;
	struct qn_zone_item item;
};

static const struct {
	const char *word;
	enum qn_zone_kind kind;
} kinds[] = {
    {"transparent", QN_ZONE_TRANSPARENT},
    {"typetransparent", QN_ZONE_TYPE_TRANSPARENT},
    {"static", QN_ZONE_STATIC},
    {"redirect", QN_ZONE_REDIRECT},
    {"refuse", QN_ZONE_REFUSE},
    {"deny", QN_ZONE_DENY},
    {"always_nxdomain", QN_ZONE_ALWAYS_NXDOMAIN},
    {"always_null", QN_ZONE_ALWAYS_NULL},
};

static struct qn_zone_item *
add_item(struct local_data *data, const struct qn_name *owner)
{
	struct local_item *added = region_take(data->region, sizeof(*added));
	uint8_t *path = region_take(data->region, QN_NAME_MAX);

	added->item.path = (struct qn_view){path, qn_zone_path(path, owner)};
	added->next = data->newest;
	data->newest = added;
	data->count++;
	return &added->item;
}

const char *
local_data_add_zone(struct local_data *data, const char *text)
{
	char *rest = region_text(data->region, text, strlen(text));
	const char *zone = text_word(&rest);
	const char *word = text_word(&rest);
	struct qn_name name;

	if (zone == NULL || !qn_name_from_text(&name, zone, strlen(zone)))
		return "it has no name";
	for (size_t i = 0; word != NULL && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].word, word) == 0) {
			struct qn_zone_item *item = add_item(data, &name);

			item->type = QN_ZONE_APEX;
			item->kind = (uint8_t)kinds[i].kind;
			return NULL;
		}
	return "it is of a kind that is not known";
}

static const char *
add_rr(struct local_data *data, const ldns_rr *rr)
{
	const struct qn_view owner_wire = {
	    ldns_rdf_data(ldns_rr_owner(rr)), ldns_rdf_size(ldns_rr_owner(rr))};
	struct qn_name owner;
	uint8_t *wire;
	size_t len;

	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return "it is not of class IN";
	if (qn_name_from_wire(&owner, owner_wire) == 0 ||
	    ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &len) != LDNS_STATUS_OK)
		return "it has no wire form";
	const size_t rdata_at = owner_wire.len + RECORD_FIXED_LEN;
	struct qn_zone_item *item = add_item(data, &owner);
	uint8_t *rdata = region_take(data->region, len - rdata_at);

	memcpy(rdata, wire + rdata_at, len - rdata_at);
	free(wire);
	item->rdata = (struct qn_view){rdata, len - rdata_at};
	item->type = (uint16_t)ldns_rr_get_type(rr);
	item->ttl_s = ldns_rr_ttl(rr);
	return NULL;
}

const char *
local_data_add_record(struct local_data *data, const char *text)
{
	ldns_rdf *origin = ldns_dname_new_frm_str(".");
	ldns_rr *rr = NULL;
	const ldns_status status = ldns_rr_new_frm_str(&rr, text, TTL_DEFAULT_S, origin, NULL);
	const char *wrong = "it is no record";

	if (status == LDNS_STATUS_OK)
		wrong = add_rr(data, rr);
	ldns_rr_free(rr);
	ldns_rdf_deep_free(origin);
	return wrong;
}

static int
compare_items(const void *a, const void *b)
{
	return qn_zone_item_compare(a, b);
}

const struct qn_zones *
local_data_build(const struct local_data *data, const char **wrong)
{
	struct qn_zone_item *items = region_take(data->region, data->count * sizeof(*items));
	struct qn_span block;
	size_t count = 0, fault_at = 0;

	for (const struct local_item *added = data->newest; added != NULL; added = added->next)
		items[count++] = added->item;
	qsort(items, count, sizeof(*items), compare_items);
	*wrong = "it contradicts itself";
	if (qn_zone_items_fault(items, count, &fault_at) != QN_ZONE_SOUND)
		return NULL;
	block.len = qn_zones_size(items, count);
	*wrong = "there is too much of it";
	if (block.len == 0)
		return NULL;
	block.data = memory_take_aligned(QN_ARENA_ALIGN, block.len);
	return qn_zones_init(block, items, count, NULL);
}
