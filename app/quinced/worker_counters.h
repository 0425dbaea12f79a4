/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What a worker counts about its own loop: the one list, from which names and places are made.
 *
 * Owner:  the worker writes, any thread reads.
 */
#include "base/counter.h"

/* X(name): counters, which only grow. */
#define WORKER_COUNTERS(X)                                                                    \
	X(worker_turn)              /* Turns of the loop. */                                  \
	X(worker_turn_busy)         /* Of these: with something to do. */                     \
	X(worker_busy_cycles)       /* Processor cycles of the busy turns. */                 \
	X(worker_idle_cycles)       /* Processor cycles of the others, sleeping left out. */  \
	X(worker_rest)              /* Sleeps. */                                             \
	X(worker_rest_us)           /* Microseconds that these were to take. */               \
	X(worker_handover_sent)     /* Packets given to other workers. */                     \
	X(worker_handover_received) /* Packets got from other workers. */                     \
	X(worker_handover_drop)     /* Packets not given: the other's mailbox was full. */    \
	X(worker_handover_stray)    /* Packets got that belong to yet another: dropped. */    \
	X(worker_backlog_drop)      /* Packets not worked on: too many waited already. */     \
	X(worker_output_starved)    /* Turns that had no buffer to send from. */              \
	X(worker_transmit_drop)     /* Frames that the device would not take. */              \
	X(worker_punt_drop)         /* Frames for the kernel, when it has no side here. */    \
	X(worker_stream_received)   /* Messages and replies that came over streams. */        \
	X(worker_stream_drop)       /* Answers to streams for which there was no room. */     \
	X(worker_turn_taken)        /* Long turns that others made long: see absence.h. */    \
	/* Turns by what they took, in powers of two. A long one has kept packets waiting. */ \
	X(worker_turn_0us)                                                                    \
	X(worker_turn_1us)                                                                    \
	X(worker_turn_2us)                                                                    \
	X(worker_turn_4us)                                                                    \
	X(worker_turn_8us)                                                                    \
	X(worker_turn_16us)                                                                   \
	X(worker_turn_32us)                                                                   \
	X(worker_turn_64us)                                                                   \
	X(worker_turn_128us)                                                                  \
	X(worker_turn_256us)                                                                  \
	X(worker_turn_512us)                                                                  \
	X(worker_turn_1024us)                                                                 \
	X(worker_turn_2048us)                                                                 \
	X(worker_turn_4096us)                                                                 \
	X(worker_turn_8192us)                                                                 \
	X(worker_turn_16384us)                                                                \
	X(worker_turn_32768us) /* This long or longer. */

#define WORKER_COUNTER_ENUM(name) COUNT_##name,

enum worker_counter { WORKER_COUNTERS(WORKER_COUNTER_ENUM) WORKER_COUNTER_COUNT };

struct worker_counters {
	qn_counter values[WORKER_COUNTER_COUNT];
};

static inline void
worker_count(struct worker_counters *counters, enum worker_counter counter, uint64_t amount)
{
	qn_counter_add(&counters->values[counter], amount);
}

/** "worker_turn" for COUNT_worker_turn. */
const char *worker_counter_name(enum worker_counter counter);

/** The counter of turns that took `duration_us`: from 2^n microseconds to under 2^(n+1). */
enum worker_counter worker_counter_of_turn(uint64_t duration_us);
