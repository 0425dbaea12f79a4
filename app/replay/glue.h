/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Addresses of nameservers, gathered from everything a scenario mentions.
 *
 * A scenario scripts the questions that the resolver it was written for asks. Another one may
 * ask for a nameserver's address where that one trusted glue, and for an AAAA where that one
 * did not. What the scenario says of such names anywhere answers these questions, and the
 * questions for the names above them that lead there one label at a time (RFC 9156).
 */
#include "reply.h"

struct glue {
	ldns_rr_list *servers;   /* NS records; borrowed from the scenario. */
	ldns_rr_list *addresses; /* A and AAAA records; borrowed as well. */
};

/** Gathers from all entries of `scenario`, which has to outlive the result. */
struct glue glue_gather(const struct scenario *scenario);

void glue_free(struct glue *glue);

/**
 * Answers `query` if it asks for the A or AAAA records of a nameserver that has an address of
 * either kind, or of a name above one, which exists then and has none; false otherwise.
 */
QN_MUST_USE bool glue_answer(
    const struct glue *glue, const ldns_pkt *query, struct message_octets *octets);
