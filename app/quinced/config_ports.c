/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <ctype.h>
#include <string.h>

#define VLAN_MAX 4094
#define MTU_MIN  1280 /* IPv6 needs so much (RFC 8200 s5). */
#define MTU_MAX  1500

/* One item of the list, while it is read. */
struct port_reader {
	struct config_reader *reader;
	struct config_port *port;
	unsigned gateway_lines[CONFIG_GATEWAY_MAX];
};

static bool
is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* "0000:3b:00.0", or without the domain: "3b:00.0"; arguments may follow a comma. */
static bool
is_pci_device(const char *text)
{
	if (is_hex(text, 4) && text[4] == ':')
		text += 5;
	return is_hex(text, 2) && text[2] == ':' && is_hex(text + 3, 2) && text[5] == '.' &&
	       text[6] >= '0' && text[6] <= '7' && (text[7] == '\0' || text[7] == ',');
}

/* "net_af_packet0,iface=vres": a driver's name with a number, and its arguments. */
static bool
is_virtual_device(const char *text)
{
	size_t name_len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return strncmp(text, "net_", 4) == 0 && name_len > 4 &&
	       (text[name_len] == '\0' || text[name_len] == ',') && strpbrk(text, " \t\n") == NULL;
}

static void
read_device(const struct document_value *value, void *target)
{
	const struct port_reader *at = target;
	const struct config_fixed *fixed = &at->reader->config->fixed;
	const char *text = document_text(value);

	if (text == NULL)
		return;
	if (strlen(text) >= CONFIG_DEVICE_MAX ||
	    (!is_pci_device(text) && !is_virtual_device(text))) {
		document_complain(value,
		    "\"%s\" is neither a PCI address, such as 0000:3b:00.0, nor a virtual device, "
		    "such as net_af_packet0,iface=eth1.",
		    text);
		return;
	}
	for (uint16_t i = 0; i < fixed->port_count; i++)
		if (strcmp(fixed->ports[i].device, text) == 0)
			document_complain(value, "another port has the device %s already.", text);
	strcpy(at->port->device, text);
}

/* Whether the bits of `prefix` behind its length all are `bit`. */
static bool
host_bits_are(const struct qn_prefix *prefix, unsigned bit)
{
	const unsigned bits = (unsigned)qn_family_octets(prefix->address.family) * 8;

	for (unsigned i = prefix->len_bits; i < bits; i++)
		if (((prefix->address.octets[i / 8] >> (7 - i % 8)) & 1u) != bit)
			return false;
	return true;
}

/* Networks of one or two addresses have no others that stand for all hosts (RFC 3021, 6164). */
static bool
is_host_address(const struct qn_prefix *prefix)
{
	const unsigned bits = (unsigned)qn_family_octets(prefix->address.family) * 8;

	if (bits - prefix->len_bits < 2)
		return true;
	return !host_bits_are(prefix, 0) &&
	       !(prefix->address.family == QN_FAMILY_IPV4 && host_bits_are(prefix, 1));
}

static const struct config_port *
port_of_address(const struct config_fixed *fixed, const struct qn_address *address)
{
	for (uint16_t i = 0; i < fixed->port_count; i++)
		for (uint8_t j = 0; j < fixed->ports[i].address_count; j++)
			if (qn_address_equal(&fixed->ports[i].addresses[j].address, address))
				return &fixed->ports[i];
	return NULL;
}

static bool
port_has_address(const struct config_port *port, const struct qn_address *address)
{
	for (uint8_t i = 0; i < port->address_count; i++)
		if (qn_address_equal(&port->addresses[i].address, address))
			return true;
	return false;
}

static void
read_port_address(const struct document_value *value, void *target)
{
	const struct port_reader *at = target;
	const char *text = document_text(value);
	struct qn_prefix prefix;

	if (text == NULL)
		return;
	if (!qn_prefix_from_text(&prefix, text)) {
		document_complain(value,
		    "\"%s\" is not an address with the length of its network, such as 10.0.0.2/24.",
		    text);
		return;
	}
	if (strchr(text, '/') == NULL) {
		document_complain(
		    value, "%s needs the length of its network, as in 10.0.0.2/24.", text);
		return;
	}
	if (!qn_address_reachable(&prefix.address) || !is_host_address(&prefix)) {
		document_complain(value, "%s is not an address that one host can have.", text);
		return;
	}
	if (port_has_address(at->port, &prefix.address) ||
	    port_of_address(&at->reader->config->fixed, &prefix.address) != NULL) {
		document_complain(value, "%s is given to a port twice.", text);
		return;
	}
	at->port->addresses[at->port->address_count++] = prefix;
}

static void
read_port_addresses(const struct document_value *value, void *target)
{
	document_list(value, CONFIG_ADDRESS_MAX, read_port_address, target);
}

