/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_reader.h"

#include <stdlib.h>
#include <string.h>

#define RATE_DEFAULT 50000
#define RATE_MIN     100
#define RATE_MAX     10000000

/* Bidirectional forwarding detection, over one link and over several (RFC 5881 s4, 5883 s5). */
#define PORT_BFD          3784
#define PORT_BFD_MULTIHOP 4784

#define INTERFACE_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

static struct config_kernel *
kernel_of(void *target)
{
	const struct config_reader *reader = target;

	return &reader->config->fixed.kernel;
}

static void
read_interface(const struct document_value *value, void *target)
{
	const char *text = document_text(value);

	if (text == NULL)
		return;
	if (strlen(text) >= CONFIG_INTERFACE_MAX || strspn(text, INTERFACE_LETTERS) != strlen(text))
		document_complain(value,
		    "must be at most %d letters, digits, \"-\" and \"_\"; the port's number is put "
		    "behind them.",
		    CONFIG_INTERFACE_MAX - 1);
	else
		strcpy(kernel_of(target)->prefix, text);
}

static void
read_rate(const struct document_value *value, void *target)
{
	document_count(value, RATE_MIN, RATE_MAX, &kernel_of(target)->rate);
}

/* A number up to 65535 at the begin of `text`; what follows it in `*end`, NULL when it is none. */
static uint16_t
port_from_text(const char *text, const char **end)
{
	char *behind = NULL;
	const unsigned long number = *text >= '0' && *text <= '9' ? strtoul(text, &behind, 10) : 0;

	*end = number <= UINT16_MAX ? behind : NULL;
	return (uint16_t)number;
}

static bool
range_from_text(struct config_range *range, const char *text)
{
	const char *end;

	range->first = range->last = port_from_text(text, &end);
	if (end != NULL && *end == '-')
		range->last = port_from_text(end + 1, &end);
	return end != NULL && *end == '\0' && range->first >= QN_PORT_FIRST &&
	       range->last >= range->first;
}

static void
read_udp_port(const struct document_value *value, void *target)
{
	struct config_kernel *kernel = kernel_of(target);
	const char *text = document_text(value);
	struct config_range range;

	if (text == NULL)
		return;
	if (!range_from_text(&range, text)) {
		document_complain(value,
		    "\"%s\" is neither a port from %u to 65535 nor a range of them, such as "
		    "61000-61999.",
		    text, QN_PORT_FIRST);
		return;
	}
	kernel->udp_ports[kernel->udp_port_count++] = range;
}

/* Ports that are left to ask from: the more there are, the harder a forged reply. */
static uint32_t
ports_left(const struct config_kernel *kernel)
{
	uint32_t left = QN_PORT_COUNT;

	for (uint8_t i = 0; i < kernel->udp_port_count; i++) {
		const uint32_t count =
		    (uint32_t)(kernel->udp_ports[i].last - kernel->udp_ports[i].first) + 1;

		left = left > count ? left - count : 0;
	}
	return left;
}

static void
read_udp_ports(const struct document_value *value, void *target)
{
	struct config_kernel *kernel = kernel_of(target);

	kernel->udp_port_count = 0;
	document_list(value, CONFIG_RANGE_MAX, read_udp_port, target);
	if (ports_left(kernel) < QN_PORT_COUNT / 2)
		document_complain(
		    value, "leaves too few ports to ask authorities from: half of them at least.");
}

static const struct document_key kernel_keys[] = {
    {"interface", read_interface},
    {"rate", read_rate},
    {"udp-ports", read_udp_ports},
};

void
config_default_kernel(struct config_kernel *kernel)
{
	*kernel = (struct config_kernel){
	    .prefix = "quince",
	    .rate = RATE_DEFAULT,
	    .udp_ports = {{PORT_BFD, PORT_BFD}, {PORT_BFD_MULTIHOP, PORT_BFD_MULTIHOP}},
	    .udp_port_count = 2,
	};
}

void
config_read_kernel(const struct document_value *value, void *target)
{
	if (!document_is_single(value)) {
		document_mapping(value, kernel_keys, CONFIG_ITEM_COUNT(kernel_keys), target);
		return;
	}
	const char *text = document_text(value);

	if (text == NULL)
		return;
	if (strcmp(text, "off") != 0)
		document_complain(value,
		    "\"%s\" is neither off nor keys with values, such as \"rate: 50000\".", text);
	kernel_of(target)->off = true;
}
