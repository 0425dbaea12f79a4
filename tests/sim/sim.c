/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim.h"

#include "resolve/resolver.h"
#include "sim/generate.h"
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Any instant will do, as long as it is not 0: nothing may count on that. */
#define START_US (1000 * QN_US_PER_S)
#define START_S  1700000000

/* Turns at one and the same instant before the node counts as running in circles. */
#define STUCK_TURNS 10000

/* What a task may live for after its question, and then some. */
#define QUIET_US (QN_RESOLVE_TASK_US + QN_US_PER_S)

#define TEXT_SLOTS 4

struct sim *
sim_create(bool verbose)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (sim == NULL)
		return NULL;
	sim->verbose = verbose;
	if (!sim_network_create(&sim->network) || !sim_clients_create(&sim->clients) ||
	    !sim_operator_create(&sim->operator)) {
		sim_destroy(sim);
		return NULL;
	}
	return sim;
}

void
sim_destroy(struct sim *sim)
{
	sim_node_destroy(&sim->node);
	sim_network_destroy(&sim->network);
	sim_clients_destroy(&sim->clients);
	sim_operator_destroy(&sim->operator);
	free(sim);
}

/* --- Telling ---------------------------------------------------------------------------- */

void
sim_breach(struct sim *sim, const char *format, ...)
{
	va_list arguments;

	if (sim->breached)
		return;
	sim->breached = true;
	va_start(arguments, format);
	vsnprintf(sim->breach, sizeof(sim->breach), format, arguments);
	va_end(arguments);
	sim_tell(sim, "BREACH: %s", sim->breach);
}

