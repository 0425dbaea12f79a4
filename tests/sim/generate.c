/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/generate.h"

#include <stdio.h>

/* Room kept in names for what clients and servers put in front. */
#define OWNER_LEN_MAX  150
#define ORIGIN_LEN_MAX 120

#define PROVIDER_TRIES 6
#define PRIVATE_PORT   8600
#define RECORDS_MOST   150 /* Of a large set: up to 40 KiB. */
#define CHAIN_MOST     14
#define LADDER_MOST    10

struct draw {
	struct sim_plan *plan;
	struct sim_world *world;
	struct qn_random *random;
	struct qn_mono start;
};

/* --- Names ------------------------------------------------------------------------------ */

/* Puts `label` in front of `name`; false, leaving it alone, when it would get too long. */
static bool
name_prepend(struct qn_name *name, const uint8_t *label, uint8_t label_len)
{
	if (name->len + 1u + label_len > OWNER_LEN_MAX)
		return false;
	memmove(name->octets + 1 + label_len, name->octets, name->len);
	name->octets[0] = label_len;
	memcpy(name->octets + 1, label, label_len);
	name->len = (uint8_t)(name->len + 1 + label_len);
	return true;
}

static bool
name_prepend_text(struct qn_name *name, const char *label)
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

static bool
draw_below(struct draw *draw, struct qn_name *name, const struct qn_name *parent)
{
	uint8_t label[QN_LABEL_MAX];
	const uint8_t len = draw_label(draw->random, label);

	qn_name_copy(name, parent);
	return name_prepend(name, label, len);
}

/* The name of a nameserver in the zone at `origin`, which leaves room for it. */
static void
numbered(struct qn_name *name, const char *stem, unsigned number, const struct qn_name *origin)
{
	char label[16];

	snprintf(label, sizeof(label), "%s%u", stem, number);
	qn_name_copy(name, origin);
	const bool fits = name_prepend_text(name, label);

	qn_assert(fits);
}

/* --- The plan --------------------------------------------------------------------------- */

static void
draw_plan(struct draw *draw)
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
	plan->cache_bytes = SIM_PICK(random, cache_bytes);
	plan->client_max = plan->tight ? 8 : 1000;
	plan->task_max = plan->tight ? 6 : 800;
	plan->upstream_max = plan->tight ? 6 : 400;
	plan->minimization = SIM_PICK(random, minimizations);
	plan->stale_age_max_s = sim_chance(random, 80) ? 86400 : 0;
	plan->stale_wait_ms = sim_chance(random, 70) ? 1800 : 0;
}

/* --- Servers ---------------------------------------------------------------------------- */

static enum sim_manner
draw_manner(struct draw *draw, bool infrastructure)
{
	static const uint32_t odd_percent[] = {
	    [SIM_MOOD_KIND] = 0, [SIM_MOOD_MIXED] = 20, [SIM_MOOD_HOSTILE] = 40};
	const uint32_t percent = odd_percent[draw->plan->mood] / (infrastructure ? 4 : 1);

	if (!sim_chance(draw->random, percent))
		return SIM_HONEST;
	return (enum sim_manner)sim_between(draw->random, SIM_HONEST + 1, SIM_CUT_DENYING);
}

static uint32_t
draw_lies(struct draw *draw)
{
	static const uint32_t liar_percent[] = {
	    [SIM_MOOD_KIND] = 0, [SIM_MOOD_MIXED] = 10, [SIM_MOOD_HOSTILE] = 50};

	if (!sim_chance(draw->random, liar_percent[draw->plan->mood]))
		return 0;
	return qn_random_below(draw->random, 1u << SIM_LIE_COUNT);
}

static void
draw_outage(struct draw *draw, struct sim_server *server)
{
	const uint32_t begin_s = qn_random_below(draw->random, 300);
	const uint32_t length_s = sim_between(draw->random, 1, 120);

	server->down_from = qn_mono_after_us(draw->start, begin_s * QN_US_PER_S);
	server->down_until = qn_mono_after_us(server->down_from, length_s * QN_US_PER_S);
}

static void
draw_server(struct draw *draw, struct sim_server *server, bool infrastructure)
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
	server->without_tcp = sim_chance(random, 5);
	server->has_cookies = sim_chance(random, 20);
	server->wants_cookies = server->has_cookies && sim_chance(random, 20);
}

