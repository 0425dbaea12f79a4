/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Echo replies of both families (RFC 792, RFC 4443 s4.2).
 */
#include "net/frame.h"

/** Octets of the IP packet that answers `frame`, a QN_FRAME_ECHO. */
uint32_t qn_icmp_reply_len(const struct qn_frame *frame);

/**
 * Turns the echo request `frame` at the start of `buffer` into its reply; returns the
 * length of the frame. IPv4 options and IPv6 extension headers are left out.
 */
uint32_t qn_icmp_reply(struct qn_span buffer, const struct qn_frame *frame);
