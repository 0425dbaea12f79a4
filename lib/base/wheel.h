/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Hierarchical timer wheel: start, stop and expire in constant time.
 *
 * Owner:  one thread.
 * Memory: intrusive; a timer is a member of what it times.
 * Time:   ticks of 1024 us; a timer never fires early and at most one tick late, plus the
 *         time between two calls of expire.
* Bounds: one call of expire moves at most QN_WHEEL_MOVES_MAX timers from a coarse slot to fine
 *         ones; when more have to be moved, those that are due come with the next calls.
 *         Timers beyond 4.7 hours wait in the last slot and are placed anew from there.
 * Source: G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", 1987, scheme 7.
 */
#include "base/list.h"
#include "base/time.h"

#define QN_WHEEL_TICK_US    1024u
#define QN_WHEEL_SLOT_BITS  6u
#define QN_WHEEL_SLOT_COUNT (1u << QN_WHEEL_SLOT_BITS)
#define QN_WHEEL_LEVELS     4u
#define QN_WHEEL_MOVES_MAX  256u

/** A timer: idle after init, after remove, and when expire returned it. */
struct qn_timer {
	struct qn_list link;
	uint64_t tick;
};

struct qn_wheel {
	struct qn_list slots[QN_WHEEL_LEVELS][QN_WHEEL_SLOT_COUNT];
	struct qn_list moving; /* Out of coarse slots whose time has come: to be placed anew. */
	struct qn_list due;
	uint64_t tick;  /* All ticks up to and including this one have been handled. */
	uint32_t count; /* Timers started and not yet returned. */
};

void qn_wheel_init(struct qn_wheel *wheel, struct qn_mono now);

static inline void
qn_timer_init(struct qn_timer *timer)
{
	qn_list_init(&timer->link);
}

static inline bool
qn_timer_active(const struct qn_timer *timer)
{
	return !qn_list_empty(&timer->link);
}

/** Starts `timer`, or moves it when it runs already, to fire at `deadline`. */
void qn_wheel_start(struct qn_wheel *wheel, struct qn_timer *timer, struct qn_mono deadline);

/** Stops `timer`; harmless when it is idle. */
void qn_wheel_stop(struct qn_wheel *wheel, struct qn_timer *timer);

/**
 * Takes one timer whose deadline has passed, idle again; NULL when there is none, or when this
 * call has done its share of work: then rest_us is 0.
 */
struct qn_timer *qn_wheel_expire(struct qn_wheel *wheel, struct qn_mono now);

/** A lower bound of the time to the next deadline, at most `most_us`: how long to rest. */
uint64_t qn_wheel_rest_us(const struct qn_wheel *wheel, struct qn_mono now, uint64_t most_us);
