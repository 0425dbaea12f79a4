/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What a server sends: the octets of an entry's packet, adjusted to the query.
 */
#include "scenario.h"

/** A message as it goes out; `data` is the caller's to free(). */
struct message_octets {
	uint8_t *data;
	size_t len;
};

/**
 * Makes the octets of `packet`, one of `entry`. With `query` they answer it: its id and
 * question are taken over as ADJUST has it, and its letter case where the names are the same.
 * False when the packet makes no message, being longer than one can be.
 */
QN_MUST_USE bool reply_make(struct message_octets *octets, const struct entry *entry,
    const struct packet *packet, const ldns_pkt *query);
