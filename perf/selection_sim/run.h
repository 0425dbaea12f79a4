/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One run: clients ask names of the world's zones, and what they wait is held against the time
 * that an oracle would have needed.
 */
#include "flaps.h"
#include "support/stand.h"
#include "world.h"

/** Questions to a zone after which its servers should be known. */
#define RUN_KNOWN_AFTER 20

struct run_plan {
	const char *rtt_path;
	uint32_t zone_count;
	double unrest;     /* How often an hour something happens to each server. */
	uint32_t rate;     /* Questions a second. */
	uint32_t length_s; /* Of virtual time. */
	uint16_t worker_count;
	uint64_t seed;
};

/** How often a zone had been asked when a question came. */
enum run_stage {
	RUN_FIRST, /* Never: its servers had to be found. */
	RUN_EARLY, /* Up to RUN_KNOWN_AFTER times. */
	RUN_KNOWN,
	RUN_STAGE_COUNT,
};

/** What had happened to a known zone's servers when a question came. */
enum run_state {
	RUN_CALM, /* Nothing for 10 s. */
	RUN_AFTER_DEATH,
	RUN_AFTER_LOSS,
	RUN_AFTER_ROUTE,
	RUN_AFTER_RETURN, /* One of them had come back. */
	RUN_STATE_COUNT,
};

/** Sums over questions. */
struct run_sum {
	uint64_t count;
	uint64_t failed; /* Answered with anything but the address. */
	double wait_us;
	double oracle_us;
};

/** A question that a client has asked. */
struct run_question {
	struct qn_mono asked;
	uint32_t zone;
	uint8_t stage;
	uint8_t state;
	bool answered;
	bool failed;
	float oracle_us; /* 0: no server was there, and the question does not count. */
	float wait_us;
};

struct run {
	struct run_plan plan;
	struct world world;
	struct stand *stand;
	struct run_question *questions;
	uint32_t question_max;
	uint32_t question_count;
	uint64_t queries[RUN_STAGE_COUNT]; /* To servers of zones in that stage. */
	uint64_t best_count; /* Of those to known zones: to the best server, or one as good. */
	struct flaps flaps;
	struct run_sum stages[RUN_STAGE_COUNT];
	struct run_sum states[RUN_STATE_COUNT]; /* Of known zones. */
};

/** Plays a run from its begin to its end; false without memory. */
bool run_play(struct run *run, const struct run_plan *plan);
void run_destroy(struct run *run);
