/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * All servers of a scenario: what each answers to which query, and what was asked of them.
 *
 * A query is answered by the first entry that fits it of the ranges in force, else by a REPLY
 * step. Unless only what is scripted shall be answered, a shortened name (RFC 9156) may also
 * get the referral that is scripted for another type, and a nameserver's name its addresses
 * from glue. What nothing answers stays open: a later step may bring its answer.
 */
#include "glue.h"
#include "match.h"
#include "world.h"

/** A query of the resolver. */
struct upstream {
	struct upstream *next; /* The one before it. */
	struct world_path path;
	bool open;    /* Not answered, and not meant to stay so. */
	bool checked; /* A CHECK_OUT_QUERY has been about it. */
	ldns_pkt *message;
};

struct authorities {
	struct scenario *scenario;
	struct world *world;
	struct glue glue;
	bool scripted_only;
	bool strict;
	const struct step *step;   /* Whose ranges are in force. */
	struct upstream *newest;   /* All of them. */
	struct upstream *forgiven; /* This and all before it did no harm by being open. */
	struct upstream *previous; /* This and all before it came before the last QUERY. */
	uint32_t count;
	bool asked_garbage; /* The resolver sent what is no DNS message. */
};

void authorities_init(struct authorities *authorities, struct scenario *scenario,
    struct world *world, bool strict, bool scripted_only);

void authorities_free(struct authorities *authorities);

/** Puts the ranges of `step` in force, and has what is open answered by them. */
void authorities_enter(struct authorities *authorities, const struct step *step);

/** Takes a query of the resolver; NULL when it is no DNS message, else what is kept of it. */
const struct upstream *authorities_query(
    struct authorities *authorities, const struct world_query *query);

/** A client is about to ask: queries from now on are because of that. */
void authorities_begin_question(struct authorities *authorities);

/** What was open has done no harm. */
void authorities_forgive(struct authorities *authorities);

/** Answers an open query with the entry of a REPLY step; one that comes later if there is none. */
void authorities_reply(struct authorities *authorities, const struct step *step);

/**
 * Lets an open query stay unanswered, and has the resolver told so after an ERROR step; false
 * when there is none, or none to the step's address.
 */
QN_MUST_USE bool authorities_drop(struct authorities *authorities, const struct step *step);

/** Whether a query since the last QUERY was what the CHECK_OUT_QUERY `step` says. */
QN_MUST_USE bool authorities_check(struct authorities *authorities, const struct step *step);

/** The first query that nothing in the scenario answered; NULL when there was none. */
const struct upstream *authorities_unscripted(const struct authorities *authorities);