void
sim_tell(struct sim *sim, const char *format, ...)
{
	const uint64_t at_us = qn_mono_since_us(sim->start.mono, sim->now.mono);
	va_list arguments;

	if (!sim->verbose)
		return;
	printf("# %4llu.%06llu ", (unsigned long long)(at_us / QN_US_PER_S),
	    (unsigned long long)(at_us % QN_US_PER_S));
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

const char *
sim_name_text(const struct qn_name *name)
{
	static char texts[TEXT_SLOTS][QN_NAME_TEXT_MAX];
	static unsigned next;
	char *text = texts[next++ % TEXT_SLOTS];

	qn_name_to_text(name, text);
	return text;
}

const char *
sim_address_text(const struct qn_address *address)
{
	static char texts[TEXT_SLOTS][QN_ADDRESS_TEXT_MAX];
	static unsigned next;
	char *text = texts[next++ % TEXT_SLOTS];

	qn_address_to_text(address, text);
	return text;
}

const char *
sim_type_text(uint16_t type)
{
	static char texts[TEXT_SLOTS][QN_MNEMONIC_MAX];
	static unsigned next;

	return qn_type_to_text(type, texts[next++ % TEXT_SLOTS]);
}

const char *
sim_rcode_text(uint16_t rcode)
{
	static char texts[TEXT_SLOTS][QN_MNEMONIC_MAX];
	static unsigned next;

	return qn_rcode_to_text(rcode, texts[next++ % TEXT_SLOTS]);
}

/* --- Running ---------------------------------------------------------------------------- */

static bool
run_start(struct sim *sim, uint64_t seed)
{
	sim->seed = seed;
	sim->start = (struct qn_now){{START_US}, {START_S}};
	sim->now = sim->start;
	sim->digest = 0;
	sim->breached = false;
	sim_generate(&sim->plan, &sim->world, seed, sim->start.mono);
	sim_network_start(sim);
	sim_forger_start(sim);
	sim_clients_start(sim);
	sim_operator_start(sim);
	sim_watch_start(sim);
	return sim_node_start(sim);
}

/* Notes which records the node has now been told by an authority. */
static void
sets_arrive(struct sim *sim, const struct sim_event *event)
{
	for (uint8_t i = 0; i < event->set_count; i++) {
		struct sim_set *set = &sim->world.sets[event->sets[i]];

		set->delivered_ever = true;
		set->delivered = sim->now.mono;
	}
}

static void
frame_arrives(struct sim *sim, const struct sim_event *event)
{
	uint8_t buffer[SIM_FRAME_MAX];
	struct qn_packet packet = {.data = buffer, .len = event->len, .capacity = sizeof(buffer)};
	const uint64_t shed = sim_node_figure(sim, SIM_FIGURE_SHED);

	if (event->len > sizeof(buffer))
		return; /* Longer than the link's MTU: lost on the way. */
	memcpy(buffer, event->bytes, event->len);
	sets_arrive(sim, event);
	sim_node_input(sim, &packet);
	if (sim_node_figure(sim, SIM_FIGURE_SHED) != shed)
		sim_clients_shed(sim, (struct qn_view){event->bytes, event->len});
}

static void
events_happen(struct sim *sim)
{
	struct sim_event *event;

	while (!sim->breached && (event = sim_network_take(sim, sim->now.mono)) != NULL) {
		switch (event->kind) {
		case SIM_EVENT_FRAME:
			frame_arrives(sim, event);
			break;
		case SIM_EVENT_STREAM:
			sets_arrive(sim, event);
			sim_node_stream(sim, event->worker, event->token,
			    (struct qn_view){event->bytes, event->len});
			break;
		case SIM_EVENT_STREAM_FAILED:
			sim_node_stream(
			    sim, event->worker, event->token, (struct qn_view){NULL, 0});
			break;
		case SIM_EVENT_ROUND:
			sim_clients_round(sim);
			break;
		}
		sim_network_give_back(event);
	}
}

/* Moves on to the next moment at which something is due, and up to a turn beyond it. */
static void
time_passes(struct sim *sim)
{
	const struct qn_mono event = sim_network_next(sim);
	const struct qn_mono timer = sim_node_next(sim);
	struct qn_mono next = event.us < timer.us ? event : timer;

	if (next.us < sim->now.mono.us)
		next = sim->now.mono;
	if (sim->plan.turn_us > 0)
		next.us += qn_random_below(&sim->network.random, sim->plan.turn_us);
	sim->now.mono = next;
	sim->now.wall.s =
	    sim->start.wall.s + (int64_t)(qn_mono_since_us(sim->start.mono, next) / QN_US_PER_S);
}

/* Plays until all questions are asked and nothing is on its way or held any more. */
static void
play(struct sim *sim)
{
	struct qn_mono last = {0};
	unsigned turns = 0;

	while (!sim->breached) {
		const bool idle = sim_watch_idle(sim);

		if (!sim_clients_plan(sim, idle) && idle && sim->network.event_count == 0)
			return;
		if (!idle && qn_mono_since_us(sim->clients.last, sim->now.mono) > 2 * QUIET_US)
			sim_breach(sim,
			    "the node still holds something, long after the last question: "
			    "%u clients, %u tasks, %u queries, %u pages",
			    (unsigned)sim_node_figure(sim, SIM_FIGURE_PARKED),
			    (unsigned)sim_node_figure(sim, SIM_FIGURE_TASKS),
			    (unsigned)sim_node_figure(sim, SIM_FIGURE_UPSTREAM),
			    (unsigned)sim_node_figure(sim, SIM_FIGURE_LARGE_PAGES));
		time_passes(sim);
		events_happen(sim);
		sim_node_turn(sim);
		sim_watch_turn(sim);
		sim_clients_check(sim);
		turns = sim->now.mono.us == last.us ? turns + 1 : 0;
		last = sim->now.mono;
		if (turns > STUCK_TURNS)
			sim_breach(
			    sim, "the node wants to run again and again without time passing");
	}
}

struct sim_result
sim_run(struct sim *sim, uint64_t seed)
{
	const bool started = run_start(sim, seed);

	qn_assert(started); /* Memory has run out: no verdict about the node. */
	play(sim);
	if (!sim->breached) {
		sim_watch_end(sim);
		sim_operator_end(sim);
	}
	return (struct sim_result){
	    .digest = sim->digest,
	    .question_count = sim->clients.query_count,
	    .query_count = sim->watch.query_count,
	    .virtual_us = qn_mono_since_us(sim->start.mono, sim->now.mono),
	    .breach = sim->breached ? sim->breach : NULL,
	};
}
