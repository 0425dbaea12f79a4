/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Neighbour discovery for IPv6: answering and asking (RFC 4861 s4.3, s4.4, s7; RFC 4862
 * s5.4). Used inside lib/net only.
 */
#include "net/link_state.h"

/** Octets of the messages that we write, link-layer address option included. */
#define QN_ND_MESSAGE_LEN 32

/** Handles a QN_FRAME_ND at the start of `buffer`; see qn_link_input(). */
struct qn_link_result qn_nd_input(
    struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame, struct qn_now now);

/** Writes `request` into `buffer`; returns the length of the frame. */
uint32_t qn_nd_request(
    const struct qn_link *link, struct qn_span buffer, const struct qn_neighbour_request *request);

/** Whether frames to the group `mac` are neighbour solicitations for `address` (RFC 2464 s7). */
bool qn_nd_is_solicited_group(const uint8_t *mac, const struct qn_address *address);
