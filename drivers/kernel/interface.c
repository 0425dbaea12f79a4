/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/interface.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* Behind any metric that a person or a DHCP client gives, so that no default route loses to us. */
#define METRIC_BASE 1000000u

/* What a port's interface must not do by itself, since the worker does it or nobody is to. */
static const struct {
	const char *family, *name;
	unsigned value;
} switches[] = {
    {"ipv4", "arp_ignore", 8},        /* The workers answer. */
    {"ipv4", "arp_announce", 2},      /* Never ask from an address that other nodes have, too. */
    {"ipv4", "rp_filter", 2},         /* Clients are where the routing table may not point. */
    {"ipv4", "forwarding", 0},        /* A resolver is no router, */
    {"ipv4", "send_redirects", 0},    /* nor does it tell of others. */
    {"ipv4", "accept_redirects", 0},  /* Gateways are those of the configuration. */
    {"ipv6", "accept_dad", 0},        /* The port is already answering for the addresses. */
    {"ipv6", "accept_ra", 0},         /* Gateways as above, */
    {"ipv6", "autoconf", 0},          /* and addresses, too. */
    {"ipv6", "forwarding", 0},        /* As above. */
    {"ipv6", "accept_redirects", 0},  /* As above. */
    {"ipv6", "keep_addr_on_down", 1}, /* As IPv4 does: what is connected stays so. */
};

/* A kernel without IPv6 lacks its switches, which then matter only to who has such addresses. */
static int
set_switches(const struct qn_tap *tap)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		const int result =
		    qn_tap_set(tap, switches[i].family, switches[i].name, switches[i].value);

		if (result != 0 && switches[i].family[3] == '4')
			return result;
	}
	return 0;
}

/* What is there already is as it should be. */
static int
or_there(int result)
{
	return result == -EEXIST ? 0 : result;
}

/* The first address of a family; NULL without one. */
static const struct qn_address *
address_of_family(const struct qn_link_config *link, uint8_t family)
{
	for (uint16_t i = 0; i < link->address_count; i++)
		if (link->addresses[i].address.family == family)
			return &link->addresses[i].address;
	return NULL;
}

static int
add_service(struct qn_netlink *netlink, unsigned index, const struct qn_kernel_interface *interface,
    const struct qn_address *service)
{
	const struct qn_netlink_address address = {
	    .address = {*service, (uint8_t)(8 * qn_family_octets(service->family))},
	    .peer = interface->services_alone ? address_of_family(interface->link, service->family)
	                                      : NULL,
	    .passive = true,
	    .index = index,
	};

	return or_there(qn_netlink_address_add(netlink, &address));
}

static int
add_addresses(
    struct qn_netlink *netlink, unsigned index, const struct qn_kernel_interface *interface)
{
	const struct qn_link_config *link = interface->link;
	int result = 0;

	for (uint16_t i = 0; i < link->address_count && result == 0; i++) {
		const struct qn_netlink_address address = {
		    .address = link->addresses[i],
		    .index = index,
		};

		result = or_there(qn_netlink_address_add(netlink, &address));
	}
	for (uint16_t i = 0; interface->services && i < link->service_count && result == 0; i++)
		result = add_service(netlink, index, interface, &link->services[i]);
	return result;
}

static int
add_default_routes(struct qn_netlink *netlink, unsigned index, const struct qn_link_config *link)
{
	for (uint16_t i = 0; i < link->gateway_count; i++) {
		const struct qn_address *gateway = &link->gateways[i];
		const struct qn_netlink_route route = {
		    .destination.address.family = gateway->family,
		    .gateway = gateway,
		    .source = address_of_family(link, gateway->family),
		    .table = RT_TABLE_MAIN,
		    /* Each has a metric of its own: equal ones would share the traffic. */
		    .metric = METRIC_BASE + index * 2 * QN_LINK_GATEWAY_MAX + i,
		    .index = index,
		};
		int result;

		if (route.source == NULL)
			continue;
		result = or_there(qn_netlink_route_add(netlink, &route));
		if (result != 0)
			return result;
	}
	return 0;
}

static int
set_up(struct qn_tap *tap, struct qn_netlink *netlink, const struct qn_kernel_interface *interface,
    const char **what)
{
	const struct qn_link_config *link = interface->link;
	int result;

	*what = "be given its station address and MTU";
	result = qn_netlink_link_set(netlink, tap->index, link->mac, link->mtu);
	if (result != 0)
		return result;
	*what = "be told in /proc/sys/net what to leave to the node";
	result = set_switches(tap);
	if (result != 0)
		return result;
	/* Before it is up: a routing daemon that sees it come up binds to the addresses at once. */
	*what = "be given the node's addresses";
	result = add_addresses(netlink, tap->index, interface);
	if (result != 0)
		return result;
	*what = "be brought up";
	result = qn_netlink_link_up(netlink, tap->index);
	if (result != 0)
		return result;
	*what = "be given routes over the gateways";
	return add_default_routes(netlink, tap->index, link);
}

int
qn_kernel_interface_open(struct qn_tap *tap, struct qn_netlink *netlink, const char *name,
    const struct qn_kernel_interface *interface, const char **what)
{
	int result;

	*what = "be made";
	result = qn_tap_open(tap, name);
	if (result != 0)
		return result;
	result = set_up(tap, netlink, interface, what);
	if (result != 0)
		qn_tap_close(tap);
	return result;
}

int
qn_kernel_interface_mend(
    struct qn_netlink *netlink, unsigned index, const struct qn_kernel_interface *interface)
{
	const int result = add_addresses(netlink, index, interface);

	return result != 0 ? result : add_default_routes(netlink, index, interface->link);
}
