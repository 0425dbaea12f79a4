/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What a link is made of, for the files that answer and ask on it. Used inside lib/net only.
 */
#include "net/link.h"
#include "net/neighbour.h"

struct qn_link {
	struct qn_link_config config;
	struct qn_address link_local; /* Made from the MAC (RFC 4291 appendix A). */
	struct qn_address gateways[2][QN_LINK_GATEWAY_MAX]; /* In the order of the neighbours. */
	_Alignas(64) _Atomic uint64_t output_us;         /* When a request may be due, not later. */
	_Alignas(64) struct qn_neighbours neighbours[2]; /* IPv4, IPv6. */
};

/** Which of two a family is. */
static inline uint32_t
qn_link_family_index(uint8_t family)
{
	return family == QN_FAMILY_IPV6;
}

static inline struct qn_link_result
qn_link_ignore(enum qn_link_ignored ignored)
{
	return (struct qn_link_result){.verdict = QN_LINK_IGNORED, .ignored = ignored};
}

static inline struct qn_link_result
qn_link_reply(uint32_t len)
{
	return (struct qn_link_result){.verdict = QN_LINK_REPLY, .len = len};
}

/**
 * Whom to ask as about a neighbour: our link-local address when `neighbour` has one, else
 * what qn_link_route() sends to it from.
 */
struct qn_address qn_link_source(const struct qn_link *link, const struct qn_address *neighbour);

/** Learns from what a neighbour said: QN_LINK_DONE, or why not. */
struct qn_link_result qn_link_learn(
    struct qn_link *link, const struct qn_neighbour_news *news, struct qn_now now);

/** A path from us to `mac` with the link's own tag. */
struct qn_path qn_link_path(const struct qn_link *link, const uint8_t *mac);