/* Adds one to three addresses, of a family that the node uses nearly always. */
static void
draw_addresses(struct draw *draw, uint16_t host, bool infrastructure)
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
static void
publish_host(
    struct draw *draw, struct sim_zone *zone, uint16_t host, uint32_t ttl_s, uint8_t epochs)
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
draw_ttl_s(struct qn_random *random)
{
	static const uint32_t ttls_s[] = {
	    0, 1, 2, 5, 10, 30, 30, 60, 60, 300, 300, 300, 3600, 3600, 86400, 200000, 0x80000005};

	return SIM_PICK(random, ttls_s);
}

static uint32_t
draw_delegation_ttl_s(struct qn_random *random)
{
	static const uint32_t ttls_s[] = {0, 2, 10, 60, 300, 3600, 86400};

	return SIM_PICK(random, ttls_s);
}

static void
add_soa(struct draw *draw, struct sim_zone *zone)
{
	static const uint32_t minimums_s[] = {0, 1, 5, 60, 300, 7200};
	uint8_t bytes[2 * QN_NAME_MAX + 20];
	struct qn_writer writer = qn_writer_of((struct qn_span){bytes, sizeof(bytes)});
	const uint32_t ttl_s = draw_ttl_s(draw->random);
	struct sim_set *set =
	    sim_world_add_set(draw->world, zone, &zone->origin, QN_TYPE_SOA, ttl_s, SIM_EPOCH_BOTH);

	qn_write_name_full(&writer, &zone->origin);
	qn_write_name_full(&writer, &zone->origin);
	for (unsigned i = 0; i < 4; i++)
		qn_write_u32(&writer, qn_random_u32(draw->random));
	qn_write_u32(&writer, SIM_PICK(draw->random, minimums_s));
	sim_set_add(draw->world, set, (struct qn_view){writer.data, writer.at});
}

/* Makes `host` a nameserver of `zone` in `epochs`, in the parent, in the zone, and as a server. */
static void
delegate(struct draw *draw, struct sim_zone *zone, uint16_t host, uint8_t epochs, bool glue)
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

	const uint32_t apex_ttl_s = draw_ttl_s(draw->random);

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
		publish_host(draw, parent, host, cut_ttl_s, epochs);
}

/* A nameserver whose name is in the zone itself: the parent has to give its address. */
static void
delegate_inside(struct draw *draw, struct sim_zone *zone, uint8_t epochs, unsigned number)
{
	const bool infrastructure = zone->parent == 0;
	const uint32_t ttl_s = draw_ttl_s(draw->random);
	struct qn_name name;

	numbered(&name, epochs == SIM_EPOCH_LAST ? "new" : "ns", number, &zone->origin);
	const uint16_t host = sim_world_add_host(draw->world, &name);

	draw_addresses(draw, host, infrastructure);
	publish_host(draw, zone, host, ttl_s, epochs);
	delegate(draw, zone, host, epochs, true);
}

/* A nameserver of which the parent does not know: whoever asks it has believed the child. */
static void
add_private_host(struct draw *draw, struct sim_zone *zone)
{
	struct sim_world *world = draw->world;
	const uint32_t ttl_s = draw_ttl_s(draw->random);
	struct qn_name name;

	numbered(&name, "private", 0, &zone->origin);
	const uint16_t host = sim_world_add_host(world, &name);

	draw_addresses(draw, host, false);
	publish_host(draw, zone, host, ttl_s, SIM_EPOCH_BOTH);
	sim_world_serve(world, host, sim_zone_index(world, zone), SIM_EPOCH_FOLLOWS);
	sim_set_add_name(world,
	    sim_world_add_set(world, zone, &zone->origin, QN_TYPE_NS, ttl_s, SIM_EPOCH_BOTH),
	    &name);
}

/* Whether a zone's data may be needed to find another's servers: those that stay put. */
static bool
is_provider(const struct sim_zone *zone)
{
	return zone->epochs == SIM_EPOCH_BOTH && !zone->wild && zone->route == SIM_ROUTE_NONE &&
	       zone->host_count[0] > 0 && zone->host_count[0] == zone->host_count[1] &&
	       zone->hosts[0][0] == zone->hosts[1][0];
}

