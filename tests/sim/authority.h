/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What an honest authority answers: a pure function of world, server, question and time.
 *
 * RFC:    1034 s4.3.2, 2181 s5 and s9, 2308 s2.1, 6672 s3.2.
 */
#include "sim/world.h"

/** Record sets of one reply: a long chain, or 13 nameservers with glue of both families. */
#define SIM_REPLY_PART_MAX 48

/** Links that a server follows by itself. */
#define SIM_REPLY_ALIAS_MAX 14

/** One set in a reply, under the name it goes out with. */
struct sim_part {
	enum qn_section section;
	const struct sim_set *set;
	struct qn_name owner;
	bool synthesized;      /* A CNAME made from `set`, a DNAME. */
	struct qn_name target; /* Of that CNAME. */
};

struct sim_reply {
	uint16_t rcode;
	bool authoritative;
	bool referral;
	bool positive;               /* Ends with the set asked for. */
	const struct sim_zone *zone; /* In which the search ended; NULL when refused. */
	struct qn_name name;         /* The question's, or the end of the alias chain. */
	uint8_t part_count;
	struct sim_part parts[SIM_REPLY_PART_MAX];
};

/** Answers `question` as `server` does at `now`; REFUSED when it serves no zone for it. */
void sim_authority_answer(struct sim_reply *reply, const struct sim_world *world,
    const struct sim_server *server, const struct qn_question *question, struct qn_mono now);
