/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/wheel.h"

#include "base/assert.h"

#define SLOT_MASK  (QN_WHEEL_SLOT_COUNT - 1)
#define TICKS_MOST ((1ull << (QN_WHEEL_SLOT_BITS * QN_WHEEL_LEVELS)) - 1)

static uint64_t
tick_at(struct qn_mono time)
{
	return time.us / QN_WHEEL_TICK_US;
}

void
qn_wheel_init(struct qn_wheel *wheel, struct qn_mono now)
{
	for (unsigned level = 0; level < QN_WHEEL_LEVELS; level++)
		for (unsigned slot = 0; slot < QN_WHEEL_SLOT_COUNT; slot++)
			qn_list_init(&wheel->slots[level][slot]);
	qn_list_init(&wheel->moving);
	qn_list_init(&wheel->due);
	wheel->tick = tick_at(now);
	wheel->count = 0;
}

/* Level n holds what is less than 64^(n+1) ticks away, in slots of 64^n ticks. */
static void
wheel_place(struct qn_wheel *wheel, struct qn_timer *timer)
{
	if (timer->tick <= wheel->tick) {
		qn_list_append(&wheel->due, &timer->link);
		return;
	}
	uint64_t ahead = timer->tick - wheel->tick;
	uint64_t tick = timer->tick;
	unsigned level = 0;

	if (ahead > TICKS_MOST) {
		ahead = TICKS_MOST;
		tick = wheel->tick + ahead;
	}
	while (ahead >> (QN_WHEEL_SLOT_BITS * (level + 1)) != 0)
		level++;
	const unsigned slot = (unsigned)(tick >> (QN_WHEEL_SLOT_BITS * level)) & SLOT_MASK;

	qn_list_append(&wheel->slots[level][slot], &timer->link);
}

void
qn_wheel_start(struct qn_wheel *wheel, struct qn_timer *timer, struct qn_mono deadline)
{
	qn_wheel_stop(wheel, timer);
	/* Rounded up, so that no timer fires before its deadline. */
	timer->tick = (deadline.us + QN_WHEEL_TICK_US - 1) / QN_WHEEL_TICK_US;
	wheel->count++;
	wheel_place(wheel, timer);
}

void
qn_wheel_stop(struct qn_wheel *wheel, struct qn_timer *timer)
{
	if (!qn_timer_active(timer))
		return;
	qn_assert(wheel->count > 0);
	wheel->count--;
	qn_list_remove(&timer->link);
}

/* Places at most `*left` of the timers that are moving. */
static void
wheel_move(struct qn_wheel *wheel, unsigned *left)
{
	for (; *left > 0 && !qn_list_empty(&wheel->moving); (*left)--)
		wheel_place(
		    wheel, qn_list_entry(qn_list_pop(&wheel->moving), struct qn_timer, link));
}

static void
wheel_turn(struct qn_wheel *wheel)
{
	wheel->tick++;
	for (unsigned level = QN_WHEEL_LEVELS - 1; level > 0; level--)
		if ((wheel->tick & ((1ull << (QN_WHEEL_SLOT_BITS * level)) - 1)) == 0)
			qn_list_splice(&wheel->moving,
			    &wheel->slots[level][(wheel->tick >> (QN_WHEEL_SLOT_BITS * level)) &
						 SLOT_MASK]);
	qn_list_splice(&wheel->due, &wheel->slots[0][wheel->tick & SLOT_MASK]);
}

struct qn_timer *
qn_wheel_expire(struct qn_wheel *wheel, struct qn_mono now)
{
	const uint64_t tick = tick_at(now);
	unsigned moves_left = QN_WHEEL_MOVES_MAX;

	if (wheel->count == 0) {
		/* Nothing can be due: catch up at once after a long rest. */
		if (tick > wheel->tick)
			wheel->tick = tick;
		return NULL;
	}
	wheel_move(wheel, &moves_left);
	while (qn_list_empty(&wheel->moving) && qn_list_empty(&wheel->due) && wheel->tick < tick) {
		wheel_turn(wheel);
		wheel_move(wheel, &moves_left);
	}

	struct qn_list *link = qn_list_pop(&wheel->due);

	if (link == NULL)
		return NULL;
	wheel->count--;
	return qn_list_entry(link, struct qn_timer, link);
}

uint64_t
qn_wheel_rest_us(const struct qn_wheel *wheel, struct qn_mono now, uint64_t most_us)
{
	if (wheel->count == 0)
		return most_us;
	if (!qn_list_empty(&wheel->due) || !qn_list_empty(&wheel->moving))
		return 0;
	/* Within one turn of the finest level; a cascade ends the search. */
	for (uint64_t tick = wheel->tick + 1; tick <= wheel->tick + QN_WHEEL_SLOT_COUNT; tick++) {
		const uint64_t time_us = tick * QN_WHEEL_TICK_US;
		const uint64_t rest_us = time_us > now.us ? time_us - now.us : 0;

		if (rest_us >= most_us)
			return most_us;
		if (!qn_list_empty(&wheel->slots[0][tick & SLOT_MASK]) || (tick & SLOT_MASK) == 0)
			return rest_us;
	}
	return most_us;
}