/* A nameserver whose name is in another zone, with or without its address. */
static bool
delegate_outside(struct draw *draw, struct sim_zone *zone, uint8_t epochs)
{
	struct sim_world *world = draw->world;
	const struct sim_zone *parent = &world->zones[zone->parent];

	for (unsigned i = 0; i < PROVIDER_TRIES; i++) {
		struct sim_zone *home =
		    &world->zones[sim_between(draw->random, 1, world->zone_count - 1u)];
		struct qn_name name;

		if (home == zone || !is_provider(home) ||
		    qn_name_within(&home->origin, &zone->origin))
			continue;
		numbered(&name, "for", world->host_count, &home->origin);
		const uint16_t host = sim_world_add_host(world, &name);
		const uint32_t ttl_s = draw_ttl_s(draw->random);

		draw_addresses(draw, host, false);
		publish_host(draw, home, host, ttl_s, SIM_EPOCH_BOTH);
		const bool glue = qn_name_within(&name, &parent->origin) &&
		                  (home == parent || sim_chance(draw->random, 50));

		delegate(draw, zone, host, epochs, glue);
		return true;
	}
	return false;
}

/* A nameserver that serves another zone already. */
static bool
delegate_shared(struct draw *draw, struct sim_zone *zone, uint8_t epochs)
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
		if (already || home == &world->zones[0] || !is_provider(home) ||
		    qn_name_within(&owner->name, &zone->origin) ||
		    server->zone_count >= SIM_SERVER_ZONE_MAX - 2)
			continue;
		const bool glue =
		    qn_name_within(&owner->name, &parent->origin) && sim_chance(draw->random, 50);

		delegate(draw, zone, host, epochs, glue || home == parent);
		return true;
	}
	return false;
}

static void
draw_hosts(struct draw *draw, struct sim_zone *zone, uint8_t epochs)
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
		delegate_inside(draw, zone, epochs, i);
	}
}

/* --- Zones ------------------------------------------------------------------------------ */

static void
add_root(struct draw *draw)
{
	struct sim_zone *root = sim_world_add_zone(draw->world, &qn_name_root, 0, SIM_EPOCH_BOTH);
	const uint32_t count =
	    sim_chance(draw->random, 20) ? QN_HINT_MAX : sim_between(draw->random, 1, 4);

	add_soa(draw, root);
	for (uint32_t i = 0; i < count; i++)
		delegate_inside(draw, root, SIM_EPOCH_BOTH, i);
}

/* A zone with an origin of `labels` more labels than its parent; NULL when that is too long. */
static struct sim_zone *
add_zone(struct draw *draw, uint8_t parent, uint32_t labels, uint8_t epochs)
{
	struct qn_name origin;

	qn_name_copy(&origin, &draw->world->zones[parent].origin);
	for (uint32_t i = 0; i < labels; i++)
		if (!draw_below(draw, &origin, &origin) || origin.len > ORIGIN_LEN_MAX)
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
add_leaf(struct draw *draw, uint8_t parent)
{
	const uint32_t labels = sim_chance(draw->random, 85) ? 1 : sim_between(draw->random, 2, 4);
	const bool changing = draw->world->change.us != UINT64_MAX;
	const uint32_t fate = changing ? qn_random_below(draw->random, 100) : 100;
	struct sim_zone *zone =
	    add_zone(draw, parent, labels, fate < 10 ? SIM_EPOCH_FIRST : SIM_EPOCH_BOTH);

	if (zone == NULL)
		return;
	if (fate < 25) {
		draw_hosts(draw, zone, SIM_EPOCH_FIRST);
		if (fate >= 10)
			draw_hosts(draw, zone, SIM_EPOCH_LAST);
	} else {
		draw_hosts(draw, zone, SIM_EPOCH_BOTH);
		if (sim_chance(draw->random, 30))
			add_private_host(draw, zone);
	}
}

/* Two zones whose only nameservers are each in the other: nobody can reach either. */
static void
add_knot(struct draw *draw, uint8_t parent)
{
	struct sim_zone *zones[2];
	uint16_t hosts[2];

	for (unsigned i = 0; i < 2; i++) {
		struct qn_name name;

		zones[i] = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
		if (zones[i] == NULL && i == 1)
			delegate_inside(draw, zones[0], SIM_EPOCH_BOTH, 0);
		if (zones[i] == NULL)
			return;
		numbered(&name, "knot", i, &zones[i]->origin);
		hosts[i] = sim_world_add_host(draw->world, &name);
		draw_addresses(draw, hosts[i], false);
		publish_host(draw, zones[i], hosts[i], 300, SIM_EPOCH_BOTH);
	}
	delegate(draw, zones[0], hosts[1], SIM_EPOCH_BOTH, false);
	delegate(draw, zones[1], hosts[0], SIM_EPOCH_BOTH, false);
}

/* Zones each of which has its only nameserver in the next, without glue; the last is well. */
static void
add_ladder(struct draw *draw, uint8_t parent)
{
	const uint32_t count = sim_between(draw->random, 2, LADDER_MOST);
	struct sim_zone *below = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct sim_zone *zone = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
		struct qn_name name;

		if (zone == NULL)
			return;
		if (below == NULL) {
			delegate_inside(draw, zone, SIM_EPOCH_BOTH, 0);
		} else {
			numbered(&name, "rung", i, &below->origin);
			const uint16_t host = sim_world_add_host(draw->world, &name);

			draw_addresses(draw, host, false);
			publish_host(draw, below, host, 300, SIM_EPOCH_BOTH);
			delegate(draw, zone, host, SIM_EPOCH_BOTH, false);
		}
		below = zone;
	}
}

