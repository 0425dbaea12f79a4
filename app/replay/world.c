/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include "cache/cache.h"
#include "region.h"

#include <stdlib.h>
#include <string.h>

#define DNS_PORT         53
#define CACHE_BYTES      (8u << 20)
#define CLIENT_MAX       1024
#define TASK_MAX         512
#define UPSTREAM_MAX     1024
#define EXPIRE_COUNT_MAX 256

/* A network that nobody else has (RFC 2544, RFC 4193): the router is its .1, the shard its .2. */
static const struct qn_prefix router_ipv4 = {{{198, 18, 53, 1}, QN_FAMILY_IPV4}, 30};
static const struct qn_prefix shard_ipv4 = {{{198, 18, 53, 2}, QN_FAMILY_IPV4}, 30};
static const struct qn_prefix router_ipv6 = {{{0xfd, 0x53, [15] = 1}, QN_FAMILY_IPV6}, 126};
static const struct qn_prefix shard_ipv6 = {{{0xfd, 0x53, [15] = 2}, QN_FAMILY_IPV6}, 126};

static const uint8_t router_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 1};
static const uint8_t shard_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 2};

/* A message on its way to the shard. */
struct delivery {
	struct delivery *next;
	struct qn_mono due;
	struct world_path path;
	size_t len;
	uint8_t octets[];
};

struct world {
	struct qn_now now;
	struct qn_wall wall_start;
	struct world_events events;
	struct qn_shard_config config;
	struct qn_shard *shard;
	struct qn_link *link;   /* The shard's end. */
	struct qn_link *router; /* The other. */
	struct qn_cache *cache;
	struct qn_port_table *ports;
	struct delivery *deliveries; /* In the order they are due. */
	uint8_t frame[QN_FRAME_LEN_MAX];
};

/* --- Building --------------------------------------------------------------------------- */

static struct qn_span
block_take(size_t len)
{
	return (struct qn_span){memory_take_aligned(QN_ARENA_ALIGN, len), len};
}

static struct qn_link *
link_create(const uint8_t *mac, const struct qn_prefix *ipv4, const struct qn_prefix *ipv6,
    bool behind_router)
{
	struct qn_link_config config = {
	    .mtu = QN_FRAME_LEN_MAX - 14,
	    .addresses = {*ipv4, *ipv6},
	    .address_count = 2,
	    .gateways = {router_ipv4.address, router_ipv6.address},
	    .gateway_count = behind_router ? 2 : 0,
	};

	memcpy(config.mac, mac, sizeof(config.mac));
	return qn_link_init(block_take(qn_link_size()), &config);
}

static void
shard_create(struct world *world, uint32_t seed)
{
	const struct qn_shard_limits limits = {
	    .worker_count = 1,
	    .link_count = 1,
	    .client_max = CLIENT_MAX,
	    .task_max = TASK_MAX,
	    .upstream_max = UPSTREAM_MAX,
	    .tcp = true,
	};
	const struct qn_shard_shared shared = {
	    .links = {world->link},
	    .caches = {world->cache},
	    .ports = world->ports,
	    .hash_key = {seed, ~(uint64_t)seed},
	};
	uint8_t seed_octets[QN_RANDOM_SEED_LEN] = {0};

	memcpy(seed_octets, &seed, sizeof(seed));
	world->shard = qn_shard_init(block_take(qn_shard_size(&limits)), &limits, &shared,
	    &world->config, seed_octets, world->now);
}

struct world *
world_create(const struct world_setup *setup)
{
	struct world *world = memory_take(sizeof(*world));

	world->wall_start = setup->wall;
	world->now.wall = setup->wall;
	world->events = setup->events;
	world->config = *setup->config;
	world->config.service[0] = shard_ipv4.address;
	world->config.service[1] = shard_ipv6.address;
	world->config.service_count = 2;
	world->link = link_create(shard_mac, &shard_ipv4, &shard_ipv6, true);
	world->router = link_create(router_mac, &router_ipv4, &router_ipv6, false);
	world->cache = qn_cache_init(block_take(qn_cache_size(CACHE_BYTES)), world->now);
	world->ports = memory_take_aligned(QN_ARENA_ALIGN, qn_port_table_size());
	qn_port_table_init(world->ports);
	shard_create(world, setup->seed);
	return world;
}

