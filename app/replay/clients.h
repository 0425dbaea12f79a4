/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * All clients of a scenario: what they asked and what they were told.
 *
 * Shards have no streams yet. A question that a file asks over TCP goes over UDP and is told
 * from the others by nothing but this; answers that would not have been cut off over TCP but
 * are over UDP fail.
 */
#include "match.h"
#include "reply.h"
#include "world.h"

/** A client's question and what became of it. */
struct ask {
	struct ask *next; /* The one before it. */
	struct qn_endpoint client;
	bool tcp; /* As the file has it. */
	bool answered;
	bool checked;     /* A CHECK_ANSWER has been about it. */
	ldns_pkt *answer; /* NULL while there is none, or none that can be read. */
	struct message_octets octets;
};

struct clients {
	const struct scenario *scenario;
	struct world *world;
	bool strict;
	struct ask *newest;
	uint32_t count;
	uint32_t answer_count;
	bool told_unasked; /* Somebody got an answer without waiting for one. */
};

void clients_init(
    struct clients *clients, const struct scenario *scenario, struct world *world, bool strict);

void clients_free(struct clients *clients);

/** Sends the question of a QUERY step; false when its entry makes no message. */
QN_MUST_USE bool clients_ask(struct clients *clients, const struct step *step);

/** Takes an answer of the resolver; NULL when nobody at that address has asked. */
const struct ask *clients_answer(
    struct clients *clients, const struct qn_endpoint *client, struct qn_view octets);

/** Whether the last question has been answered. */
bool clients_last_answered(const struct clients *clients);

/**
 * Finds an answer that is what the CHECK_ANSWER `step` says, and ticks it off. In Unbound's
 * files it can be any that no step was about, in Deckard's only the last. Otherwise false,
 * with what differs in `mismatch`, which is empty when there was no answer to compare.
 */
QN_MUST_USE bool clients_check(
    struct clients *clients, const struct step *step, struct mismatch *mismatch);

/**
 * Somebody whose answer no step was about. In Unbound's files such a one was to have none; in
 * Deckard's, questions may be asked for nothing but their effect, and NULL is returned.
 */
const struct ask *clients_unexpected(const struct clients *clients);
