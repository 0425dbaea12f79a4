/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Ethernet addresses.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define QN_MAC_OCTETS 6

static inline bool
qn_mac_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, QN_MAC_OCTETS) == 0;
}

/** Whether frames to `mac` go to several stations: multicast or broadcast (IEEE 802 s8.2). */
static inline bool
qn_mac_is_group(const uint8_t *mac)
{
	return (mac[0] & 1) != 0;
}

/** Whether `mac` can be the address of one station: neither a group nor all zero. */
static inline bool
qn_mac_is_station(const uint8_t *mac)
{
	static const uint8_t none[QN_MAC_OCTETS];

	return !qn_mac_is_group(mac) && !qn_mac_equal(mac, none);
}
