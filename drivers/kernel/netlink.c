/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

/* Octets; what we ask takes some hundred, and an answer repeats the question. */
#define MESSAGE_MAX 4096

#define FOREVER UINT32_MAX /* Of a lifetime. */

int
qn_netlink_open(struct qn_netlink *netlink)
{
	*netlink = (struct qn_netlink){.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)};
	if (netlink->socket == NULL)
		return -errno;
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		const int result = -errno;

		qn_netlink_close(netlink);
		return result;
	}
	return 0;
}

void
qn_netlink_close(struct qn_netlink *netlink)
{
	mnl_socket_close(netlink->socket);
	netlink->socket = NULL;
}

static struct nlmsghdr *
begin(struct qn_netlink *netlink, char *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	message->nlmsg_seq = ++netlink->sequence;
	return message;
}

/* Sends the request and takes the answer to it. */
static int
finish(struct qn_netlink *netlink, const struct nlmsghdr *message)
{
	const unsigned port = mnl_socket_get_portid(netlink->socket);
	char answer[MESSAGE_MAX];
	ssize_t len;

	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(netlink->socket, answer, sizeof(answer));
	if (len < 0 ||
	    mnl_cb_run(answer, (size_t)len, message->nlmsg_seq, port, NULL, NULL) < MNL_CB_STOP)
		return -errno;
	return 0;
}

static unsigned char
family_of(const struct qn_address *address)
{
	return address->family == QN_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

static void
put_address(struct nlmsghdr *message, uint16_t type, const struct qn_address *address)
{
	mnl_attr_put(message, type, qn_family_octets(address->family), address->octets);
}

/* Links. */

static int
link_change(
    struct qn_netlink *netlink, unsigned index, unsigned flags, const uint8_t *mac, uint32_t mtu)
{
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *message = begin(netlink, buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = (int)index;
	link->ifi_flags = flags;
	link->ifi_change = flags;
	if (mac != NULL) {
		mnl_attr_put(message, IFLA_ADDRESS, 6, mac);
		mnl_attr_put_u32(message, IFLA_MTU, mtu);
	}
	return finish(netlink, message);
}

int
qn_netlink_link_set(struct qn_netlink *netlink, unsigned index, const uint8_t mac[6], uint16_t mtu)
{
	return link_change(netlink, index, 0, mac, mtu);
}

int
qn_netlink_link_up(struct qn_netlink *netlink, unsigned index)
{
	return link_change(netlink, index, IFF_UP, NULL, 0);
}

/* Addresses. */

int
qn_netlink_address_add(
    struct qn_netlink *netlink, unsigned index, const struct qn_prefix *address, bool passive)
{
	const bool ipv6 = address->address.family == QN_FAMILY_IPV6;
	const struct ifa_cacheinfo lifetime = {
	    .ifa_prefered = passive ? 0 : FOREVER,
	    .ifa_valid = FOREVER,
	};
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *message = begin(netlink, buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifa_family = family_of(&address->address);
	header->ifa_prefixlen = address->len_bits;
	/* Nobody else has it: a search for duplicates would only keep it waiting. */
	header->ifa_flags = ipv6 ? IFA_F_NODAD : 0;
	/* An IPv4 address of this scope is not chosen for what leaves the machine. */
	header->ifa_scope = passive && !ipv6 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	header->ifa_index = index;
	put_address(message, IFA_LOCAL, &address->address);
	put_address(message, IFA_ADDRESS, &address->address);
	if (ipv6)
		mnl_attr_put(message, IFA_CACHEINFO, sizeof(lifetime), &lifetime);
	return finish(netlink, message);
}

/* Routes. */

static int
route_request(
    struct qn_netlink *netlink, uint16_t type, uint16_t flags, const struct qn_netlink_route *route)
{
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *message = begin(netlink, buffer, type, flags);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = family_of(&route->destination.address);
	header->rtm_dst_len = route->destination.len_bits;
	header->rtm_protocol = RTPROT_STATIC;
	header->rtm_type = RTN_UNICAST;
	header->rtm_scope = route->gateway == NULL && header->rtm_family == AF_INET
	                        ? RT_SCOPE_LINK
	                        : RT_SCOPE_UNIVERSE;
	header->rtm_table = route->table < 256 ? (unsigned char)route->table : RT_TABLE_UNSPEC;
	mnl_attr_put_u32(message, RTA_TABLE, route->table);
	put_address(message, RTA_DST, &route->destination.address);
	mnl_attr_put_u32(message, RTA_OIF, route->index);
	if (route->gateway != NULL)
		put_address(message, RTA_GATEWAY, route->gateway);
	if (route->source != NULL)
		put_address(message, RTA_PREFSRC, route->source);
	if (route->metric != 0)
		mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	return finish(netlink, message);
}

int
qn_netlink_route_add(struct qn_netlink *netlink, const struct qn_netlink_route *route)
{
	return route_request(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

int
qn_netlink_route_delete(struct qn_netlink *netlink, const struct qn_netlink_route *route)
{
	return route_request(netlink, RTM_DELROUTE, 0, route);
}
