/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/generate_state.h"

#include <stdio.h>

#define PROVIDER_TRIES 6

/* The name of a nameserver in the zone at `origin`, which leaves room for it. */
void
sim_name_number(
    struct qn_name *name, const char *stem, unsigned number, const struct qn_name *origin)
{
	char label[16];

	snprintf(label, sizeof(label), "%s%u", stem, number);
	qn_name_copy(name, origin);
	const bool fits = sim_name_prepend_text(name, label);

	qn_assert(fits);
}

/* --- Servers ---------------------------------------------------------------------------- */

static enum sim_manner
draw_manner(struct sim_draw *draw, bool infrastructure)
{
	static const uint32_t odd_percent[] = {
	    [SIM_MOOD_KIND] = 0, [SIM_MOOD_MIXED] = 20, [SIM_MOOD_HOSTILE] = 40};
	const uint32_t percent = odd_percent[draw->plan->mood] / (infrastructure ? 4 : 1);

	if (!sim_chance(draw->random, percent))
		return SIM_HONEST;
	return (enum sim_manner)sim_between(draw->random, SIM_HONEST + 1, SIM_CUT_DENYING);
}

static uint32_t
draw_lies(struct sim_draw *draw)
{
	static const uint32_t liar_percent[] = {
	    [SIM_MOOD_KIND] = 0, [SIM_MOOD_MIXED] = 10, [SIM_MOOD_HOSTILE] = 50};

	if (!sim_chance(draw->random, liar_percent[draw->plan->mood]))
		return 0;
	return qn_random_below(draw->random, 1u << SIM_LIE_COUNT);
}

static void
draw_outage(struct sim_draw *draw, struct sim_server *server)
{
	const uint32_t begin_s = qn_random_below(draw->random, 300);
	const uint32_t length_s = sim_between(draw->random, 1, 120);

	server->down_from = qn_mono_after_us(draw->start, begin_s * QN_US_PER_S);
	server->down_until = qn_mono_after_us(server->down_from, length_s * QN_US_PER_S);
}

static void
draw_server(struct sim_draw *draw, struct sim_server *server, bool infrastructure)
{
	struct qn_random *random = draw->random;

	server->manner = draw_manner(draw, infrastructure);
	server->lies = draw_lies(draw);
	server->delay_us = sim_between(random, 1000, 80000);
	if (sim_chance(random, 15))
		server->delay_us = sim_between(random, 80000, 220000);
	server->jitter_us = sim_chance(random, 50) ? sim_between(random, 1, 30000) : 0;
	if (server->manner == SIM_LOSSY)
		server->loss_percent = 50;
	else if (draw->plan->mood != SIM_MOOD_KIND && sim_chance(random, 10))
		server->loss_percent = (uint8_t)sim_between(random, 1, 30);
	if (draw->plan->mood != SIM_MOOD_KIND && sim_chance(random, 12))
		draw_outage(draw, server);
	server->duplicate_percent = sim_chance(random, 20) ? 10 : 0;
	server->compresses = sim_chance(random, 80);
	server->forgets_soa = sim_chance(random, 3);
	server->adds_own_ns = sim_chance(random, 25);
	server->follows = sim_chance(random, 30);
	server->answers_glue = sim_chance(random, 15);
	server->minimal = sim_chance(random, 50);
	server->terse = sim_chance(random, 30);
	server->without_tcp = sim_chance(random, 5);
	server->has_cookies = sim_chance(random, 20);
	server->wants_cookies = server->has_cookies && sim_chance(random, 20);
}

/* Adds one to three addresses, of a family that the node uses nearly always. */
void
sim_draw_addresses(struct sim_draw *draw, uint16_t host, bool infrastructure)
{
	const struct sim_world *world = draw->world;
	const bool one_family = !world->use_ipv4 || !world->use_ipv6;
	const uint8_t used = world->use_ipv4 ? QN_FAMILY_IPV4 : QN_FAMILY_IPV6;
	const uint32_t count = sim_chance(draw->random, 60) ? 1 : sim_between(draw->random, 2, 3);

	for (uint32_t i = 0; i < count; i++) {
		uint8_t family = sim_chance(draw->random, 65) ? QN_FAMILY_IPV4 : QN_FAMILY_IPV6;

		if (one_family && sim_chance(draw->random, 90))
			family = used;
		draw_server(draw, sim_world_add_server(draw->world, host, family), infrastructure);
	}
}