/* A zone whose servers make up all below its apex. */
static void
add_wild(struct draw *draw, uint8_t parent)
{
	static const enum sim_manner manners[] = {SIM_BOMB, SIM_BOTTOMLESS, SIM_ALIASING};
	const enum sim_manner manner = SIM_PICK(draw->random, manners);
	struct sim_zone *zone = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
	const uint16_t first = draw->world->server_count;

	if (zone == NULL)
		return;
	zone->wild = true;
	delegate_inside(draw, zone, SIM_EPOCH_BOTH, 0);
	for (uint16_t i = first; i < draw->world->server_count; i++)
		draw->world->servers[i].manner = manner;
}

/* A zone that no other knows of: the operator says where its servers are. */
static void
add_private(struct draw *draw, uint8_t parent)
{
	struct sim_world *world = draw->world;
	struct sim_zone *zone = add_zone(draw, parent, 1, SIM_EPOCH_BOTH);
	const uint16_t port = sim_chance(draw->random, 50) ? PRIVATE_PORT : SIM_DNS_PORT;
	const uint16_t first = world->server_count;

	if (zone == NULL)
		return;
	zone->route = sim_chance(draw->random, 50) ? SIM_ROUTE_FORWARD : SIM_ROUTE_STUB;
	delegate_inside(draw, zone, SIM_EPOCH_BOTH, 0);
	if (sim_chance(draw->random, 50))
		delegate_inside(draw, zone, SIM_EPOCH_BOTH, 1);
	for (uint16_t i = first; i < world->server_count; i++) {
		world->servers[i].port = port;
		if (world->servers[i].manner == SIM_RECURSING)
			world->servers[i].manner = SIM_REFUSING; /* Empty answers count there. */
	}
}

static uint8_t
draw_parent(struct draw *draw, uint8_t tld_count)
{
	const struct sim_world *world = draw->world;

	if (sim_chance(draw->random, 30)) {
		const uint8_t any = (uint8_t)sim_between(draw->random, 1, world->zone_count - 1u);

		if (is_provider(&world->zones[any]))
			return any;
	}
	return (uint8_t)sim_between(draw->random, 1, tld_count);
}

static void
add_zones(struct draw *draw)
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
		draw_hosts(draw, tld, SIM_EPOCH_BOTH);
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

/* --- Data ------------------------------------------------------------------------------- */

/* Whether something may be put at `owner`: nothing is there, no cut or DNAME above it. */
static bool
owner_free(const struct sim_zone *zone, const struct qn_name *owner)
{
	for (uint16_t i = 0; i < zone->set_count; i++) {
		const struct qn_rrset *rrset = &zone->sets[i]->rrset;

		if (qn_name_equal(&rrset->owner, owner))
			return false;
		if ((rrset->type == QN_TYPE_NS || rrset->type == QN_TYPE_DNAME) &&
		    !qn_name_equal(&rrset->owner, &zone->origin) &&
		    qn_name_within(owner, &rrset->owner))
			return false;
	}
	return true;
}

