/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <string.h>

/* Who may ask when the file does not say: this host, private networks, the links themselves. */
static const char *const allow_default[] = {
    "127.0.0.0/8", "::1/128",      /* Loopback (RFC 1122, 4291). */
    "10.0.0.0/8", "172.16.0.0/12", /* Private (RFC 1918). */
    "192.168.0.0/16", "fc00::/7",  /* Private (RFC 1918, 4193). */
    "169.254.0.0/16", "fe80::/10", /* Link-local (RFC 3927, 4291). */
};

_Static_assert(CONFIG_PREFIX_MAX + CONFIG_ITEM_COUNT(allow_default) <= QN_PREFIX_MAP_MAX,
    "a map has room for what is given and what holds by default");

/* Prefixes */

/* `prefix` with the bits behind its length cleared. */
static struct qn_prefix
network_of(const struct qn_prefix *prefix)
{
	struct qn_prefix network = *prefix;
	const unsigned bits = (unsigned)qn_family_octets(prefix->address.family) * 8;

	for (unsigned i = prefix->len_bits; i < bits; i++)
		network.address.octets[i / 8] &= (uint8_t) ~(1u << (7 - i % 8));
	return network;
}

static bool
read_prefix(const struct document_value *value, struct qn_prefix *prefix)
{
	const char *text = document_text(value);
	char network_text[QN_ADDRESS_TEXT_MAX];

	if (text == NULL)
		return false;
	if (!qn_prefix_from_text(prefix, text)) {
		document_complain(
		    value, "\"%s\" is not a prefix, such as 10.0.0.0/8, or an address.", text);
		return false;
	}
	const struct qn_prefix network = network_of(prefix);

	if (qn_address_equal(&network.address, &prefix->address))
		return true;
	qn_address_to_text(&network.address, network_text);
	document_complain(value, "%s has bits set behind its length; write %s/%u.", text,
	    network_text, network.len_bits);
	return false;
}

static const struct config_prefix *
find_prefix(const struct config_prefixes *prefixes, const struct qn_prefix *prefix)
{
	for (size_t i = 0; i < prefixes->count; i++) {
		const struct qn_prefix *have = &prefixes->items[i].prefix;

		if (have->len_bits == prefix->len_bits &&
		    qn_address_equal(&have->address, &prefix->address))
			return &prefixes->items[i];
	}
	return NULL;
}

void
config_take_prefix(
    const struct document_value *value, struct config_prefixes *prefixes, uint16_t number)
{
	struct qn_prefix prefix;

	if (!read_prefix(value, &prefix))
		return;
	const struct config_prefix *same = find_prefix(prefixes, &prefix);

	if (same != NULL)
		document_complain(value, "this prefix is on line %u already.", same->line);
	else if (prefixes->count == CONFIG_PREFIX_MAX)
		document_complain(
		    value, "there are more than %d prefixes with this one.", CONFIG_PREFIX_MAX);
	else
		prefixes->items[prefixes->count++] =
		    (struct config_prefix){prefix, value->line, number};
}

void
config_map_prefixes(const struct config_prefixes *prefixes, struct qn_prefix_map *map)
{
	for (size_t i = 0; i < prefixes->count; i++) {
		const struct config_prefix *item = &prefixes->items[i];
		const bool ok = qn_prefix_map_add(map, &item->prefix, item->number);

		qn_assert(ok);
	}
}

/* The three lists */

static void
read_allowed(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;

	config_take_prefix(value, &reader->access, QN_ACCESS_ALLOW);
}

static void
read_refused(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;

	config_take_prefix(value, &reader->access, QN_ACCESS_REFUSE);
}

static void
read_dropped(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;

	config_take_prefix(value, &reader->access, QN_ACCESS_DROP);
}

void
config_read_allow(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	const size_t errors_before = reader->errors->count;

	reader->allow_seen = true;
	if (document_list(value, SIZE_MAX, read_allowed, target) == 0 &&
	    reader->errors->count == errors_before)
		document_complain(
		    value, "is empty, so nobody could ask; list prefixes or leave the key out.");
}

void
config_read_refuse(const struct document_value *value, void *target)
{
	document_list(value, SIZE_MAX, read_refused, target);
}

void
config_read_drop(const struct document_value *value, void *target)
{
	document_list(value, SIZE_MAX, read_dropped, target);
}

static void
allow_by_default(struct qn_prefix_map *access)
{
	for (size_t i = 0; i < CONFIG_ITEM_COUNT(allow_default); i++) {
		struct qn_prefix prefix;
		const bool ok = qn_prefix_from_text(&prefix, allow_default[i]) &&
		                qn_prefix_map_add(access, &prefix, QN_ACCESS_ALLOW);

		qn_assert(ok);
	}
}

void
config_check_access(struct config_reader *reader)
{
	struct qn_prefix_map *access = &reader->config->live.access;

	if (!reader->allow_seen)
		allow_by_default(access); /* First: what is given goes before it. */
	config_map_prefixes(&reader->access, access);
}
