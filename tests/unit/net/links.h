/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A link for the tests of lib/net, and what happens on it.
 */
#include "net/link.h"
#include "packets.h"

extern const uint8_t gateway_mac[6];

/**
 * MAC our_mac, addresses 10.0.0.2/24 and fd00::2/64, services 192.0.2.53 and 2001:db8::53,
 * gateways 10.0.0.1, 10.0.0.254, fd00::1 and fe80::1.
 */
struct qn_link_config link_config(void);

/** The link of that configuration; there is one at a time. */
struct qn_link *link_of(const struct qn_link_config *config);

/** A moment: milliseconds since the test began, which is not when time began. */
struct qn_now at_ms(uint64_t ms);

/** Hands the packet to the link, which must accept it; a reply is left in the packet. */
struct qn_link_result link_receive(struct qn_link *link, struct packet *packet, struct qn_now now);

/** The same, and the frame must be ignored for that reason. */
void assert_ignored(
    struct qn_link *link, struct packet *packet, struct qn_now now, enum qn_link_ignored ignored);

/** The same, and the frame must be learned from without a reply. */
void assert_learned(struct qn_link *link, struct packet *packet, struct qn_now now);

/** Takes the next request into `packet`; false when there is none. */
bool link_request(struct qn_link *link, struct packet *packet, struct qn_now now);

/** Takes requests until there is none; returns how many. */
uint32_t link_drain(struct qn_link *link, struct qn_now now);

/** Fails the test unless the route is as given; `mac` is compared when ready. */
void assert_route(struct qn_link *link, const char *destination, struct qn_now now,
    enum qn_link_route route, const uint8_t *mac);

/** Answers a request of ours for `address` with `mac`: an ARP reply or an advertisement. */
void make_answer(struct packet *packet, const char *address, const uint8_t *mac);
