/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * EDNS options of messages as ldns holds them.
 */
#include "base/span.h"

#include <ldns/ldns.h>

/** All option octets of `message`; empty without EDNS. */
struct qn_view edns_options(const ldns_pkt *message);

/** Finds the first option with `code`; false when there is none. */
bool edns_option(const ldns_pkt *message, uint16_t code, struct qn_view *data);
