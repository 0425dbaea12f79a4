/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Links, addresses and routes of the kernel, changed over netlink (rtnetlink(7)).
 *
 * Each call is one request and waits for the kernel's answer, which the kernel gives before
 * the request's system call returns.
 * Owner:  one thread.
 * Errors: 0, or -errno as the kernel has answered.
 */
#include "base/address.h"

struct mnl_socket;

struct qn_netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
};

QN_MUST_USE int qn_netlink_open(struct qn_netlink *netlink);
void qn_netlink_close(struct qn_netlink *netlink);

/** Gives a link that is down its station address and MTU. */
QN_MUST_USE int qn_netlink_link_set(
    struct qn_netlink *netlink, unsigned index, const uint8_t mac[6], uint16_t mtu);

/** Brings a link up. */
QN_MUST_USE int qn_netlink_link_up(struct qn_netlink *netlink, unsigned index);

/** Whether a link is up: 1 or 0, or -errno, as -ENODEV when it is gone. */
QN_MUST_USE int qn_netlink_link_is_up(struct qn_netlink *netlink, unsigned index);

/** An address for a link. */
struct qn_netlink_address {
	struct qn_prefix address;
	/*
	 * NULL, or the far end of a point-to-point: then no network comes with the address, not
	 * even of itself alone, and `address` is a single host.
	 */
	const struct qn_address *peer;
	bool passive; /* Never chosen to speak from: what several nodes have must not be. */
	unsigned index;
};

/** Adds an address, usable at once; -EEXIST when it is there. */
QN_MUST_USE int qn_netlink_address_add(
    struct qn_netlink *netlink, const struct qn_netlink_address *address);

/** A route over a link. */
struct qn_netlink_route {
	struct qn_prefix destination;
	const struct qn_address *gateway; /* NULL: the destination is on the link itself. */
	const struct qn_address *source;  /* To speak from; NULL: the kernel's choice. */
	uint32_t table;
	uint32_t metric; /* The lower is preferred; 0: the kernel's default. */
	unsigned index;
};

/** Adds a route; -EEXIST when it is there. */
QN_MUST_USE int qn_netlink_route_add(
    struct qn_netlink *netlink, const struct qn_netlink_route *route);

/** Deletes it; -ESRCH when it is not there. */
QN_MUST_USE int qn_netlink_route_delete(
    struct qn_netlink *netlink, const struct qn_netlink_route *route);
