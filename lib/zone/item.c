/* SPDX-License-Identifier: BSD-2-Clause */
#include "zone/item.h"

#include <string.h>

/* A pointer to the owner, type, class, TTL and length: what a record takes beside its rdata. */
#define RECORD_HEAD_LEN 12

const char *const qn_zone_kind_names[QN_ZONE_KIND_COUNT] = {
    [QN_ZONE_TRANSPARENT] = "transparent",
    [QN_ZONE_TYPE_TRANSPARENT] = "type-transparent",
    [QN_ZONE_STATIC] = "static",
    [QN_ZONE_REDIRECT] = "redirect",
    [QN_ZONE_REFUSE] = "refuse",
    [QN_ZONE_DENY] = "deny",
    [QN_ZONE_BLOCK_A] = "block-a",
    [QN_ZONE_BLOCK_AAAA] = "block-aaaa",
    [QN_ZONE_ALWAYS_TRANSPARENT] = "always-transparent",
    [QN_ZONE_ALWAYS_NXDOMAIN] = "always-nxdomain",
    [QN_ZONE_ALWAYS_NODATA] = "always-nodata",
    [QN_ZONE_ALWAYS_NULL] = "always-null",
};

size_t
qn_zone_path(uint8_t path[QN_NAME_MAX], const struct qn_name *name)
{
	size_t left = name->len;

	path[--left] = 0;
	for (const uint8_t *label = name->octets; *label != 0; label += *label + 1u) {
		left -= *label + 1u;
		path[left] = *label;
		for (unsigned i = 1; i <= *label; i++)
			path[left + i] = qn_octet_lower(label[i]);
	}
	qn_assert(left == 0);
	return name->len;
}

void
qn_zone_path_name(struct qn_name *name, struct qn_view path)
{
	size_t left = path.len;

	qn_assert(path.len > 0 && path.len <= QN_NAME_MAX);
	name->len = (uint8_t)path.len;
	name->octets[--left] = 0;
	for (const uint8_t *label = path.data; *label != 0; label += *label + 1u) {
		left -= *label + 1u;
		memcpy(name->octets + left, label, *label + 1u);
	}
	qn_assert(left == 0);
}

/* As memcmp, the shorter one first where one begins with the other. */
static int
views_compare(struct qn_view a, struct qn_view b)
{
	const size_t common = a.len < b.len ? a.len : b.len;
	const int difference = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (difference != 0)
		return difference;
	return (a.len > b.len) - (a.len < b.len);
}

int
qn_zone_item_compare(const struct qn_zone_item *a, const struct qn_zone_item *b)
{
	int difference = views_compare(a->path, b->path);

	if (difference == 0)
		difference = a->type - b->type;
	if (difference == 0)
		difference = views_compare(a->rdata, b->rdata);
	return difference != 0 ? difference : (a->line > b->line) - (a->line < b->line);
}

bool
qn_zone_same_owner(const struct qn_zone_item *a, const struct qn_zone_item *b)
{
	return views_compare(a->path, b->path) == 0;
}

size_t
qn_zone_set_count(const struct qn_zone_item *items, size_t count, size_t first)
{
	size_t at = first + 1;

	while (at < count && items[at].type == items[first].type &&
	       qn_zone_same_owner(&items[at], &items[first]))
		at++;
	return at - first;
}

bool
qn_zone_item_repeats(const struct qn_zone_item *items, size_t at)
{
	return at > 0 && items[at].type == items[at - 1].type &&
	       views_compare(items[at].rdata, items[at - 1].rdata) == 0 &&
	       qn_zone_same_owner(&items[at], &items[at - 1]);
}

static bool
set_is_too_large(const struct qn_zone_item *items, size_t count, size_t first)
{
	const size_t set_count = qn_zone_set_count(items, count, first);
	size_t len = 0;

	for (size_t i = first; i < first + set_count; i++)
		if (i == first || !qn_zone_item_repeats(items, i))
			len += RECORD_HEAD_LEN + items[i].rdata.len;
	return len > QN_ZONE_SET_LEN_MAX;
}

/* What may stand beside a CNAME: what DNSSEC has to say about it (RFC 4035 s2.5). */
static bool
bears_alias(const struct qn_zone_item *item)
{
	return item->type == QN_ZONE_APEX || item->type == QN_TYPE_CNAME ||
	       item->type == QN_TYPE_RRSIG || item->type == QN_TYPE_NSEC;
}

/* Whether the owner of item `at` has records that cannot stand beside a CNAME. */
static bool
has_other_data(const struct qn_zone_item *items, size_t count, size_t at)
{
	for (size_t i = at; i > 0 && qn_zone_same_owner(&items[i - 1], &items[at]); i--)
		if (!bears_alias(&items[i - 1]))
			return true;
	for (size_t i = at + 1; i < count && qn_zone_same_owner(&items[i], &items[at]); i++)
		if (!bears_alias(&items[i]))
			return true;
	return false;
}

/* Types of which a name has one record at most. */
static bool
is_single(uint16_t type)
{
	return type == QN_TYPE_CNAME || type == QN_TYPE_SOA;
}

static enum qn_zone_fault
item_fault(const struct qn_zone_item *items, size_t count, size_t at)
{
	const bool first = at == 0 || items[at].type != items[at - 1].type ||
	                   !qn_zone_same_owner(&items[at], &items[at - 1]);

	if (items[at].type == QN_ZONE_APEX)
		return first ? QN_ZONE_SOUND : QN_ZONE_TWICE;
	if (is_single(items[at].type) && !first && !qn_zone_item_repeats(items, at))
		return QN_ZONE_SINGLE_TWICE;
	if (items[at].type == QN_TYPE_CNAME && first && has_other_data(items, count, at))
		return QN_ZONE_ALIAS_BESIDE;
	return first && set_is_too_large(items, count, at) ? QN_ZONE_SET_TOO_LARGE : QN_ZONE_SOUND;
}

enum qn_zone_fault
qn_zone_items_fault(const struct qn_zone_item *items, size_t count, size_t *at)
{
	for (; *at < count; ++*at) {
		const enum qn_zone_fault fault = item_fault(items, count, *at);

		if (fault != QN_ZONE_SOUND)
			return fault;
	}
	return QN_ZONE_SOUND;
}
