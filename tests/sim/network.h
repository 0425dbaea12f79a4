/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Everything on its way: frames towards the node, and moments at which clients act.
 *
 * Events leave in the order of their time, then in the order they were added. The node's
 * frames are taken apart here and given to the gateway, a server or a client.
 */
#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "net/link.h"
#include "net/packet.h"
#include "shard/shard.h"
#include "sim/authority.h"

#include <stdbool.h>

#define SIM_FRAME_MAX 2048

struct sim;

enum sim_event_kind {
	SIM_EVENT_FRAME,         /* Reaches the node. */
	SIM_EVENT_STREAM,        /* A reply over TCP reaches the node. */
	SIM_EVENT_STREAM_FAILED, /* A connection of the node breaks. */
	SIM_EVENT_ROUND,         /* Clients ask their next question. */
};

struct sim_event {
	struct qn_mono at;
	uint64_t order;
	enum sim_event_kind kind;
	uint16_t worker; /* With the two of TCP: whose query it was. */
	uint64_t token;
	uint8_t set_count; /* Sets of the world that it truly delivers. */
	uint16_t sets[SIM_REPLY_PART_MAX];
	uint32_t len;
	uint8_t bytes[]; /* The frame, or the message over TCP. */
};

struct sim_network {
	struct qn_random random;
	struct sim_event **heap;
	uint32_t event_count;
	uint32_t event_max;
	uint64_t order;
	struct qn_link *gateway;
	struct qn_span gateway_block;
};

/** A datagram for the node. */
struct sim_datagram {
	struct qn_endpoint source;
	struct qn_endpoint destination;
	struct qn_view payload;
	uint64_t delay_us;
	const uint16_t *sets;
	uint8_t set_count;
};

/** False without memory. */
bool sim_network_create(struct sim_network *network);
void sim_network_destroy(struct sim_network *network);

/** Empties the network for a new run. */
void sim_network_start(struct sim *sim);

void sim_network_send(struct sim *sim, const struct sim_datagram *datagram);

/** Sends bytes that need not be a datagram, Ethernet header included. */
void sim_network_send_frame(struct sim *sim, struct qn_view frame, uint64_t delay_us);

/** Has the clients ask their next question at `at`. */
void sim_network_plan_round(struct sim *sim, struct qn_mono at);

/** When the next event is due; the end of time when there is none. */
struct qn_mono sim_network_next(const struct sim *sim);

/** Takes the next event if it is due at `until`; NULL otherwise. Give it back. */
struct sim_event *sim_network_take(struct sim *sim, struct qn_mono until);
void sim_network_give_back(struct sim_event *event);

/** Handles a frame that the node has sent, in place. */
void sim_network_receive(struct sim *sim, struct qn_packet *packet);

/** Handles a query that a worker wants asked over TCP. */
void sim_network_receive_stream(
    struct sim *sim, uint16_t worker, const struct qn_shard_stream *stream, struct qn_view message);
