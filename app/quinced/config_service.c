/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <stdio.h>
#include <string.h>

#define HEX_DIGITS "0123456789abcdefABCDEF"

static void
read_address(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	struct qn_shard_config *live = &reader->config->live;
	struct qn_address address;

	if (!config_read_address(value, &address))
		return;
	if (!qn_address_reachable(&address)) {
		document_complain(value, "clients cannot ask at this address.");
		return;
	}
	for (uint16_t i = 0; i < live->service_count; i++)
		if (qn_address_equal(&live->service[i], &address)) {
			document_complain(
			    value, "this address is on line %u already.", reader->service_lines[i]);
			return;
		}
	reader->service_lines[live->service_count] = value->line;
	live->service[live->service_count++] = address;
}

static void
read_addresses(const struct document_value *value, void *target)
{
	document_list(value, QN_SHARD_SERVICE_MAX, read_address, target);
}

/* As other servers take it (RFC 9018 s5): 16 octets, the key of SipHash as that reads it. */
static void
read_cookie_secret(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	struct config *config = reader->config;
	const char *text = document_text(value);
	uint8_t octets[sizeof(config->live.cookie_secret)];
	const size_t digit_count = 2 * sizeof(octets);

	if (text == NULL)
		return;
	/* What was written is a secret, or meant to be one: it is not repeated. */
	if (strlen(text) != digit_count || strspn(text, HEX_DIGITS) != digit_count) {
		document_complain(value, "must be %zu hexadecimal digits.", digit_count);
		return;
	}
	for (size_t i = 0; i < sizeof(octets); i++)
		sscanf(text + 2 * i, "%2hhx", &octets[i]);
	memcpy(&config->live.cookie_secret, octets, sizeof(octets));
	config->cookie_secret_given = true;
}

static const struct document_key service_keys[] = {
    {"addresses", read_addresses},
    {"allow", config_read_allow},
    {"refuse", config_read_refuse},
    {"drop", config_read_drop},
    {"cookie-secret", read_cookie_secret},
};

void
config_read_service(const struct document_value *value, void *target)
{
	document_mapping(value, service_keys, CONFIG_ITEM_COUNT(service_keys), target);
}

/* What keeps clients from reaching us at `address`; NULL when nothing does. */
static const char *
not_carried(const struct config_fixed *fixed, const struct qn_address *address)
{
	const char *why = NULL;

	for (uint16_t i = 0; i < fixed->port_count; i++) {
		const struct config_port *port = &fixed->ports[i];

		for (uint8_t j = 0; j < port->address_count; j++) {
			if (qn_address_equal(&port->addresses[j].address, address))
				return NULL;
			if (qn_prefix_contains(&port->addresses[j], address))
				why = "it is in the network of a port, so give it to that port's "
				      "addresses";
		}
	}
	if (why == NULL && !config_has_gateway(fixed, address->family))
		why = "it is in no port's network, and no port has a gateway of its family to "
		      "route it here";
	return why;
}

static void
default_addresses(struct config *config)
{
	const struct config_fixed *fixed = &config->fixed;
	struct qn_shard_config *live = &config->live;

	for (uint16_t i = 0; i < fixed->port_count; i++)
		for (uint8_t j = 0; j < fixed->ports[i].address_count; j++) {
			if (live->service_count == QN_SHARD_SERVICE_MAX)
				return;
			live->service[live->service_count++] = fixed->ports[i].addresses[j].address;
		}
}

void
config_check_service(struct config_reader *reader)
{
	struct config *config = reader->config;

	if (reader->ports_broken)
		return;
	for (uint16_t i = 0; i < config->live.service_count; i++) {
		const struct qn_address *address = &config->live.service[i];
		const char *why = not_carried(&config->fixed, address);
		char text[QN_ADDRESS_TEXT_MAX];

		if (why == NULL)
			continue;
		qn_address_to_text(address, text);
		diagnostics_add(reader->errors, reader->service_lines[i],
		    "service.addresses: no port carries %s: %s.", text, why);
	}
	if (config->live.service_count == 0)
		default_addresses(config);
}
