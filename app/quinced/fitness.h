/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whether a node is fit to serve one family, and whether to announce it: a rule over facts.
 *
 * A fault counts, and withdraws, when there were faults for FITNESS_PATIENCE_US in all, without
 * FITNESS_CALM_US in a row between them: one that comes again and again is one. `after_us` without
 * any fault, however short, announces again. An operator's drain counts at once.
 * One failing domain never withdraws: resolution counts as broken when every probe has failed, or
 * when most questions fail and more than half of the probes, too. Without probes nothing is said
 * about resolution: what clients ask may all be about one domain.
 * Memory: plain values. Time: every call takes `now`.
 */
#include "base/time.h"

#include <stdbool.h>

#define FITNESS_TURN_US     (100 * QN_US_PER_MS) /* In which every worker turns its loop. */
#define FITNESS_PATIENCE_US (400 * QN_US_PER_MS) /* With a fault, before it counts. */
#define FITNESS_CALM_US     (1 * QN_US_PER_S)    /* Without any, and those before are over. */
#define FITNESS_FAILED_MOST 90                   /* Percent of the questions. */
#define FITNESS_FAILED_OF   100                  /* Questions, or they say nothing. */
#define FITNESS_BUFFERS_MIN 5                    /* Percent of a pool that are free. */

/** What is wrong; the first that applies. */
enum fitness_fault {
	FITNESS_FIT,
	FITNESS_DRAINING,
	FITNESS_WORKER,   /* A worker does not turn. */
	FITNESS_SILENT,   /* A question of the node to itself has no answer. */
	FITNESS_PORT,     /* A link is down. */
	FITNESS_KERNEL,   /* An interface of the kernel's side is gone, or down. */
	FITNESS_GATEWAY,  /* No gateway answers. */
	FITNESS_BUFFERS,  /* Hardly a packet buffer is free. */
	FITNESS_UPSTREAM, /* Nothing can be resolved. */
};

/** A sentence without its full stop, for an operator. */
const char *fitness_text(enum fitness_fault fault);

struct fitness_facts {
	bool draining;
	uint64_t turn_age_us; /* Of the worker that has not turned for longest. */
	bool silent;
	bool ports_up;
	bool kernel_whole;
	bool gateway_answers;          /* One of the family's at least, or it has none. */
	uint32_t buffers_free_percent; /* Of the pool that has the fewest. */
	uint32_t probe_count;          /* All there are, tried or not yet. */
	uint32_t probe_failed_count;   /* Of these, when last tried. */
	uint32_t question_count;       /* That came to an end of late. */
	uint32_t question_failed_count;
};

struct fitness_rules {
	uint64_t after_us;
	bool last_resort; /* Stays when nothing can be resolved: another node could not either. */
};

/** All zero at the start: not announced. */
struct fitness {
	enum fitness_fault fault; /* Of the last facts. */
	struct qn_mono seen_at;   /* These. */
	struct qn_mono fault_at;  /* When a fault was last seen; before that, the first facts. */
	uint64_t fault_us;        /* With faults that are not over yet. */
	bool known;               /* There have been facts. */
	bool announced;
};

/** What these facts say. */
enum fitness_fault fitness_judge(
    const struct fitness_facts *facts, const struct fitness_rules *rules);

/** Takes the facts of now; whether to announce. */
bool fitness_decide(struct fitness *fitness, const struct fitness_facts *facts,
    const struct fitness_rules *rules, struct qn_mono now);