/* Adds what stands at a nameserver's name to a zone: its addresses. */
void
sim_publish_host(
    struct sim_draw *draw, struct sim_zone *zone, uint16_t host, uint32_t ttl_s, uint8_t epochs)
{
	struct sim_world *world = draw->world;
	const struct sim_host *owner = &world->hosts[host];

	for (uint8_t i = 0; i < owner->server_count; i++) {
		const struct qn_address *address = &world->servers[owner->servers[i]].address;
		struct sim_set *set = sim_world_add_set(world, zone, &owner->name,
		    address->family == QN_FAMILY_IPV6 ? QN_TYPE_AAAA : QN_TYPE_A, ttl_s, epochs);

		sim_set_add_address(world, set, address);
	}
}

/* --- Delegations ------------------------------------------------------------------------ */

static uint32_t
draw_delegation_ttl_s(struct qn_random *random)
{
	static const uint32_t ttls_s[] = {0, 2, 10, 60, 300, 3600, 86400};

	return SIM_PICK(random, ttls_s);
}

/* Makes `host` a nameserver of `zone` in `epochs`, in the parent, in the zone, and as a server. */
void
sim_delegate(struct sim_draw *draw, struct sim_zone *zone, uint16_t host, uint8_t epochs, bool glue)
{
	struct sim_world *world = draw->world;
	struct sim_zone *parent = &world->zones[zone->parent];
	const struct sim_host *owner = &world->hosts[host];
	const bool pinned = epochs != SIM_EPOCH_BOTH;

	for (unsigned epoch = 0; epoch < SIM_EPOCH_COUNT; epoch++)
		if (epochs >> epoch & 1) {
			qn_assert(zone->host_count[epoch] < SIM_ZONE_HOST_MAX);
			zone->hosts[epoch][zone->host_count[epoch]++] = host;
		}
	sim_world_serve(world, host, sim_zone_index(world, zone),
	    pinned ? (epochs == SIM_EPOCH_FIRST ? 0 : 1) : SIM_EPOCH_FOLLOWS);

	const uint32_t apex_ttl_s = sim_draw_ttl_s(draw->random);

	sim_set_add_name(world,
	    sim_world_add_set(world, zone, &zone->origin, QN_TYPE_NS, apex_ttl_s, epochs),
	    &owner->name);
	if (parent == zone || zone->route != SIM_ROUTE_NONE)
		return;
	const uint32_t cut_ttl_s = draw_delegation_ttl_s(draw->random);

	sim_set_add_name(world,
	    sim_world_add_set(world, parent, &zone->origin, QN_TYPE_NS, cut_ttl_s, epochs),
	    &owner->name);
	if (glue)
		sim_publish_host(draw, parent, host, cut_ttl_s, epochs);
}

/* A nameserver whose name is in the zone itself: the parent has to give its address. */
void
sim_delegate_inside(struct sim_draw *draw, struct sim_zone *zone, uint8_t epochs, unsigned number)
{
	const bool infrastructure = zone->parent == 0;
	const uint32_t ttl_s = sim_draw_ttl_s(draw->random);
	struct qn_name name;

	sim_name_number(&name, epochs == SIM_EPOCH_LAST ? "new" : "ns", number, &zone->origin);
	const uint16_t host = sim_world_add_host(draw->world, &name);

	sim_draw_addresses(draw, host, infrastructure);
	sim_publish_host(draw, zone, host, ttl_s, epochs);
	sim_delegate(draw, zone, host, epochs, true);
}

/* A nameserver of which the parent does not know: whoever asks it has believed the child. */
void
sim_add_private_host(struct sim_draw *draw, struct sim_zone *zone)
{
	struct sim_world *world = draw->world;
	const uint32_t ttl_s = sim_draw_ttl_s(draw->random);
	struct qn_name name;

	sim_name_number(&name, "private", 0, &zone->origin);
	const uint16_t host = sim_world_add_host(world, &name);

	sim_draw_addresses(draw, host, false);
	sim_publish_host(draw, zone, host, ttl_s, SIM_EPOCH_BOTH);
	sim_world_serve(world, host, sim_zone_index(world, zone), SIM_EPOCH_FOLLOWS);
	sim_set_add_name(world,
	    sim_world_add_set(world, zone, &zone->origin, QN_TYPE_NS, ttl_s, SIM_EPOCH_BOTH),
	    &name);
}

