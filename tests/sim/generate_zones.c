/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/generate_state.h"

#define PRIVATE_PORT 8600
#define LADDER_MOST  10

static void
add_soa(struct sim_draw *draw, struct sim_zone *zone)
{
	static const uint32_t minimums_s[] = {0, 1, 5, 60, 300, 7200};
	uint8_t bytes[2 * QN_NAME_MAX + 20];
	struct qn_writer writer = qn_writer_of((struct qn_span){bytes, sizeof(bytes)});
	const uint32_t ttl_s = sim_draw_ttl_s(draw->random);
	struct sim_set *set =
	    sim_world_add_set(draw->world, zone, &zone->origin, QN_TYPE_SOA, ttl_s, SIM_EPOCH_BOTH);

	qn_write_name_full(&writer, &zone->origin);
	qn_write_name_full(&writer, &zone->origin);
	for (unsigned i = 0; i < 4; i++)
		qn_write_u32(&writer, qn_random_u32(draw->random));
	qn_write_u32(&writer, SIM_PICK(draw->random, minimums_s));
	sim_set_add(draw->world, set, (struct qn_view){writer.data, writer.at});
}

/* --- Zones ------------------------------------------------------------------------------ */

static void
add_root(struct sim_draw *draw)
{
	struct sim_zone *root = sim_world_add_zone(draw->world, &qn_name_root, 0, SIM_EPOCH_BOTH);
	const uint32_t count =
	    sim_chance(draw->random, 20) ? QN_HINT_MAX : sim_between(draw->random, 1, 4);

	add_soa(draw, root);
	for (uint32_t i = 0; i < count; i++)
		sim_delegate_inside(draw, root, SIM_EPOCH_BOTH, i);
}

/* A zone with an origin of `labels` more labels than its parent; NULL when that is too long. */
static struct sim_zone *
add_zone(struct sim_draw *draw, uint8_t parent, uint32_t labels, uint8_t epochs)
{
	struct qn_name origin;

	qn_name_copy(&origin, &draw->world->zones[parent].origin);
	for (uint32_t i = 0; i < labels; i++)
		if (!sim_draw_below(draw, &origin, &origin) || origin.len > SIM_ORIGIN_LEN_MAX)
			return NULL;
	for (uint8_t i = 0; i < draw->world->zone_count; i++) {
		const struct qn_name *other = &draw->world->zones[i].origin;

		if (qn_name_within(other, &origin) ||
		    (qn_name_within(&origin, other) &&
			other->len > draw->world->zones[parent].origin.len))
			return NULL; /* It would come between two zones. */
	}
	struct sim_zone *zone = sim_world_add_zone(draw->world, &origin, parent, epochs);

	add_soa(draw, zone);
	return zone;
}

/* In the second epoch some zones have other nameservers, and some are gone. */
static void
add_leaf(struct sim_draw *draw, uint8_t parent)
{
	const uint32_t labels = sim_chance(draw->random, 85) ? 1 : sim_between(draw->random, 2, 4);
	const bool changing = draw->world->change.us != UINT64_MAX;
	const uint32_t fate = changing ? qn_random_below(draw->random, 100) : 100;
	struct sim_zone *zone =
	    add_zone(draw, parent, labels, fate < 10 ? SIM_EPOCH_FIRST : SIM_EPOCH_BOTH);

	if (zone == NULL)
		return;
	if (fate < 25) {
		sim_draw_hosts(draw, zone, SIM_EPOCH_FIRST);
		if (fate >= 10)
			sim_draw_hosts(draw, zone, SIM_EPOCH_LAST);
	} else {
		sim_draw_hosts(draw, zone, SIM_EPOCH_BOTH);
		if (sim_chance(draw->random, 30))
			sim_add_private_host(draw, zone);
	}
}

/* Two zones whose only nameservers are each in the other: nobody can reach either. */
static void
add_knot(struct sim_draw *draw, uint8_t parent)
{
	struct sim_zone *zones[2];
	uint16_t hosts[2];

	for (unsigned i = 0; i < 2; i++) {
		struct qn_name name;

		zones[i] = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
		if (zones[i] == NULL && i == 1)
			sim_delegate_inside(draw, zones[0], SIM_EPOCH_BOTH, 0);
		if (zones[i] == NULL)
			return;
		sim_name_number(&name, "knot", i, &zones[i]->origin);
		hosts[i] = sim_world_add_host(draw->world, &name);
		sim_draw_addresses(draw, hosts[i], false);
		sim_publish_host(draw, zones[i], hosts[i], 300, SIM_EPOCH_BOTH);
	}
	sim_delegate(draw, zones[0], hosts[1], SIM_EPOCH_BOTH, false);
	sim_delegate(draw, zones[1], hosts[0], SIM_EPOCH_BOTH, false);
}