void
world_destroy(struct world *world)
{
	while (world->deliveries != NULL) {
		struct delivery *delivery = world->deliveries;

		world->deliveries = delivery->next;
		free(delivery);
	}
	free(world->shard);
	free(world->ports);
	free(world->cache);
	free(world->router);
	free(world->link);
	free(world);
}

/* --- Frames ----------------------------------------------------------------------------- */

static void shard_receive(struct world *world, uint32_t len);

/* Tells the owner what a datagram from the shard is. */
static void
datagram_sent(struct world *world, const struct qn_frame *frame)
{
	const struct qn_view octets = {world->frame + frame->payload_at, frame->payload_len};
	const struct world_query query = {
	    .path = {.server = frame->destination, .source = frame->source},
	    .octets = octets,
	};

	if (frame->source.port == DNS_PORT)
		world->events.answer(world->events.context, &frame->destination, octets);
	else
		world->events.query(world->events.context, &query);
}

/* Lets the router see the frame that the shard has left in `world->frame`. */
static void
shard_sent(struct world *world, uint32_t len)
{
	struct qn_frame frame;
	const enum qn_frame_kind kind = qn_frame_read(&frame, (struct qn_view){world->frame, len});

	if (kind == QN_FRAME_DROP || !qn_link_accepts(world->router, &frame))
		return; /* As any router would: the shard's next try will show it. */
	if (kind == QN_FRAME_UDP) {
		datagram_sent(world, &frame);
		return;
	}
	const struct qn_link_result result = qn_link_input(world->router,
	    (struct qn_span){world->frame, sizeof(world->frame)}, &frame, world->now);

	if (result.verdict == QN_LINK_REPLY)
		shard_receive(world, result.len);
}

/* Gives the shard the frame in `world->frame`. */
static void
shard_receive(struct world *world, uint32_t len)
{
	struct qn_packet packet = {world->frame, len, sizeof(world->frame), NULL};
	const struct qn_shard_result result = qn_shard_input(world->shard, 0, &packet, world->now);

	if (result.verdict == QN_SHARD_SEND)
		shard_sent(world, packet.len);
}

static void
shard_send_frames(struct world *world)
{
	while (qn_shard_has_output(world->shard, world->now)) {
		struct qn_packet packet = {world->frame, 0, sizeof(world->frame), NULL};
		uint16_t link;

		if (!qn_shard_output(world->shard, &link, &packet, world->now))
			return;
		shard_sent(world, packet.len);
	}
}

/* What the shard asks over TCP does not cross the link: sockets are the business of others. */
static void
shard_send_streams(struct world *world)
{
	uint8_t octets[QN_SHARD_STREAM_LEN];
	struct qn_shard_stream stream;

	while (
	    qn_shard_take_stream(world->shard, &stream, (struct qn_span){octets, sizeof(octets)})) {
		const struct world_query query = {
		    .path = {.server = stream.server, .tcp = true, .token = stream.token},
		    .octets = {octets, stream.len},
		};

		world->events.query(world->events.context, &query);
	}
}

static void
shard_send(struct world *world)
{
	shard_send_frames(world);
	shard_send_streams(world);
}

/* Puts a datagram into a frame of the router's and lets the shard have it. */
static void
datagram_arrive(struct world *world, const struct qn_endpoint *source,
    const struct qn_endpoint *destination, struct qn_view octets)
{
	const struct qn_span frame = {world->frame, sizeof(world->frame)};
	struct qn_path path = {.tagged = false};

	memcpy(path.source_mac, router_mac, sizeof(path.source_mac));
	memcpy(path.destination_mac, shard_mac, sizeof(path.destination_mac));
	const uint16_t payload_at = qn_frame_payload_at(&path, source->address.family);

	if (octets.len > frame.len - payload_at)
		return;
	memcpy(frame.data + payload_at, octets.data, octets.len);
	shard_receive(
	    world, qn_frame_build_udp(frame, &path, source, destination, (uint16_t)octets.len));
}

