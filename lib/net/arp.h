/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Address resolution for IPv4: answering and asking (RFC 826, RFC 5227). Used inside lib/net
 * only.
 */
#include "net/link_state.h"

/** Handles a QN_FRAME_ARP at the start of `buffer`; see qn_link_input(). */
struct qn_link_result qn_arp_input(
    struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame, struct qn_now now);

/** Writes `request` into `buffer`; returns the length of the frame. */
uint32_t qn_arp_request(
    const struct qn_link *link, struct qn_span buffer, const struct qn_neighbour_request *request);
