/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapping.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

bool
add_access_rule(struct mapping *map, const struct setting *setting)
{
	static const char *const allowing[] = {"allow", "allow_snoop"};
	static const char *const refusing[] = {"refuse", "refuse_non_local"};
	struct access_rule *rule = &map->access[map->access_count];
	char prefix[QN_ADDRESS_TEXT_MAX], action[32];

	if (map->access_count == ACCESS_RULE_MAX)
		return mapping_needs(map, "longer access lists");
	if (sscanf(setting->value, "%63s %31s", prefix, action) != 2 ||
	    !qn_prefix_from_text(&rule->prefix, prefix))
		return mapping_bad_value(map, setting);
	map->access_count++;
	for (size_t i = 0; i < COUNT_OF(allowing); i++)
		if (strcmp(allowing[i], action) == 0) {
			rule->allow = true;
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(refusing); i++)
		if (strcmp(refusing[i], action) == 0)
			return true;
	return mapping_needs(map, map->feature);
}

static void
allow(struct mapping *map, struct qn_prefix prefix)
{
	struct qn_shard_config *shard = &map->settings->shard;

	shard->allow[shard->allow_count++] = prefix;
}

/* The rule for clients on the host itself, whose address no frame can carry. */
static void
allow_loopback(struct mapping *map, const struct qn_address *loopback)
{
	const struct qn_address address = world_client_address(loopback);
	bool allowed = true;

	for (unsigned i = 0; i < map->access_count; i++)
		if (qn_prefix_contains(&map->access[i].prefix, loopback))
			allowed = map->access[i].allow;
	if (allowed)
		allow(map,
		    (struct qn_prefix){address, (uint8_t)(8 * qn_family_octets(address.family))});
}

/* A shard knows who is allowed; who is not, within that, it cannot be told. */
static bool
allow_by_rules(struct mapping *map)
{
	for (unsigned i = 0; i < map->access_count; i++)
		if (map->access[i].allow)
			allow(map, map->access[i].prefix);
	for (unsigned i = 0; i < map->access_count; i++) {
		const struct access_rule *rule = &map->access[i];

		for (unsigned k = 0; !rule->allow && k < map->access_count; k++)
			if (map->access[k].allow &&
			    map->access[k].prefix.len_bits <= rule->prefix.len_bits &&
			    qn_prefix_contains(&map->access[k].prefix, &rule->prefix.address))
				return mapping_refuse(map, "needs exceptions in access lists");
	}
	return true;
}

/* Without a list, Unbound's files allow the host itself, and Deckard's everybody. */
bool
finish_access(struct mapping *map)
{
	static const struct qn_prefix everybody_ipv4 = {{{0}, QN_FAMILY_IPV4}, 0};
	static const struct qn_prefix everybody_ipv6 = {{{0}, QN_FAMILY_IPV6}, 0};
	static const struct qn_address loopback_ipv4 = {{127, [3] = 1}, QN_FAMILY_IPV4};
	static const struct qn_address loopback_ipv6 = {{[15] = 1}, QN_FAMILY_IPV6};

	if (map->access_count == 0 && map->scenario->dialect == DIALECT_FLAT) {
		allow(map, everybody_ipv4);
		allow(map, everybody_ipv6);
		return true;
	}
	allow_loopback(map, &loopback_ipv4);
	allow_loopback(map, &loopback_ipv6);
	return allow_by_rules(map);
}
