/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Lanes for frames that the kernel gets: what a flood of one kind must not crowd out of the way.
 *
 * Bounds: looks at the first headers only; what hides behind IPv6 extension headers is OTHER.
 * Trust:  frames are forged. Routing protocols have their lane only with hosts of the link's own
 *         networks, since others can be kept from pretending to be that by the routers; whom
 *         a lane's traffic really comes from is for the kernel's sockets to find out.
 * RFC:    4271 (BGP), 5881 s4 and 5883 s5 (BFD), 7766 and 7858 (DNS over TCP and TLS).
 */
#include "net/link.h"

enum qn_lane {
	QN_LANE_NEIGHBOUR, /* ARP and neighbour advertisements. */
	QN_LANE_ROUTING,   /* BGP and BFD with neighbours of the link. */
	QN_LANE_SERVICE,   /* DNS over TCP and TLS. */
	QN_LANE_OTHER,
	QN_LANE_COUNT,
};

/** "routing" for QN_LANE_ROUTING; never NULL. */
const char *qn_lane_name(enum qn_lane lane);

/** The lane of a frame of any content that came in on `link`. */
enum qn_lane qn_lane_of(const struct qn_link *link, struct qn_view frame);