/* A new owner name, one to three labels below the apex; false when none was found. */
static bool
draw_owner(struct draw *draw, const struct sim_zone *zone, struct qn_name *owner)
{
	const uint32_t way = qn_random_below(draw->random, 100);
	const uint32_t labels = way < 65 ? 1 : way < 90 ? 2 : 3;

	qn_name_copy(owner, &zone->origin);
	for (uint32_t i = 0; i < labels; i++)
		if (!draw_below(draw, owner, owner))
			return false;
	return owner_free(zone, owner);
}

/* Some name for an alias to lead to: mostly one that exists. */
static void
draw_target(struct draw *draw, struct qn_name *target)
{
	const struct sim_world *world = draw->world;

	qn_name_copy(
	    target, &world->sets[qn_random_below(draw->random, world->set_count)].rrset.owner);
	if (sim_chance(draw->random, 20))
		(void)draw_below(draw, target, target);
}

static void
add_address(struct draw *draw, struct sim_set *set)
{
	uint8_t octets[16] = {198, 51};
	const size_t len = set->rrset.type == QN_TYPE_AAAA ? 16 : 4;

	for (size_t i = 2; i < len; i++)
		octets[i] = (uint8_t)qn_random_u32(draw->random);
	sim_set_add(draw->world, set, (struct qn_view){octets, len});
}

static void
add_text(struct draw *draw, struct sim_set *set, bool large)
{
	uint8_t text[256];
	const uint8_t len = (uint8_t)(large ? 255 : sim_between(draw->random, 0, 60));

	text[0] = len;
	qn_random_fill(draw->random, (struct qn_span){text + 1, len});
	sim_set_add(draw->world, set, (struct qn_view){text, 1u + len});
}

/* MX or SRV: `fixed` octets and a name. */
static void
add_pointer(struct draw *draw, struct sim_set *set, size_t fixed)
{
	uint8_t rdata[6 + QN_NAME_MAX];
	struct qn_name target;

	draw_target(draw, &target);
	qn_random_fill(draw->random, (struct qn_span){rdata, fixed});
	memcpy(rdata + fixed, target.octets, target.len);
	sim_set_add(draw->world, set, (struct qn_view){rdata, fixed + target.len});
}

static void
add_rdata(struct draw *draw, struct sim_set *set)
{
	const bool large = sim_chance(draw->random, 4);
	const uint32_t most = sim_chance(draw->random, 20) ? RECORDS_MOST : 25;
	const uint32_t count =
	    large ? sim_between(draw->random, 5, most) : sim_between(draw->random, 1, 4);

	for (uint32_t i = 0; i < count; i++) {
		switch (set->rrset.type) {
		case QN_TYPE_A:
		case QN_TYPE_AAAA:
			add_address(draw, set);
			break;
		case QN_TYPE_MX:
			add_pointer(draw, set, 2);
			break;
		case QN_TYPE_SRV:
			add_pointer(draw, set, 6);
			break;
		default:
			add_text(draw, set, large);
			break;
		}
	}
}

static void
add_data_set(struct draw *draw, struct sim_zone *zone, const struct qn_name *owner, uint16_t type)
{
	const bool changing = draw->world->change.us != UINT64_MAX;
	const uint32_t fate = changing ? qn_random_below(draw->random, 100) : 100;
	const uint32_t ttl_s = draw_ttl_s(draw->random);

	if (sim_zone_set(zone, 0, owner, type) != NULL ||
	    sim_zone_set(zone, 1, owner, type) != NULL)
		return;

	if (fate >= 30) {
		add_rdata(
		    draw, sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_BOTH));
		return;
	}
	if (fate < 25)
		add_rdata(draw,
		    sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_FIRST));
	if (fate < 20 || fate >= 25)
		add_rdata(
		    draw, sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_LAST));
}

