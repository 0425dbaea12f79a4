/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <stdio.h>
#include <string.h>

#define HEX_DIGITS "0123456789abcdefABCDEF"

/* Who may ask when the file does not say: this host, private networks, the links themselves. */
static const char *const allow_default[] = {
    "127.0.0.0/8", "::1/128",      /* Loopback (RFC 1122, 4291). */
    "10.0.0.0/8", "172.16.0.0/12", /* Private (RFC 1918). */
    "192.168.0.0/16", "fc00::/7",  /* Private (RFC 1918, 4193). */
    "169.254.0.0/16", "fe80::/10", /* Link-local (RFC 3927, 4291). */
};

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

static void
read_allowed(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	struct qn_shard_config *live = &reader->config->live;
	const char *text = document_text(value);
	char network_text[QN_ADDRESS_TEXT_MAX];
	struct qn_prefix prefix, network;

	if (text == NULL)
		return;
	if (!qn_prefix_from_text(&prefix, text)) {
		document_complain(
		    value, "\"%s\" is not a prefix, such as 10.0.0.0/8, or an address.", text);
		return;
	}
	network = network_of(&prefix);
	if (!qn_address_equal(&network.address, &prefix.address)) {
		qn_address_to_text(&network.address, network_text);
		document_complain(value, "%s has bits set behind its length; write %s/%u.", text,
		    network_text, network.len_bits);
		return;
	}
	live->allow[live->allow_count++] = prefix;
}

static void
read_allow(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	const size_t errors_before = reader->errors->count;

	reader->allow_seen = true;
	if (document_list(value, QN_SHARD_ALLOW_MAX, read_allowed, target) == 0 &&
	    reader->errors->count == errors_before)
		document_complain(
		    value, "is empty, so nobody could ask; list prefixes or leave the key out.");
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
    {"allow", read_allow},
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

static void
default_allow(struct qn_shard_config *live)
{
	for (size_t i = 0; i < CONFIG_ITEM_COUNT(allow_default); i++) {
		struct qn_prefix prefix;
		const bool ok = qn_prefix_from_text(&prefix, allow_default[i]);

		qn_assert(ok);
		live->allow[live->allow_count++] = prefix;
	}
}

void
config_check_service(struct config_reader *reader)
{
	struct config *config = reader->config;

	if (!reader->allow_seen)
		default_allow(&config->live);
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
