/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapping.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	enum qn_access access;
} actions[] = {
    {"allow", QN_ACCESS_ALLOW},
    {"allow_snoop", QN_ACCESS_ALLOW},
    {"refuse", QN_ACCESS_REFUSE},
    {"deny", QN_ACCESS_DROP},
};

static bool
add_rule(struct mapping *map, const struct qn_prefix *prefix, enum qn_access access)
{
	return qn_prefix_map_add(&map->settings->shard.access, prefix, (uint16_t)access) ||
	       mapping_needs(map, "longer access lists");
}

bool
add_access_rule(struct mapping *map, const struct setting *setting)
{
	char text[QN_ADDRESS_TEXT_MAX], action[32];
	struct qn_prefix prefix;

	if (sscanf(setting->value, "%63s %31s", text, action) != 2 ||
	    !qn_prefix_from_text(&prefix, text))
		return mapping_bad_value(map, setting);
	map->has_access = true;
	for (size_t i = 0; i < COUNT_OF(actions); i++)
		if (strcmp(actions[i].word, action) == 0)
			return add_rule(map, &prefix, actions[i].access);
	return mapping_needs(map, map->feature);
}

/* Without a list, Unbound's files allow the host itself, and Deckard's everybody. */
bool
begin_access(struct mapping *map)
{
	static const struct qn_prefix loopback_ipv4 = {{{127}, QN_FAMILY_IPV4}, 8};
	static const struct qn_prefix loopback_ipv6 = {{{[15] = 1}, QN_FAMILY_IPV6}, 128};

	return add_rule(map, &loopback_ipv4, QN_ACCESS_ALLOW) &&
	       add_rule(map, &loopback_ipv6, QN_ACCESS_ALLOW);
}

/* What holds for clients on the host itself, whose address no frame can carry. */
static bool
move_loopback(struct mapping *map, const struct qn_address *loopback)
{
	const struct qn_address address = world_client_address(loopback);
	const struct qn_prefix prefix = {address, (uint8_t)(8 * qn_family_octets(address.family))};

	return add_rule(map, &prefix,
	    (enum qn_access)qn_prefix_map_find(&map->settings->shard.access, loopback));
}

bool
finish_access(struct mapping *map)
{
	static const struct qn_prefix everybody_ipv4 = {{{0}, QN_FAMILY_IPV4}, 0};
	static const struct qn_prefix everybody_ipv6 = {{{0}, QN_FAMILY_IPV6}, 0};
	static const struct qn_address loopback_ipv4 = {{127, [3] = 1}, QN_FAMILY_IPV4};
	static const struct qn_address loopback_ipv6 = {{[15] = 1}, QN_FAMILY_IPV6};

	if (!map->has_access && map->scenario->dialect == DIALECT_FLAT)
		return add_rule(map, &everybody_ipv4, QN_ACCESS_ALLOW) &&
		       add_rule(map, &everybody_ipv6, QN_ACCESS_ALLOW);
	return move_loopback(map, &loopback_ipv4) && move_loopback(map, &loopback_ipv6);
}
