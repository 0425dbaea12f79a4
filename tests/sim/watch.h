/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Watches what the node does: whom it asks, how often, what it holds on to.
 */
#include "base/time.h"
#include "net/frame.h"
#include "wire/message.h"

struct sim;
struct sim_server;

/** Queries in flight that are kept track of. */
#define SIM_FLIGHT_MAX 16

struct sim_watch {
	uint64_t query_count;
	uint64_t round_query_count; /* Since the last question, in a solo world. */
	uint64_t round_lookups;     /* Nameserver lookups before it. */
	struct qn_question round_question;
	uint32_t round_clients;
	bool round_known;
	uint32_t flight_count; /* Queries for `round_question` that the node waits for... */
	uint16_t flights[SIM_FLIGHT_MAX]; /* ... by their source ports. */
};

void sim_watch_start(struct sim *sim);

/**
 * As many clients are about to ask `question`; it is NULL when something else is next. `known`
 * when the node has given an answer to it that still lives.
 */
void sim_watch_round(
    struct sim *sim, const struct qn_question *question, uint32_t client_count, bool known);

/** The node has sent `query` to `server` from `port`, or over TCP, where it is 0. */
void sim_watch_query(struct sim *sim, uint16_t port, const struct qn_message *query,
    const struct sim_server *server);

/** After every turn. */
void sim_watch_turn(struct sim *sim);

/** Whether the node holds nothing on behalf of anybody. */
bool sim_watch_idle(const struct sim *sim);

/** At the end, when all is quiet. */
void sim_watch_end(struct sim *sim);
