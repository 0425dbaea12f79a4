/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <stdlib.h>
#include <string.h>

#define DNS_PORT 53

/* One item of the list, while it is read. */
struct route_reader {
	struct config_reader *reader;
	struct qn_route route;
	bool zone_seen;
};

static bool
is_routed(const struct qn_resolve_config *resolve, const struct qn_name *zone)
{
	for (uint16_t i = 0; i < resolve->route_count; i++)
		if (qn_name_equal(&resolve->routes[i].zone, zone))
			return true;
	return false;
}

static void
read_zone(const struct document_value *value, void *target)
{
	struct route_reader *at = target;

	at->zone_seen = true;
	if (config_read_name(value, &at->route.zone) &&
	    is_routed(&at->reader->config->live.resolve, &at->route.zone))
		document_complain(
		    value, "the servers of %s are given already.", document_text(value));
}

/* "ADDRESS@PORT": the port behind the last at sign, or 53 without one. */
static bool
endpoint_from_text(struct qn_endpoint *endpoint, const char *text)
{
	const char *at = strchr(text, '@');
	const size_t address_len = at == NULL ? strlen(text) : (size_t)(at - text);
	char address[QN_ADDRESS_TEXT_MAX];
	char *end;
	unsigned long port = DNS_PORT;

	if (address_len >= sizeof(address))
		return false;
	memcpy(address, text, address_len);
	address[address_len] = '\0';
	if (at != NULL) {
		if (at[1] < '0' || at[1] > '9')
			return false;
		port = strtoul(at + 1, &end, 10);
		if (*end != '\0' || port == 0 || port > UINT16_MAX)
			return false;
	}
	endpoint->port = (uint16_t)port;
	return qn_address_from_text(&endpoint->address, address);
}

static void
read_server(const struct document_value *value, void *target)
{
	struct route_reader *at = target;
	const char *text = document_text(value);
	struct qn_endpoint server;

	if (text == NULL)
		return;
	if (!endpoint_from_text(&server, text))
		document_complain(value,
		    "\"%s\" is not an address, such as 10.0.0.1, or one with a port, such as "
		    "10.0.0.1@5353.",
		    text);
	else if (!qn_address_reachable(&server.address))
		document_complain(value, "no query can be sent to %s.", text);
	else
		at->route.servers[at->route.server_count++] = server;
}

static void
read_servers(const struct document_value *value, void *target)
{
	document_list(value, QN_ROUTE_SERVER_MAX, read_server, target);
}

static const struct document_key route_keys[] = {
    {"zone", read_zone},
    {"servers", read_servers},
};

static void
read_route(const struct document_value *value, struct config_reader *reader, uint8_t kind)
{
	struct qn_resolve_config *resolve = &reader->config->live.resolve;
	struct route_reader at = {.reader = reader, .route = {.kind = kind}};
	const size_t errors_before = reader->errors->count;

	document_mapping(value, route_keys, CONFIG_ITEM_COUNT(route_keys), &at);
	if (reader->errors->count != errors_before)
		return;
	if (!at.zone_seen)
		document_complain(value, "the zone is missing.");
	else if (at.route.server_count == 0)
		document_complain(value, "the zone has no servers.");
	else if (resolve->route_count == QN_ROUTE_MAX)
		document_complain(
		    value, "there can be no more than %d zones with servers.", QN_ROUTE_MAX);
	else {
		reader->route_lines[resolve->route_count] = value->line;
		resolve->routes[resolve->route_count++] = at.route;
	}
}

static void
read_forward(const struct document_value *value, void *target)
{
	read_route(value, target, QN_ROUTE_FORWARD);
}

static void
read_stub(const struct document_value *value, void *target)
{
	read_route(value, target, QN_ROUTE_STUB);
}

void
config_read_forward(const struct document_value *value, void *target)
{
	document_list(value, SIZE_MAX, read_forward, target);
}

void
config_read_stub(const struct document_value *value, void *target)
{
	document_list(value, SIZE_MAX, read_stub, target);
}

static bool
has_usable_server(const struct qn_resolve_config *resolve, const struct qn_route *route)
{
	for (uint8_t i = 0; i < route->server_count; i++)
		if (config_reaches(resolve, route->servers[i].address.family))
			return true;
	return false;
}

void
config_check_routes(struct config_reader *reader)
{
	const struct qn_resolve_config *resolve = &reader->config->live.resolve;
	char zone[QN_NAME_TEXT_MAX];

	if (reader->ports_broken)
		return;
	for (uint16_t i = 0; i < resolve->route_count; i++) {
		const struct qn_route *route = &resolve->routes[i];

		if (has_usable_server(resolve, route))
			continue;
		qn_name_to_text(&route->zone, zone);
		diagnostics_add(reader->errors, reader->route_lines[i],
		    "resolver.%s: no server of %s has an address of a family that the ports can "
		    "reach.",
		    route->kind == QN_ROUTE_STUB ? "stub" : "forward", zone);
	}
}