static void
deliver(struct world *world, const struct delivery *delivery)
{
	const struct world_path *path = &delivery->path;
	const struct qn_view octets = {delivery->octets, delivery->len};

	if (path->tcp)
		qn_shard_stream_reply(world->shard, path->token, octets, world->now);
	else
		datagram_arrive(world, &path->server, &path->source, octets);
	shard_send(world);
}

/* --- What the owner does ---------------------------------------------------------------- */

void
world_ask(struct world *world, const struct qn_endpoint *client, struct qn_view octets)
{
	const struct qn_endpoint service = {
	    client->address.family == QN_FAMILY_IPV6 ? shard_ipv6.address : shard_ipv4.address,
	    DNS_PORT,
	};

	datagram_arrive(world, client, &service, octets);
	shard_send(world);
}

void
world_send(
    struct world *world, const struct world_path *path, struct qn_view octets, uint64_t delay_us)
{
	struct delivery *delivery = memory_take(sizeof(*delivery) + octets.len);
	struct delivery **place = &world->deliveries;

	delivery->due = qn_mono_after_us(world->now.mono, delay_us);
	delivery->path = *path;
	delivery->len = octets.len;
	memcpy(delivery->octets, octets.data, octets.len);
	/* Behind what is due at the same time. */
	while (*place != NULL && (*place)->due.us <= delivery->due.us)
		place = &(*place)->next;
	delivery->next = *place;
	*place = delivery;
}

void
world_fail(struct world *world, const struct world_path *path)
{
	if (!path->tcp)
		return;
	qn_shard_stream_failed(world->shard, path->token, world->now);
	shard_send(world);
}

static void
clock_set(struct world *world, struct qn_mono mono)
{
	world->now.mono = mono;
	world->now.wall.s = world->wall_start.s + (int64_t)(mono.us / QN_US_PER_S);
}

struct qn_mono
world_due(const struct world *world, struct qn_mono until)
{
	const uint64_t most_us = qn_mono_since_us(world->now.mono, until);

	return qn_mono_after_us(
	    world->now.mono, qn_shard_rest_us(world->shard, world->now, most_us));
}

bool
world_is_idle(const struct world *world, struct qn_mono until)
{
	return world->deliveries == NULL && world_due(world, until).us >= until.us;
}

bool
world_turn(struct world *world, struct qn_mono until)
{
	struct delivery *delivery = world->deliveries;
	const struct qn_mono due = world_due(world, until);

	if (delivery != NULL && delivery->due.us <= due.us) {
		clock_set(world, delivery->due);
		world->deliveries = delivery->next;
		deliver(world, delivery);
		free(delivery);
		return true;
	}
	clock_set(world, due);
	if (due.us >= until.us)
		return false;
	(void)qn_shard_expire(world->shard, world->now, EXPIRE_COUNT_MAX);
	shard_send(world);
	return true;
}

bool
world_has_traffic(const struct world *world)
{
	return world->deliveries != NULL;
}

struct qn_now
world_now(const struct world *world)
{
	return world->now;
}

void
world_flush(struct world *world, const struct qn_name *name)
{
	uint32_t count;

	while (!qn_shard_flush(world->shard, name, &count))
		;
}

struct qn_address
world_client_address(const struct qn_address *address)
{
	static const struct qn_prefix loopback_ipv4 = {{{127}, QN_FAMILY_IPV4}, 8};
	static const struct qn_prefix loopback_ipv6 = {{{[15] = 1}, QN_FAMILY_IPV6}, 128};

	if (qn_prefix_contains(&loopback_ipv4, address))
		return router_ipv4.address;
	if (qn_prefix_contains(&loopback_ipv6, address))
		return router_ipv6.address;
	return *address;
}