static uint8_t
gateways_of_family(const struct config_port *port, uint8_t family)
{
	uint8_t count = 0;

	for (uint8_t i = 0; i < port->gateway_count; i++)
		count += port->gateways[i].family == family;
	return count;
}

static void
read_gateway(const struct document_value *value, void *target)
{
	struct port_reader *at = target;
	struct config_port *port = at->port;
	struct qn_address address;

	if (!config_read_address(value, &address))
		return;
	if (!qn_address_reachable(&address) && !config_is_link_local(&address)) {
		document_complain(value, "a router cannot have this address.");
		return;
	}
	if (gateways_of_family(port, address.family) == QN_LINK_GATEWAY_MAX) {
		document_complain(value, "a port takes at most %d %s gateways.",
		    QN_LINK_GATEWAY_MAX, config_family_text(address.family));
		return;
	}
	at->gateway_lines[port->gateway_count] = value->line;
	port->gateways[port->gateway_count++] = address;
}

static void
read_gateways(const struct document_value *value, void *target)
{
	/* More than there may be of a family is said there, in better words than a count. */
	document_list(value, SIZE_MAX, read_gateway, target);
}

static void
read_vlan(const struct document_value *value, void *target)
{
	const struct port_reader *at = target;
	uint64_t number;

	if (document_number(value, 1, VLAN_MAX, &number))
		at->port->vlan = (uint16_t)number;
}

static void
read_mtu(const struct document_value *value, void *target)
{
	const struct port_reader *at = target;
	uint64_t number;

	if (document_number(value, MTU_MIN, MTU_MAX, &number))
		at->port->mtu = (uint16_t)number;
}

static const struct document_key port_keys[] = {
    {"device", read_device},
    {"addresses", read_port_addresses},
    {"gateways", read_gateways},
    {"vlan", read_vlan},
    {"mtu", read_mtu},
};

/* Every link with an IPv6 address has the link-local network, too, where routers like to be. */
static bool
is_on_link(const struct config_port *port, const struct qn_address *address)
{
	for (uint8_t i = 0; i < port->address_count; i++)
		if (qn_prefix_contains(&port->addresses[i], address) ||
		    (config_is_link_local(address) &&
			port->addresses[i].address.family == address->family))
			return true;
	return false;
}

static void
check_gateways(const struct port_reader *at)
{
	const struct config_port *port = at->port;

	for (uint8_t i = 0; i < port->gateway_count; i++) {
		const struct qn_address *gateway = &port->gateways[i];
		char text[QN_ADDRESS_TEXT_MAX];

		qn_address_to_text(gateway, text);
		if (port_has_address(port, gateway))
			diagnostics_add(at->reader->errors, at->gateway_lines[i],
			    "ports.gateways: %s is the port's own address; give the router's.",
			    text);
		else if (!is_on_link(port, gateway))
			diagnostics_add(at->reader->errors, at->gateway_lines[i],
			    "ports.gateways: %s is in none of the networks of this port's "
			    "addresses.",
			    text);
	}
}

static void
read_port(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	struct config_fixed *fixed = &reader->config->fixed;
	struct config_port port = {0};
	struct port_reader at = {.reader = reader, .port = &port};
	const size_t errors_before = reader->errors->count;

	document_mapping(value, port_keys, CONFIG_ITEM_COUNT(port_keys), &at);
	if (reader->errors->count == errors_before) {
		if (port.device[0] == '\0')
			document_complain(value, "this port has no device.");
		if (port.address_count == 0)
			document_complain(value, "this port has no addresses.");
	}
	if (reader->errors->count == errors_before)
		check_gateways(&at);
	else
		reader->ports_broken = true;
	fixed->ports[fixed->port_count++] = port;
}

void
config_read_ports(const struct document_value *value, void *target)
{
	struct config_reader *reader = target;
	const size_t errors_before = reader->errors->count;

	reader->ports_seen = true;
	if (document_list(value, QN_SHARD_LINK_MAX, read_port, reader) > 0)
		return;
	reader->ports_broken = true;
	if (reader->errors->count == errors_before)
		document_complain(value, "is empty; the node needs a port to answer on.");
}

void
config_check_ports(struct config_reader *reader)
{
	if (!reader->ports_seen) {
		reader->ports_broken = true;
		diagnostics_add(reader->errors, 1,
		    "ports: this key is missing; list the devices to answer on.");
	}
}

bool
config_has_gateway(const struct config_fixed *fixed, uint8_t family)
{
	for (uint16_t i = 0; i < fixed->port_count; i++)
		for (uint8_t j = 0; j < fixed->ports[i].gateway_count; j++)
			if (fixed->ports[i].gateways[j].family == family)
				return true;
	return false;
}

bool
config_has_address(const struct config_fixed *fixed, uint8_t family)
{
	for (uint16_t i = 0; i < fixed->port_count; i++)
		for (uint8_t j = 0; j < fixed->ports[i].address_count; j++)
			if (fixed->ports[i].addresses[j].address.family == family)
				return true;
	return false;
}
