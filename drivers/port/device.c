/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Frames that the rings of net_af_packet hold: its own 512 are less than a millisecond of
 * full load, shorter than a worker's nap.
 */
#define AF_PACKET_FRAME_COUNT 2048

/* Value of the argument `key` and its length; NULL when it is not there. */
static const char *
argument_find(const char *arguments, const char *key, size_t *len)
{
	const size_t key_len = strlen(key);

	for (const char *at = arguments; *at != '\0';) {
		const size_t item_len = strcspn(at, ",");

		if (item_len > key_len && strncmp(at, key, key_len) == 0 && at[key_len] == '=') {
			*len = item_len - key_len - 1;
			return at + key_len + 1;
		}
		at += item_len;
		at += *at == ',';
	}
	return NULL;
}

static bool
argument_has(const char *arguments, const char *key)
{
	size_t len;

	return argument_find(arguments, key, &len) != NULL;
}

/* Value of a number argument, `absent` when it is not there; -1 when it is no number. */
static long
argument_number(const char *arguments, const char *key, long absent)
{
	size_t len;
	const char *value = argument_find(arguments, key, &len);
	char *end;
	long number;

	if (value == NULL)
		return absent;
	number = strtol(value, &end, 10);
	return len > 0 && isdigit((unsigned char)*value) && end == value + len ? number : -1;
}

/* Appends "key=number" unless the operator gave the key; false when there is no room. */
static bool
argument_default(struct qn_device *device, const char *key, unsigned int number)
{
	const size_t used = strlen(device->arguments);
	const size_t room = sizeof(device->arguments) - used;
	int len;

	if (argument_has(device->arguments, key))
		return true;
	len = snprintf(device->arguments + used, room, "%s%s=%u", used > 0 ? "," : "", key, number);
	return len > 0 && (size_t)len < room;
}

/* Writes "0000:3b:00.0" for that or "3b:00.0"; false when `text` is no PCI address. */
static bool
pci_address_read(const char *text, char *name, size_t name_len)
{
	unsigned int domain = 0;
	unsigned int bus;
	unsigned int slot;
	unsigned int function;
	int end = 0;

	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	if (sscanf(text, "%4x:%2x:%2x.%1u%n", &domain, &bus, &slot, &function, &end) != 4) {
		domain = 0;
		if (sscanf(text, "%2x:%2x.%1u%n", &bus, &slot, &function, &end) != 3)
			return false;
	}
	if (text[end] != '\0' || slot > 31 || function > 7)
		return false;
	snprintf(name, name_len, "%04x:%02x:%02x.%u", domain, bus, slot, function);
	return true;
}

static enum qn_device_kind
virtual_kind(const char *name)
{
	static const struct {
		const char *driver;
		enum qn_device_kind kind;
	} kinds[] = {
	    {"net_af_packet", QN_DEVICE_AF_PACKET},
	    {"net_af_xdp", QN_DEVICE_AF_XDP},
	    {"net_tap", QN_DEVICE_TAP},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strncmp(name, kinds[i].driver, strlen(kinds[i].driver)) == 0)
			return kinds[i].kind;
	}
	return QN_DEVICE_OTHER;
}

static int
interface_parse(struct qn_device *device, const struct qn_port_error *error)
{
	size_t len;
	const char *value = argument_find(device->arguments, "iface", &len);

	if (value == NULL || len == 0 || len >= sizeof(device->interface))
		return qn_port_fail(error, -EINVAL,
		    "%s: needs the name of a network interface, as in %s,iface=eth1", device->text,
		    device->name);
	memcpy(device->interface, value, len);
	device->interface[len] = '\0';
	return 0;
}

/* Queues are made for workers one to one: another number loses frames or wastes memory. */
static int
queues_check(const struct qn_device *device, const char *key, uint16_t queue_count,
    const struct qn_port_error *error)
{
	if (argument_number(device->arguments, key, queue_count) == queue_count)
		return 0;
	return qn_port_fail(error, -EINVAL,
	    "%s: %s has to be the number of workers, %u; leave it out to have it so", device->text,
	    key, queue_count);
}

static int
af_packet_parse(struct qn_device *device, uint16_t queue_count, const struct qn_port_error *error)
{
	const int rc = queues_check(device, "qpairs", queue_count, error);
	bool fits;

	if (rc != 0)
		return rc;
	fits = argument_default(device, "qpairs", queue_count);
	/* The count only fits the sizes that the driver has of its own. */
	if (!argument_has(device->arguments, "blocksz") &&
	    !argument_has(device->arguments, "framesz"))
		fits = fits && argument_default(device, "framecnt", AF_PACKET_FRAME_COUNT);
	return fits ? 0 : qn_port_fail(error, -EINVAL, "%s: is too long", device->text);
}

static int
af_xdp_parse(struct qn_device *device, uint16_t queue_count, const struct qn_port_error *error)
{
	const int rc = queues_check(device, "queue_count", queue_count, error);

	if (rc != 0)
		return rc;
	if (argument_number(device->arguments, "busy_budget", 1) <= 0)
		return qn_port_fail(error, -EINVAL,
		    "%s: busy_budget has to be at least 1, because without busy polling a receive "
		    "may wait for a second; leave it out for the driver's own 64",
		    device->text);
	if (argument_number(device->arguments, "shared_umem", 0) != 0)
		return qn_port_fail(error, -EINVAL,
		    "%s: shared_umem is not supported, every queue has buffers of its own; leave "
		    "it out",
		    device->text);
	device->queues_chosen = argument_has(device->arguments, "start_queue") ||
	                        argument_has(device->arguments, "queue_count");
	return argument_default(device, "start_queue", 0) &&
	               argument_default(device, "queue_count", queue_count)
	           ? 0
	           : qn_port_fail(error, -EINVAL, "%s: is too long", device->text);
}

static int
virtual_parse(struct qn_device *device, uint16_t queue_count, const struct qn_port_error *error)
{
	int rc;

	device->kind = virtual_kind(device->name);
	if (device->kind != QN_DEVICE_AF_PACKET && device->kind != QN_DEVICE_AF_XDP)
		return 0;
	rc = interface_parse(device, error);
	if (rc != 0)
		return rc;
	return device->kind == QN_DEVICE_AF_PACKET ? af_packet_parse(device, queue_count, error)
	                                           : af_xdp_parse(device, queue_count, error);
}

int
qn_device_parse(struct qn_device *device, const char *text, uint16_t queue_count,
    const struct qn_port_error *error)
{
	const size_t name_len = strcspn(text, ",");
	char name[sizeof(device->name)];

	memset(device, 0, sizeof(*device));
	if (strlen(text) >= sizeof(device->text) || name_len >= sizeof(name))
		return qn_port_fail(error, -EINVAL, "%.40s...: is too long for a device", text);
	for (const char *at = text; *at != '\0'; at++) {
		if (!isgraph((unsigned char)*at))
			return qn_port_fail(
			    error, -EINVAL, "%s: has a space or an unprintable octet in it", text);
	}
	memcpy(name, text, name_len);
	name[name_len] = '\0';
	strcpy(device->text, text);
	strcpy(device->arguments, text + name_len + (text[name_len] == ','));

	if (pci_address_read(name, device->name, sizeof(device->name))) {
		device->kind = QN_DEVICE_PCI;
		return 0;
	}
	if (strncmp(name, "net_", 4) != 0)
		return qn_port_fail(error, -EINVAL,
		    "%s: is neither a PCI address as 0000:3b:00.0 nor a virtual device as "
		    "net_af_packet0,iface=eth1",
		    text);
	strcpy(device->name, name);
	return virtual_parse(device, queue_count, error);
}
