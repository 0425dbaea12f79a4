/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The node under test: one or two shards as workers would run them, and their memory.
 */
#include "base/span.h"
#include "base/time.h"
#include "net/packet.h"
#include "nsdb/nsdb.h"
#include "shard/shard.h"

struct sim;

#define SIM_WORKER_MAX 2

/** Octets behind each block that nobody may touch. */
#define SIM_GUARD_LEN 64

/** Figures of a shard that the simulation looks at. */
enum sim_figure {
	SIM_FIGURE_PARKED,
	SIM_FIGURE_TASKS,
	SIM_FIGURE_UPSTREAM,
	SIM_FIGURE_SPARE,
	SIM_FIGURE_LARGE_PAGES,
	SIM_FIGURE_CACHE_BYTES,
	SIM_FIGURE_CACHE_BYTES_MAX,
	SIM_FIGURE_SHED,
	SIM_FIGURE_LOOKUPS,
	SIM_FIGURE_EVICTED,
	SIM_FIGURE_COUNT,
};

struct sim_node {
	struct qn_span link_block;
	struct qn_span port_block;
	struct qn_span nsdb_block;
	struct qn_span cache_blocks[SIM_WORKER_MAX];
	struct qn_span shard_blocks[SIM_WORKER_MAX];
	struct qn_shard_config configs[2]; /* The snapshot in use, and the one before. */
	unsigned config;
	struct qn_shard_limits limits;
	struct qn_shard_shared shared;
	struct qn_shard *shards[SIM_WORKER_MAX];
	struct qn_nsdb *nsdb; /* What both know of authorities. */
	struct qn_mono folded_at;
	uint32_t figures[SIM_FIGURE_COUNT];
};

/** Where the node and its neighbours are. */
extern const struct qn_prefix sim_node_networks[2]; /* The node's address in each. */
extern const struct qn_address sim_gateways[2];
extern const struct qn_prefix sim_client_networks[2];   /* Allowed to ask. */
extern const struct qn_prefix sim_outsider_networks[2]; /* Not allowed to. */
extern const uint8_t sim_node_mac[QN_MAC_OCTETS];
extern const uint8_t sim_gateway_mac[QN_MAC_OCTETS];

void sim_node_destroy(struct sim_node *node);

/** Builds the node anew for the plan and hints of the world; false without memory. */
bool sim_node_start(struct sim *sim);

/** Gives the shards a new snapshot of their configuration, and spoils the old one. */
void sim_node_configure(struct sim *sim);

/** Hands a received frame to the worker that the device would choose. */
void sim_node_input(struct sim *sim, struct qn_packet *packet);

/** Hands a worker what came of a query over TCP: a reply, or none where `message` is empty. */
void sim_node_stream(struct sim *sim, uint16_t worker, uint64_t token, struct qn_view message);

/** Runs timers that are due and puts out all that wants to leave. */
void sim_node_turn(struct sim *sim);

/** When the node wants to run next if no frame comes. */
struct qn_mono sim_node_next(const struct sim *sim);

/** A figure summed up over all workers. */
uint64_t sim_node_figure(const struct sim *sim, enum sim_figure figure);

/** Whether any octet behind a block was touched. */
bool sim_node_guards_whole(const struct sim_node *node);

/** Upstream ports claimed at the moment. */
uint32_t sim_node_port_count(const struct sim_node *node);
