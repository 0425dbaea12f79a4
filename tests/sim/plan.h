/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * How one world is run: what is drawn beside the zones and servers.
 */
#include "resolve/config.h"

#include <stdbool.h>
#include <stdint.h>

/** TTL of stale answers (RFC 8767 s4). */
#define SIM_STALE_TTL_S 30u

/** How friendly a world is. */
enum sim_mood {
	SIM_MOOD_KIND,    /* Every server is honest and there. */
	SIM_MOOD_MIXED,   /* Some are not. */
	SIM_MOOD_HOSTILE, /* Many are not; zones made to harm, and forgers. */
};

struct sim_plan {
	enum sim_mood mood;
	bool solo; /* The next question comes when all is quiet: what it costs can be told. */
	uint8_t worker_count;
	uint32_t round_count;   /* Questions, or bursts of one question. */
	uint32_t burst_percent; /* Rounds that are bursts. */
	uint32_t forge_percent; /* Queries that forgers react to. */
	uint32_t turn_us;       /* What a worker may take for a turn: events that far apart meet. */
	bool quick;             /* Frames go to answer_hits() before they go to input(). */
	uint32_t cache_bytes;   /* Of each worker. */
	uint32_t client_max;
	uint32_t task_max;
	uint32_t upstream_max;
	bool tight; /* These three are so small that the node has to shed. */
	enum qn_minimization minimization;
	uint32_t stale_age_max_s; /* How stale answers may be; 0: none are served. */
	uint32_t stale_wait_ms;   /* How long clients wait before they get one. */
};
