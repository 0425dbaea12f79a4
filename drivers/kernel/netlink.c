/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

/* Octets; what we ask takes some hundred. An answer repeats the question, or describes a link. */
#define MESSAGE_MAX 4096
#define ANSWER_MAX  16384

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

/* Sends the request and takes the answer to it; `read` is given what the kernel tells, if anything. */
static int
finish(struct qn_netlink *netlink, const struct nlmsghdr *message, mnl_cb_t read, void *target)
{
	const unsigned port = mnl_socket_get_portid(netlink->socket);
	char answer[ANSWER_MAX];
	int result = MNL_CB_OK;

	if (mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0)
		return -errno;
	/*
	 * What it tells comes first, that it is done comes last. EPROTO: the answer to an earlier
	 * request, which could not be received then.
	 */
	while (result > MNL_CB_STOP || (result < MNL_CB_STOP && errno == EPROTO)) {
		const ssize_t len = mnl_socket_recvfrom(netlink->socket, answer, sizeof(answer));

		if (len < 0)
			return -errno;
		result = mnl_cb_run(answer, (size_t)len, message->nlmsg_seq, port, read, target);
	}
	return result < MNL_CB_STOP ? -errno : 0;
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
	return finish(netlink, message, NULL, NULL);
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

static int
read_flags(const struct nlmsghdr *message, void *flags)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	*(unsigned *)flags = link->ifi_flags;
	return MNL_CB_OK;
}

int
qn_netlink_link_is_up(struct qn_netlink *netlink, unsigned index)
{
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *message = begin(netlink, buffer, RTM_GETLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	unsigned flags = 0;
	int result;

	link->ifi_family = AF_UNSPEC;
	link->ifi_index = (int)index;
	result = finish(netlink, message, read_flags, &flags);
	return result != 0 ? result : (flags & IFF_UP) != 0;
}

/* Addresses. */

int
qn_netlink_address_add(struct qn_netlink *netlink, const struct qn_netlink_address *address)
{
	const struct qn_address *local = &address->address.address;
	const bool ipv6 = local->family == QN_FAMILY_IPV6;
	const struct ifa_cacheinfo lifetime = {
	    .ifa_prefered = address->passive ? 0 : FOREVER,
	    .ifa_valid = FOREVER,
	};
	/* Nobody else has it: a search for duplicates would only keep it waiting. */
	const uint32_t flags =
	    (ipv6 ? IFA_F_NODAD : 0) | (address->peer != NULL ? IFA_F_NOPREFIXROUTE : 0);
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *message = begin(netlink, buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifa_family = family_of(local);
	header->ifa_prefixlen = address->address.len_bits;
	/* An IPv4 address of this scope is not chosen for what leaves the machine. */
	header->ifa_scope = address->passive && !ipv6 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	header->ifa_index = address->index;
	put_address(message, IFA_LOCAL, local);
	put_address(message, IFA_ADDRESS, address->peer != NULL ? address->peer : local);
	mnl_attr_put_u32(message, IFA_FLAGS, flags);
	if (ipv6)
		mnl_attr_put(message, IFA_CACHEINFO, sizeof(lifetime), &lifetime);
	return finish(netlink, message, NULL, NULL);
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
	return finish(netlink, message, NULL, NULL);
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
