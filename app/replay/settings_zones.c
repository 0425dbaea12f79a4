/* SPDX-License-Identifier: BSD-2-Clause */
#include "mapping.h"

#include <stdio.h>
#include <string.h>

#define DNS_PORT 53

/* Where the root is asked when the file does not say: a.root-servers.net. */
static const struct qn_address builtin_root = {{198, 41, 0, 4}, QN_FAMILY_IPV4};

static bool
add_root_server(struct mapping *map, const struct qn_address *address)
{
	struct qn_resolve_config *resolve = &map->settings->shard.resolve;
	struct qn_hint *hint = &resolve->hints[resolve->hint_count];
	char name[32];

	if (resolve->hint_count == QN_HINT_MAX)
		return mapping_refuse(map, "needs more than %d root servers", QN_HINT_MAX);
	const int len = snprintf(name, sizeof(name), "root-%u.invalid", resolve->hint_count + 1u);
	const bool named = qn_name_from_text(&hint->name, name, (size_t)len);

	qn_assert(named);
	hint->addresses[0] = *address;
	hint->address_count = 1;
	resolve->hint_count++;
	return true;
}

static bool
read_server(struct mapping *map, const struct setting *setting, struct qn_endpoint *server)
{
	if (!endpoint_read(setting->value, server))
		return mapping_bad_value(map, setting);
	if (server->port == 0)
		server->port = DNS_PORT;
	return qn_address_reachable(&server->address) ||
	       mapping_needs(map, "servers at unusual addresses");
}

/* In Deckard's files there is one zone with servers of its own: the root. */
bool
set_root_address(struct mapping *map, const struct setting *setting)
{
	struct qn_endpoint server;

	return read_server(map, setting, &server) && add_root_server(map, &server.address);
}

/* The zone that a section is about has one server more. */
bool
add_zone_server(struct mapping *map, const struct setting *setting)
{
	struct qn_route *route = &map->route;

	if (route->server_count == QN_ROUTE_SERVER_MAX)
		return mapping_needs(map, "more servers for a zone");
	return read_server(map, setting, &route->servers[route->server_count++]);
}

bool
set_zone_name(struct mapping *map, const struct setting *setting)
{
	return qn_name_from_text(&map->route.zone, setting->value, strlen(setting->value)) ||
	       mapping_bad_value(map, setting);
}

static bool
ends_with(const char *text, const char *end)
{
	const size_t len = strlen(text);
	const size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Says what is wrong with local data; true when nothing is. */
static bool
is_sound(struct mapping *map, const struct setting *setting, const char *wrong)
{
	return wrong == NULL ||
	       mapping_refuse(map, "line %u: the %s: %s", setting->line, setting->key, wrong);
}

/* Taking a zone out of Unbound's built-in ones asks for nothing. */
static bool
add_zone(struct mapping *map, const struct setting *setting, struct local_data *local)
{
	return ends_with(setting->value, "nodefault") ||
	       is_sound(map, setting, local_data_add_zone(local, setting->value));
}

bool
add_local_zone(struct mapping *map, const struct setting *setting)
{
	return add_zone(map, setting, &map->local);
}

bool
add_local_data(struct mapping *map, const struct setting *setting)
{
	return is_sound(map, setting, local_data_add_record(&map->local, setting->value));
}

bool
add_local_pointer(struct mapping *map, const struct setting *setting)
{
	return is_sound(map, setting, local_data_add_pointer(&map->local, setting->value));
}

bool
add_view_zone(struct mapping *map, const struct setting *setting)
{
	return add_zone(map, setting, view_local(map));
}

bool
add_view_data(struct mapping *map, const struct setting *setting)
{
	return is_sound(map, setting, local_data_add_record(view_local(map), setting->value));
}

bool
add_view_pointer(struct mapping *map, const struct setting *setting)
{
	return is_sound(map, setting, local_data_add_pointer(view_local(map), setting->value));
}

static bool
add_root_servers(struct mapping *map)
{
	for (unsigned i = 0; i < map->route.server_count; i++)
		if (!add_root_server(map, &map->route.servers[i].address))
			return false;
	return true;
}

bool
add_route(struct mapping *map, enum qn_route_kind kind)
{
	struct qn_resolve_config *resolve = &map->settings->shard.resolve;

	if (map->route.server_count == 0)
		return mapping_refuse(map, "a zone has no servers");
	if (kind == QN_ROUTE_STUB && map->route.zone.len == qn_name_root.len)
		return add_root_servers(map);
	if (resolve->route_count == QN_ROUTE_MAX)
		return mapping_refuse(map, "needs more than %d zones of its own", QN_ROUTE_MAX);
	map->route.kind = (uint8_t)kind;
	resolve->routes[resolve->route_count++] = map->route;
	return true;
}

bool
finish_zones(struct mapping *map)
{
	return map->settings->shard.resolve.hint_count > 0 || add_root_server(map, &builtin_root);
}
