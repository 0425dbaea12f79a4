/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include "base/endian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOWN_LEAST_S  10
#define DOWN_MOST_S   300
#define LOSSY_LEAST_S 10
#define LOSSY_MOST_S  60
#define LOSS_LEAST    10
#define LOSS_MOST     50

/* One nameserver in so many is reached over IPv6. */
#define IPV6_SHARE 4

#define HOUR_US (3600.0 * QN_US_PER_S)

/* --- Addresses -------------------------------------------------------------------------- */

/* The number of the server stands in the last three octets. */
static struct qn_address
address_of(uint32_t number, bool ipv6)
{
	struct qn_address address = {{100}, QN_FAMILY_IPV4};

	if (ipv6)
		address = (struct qn_address){{0x20, 0x01, 0x0d, 0xb8}, QN_FAMILY_IPV6};
	uint8_t *end = address.octets + qn_family_octets(address.family);

	end[-3] = (uint8_t)(number >> 16);
	end[-2] = (uint8_t)(number >> 8);
	end[-1] = (uint8_t)number;
	return address;
}

struct world_server *
world_server_at(struct world *world, const struct qn_address *address)
{
	const uint8_t *end = address->octets + qn_family_octets(address->family);
	const uint32_t number = (uint32_t)end[-3] << 16 | (uint32_t)end[-2] << 8 | end[-1];

	if (number >= world->server_count ||
	    !qn_address_equal(&world->servers[number].address, address))
		return NULL;
	return &world->servers[number];
}

/* --- Building --------------------------------------------------------------------------- */

static void
zone_build(struct world *world, uint32_t number)
{
	struct world_zone *zone = &world->zones[number];

	zone->server_first = world->server_count;
	zone->server_count = WORLD_SERVER_LEAST + qn_random_below(&world->random,
						      WORLD_SERVER_MOST - WORLD_SERVER_LEAST + 1);
	for (uint32_t i = 0; i < zone->server_count; i++) {
		const bool ipv6 = qn_random_below(&world->random, IPV6_SHARE) == 0;

		world->servers[world->server_count] = (struct world_server){
		    .address = address_of(world->server_count, ipv6),
		    .zone = number,
		    .rtt_us = rtts_draw_us(&world->rtts, &world->random),
		};
		world->server_count++;
	}
}

bool
world_create(struct world *world, const char *rtt_path, uint32_t zone_count, double unrest,
    uint64_t seed, struct qn_mono start)
{
	uint8_t bytes[QN_RANDOM_SEED_LEN] = {0};
	double sum = 0;

	qn_store_be32(bytes, (uint32_t)(seed >> 32));
	qn_store_be32(bytes + 4, (uint32_t)seed);
	*world = (struct world){
	    .zones = calloc(zone_count, sizeof(*world->zones)),
	    .zone_count = zone_count,
	    .servers = calloc((size_t)zone_count * WORLD_SERVER_MOST, sizeof(*world->servers)),
	    .popularity = calloc(zone_count, sizeof(*world->popularity)),
	};
	qn_random_init(&world->random, bytes);
	bytes[8] = 1;
	qn_random_init(&world->replies, bytes);
	if (world->zones == NULL || world->servers == NULL || world->popularity == NULL ||
	    !rtts_read(&world->rtts, rtt_path))
		return false;
	for (uint32_t i = 0; i < zone_count; i++) {
		zone_build(world, i);
		sum += 1.0 / (i + 1);
		world->popularity[i] = sum;
	}
	for (uint32_t i = 0; i < zone_count; i++)
		world->popularity[i] /= sum;
	world->change_us = HOUR_US / unrest / world->server_count;
	world->change_due = qn_mono_after_us(start, world_draw_gap_us(world, world->change_us));
	return true;
}

void
world_destroy(struct world *world)
{
	rtts_destroy(&world->rtts);
	free(world->zones);
	free(world->servers);
	free(world->popularity);
}

/* --- Chance ----------------------------------------------------------------------------- */

/* From 0 (excluded) to 1. */
static double
draw(struct world *world)
{
	return (qn_random_u32(&world->random) + 1.0) / 4294967296.0;
}

uint64_t
world_draw_gap_us(struct world *world, double mean_us)
{
	return (uint64_t)(-log(draw(world)) * mean_us);
}

uint32_t
world_draw_zone(struct world *world)
{
	const double place = draw(world);
	uint32_t least = 0, most = world->zone_count - 1;

	while (least < most) {
		const uint32_t middle = least + (most - least) / 2;

		if (world->popularity[middle] < place)
			least = middle + 1;
		else
			most = middle;
	}
	return least;
}

/* As likely to be in any one octave as in any other. */
static uint64_t
draw_length_us(struct world *world, double least_s, double most_s)
{
	return (uint64_t)(least_s * pow(most_s / least_s, draw(world)) * QN_US_PER_S);
}

/* --- Changes ---------------------------------------------------------------------------- */

static void
change_server(struct world *world, struct world_server *server, struct qn_mono now)
{
	struct world_zone *zone = &world->zones[server->zone];

	zone->changed = now;
	switch (qn_random_below(&world->random, WORLD_CHANGE_COUNT - 1)) {
	case 0:
		zone->change = WORLD_DEATH;
		server->down_until =
		    qn_mono_after_us(now, draw_length_us(world, DOWN_LEAST_S, DOWN_MOST_S));
		if (!qn_mono_reached(server->down_until, zone->recovered))
			zone->recovered = server->down_until;
		break;
	case 1:
		zone->change = WORLD_LOSS;
		server->lossy_until =
		    qn_mono_after_us(now, draw_length_us(world, LOSSY_LEAST_S, LOSSY_MOST_S));
		server->loss_percent =
		    LOSS_LEAST + qn_random_below(&world->random, LOSS_MOST - LOSS_LEAST + 1);
		break;
	default:
		zone->change = WORLD_ROUTE;
		server->rtt_us = rtts_draw_us(&world->rtts, &world->random);
		server->moved = true;
		break;
	}
}

void
world_change(struct world *world, struct qn_mono now)
{
	while (qn_mono_reached(world->change_due, now)) {
		struct world_server *server =
		    &world->servers[qn_random_below(&world->random, world->server_count)];

		change_server(world, server, world->change_due);
		world->change_due = qn_mono_after_us(
		    world->change_due, 1 + world_draw_gap_us(world, world->change_us));
	}
}

bool
world_reply_us(
    struct world *world, const struct world_server *server, struct qn_mono now, uint64_t *us)
{
	if (!qn_mono_reached(server->down_until, now))
		return false;
	if (!qn_mono_reached(server->lossy_until, now) &&
	    qn_random_below(&world->replies, 100) < server->loss_percent)
		return false;
	*us = rtts_jitter_us(&world->replies, server->rtt_us);
	return true;
}

/* --- The oracle ------------------------------------------------------------------------- */

double
world_server_us(const struct world_server *server, struct qn_mono now)
{
	const double us = server->rtt_us * rtts_jitter_mean();

	if (!qn_mono_reached(server->down_until, now))
		return 0;
	return qn_mono_reached(server->lossy_until, now)
	           ? us
	           : us * 100.0 / (100.0 - server->loss_percent);
}

double
world_oracle_us(const struct world *world, const struct world_zone *zone, struct qn_mono now)
{
	double best_us = 0;

	for (uint32_t i = 0; i < zone->server_count; i++) {
		const double us = world_server_us(&world->servers[zone->server_first + i], now);

		if (us > 0 && (best_us == 0 || us < best_us))
			best_us = us;
	}
	return best_us;
}
