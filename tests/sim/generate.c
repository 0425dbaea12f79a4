/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/generate_state.h"

/* --- Names ------------------------------------------------------------------------------ */

/* Puts `label` in front of `name`; false, leaving it alone, when it would get too long. */
static bool
name_prepend(struct qn_name *name, const uint8_t *label, uint8_t label_len)
{
	if (name->len + 1u + label_len > SIM_OWNER_LEN_MAX)
		return false;
	memmove(name->octets + 1 + label_len, name->octets, name->len);
	name->octets[0] = label_len;
	memcpy(name->octets + 1, label, label_len);
	name->len = (uint8_t)(name->len + 1 + label_len);
	return true;
}

bool
sim_name_prepend_text(struct qn_name *name, const char *label)
{
	return name_prepend(name, (const uint8_t *)label, (uint8_t)strlen(label));
}

/* A label of letters and digits mostly; of any octets, or of full length, sometimes. */
static uint8_t
draw_label(struct qn_random *random, uint8_t label[QN_LABEL_MAX])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_ABC";
	const uint32_t way = qn_random_below(random, 100);
	uint8_t len = (uint8_t)sim_between(random, 2, 8);

	if (way < 3)
		len = QN_LABEL_MAX;
	for (uint8_t i = 0; i < len; i++) {
		label[i] = (uint8_t)letters[qn_random_below(random, sizeof(letters) - 1)];
		if (way >= 3 && way < 10)
			label[i] = (uint8_t)qn_random_u32(random);
	}
	return len;
}

bool
sim_draw_below(struct sim_draw *draw, struct qn_name *name, const struct qn_name *parent)
{
	uint8_t label[QN_LABEL_MAX];
	const uint8_t len = draw_label(draw->random, label);

	qn_name_copy(name, parent);
	return name_prepend(name, label, len);
}

uint32_t
sim_draw_ttl_s(struct qn_random *random)
{
	static const uint32_t ttls_s[] = {
	    0, 1, 2, 5, 10, 30, 30, 60, 60, 300, 300, 300, 3600, 3600, 86400, 200000, 0x80000005};

	return SIM_PICK(random, ttls_s);
}

/* --- The plan --------------------------------------------------------------------------- */

static void
draw_plan(struct sim_draw *draw)
{
	static const uint32_t turns_us[] = {0, 0, 0, 100, 1000, 5000};
	static const uint32_t cache_bytes[] = {64u << 10, 256u << 10, 1u << 20};
	static const enum qn_minimization minimizations[] = {QN_MINIMIZATION_RELAXED,
	    QN_MINIMIZATION_RELAXED, QN_MINIMIZATION_RELAXED, QN_MINIMIZATION_STRICT,
	    QN_MINIMIZATION_OFF};
	struct qn_random *random = draw->random;
	struct sim_plan *plan = draw->plan;
	const uint32_t mood = qn_random_below(random, 100);

	plan->mood = mood < 35 ? SIM_MOOD_KIND : mood < 70 ? SIM_MOOD_MIXED : SIM_MOOD_HOSTILE;
	plan->solo = sim_chance(random, 35);
	plan->tight = !plan->solo && sim_chance(random, 10);
	plan->worker_count = sim_chance(random, 30) ? 2 : 1;
	plan->round_count = plan->solo ? sim_between(random, 20, 50) : sim_between(random, 40, 120);
	plan->burst_percent = sim_chance(random, 50) ? 15 : 0;
	plan->forge_percent = 0;
	if (plan->mood != SIM_MOOD_KIND && sim_chance(random, 40))
		plan->forge_percent = sim_between(random, 5, 60);
	plan->turn_us = SIM_PICK(random, turns_us);
	plan->quick = sim_chance(random, 75);
	plan->cache_bytes = SIM_PICK(random, cache_bytes);
	plan->client_max = plan->tight ? 8 : 1000;
	plan->task_max = plan->tight ? 6 : 800;
	plan->upstream_max = plan->tight ? 6 : 400;
	plan->minimization = SIM_PICK(random, minimizations);
	plan->stale_age_max_s = sim_chance(random, 80) ? 86400 : 0;
	plan->stale_wait_ms = sim_chance(random, 70) ? 1800 : 0;
}

/* --- All of it -------------------------------------------------------------------------- */

void
sim_generate(struct sim_plan *plan, struct sim_world *world, uint64_t seed, struct qn_mono start)
{
	struct qn_random random;
	struct sim_draw draw = {plan, world, &random, start};

	sim_draw_init(&random, seed, SIM_STREAM_WORLD);
	sim_world_init(world);
	draw_plan(&draw);
	const uint32_t families = qn_random_below(&random, 100);

	world->use_ipv4 = families >= 15;
	world->use_ipv6 = families < 15 || families >= 30;
	world->use_tcp = !sim_chance(&random, 20);
	world->forged = plan->forge_percent > 0;
	if (sim_chance(&random, 60))
		world->change = qn_mono_after_us(start, sim_between(&random, 5, 300) * QN_US_PER_S);
	sim_draw_zones(&draw);
	sim_draw_data(&draw);
}

/* Fills the route of a zone that the operator has named the servers of. */
static void
fill_route(const struct sim_world *world, const struct sim_zone *zone, struct qn_route *route)
{
	qn_name_copy(&route->zone, &zone->origin);
	route->kind =
	    (uint8_t)(zone->route == SIM_ROUTE_FORWARD ? QN_ROUTE_FORWARD : QN_ROUTE_STUB);
	route->server_count = 0;
	for (uint8_t i = 0; i < zone->host_count[0]; i++) {
		const struct sim_host *host = &world->hosts[zone->hosts[0][i]];

		for (uint8_t k = 0; k < host->server_count; k++) {
			const struct sim_server *server = &world->servers[host->servers[k]];

			if (route->server_count < QN_ROUTE_SERVER_MAX)
				route->servers[route->server_count++] =
				    (struct qn_endpoint){server->address, server->port};
		}
	}
}

void
sim_generate_config(const struct sim_world *world, struct qn_resolve_config *config)
{
	for (uint8_t i = 0; i < world->zone_count; i++)
		if (world->zones[i].route != SIM_ROUTE_NONE)
			fill_route(world, &world->zones[i], &config->routes[config->route_count++]);
	const struct sim_zone *root = &world->zones[0];

	config->hint_count = root->host_count[0];
	for (uint8_t i = 0; i < config->hint_count; i++) {
		const struct sim_host *host = &world->hosts[root->hosts[0][i]];
		struct qn_hint *hint = &config->hints[i];

		qn_name_copy(&hint->name, &host->name);
		hint->address_count = host->server_count;
		for (uint8_t k = 0; k < host->server_count; k++)
			hint->addresses[k] = world->servers[host->servers[k]].address;
	}
}
