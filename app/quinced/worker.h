/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One worker: a loop on a core of its own that receives, answers or asks on, and transmits.
 *
 * A turn never waits: it takes what is there, up to a bound each, and reports to RCU that it
 * holds nothing any more. Only between turns, and only when there was nothing to do, it sleeps.
 *
 * Owner:  the node makes it and takes it apart while the loop does not run.
 */
#include "absence.h"
#include "backlog.h"
#include "command.h"
#include "config.h"
#include "courier.h"
#include "handover.h"
#include "kernel/kernel.h"
#include "outgoing.h"
#include "rest.h"
#include "snapshot.h"

/* Begins on a cache line of its own: workers stand in one array. */
struct __attribute__((aligned(QN_ARENA_ALIGN))) worker {
	/* Set by the node before the loop starts. */
	_Alignas(QN_ARENA_ALIGN) uint16_t index;
	uint16_t core;
	uint16_t worker_count;
	uint16_t port_count;
	enum config_poll poll;
	struct qn_shard *shard;
	struct qn_link *const *links; /* One for each port. */
	const snapshot_slot *config;
	const atomic_bool *stop;
	struct qn_kernel *kernel;                    /* NULL: there is none. */
	struct handover *peers;                      /* One for each worker, this one included. */
	struct outgoing outgoing[QN_SHARD_LINK_MAX]; /* One for each port. */
	struct courier courier;
	struct backlog backlog;
	struct rest rest;
	struct absence absence;

	/* What the control thread writes and reads, on cache lines of its own. */
	_Alignas(QN_ARENA_ALIGN) struct command_box commands;
	_Alignas(QN_ARENA_ALIGN) struct worker_counters counters;
};

/** The loop: `argument` is the struct worker. Returns 0 after a stop was asked for. */
int worker_run(void *argument);

/** Counter of turns, which moves as long as the worker lives. Any thread. */
static inline uint64_t
worker_turns(const struct worker *worker)
{
	return qn_counter_get(&worker->counters.values[COUNT_worker_turn]);
}
