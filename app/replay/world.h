/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The world around one shard: a clock that only moves when told, and one link.
 *
 * The real shard sits at one end of the link and gets frames as a port would hand them over.
 * At the other end is a router, which answers the shard's neighbour requests with the same
 * code (net/link.h) and behind which are all clients and all servers. What the shard sends is
 * taken out of its frames and told to the owner of the world; what the owner sends arrives
 * when its time has come.
 *
 * Owner:  one thread.
 * Time:   virtual; starts at 0 s monotonic and the wall clock given.
 * Bounds: a datagram must fit a frame of QN_FRAME_LEN_MAX octets, else it is lost.
 */
#include "shard/shard.h"

/** How a query to an authority travels, and its answer back. */
struct world_path {
	struct qn_endpoint server;
	struct qn_endpoint source; /* Of a datagram. */
	bool tcp;
	uint64_t token; /* Of a query over TCP. */
};

/** A query of the shard to an authority. */
struct world_query {
	struct world_path path;
	struct qn_view octets;
};

/** What the shard does, told as it happens; the views are valid during the call only. */
struct world_events {
	void *context;
	void (*query)(void *context, const struct world_query *query);
	void (*answer)(void *context, const struct qn_endpoint *client, struct qn_view octets);
};

struct world_setup {
	const struct qn_shard_config *config; /* Services are filled in by the world. */
	struct qn_wall wall;
	uint32_t seed;
	struct world_events events;
};

struct world;

/** Builds a world; ends the program when there is no memory. */
struct world *world_create(const struct world_setup *setup);

void world_destroy(struct world *world);

/** Sends a client's datagram to the service address of its family, now. */
void world_ask(struct world *world, const struct qn_endpoint *client, struct qn_view octets);

/** Sends a message back on the path of a query so that it arrives after `delay_us`. */
void world_send(
    struct world *world, const struct world_path *path, struct qn_view octets, uint64_t delay_us);

/** Tells the shard that no answer can come; over UDP it is not told, as most hosts are not. */
void world_fail(struct world *world, const struct world_path *path);

/**
 * Does the next thing that is due before `until`: hands over one message or runs timers, and
 * moves the clock there. Without any, moves the clock to `until` and returns false.
 */
bool world_turn(struct world *world, struct qn_mono until);

/** Whether messages are on their way to the shard. */
bool world_has_traffic(const struct world *world);

/** When the shard's next timer is due, at most `until`. */
struct qn_mono world_due(const struct world *world, struct qn_mono until);

/** Whether nothing will happen before `until`: no message on its way, and no timer due. */
bool world_is_idle(const struct world *world, struct qn_mono until);

struct qn_now world_now(const struct world *world);

/** Forgets what the shard's cache holds at or below `name`. */
void world_flush(struct world *world, const struct qn_name *name);

/**
 * The address under which the shard sees a client at `address`: itself, but for loopback,
 * which no frame can come from.
 */
struct qn_address world_client_address(const struct qn_address *address);
