/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A server's reply while it is being written; only the files that write it include this.
 *
 *   draft.c   messages, and honest answers     lies.c  what is added that nobody should believe
 *   server.c  what each manner of server says  wild.c  zones whose servers make up what they say
 */
#include "sim/server.h"

#define SIM_COOKIE_MAX 24

struct sim_draft {
	struct sim_response *response;
	const struct sim_world *world;
	struct sim_server *server;
	struct qn_message query; /* As the server takes it. */
	struct sim_reply reply;
	struct qn_random *random;
	struct qn_writer writer;
	uint16_t rcode;
	uint16_t counts[QN_SECTION_COUNT];
	struct qn_mono now;
	uint8_t cookie[SIM_COOKIE_MAX]; /* The client's part, and the server's behind it. */
	size_t cookie_len;
};

/* draft.c */

/** Starts over: the header, and the question as the query has it. */
void sim_draft_begin(struct sim_draft *draft, uint16_t rcode, uint16_t flags);

/** Adds a record; the sections come in their order. */
void sim_draft_record(struct sim_draft *draft, enum qn_section section, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, struct qn_view rdata);

/** Ends the message: EDNS where the query has it, and the counts. */
void sim_draft_end(struct sim_draft *draft);

/** A whole message without records. */
void sim_draft_empty(struct sim_draft *draft, uint16_t rcode, uint16_t flags);

/** A whole message with what an authority answers, and the server's lies. */
void sim_draft_honest(struct sim_draft *draft);

/** Cuts everything off what is longer than the query allows. */
void sim_draft_limit(struct sim_draft *draft, bool tcp);

/** Ends a message with an OPT record behind `additional_count` others. */
void sim_write_opt(
    struct qn_writer *writer, uint16_t additional_count, uint16_t rcode, struct qn_view cookie);

/** The name `label`.`parent`; the parent itself when that is too long. */
void sim_name_below(struct qn_name *name, const char *label, const struct qn_name *parent);

/* lies.c */

/** TTL of what only lies say. */
#define SIM_POISON_TTL_S 86400

/** Turns the CNAMEs that DNAMEs stand for into others, before the answer is written. */
void sim_lie_about_dnames(struct sim_draft *draft);

/* Each adds to its section, behind what is true. */
void sim_lie_in_answer(struct sim_draft *draft);
void sim_lie_in_authority(struct sim_draft *draft);
void sim_lie_in_additional(struct sim_draft *draft);

/* wild.c */

/** A whole message as the servers of wild zones make it up; they are honest about the apex. */
void sim_answer_wild(struct sim_draft *draft);
