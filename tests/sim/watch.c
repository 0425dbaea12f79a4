/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/watch.h"

#include "resolve/resolver.h"
#include "sim/reach.h"
#include "sim/sim.h"

/*
 * At most that many queries for one question at a time (semantics rule 5), but for those whose
 * reply nobody takes for an answer: they only show how their servers do.
 */
#define IN_FLIGHT_MAX 2u

void
sim_watch_start(struct sim *sim)
{
	sim->watch.query_count = 0;
	sim->watch.round_query_count = 0;
	sim->watch.round_lookups = 0;
	sim->watch.flight_count = 0;
}

void
sim_watch_round(
    struct sim *sim, const struct qn_question *question, uint32_t client_count, bool known)
{
	sim->watch.round_clients = client_count > 0 ? client_count : 1;
	sim->watch.round_known = known && sim_node_figure(sim, SIM_FIGURE_EVICTED) == 0;
	if (question != NULL)
		sim->watch.round_question = *question;
	sim->watch.round_query_count = 0;
	sim->watch.round_lookups = sim_node_figure(sim, SIM_FIGURE_LOOKUPS);
}

/* --- Queries ---------------------------------------------------------------------------- */

static bool
question_equal(const struct qn_question *a, const struct qn_question *b)
{
	return a->type == b->type && qn_name_equal(&a->name, &b->name);
}

/* Forgets the flights whose ports have been given back, and any that used `port` before. */
static void
flights_sweep(struct sim *sim, uint16_t port)
{
	struct sim_watch *watch = &sim->watch;
	uint16_t worker;
	uint32_t slot;

	for (uint32_t i = 0; i < watch->flight_count;) {
		const uint16_t other = watch->flights[i];

		if (other != port && qn_port_owner(sim->node.shared.ports, other, &worker, &slot))
			i++;
		else
			watch->flights[i] = watch->flights[--watch->flight_count];
	}
}

/* How many queries for what the clients want are in flight, this one included. */
static uint32_t
flight_add(struct sim *sim, uint16_t port)
{
	struct sim_watch *watch = &sim->watch;

	flights_sweep(sim, port);
	if (watch->flight_count < SIM_FLIGHT_MAX)
		watch->flights[watch->flight_count++] = port;
	return watch->flight_count;
}

static void
check_form(struct sim *sim, uint16_t port, const struct qn_message *query)
{
	uint16_t worker;
	uint32_t slot;

	if (query->question.class != QN_CLASS_IN || query->question.type == QN_TYPE_OPT)
		sim_breach(sim, "a query asks for class %u, type %u", query->question.class,
		    query->question.type);
	if (port != 0 && !qn_port_owner(sim->node.shared.ports, port, &worker, &slot))
		sim_breach(sim, "a query left from port %u, which nobody owns", port);
}

/*
 * In a solo world all queries since the last question are on its behalf, but for priming.
 * Clients in a row may each cause a task, when the answer does not live for long.
 */
static void
check_budget(struct sim *sim, uint16_t port, const struct qn_message *query)
{
	struct sim_watch *watch = &sim->watch;
	const uint64_t lookups = sim_node_figure(sim, SIM_FIGURE_LOOKUPS);
	if (query->question.name.len == qn_name_root.len)
		return;
	watch->round_query_count++;
	if (watch->round_known)
		sim_breach(sim, "asked again for what is known: %s %s",
		    sim_name_text(&query->question.name), sim_type_text(query->question.type));
	if (watch->round_query_count > watch->round_clients * QN_RESOLVE_TREE_QUERY_MAX)
		sim_breach(sim, "more than %u queries for one question", QN_RESOLVE_TREE_QUERY_MAX);
	if (lookups == watch->round_lookups &&
	    watch->round_query_count > watch->round_clients * QN_RESOLVE_QUERY_MAX)
		sim_breach(sim,
		    "more than %u queries for one question without any nameserver lookup",
		    QN_RESOLVE_QUERY_MAX);
	if (port != 0 && question_equal(&query->question, &watch->round_question) &&
	    flight_add(sim, port) > IN_FLIGHT_MAX + sim_node_figure(sim, SIM_FIGURE_SPARE))
		sim_breach(sim, "more than %u queries for %s %s in flight at a time", IN_FLIGHT_MAX,
		    sim_name_text(&query->question.name), sim_type_text(query->question.type));
}

void
sim_watch_query(
    struct sim *sim, uint16_t port, const struct qn_message *query, const struct sim_server *server)
{
	sim->watch.query_count++;
	check_form(sim, port, query);
	if (!sim_reach_may_ask(&sim->world, &query->question.name, server, sim->now.mono))
		sim_breach(sim, "%s was asked about %s, which no delegation gives it",
		    sim_address_text(&server->address), sim_name_text(&query->question.name));
	if (sim->plan.solo)
		check_budget(sim, port, query);
}

/* --- What is held ----------------------------------------------------------------------- */

void
sim_watch_turn(struct sim *sim)
{
	const struct sim_plan *plan = &sim->plan;
	const uint64_t workers = plan->worker_count;

	if (sim_node_figure(sim, SIM_FIGURE_PARKED) > workers * plan->client_max ||
	    sim_node_figure(sim, SIM_FIGURE_TASKS) > workers * plan->task_max ||
	    sim_node_figure(sim, SIM_FIGURE_UPSTREAM) > workers * plan->upstream_max ||
	    sim_node_figure(sim, SIM_FIGURE_CACHE_BYTES) >
		sim_node_figure(sim, SIM_FIGURE_CACHE_BYTES_MAX))
		sim_breach(sim, "a pool or the cache is over its bound");
}

bool
sim_watch_idle(const struct sim *sim)
{
	return sim_node_figure(sim, SIM_FIGURE_PARKED) == 0 &&
	       sim_node_figure(sim, SIM_FIGURE_TASKS) == 0 &&
	       sim_node_figure(sim, SIM_FIGURE_UPSTREAM) == 0 &&
	       sim_node_figure(sim, SIM_FIGURE_LARGE_PAGES) == 0;
}

void
sim_watch_end(struct sim *sim)
{
	const uint32_t ports = sim_node_port_count(&sim->node);

	if (ports > 0)
		sim_breach(sim, "%u ports are claimed although nothing is in flight", ports);
	if (!sim_node_guards_whole(&sim->node))
		sim_breach(sim, "octets behind a block of the node were touched");
	for (uint32_t i = 0; i < sim->clients.query_count; i++)
		if (sim->clients.queries[i].state == SIM_QUERY_WAITING &&
		    sim->clients.queries[i].due != SIM_DUE_SILENCE)
			sim_breach(sim, "client %u got no answer", i);
}
