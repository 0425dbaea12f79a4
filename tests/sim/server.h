/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A server's reply to one query: honest, useless or full of lies, as its manner has it.
 */
#include "sim/authority.h"

/** Longest message a server writes; over UDP it truncates at what the query allows. */
#define SIM_RESPONSE_MAX 65535

struct sim_response {
	uint8_t bytes[SIM_RESPONSE_MAX];
	size_t len;
	uint64_t delay_us;
	uint8_t set_count; /* Of the records that truly stand in a zone: what it delivers. */
	uint16_t sets[SIM_REPLY_PART_MAX];
};

/**
 * Writes what `server` says to `query`; false when it says nothing. `tcp` lifts the limit on
 * the length. The lies name only what the server has no say in: names outside all of its zones.
 */
bool sim_server_respond(struct sim_response *response, const struct sim_world *world,
    struct sim_server *server, const struct qn_message *query, bool tcp, struct qn_random *random,
    struct qn_mono now);

/**
 * Writes an answer full of poison to `question`: what a forger sends. Returns its length.
 * It has EDNS where the query's `edns` says so, with `cookie` in it unless that is empty.
 */
size_t sim_server_poison(struct qn_span bytes, uint16_t id, const struct qn_question *question,
    const struct qn_edns *edns, struct qn_view cookie);