/* Zones each of which has its only nameserver in the next, without glue; the last is well. */
static void
add_ladder(struct sim_draw *draw, uint8_t parent)
{
	const uint32_t count = sim_between(draw->random, 2, LADDER_MOST);
	struct sim_zone *below = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct sim_zone *zone = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
		struct qn_name name;

		if (zone == NULL)
			return;
		if (below == NULL) {
			sim_delegate_inside(draw, zone, SIM_EPOCH_BOTH, 0);
		} else {
			sim_name_number(&name, "rung", i, &below->origin);
			const uint16_t host = sim_world_add_host(draw->world, &name);

			sim_draw_addresses(draw, host, false);
			sim_publish_host(draw, below, host, 300, SIM_EPOCH_BOTH);
			sim_delegate(draw, zone, host, SIM_EPOCH_BOTH, false);
		}
		below = zone;
	}
}

/* A zone whose servers make up all below its apex. */
static void
add_wild(struct sim_draw *draw, uint8_t parent)
{
	static const enum sim_manner manners[] = {SIM_BOMB, SIM_BOTTOMLESS, SIM_ALIASING};
	const enum sim_manner manner = SIM_PICK(draw->random, manners);
	struct sim_zone *zone = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
	const uint16_t first = draw->world->server_count;

	if (zone == NULL)
		return;
	zone->wild = true;
	sim_delegate_inside(draw, zone, SIM_EPOCH_BOTH, 0);
	for (uint16_t i = first; i < draw->world->server_count; i++)
		draw->world->servers[i].manner = manner;
}

/* A zone that no other knows of: the operator says where its servers are. */
static void
add_private(struct sim_draw *draw, uint8_t parent)
{
	struct sim_world *world = draw->world;
	struct sim_zone *zone = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
	const uint16_t port = sim_chance(draw->random, 50) ? PRIVATE_PORT : SIM_DNS_PORT;
	const uint16_t first = world->server_count;

	if (zone == NULL)
		return;
	zone->route = sim_chance(draw->random, 50) ? SIM_ROUTE_FORWARD : SIM_ROUTE_STUB;
	sim_delegate_inside(draw, zone, SIM_EPOCH_BOTH, 0);
	if (sim_chance(draw->random, 50))
		sim_delegate_inside(draw, zone, SIM_EPOCH_BOTH, 1);
	for (uint16_t i = first; i < world->server_count; i++) {
		world->servers[i].port = port;
		if (world->servers[i].manner == SIM_RECURSING)
			world->servers[i].manner = SIM_REFUSING; /* Empty answers count there. */
	}
}

static uint8_t
draw_parent(struct sim_draw *draw, uint8_t tld_count)
{
	const struct sim_world *world = draw->world;

	if (sim_chance(draw->random, 30)) {
		const uint8_t any = (uint8_t)sim_between(draw->random, 1, world->zone_count - 1u);

		if (sim_zone_is_provider(&world->zones[any]))
			return any;
	}
	return (uint8_t)sim_between(draw->random, 1, tld_count);
}

void
sim_draw_zones(struct sim_draw *draw)
{
	const bool hostile = draw->plan->mood == SIM_MOOD_HOSTILE;
	const uint32_t tld_wanted = sim_between(draw->random, 1, 4);
	const uint32_t leaf_wanted = sim_between(draw->random, 3, 16);
	uint8_t tld_count = 0;

	add_root(draw);
	for (uint32_t i = 0; i < tld_wanted; i++) {
		struct sim_zone *tld = add_zone(draw, 0, 1, SIM_EPOCH_BOTH);

		if (tld == NULL)
			continue;
		tld_count++;
		sim_draw_hosts(draw, tld, SIM_EPOCH_BOTH);
	}
	for (uint32_t i = 0; i < leaf_wanted; i++)
		add_leaf(draw, draw_parent(draw, tld_count));
	if (sim_chance(draw->random, hostile ? 60 : 20))
		add_knot(draw, draw_parent(draw, tld_count));
	if (sim_chance(draw->random, 30))
		add_ladder(draw, draw_parent(draw, tld_count));
	for (uint32_t i = sim_chance(draw->random, 30) ? 2 : 0; i > 0; i--)
		add_private(draw, draw_parent(draw, tld_count));
	for (uint32_t i = hostile ? sim_between(draw->random, 0, 4) : 0; i > 0; i--)
		add_wild(draw, draw_parent(draw, tld_count));
}