/* Whether a zone's data may be needed to find another's servers: those that stay put. */
bool
sim_zone_is_provider(const struct sim_zone *zone)
{
	return zone->epochs == SIM_EPOCH_BOTH && !zone->wild && zone->route == SIM_ROUTE_NONE &&
	       zone->host_count[0] > 0 && zone->host_count[0] == zone->host_count[1] &&
	       zone->hosts[0][0] == zone->hosts[1][0];
}

/* A nameserver whose name is in another zone, with or without its address. */
static bool
delegate_outside(struct sim_draw *draw, struct sim_zone *zone, uint8_t epochs)
{
	struct sim_world *world = draw->world;
	const struct sim_zone *parent = &world->zones[zone->parent];

	for (unsigned i = 0; i < PROVIDER_TRIES; i++) {
		struct sim_zone *home =
		    &world->zones[sim_between(draw->random, 1, world->zone_count - 1u)];
		struct qn_name name;

		if (home == zone || !sim_zone_is_provider(home) ||
		    qn_name_within(&home->origin, &zone->origin))
			continue;
		sim_name_number(&name, "for", world->host_count, &home->origin);
		const uint16_t host = sim_world_add_host(world, &name);
		const uint32_t ttl_s = sim_draw_ttl_s(draw->random);

		sim_draw_addresses(draw, host, false);
		sim_publish_host(draw, home, host, ttl_s, SIM_EPOCH_BOTH);
		const bool glue = qn_name_within(&name, &parent->origin) &&
		                  (home == parent || sim_chance(draw->random, 50));

		sim_delegate(draw, zone, host, epochs, glue);
		return true;
	}
	return false;
}

/* A nameserver that serves another zone already. */
static bool
delegate_shared(struct sim_draw *draw, struct sim_zone *zone, uint8_t epochs)
{
	struct sim_world *world = draw->world;
	const struct sim_zone *parent = &world->zones[zone->parent];

	for (unsigned i = 0; i < PROVIDER_TRIES; i++) {
		const uint16_t host = (uint16_t)qn_random_below(draw->random, world->host_count);
		const struct sim_host *owner = &world->hosts[host];
		const struct sim_zone *home = sim_world_zone(world, 0, &owner->name, QN_TYPE_A);
		const struct sim_server *server = &world->servers[owner->servers[0]];
		bool already = false;

		for (uint8_t k = 0; k < zone->host_count[0]; k++)
			already |= zone->hosts[0][k] == host;
		for (uint8_t k = 0; k < zone->host_count[1]; k++)
			already |= zone->hosts[1][k] == host;
		if (already || home == &world->zones[0] || !sim_zone_is_provider(home) ||
		    qn_name_within(&owner->name, &zone->origin) ||
		    server->zone_count >= SIM_SERVER_ZONE_MAX - 2)
			continue;
		const bool glue =
		    qn_name_within(&owner->name, &parent->origin) && sim_chance(draw->random, 50);

		sim_delegate(draw, zone, host, epochs, glue || home == parent);
		return true;
	}
	return false;
}

void
sim_draw_hosts(struct sim_draw *draw, struct sim_zone *zone, uint8_t epochs)
{
	const struct sim_world *world = draw->world;
	const uint32_t way = qn_random_below(draw->random, 100);
	uint32_t count = way < 75   ? sim_between(draw->random, 1, 3)
	                 : way < 95 ? sim_between(draw->random, 3, 6)
	                            : SIM_ZONE_HOST_MAX;

	if (world->host_count + count > SIM_HOST_MAX / 2)
		count = 1;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t kind = qn_random_below(draw->random, 100);

		if (kind < 25 && delegate_shared(draw, zone, epochs))
			continue;
		if (kind < 50 && delegate_outside(draw, zone, epochs))
			continue;
		sim_delegate_inside(draw, zone, epochs, i);
	}
}