static void
add_data(struct draw *draw, struct sim_zone *zone)
{
	static const uint16_t types[] = {
	    QN_TYPE_A, QN_TYPE_A, QN_TYPE_AAAA, QN_TYPE_TXT, QN_TYPE_MX, QN_TYPE_SRV, 65280};
	struct qn_name owner;

	for (uint32_t left = sim_between(draw->random, 2, 8); left > 0; left--) {
		if (!draw_owner(draw, zone, &owner))
			continue;
		for (uint32_t more = sim_between(draw->random, 1, 2); more > 0; more--)
			add_data_set(draw, zone, &owner, SIM_PICK(draw->random, types));
	}
}

static void
add_wildcard(struct draw *draw, struct sim_zone *zone)
{
	static const uint16_t types[] = {QN_TYPE_A, QN_TYPE_TXT, QN_TYPE_MX};
	struct qn_name owner;

	qn_name_copy(&owner, &zone->origin);
	if (sim_chance(draw->random, 50) && !draw_owner(draw, zone, &owner))
		return;
	if (name_prepend_text(&owner, "*") && owner_free(zone, &owner))
		add_data_set(draw, zone, &owner, SIM_PICK(draw->random, types));
}

static void
add_alias(struct draw *draw, struct sim_zone *zone, const struct qn_name *owner, uint16_t type,
    const struct qn_name *target)
{
	const uint32_t ttl_s = draw_ttl_s(draw->random);

	sim_set_add_name(draw->world,
	    sim_world_add_set(draw->world, zone, owner, type, ttl_s, SIM_EPOCH_BOTH), target);
}

/* A chain of CNAMEs through zones; the last one leads anywhere, or back into the chain. */
static void
add_chain(struct draw *draw)
{
	const uint32_t length = sim_chance(draw->random, 70)
	                            ? sim_between(draw->random, 1, 3)
	                            : sim_between(draw->random, 4, CHAIN_MOST);
	struct qn_name target, owner;

	draw_target(draw, &target);
	for (uint32_t i = 0; i < length; i++) {
		struct sim_zone *zone =
		    &draw->world->zones[qn_random_below(draw->random, draw->world->zone_count)];

		if (!draw_owner(draw, zone, &owner))
			return;
		if (i == 0 && sim_chance(draw->random, 8))
			qn_name_copy(&target, &owner); /* A loop of one. */
		add_alias(draw, zone, &owner, QN_TYPE_CNAME, &target);
		qn_name_copy(&target, &owner);
	}
}

/* Two aliases that lead to each other, perhaps from zone to zone. */
static void
add_loop(struct draw *draw)
{
	struct sim_zone *zones[2];
	struct qn_name owners[2];

	for (unsigned i = 0; i < 2; i++) {
		zones[i] =
		    &draw->world->zones[qn_random_below(draw->random, draw->world->zone_count)];
		if (!draw_owner(draw, zones[i], &owners[i]))
			return;
	}
	add_alias(draw, zones[0], &owners[0], QN_TYPE_CNAME, &owners[1]);
	if (owner_free(zones[1], &owners[1]))
		add_alias(draw, zones[1], &owners[1], QN_TYPE_CNAME, &owners[0]);
}

static void
add_dname(struct draw *draw, struct sim_zone *zone)
{
	const struct sim_zone *other =
	    &draw->world->zones[qn_random_below(draw->random, draw->world->zone_count)];
	struct qn_name owner;

	if (draw_owner(draw, zone, &owner))
		add_alias(draw, zone, &owner, QN_TYPE_DNAME, &other->origin);
}

static void
add_all_data(struct draw *draw)
{
	struct sim_world *world = draw->world;

	for (uint8_t i = 0; i < world->zone_count; i++) {
		add_data(draw, &world->zones[i]);
		if (i > 0 && sim_chance(draw->random, 40))
			add_wildcard(draw, &world->zones[i]);
		if (i > 0 && sim_chance(draw->random, 20))
			add_dname(draw, &world->zones[i]);
	}
	for (uint32_t left = sim_between(draw->random, 2, 12); left > 0; left--)
		add_chain(draw);
	if (sim_chance(draw->random, 50))
		add_loop(draw);
}

/* --- All of it -------------------------------------------------------------------------- */

void
sim_generate(struct sim_plan *plan, struct sim_world *world, uint64_t seed, struct qn_mono start)
{
	struct qn_random random;
	struct draw draw = {plan, world, &random, start};

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
	add_zones(&draw);
	add_all_data(&draw);
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
