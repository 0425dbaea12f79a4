/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/node.h"

#include "cache/cache.h"
#include "sim/generate.h"
#include "sim/sim.h"

#include <stdlib.h>

#define MTU          1500
#define GUARD_BYTE   0xa5
#define REST_MOST_US (60 * QN_US_PER_S)

/* Statistics of authorities: few rows, so that some are replaced, and a turn as in the daemon. */
#define NSDB_ROW_MAX 256
#define NSDB_TURN_US (40 * QN_US_PER_MS)

const struct qn_prefix sim_node_networks[2] = {
    {{{172, 16, 0, 2}, QN_FAMILY_IPV4}, 24},
    {{{0xfd, 0, 0, 1, [15] = 2}, QN_FAMILY_IPV6}, 64},
};
const struct qn_address sim_gateways[2] = {
    {{172, 16, 0, 1}, QN_FAMILY_IPV4},
    {{0xfd, 0, 0, 1, [15] = 1}, QN_FAMILY_IPV6},
};
const struct qn_prefix sim_client_networks[2] = {
    {{{172, 20}, QN_FAMILY_IPV4}, 16},
    {{{0xfd, 0, 0, 0xc}, QN_FAMILY_IPV6}, 32},
};
const struct qn_prefix sim_outsider_networks[2] = {
    {{{172, 21}, QN_FAMILY_IPV4}, 16},
    {{{0xfd, 0, 0, 0xd}, QN_FAMILY_IPV6}, 32},
};
const uint8_t sim_node_mac[QN_MAC_OCTETS] = {0x02, 0, 0, 0, 0, 2};
const uint8_t sim_gateway_mac[QN_MAC_OCTETS] = {0x02, 0, 0, 0, 0, 1};

static const char *const figure_names[] = {
    [SIM_FIGURE_PARKED] = "parked_clients",
    [SIM_FIGURE_TASKS] = "tasks",
    [SIM_FIGURE_UPSTREAM] = "upstream_in_flight",
    [SIM_FIGURE_SPARE] = "upstream_spare",
    [SIM_FIGURE_LARGE_PAGES] = "large_pages",
    [SIM_FIGURE_CACHE_BYTES] = "cache_bytes",
    [SIM_FIGURE_CACHE_BYTES_MAX] = "cache_bytes_max",
    [SIM_FIGURE_SHED] = "client_shed",
    [SIM_FIGURE_LOOKUPS] = "lookups",
    [SIM_FIGURE_EVICTED] = "cache_evicted",
};

/* --- Memory ----------------------------------------------------------------------------- */

/* Makes `block` `len` octets long with a guard behind it; keeps the memory if it is that long. */
static bool
block_prepare(struct qn_span *block, size_t len)
{
	const size_t whole =
	    (len + SIM_GUARD_LEN + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);

	if (block->len != len) {
		free(block->data);
		block->data = aligned_alloc(QN_ARENA_ALIGN, whole);
		block->len = len;
	}
	if (block->data != NULL)
		memset(block->data + len, GUARD_BYTE, whole - len);
	return block->data != NULL;
}

static bool
guard_whole(struct qn_span block)
{
	for (unsigned i = 0; i < SIM_GUARD_LEN; i++)
		if (block.data[block.len + i] != GUARD_BYTE)
			return false;
	return true;
}

bool
sim_node_guards_whole(const struct sim_node *node)
{
	bool whole = guard_whole(node->link_block) && guard_whole(node->port_block) &&
	             guard_whole(node->nsdb_block);

	for (uint16_t i = 0; i < node->limits.worker_count; i++)
		whole = whole && guard_whole(node->cache_blocks[i]) &&
		        guard_whole(node->shard_blocks[i]);
	return whole;
}

void
sim_node_destroy(struct sim_node *node)
{
	free(node->link_block.data);
	free(node->port_block.data);
	free(node->nsdb_block.data);
	for (unsigned i = 0; i < SIM_WORKER_MAX; i++) {
		free(node->cache_blocks[i].data);
		free(node->shard_blocks[i].data);
	}
}

/* --- Building --------------------------------------------------------------------------- */

static void
config_fill(struct sim *sim, struct qn_shard_config *config)
{
	static const char node_id[] = "sim";

	*config = (struct qn_shard_config){.service_count = 2};
	memcpy(config->node_id, node_id, sizeof(node_id));
	for (unsigned i = 0; i < 2; i++) {
		const bool added =
		    qn_prefix_map_add(&config->access, &sim_client_networks[i], QN_ACCESS_ALLOW);

		qn_assert(added);
		config->service[i] = sim_node_networks[i].address;
	}
	sim_generate_config(&sim->world, &config->resolve);
	config->stale = (struct qn_shard_stale){
	    .age_max_s = sim->plan.stale_age_max_s,
	    .ttl_s = SIM_STALE_TTL_S,
	    .wait_ms = sim->plan.stale_wait_ms,
	};
	config->resolve.minimization = (uint8_t)sim->plan.minimization;
	config->resolve.use_ipv4 = sim->world.use_ipv4;
	config->resolve.use_ipv6 = sim->world.use_ipv6;
}

static struct qn_link *
link_build(struct sim_node *node, struct qn_hash_key hash_key)
{
	struct qn_link_config config = {
	    .mtu = MTU, .address_count = 2, .gateway_count = 2, .hash_key = hash_key};

	memcpy(config.mac, sim_node_mac, QN_MAC_OCTETS);
	for (unsigned i = 0; i < 2; i++) {
		config.addresses[i] = sim_node_networks[i];
		config.gateways[i] = sim_gateways[i];
	}
	return qn_link_init(node->link_block, &config);
}

static bool
blocks_prepare(struct sim_node *node, const struct sim_plan *plan)
{
	bool all = block_prepare(&node->link_block, qn_link_size()) &&
	           block_prepare(&node->port_block, qn_port_table_size()) &&
	           block_prepare(&node->nsdb_block, qn_nsdb_size(NSDB_ROW_MAX));

	for (uint8_t i = 0; i < plan->worker_count; i++)
		all = all &&
		      block_prepare(&node->cache_blocks[i], qn_cache_size(plan->cache_bytes)) &&
		      block_prepare(&node->shard_blocks[i], qn_shard_size(&node->limits));
	return all;
}

/* Finds the figures by name; a name that is gone is a bug of this program. */
static void
figures_find(struct sim_node *node)
{
	for (unsigned i = 0; i < SIM_FIGURE_COUNT; i++) {
		uint32_t at = 0;

		while (at < qn_shard_figure_count() &&
		       strcmp(qn_shard_figure(at).name, figure_names[i]) != 0)
			at++;
		qn_assert(at < qn_shard_figure_count());
		node->figures[i] = at;
	}
}

bool
sim_node_start(struct sim *sim)
{
	struct sim_node *node = &sim->node;
	const struct sim_plan *plan = &sim->plan;
	uint8_t seed[QN_RANDOM_SEED_LEN];

	node->limits = (struct qn_shard_limits){
	    .worker_count = plan->worker_count,
	    .link_count = 1,
	    .client_max = plan->client_max,
	    .task_max = plan->task_max,
	    .upstream_max = plan->upstream_max,
	    .tcp = sim->world.use_tcp,
	};
	if (!blocks_prepare(node, plan))
		return false;
	config_fill(sim, &node->configs[0]);
	node->config = 0;
	figures_find(node);
	node->shared.hash_key = (struct qn_hash_key){sim->seed, ~sim->seed};
	node->shared.links[0] = link_build(node, node->shared.hash_key);
	node->shared.ports = (struct qn_port_table *)(void *)node->port_block.data;
	qn_port_table_init(node->shared.ports);
	node->nsdb =
	    qn_nsdb_init(node->nsdb_block, NSDB_ROW_MAX, node->shared.hash_key, QN_NSDB_NOBODY);
	node->shared.standings = qn_nsdb_standings(node->nsdb);
	node->folded_at = sim->now.mono;
	for (uint8_t i = 0; i < plan->worker_count; i++)
		node->shared.caches[i] = qn_cache_init(node->cache_blocks[i], sim->now);
	sim_stream_seed(seed, sim->seed, SIM_STREAM_NODE);
	for (uint8_t i = 0; i < plan->worker_count; i++) {
		node->limits.worker = i;
		seed[QN_RANDOM_SEED_LEN - 1] = i;
		node->shards[i] = qn_shard_init(node->shard_blocks[i], &node->limits, &node->shared,
		    &node->configs[0], seed, sim->now);
	}
	return true;
}

void
sim_node_configure(struct sim *sim)
{
	struct sim_node *node = &sim->node;
	struct qn_shard_config *old = &node->configs[node->config];

	node->config ^= 1;
	config_fill(sim, &node->configs[node->config]);
	for (uint16_t i = 0; i < node->limits.worker_count; i++)
		qn_shard_configure(node->shards[i], &node->configs[node->config]);
	memset(old, GUARD_BYTE, sizeof(*old));
}

/* --- Running ---------------------------------------------------------------------------- */

/* Has a worker answer a frame from the cache, if that is all it wants. */
static bool
answered_quickly(struct sim *sim, uint32_t worker, struct qn_packet *packet)
{
	enum qn_shard_hit outcome = QN_SHARD_NO_HIT;

	if (sim->plan.quick)
		qn_shard_answer_hits(sim->node.shards[worker], 0, packet, 1, &outcome, sim->now);
	return outcome == QN_SHARD_HIT;
}

void
sim_node_input(struct sim *sim, struct qn_packet *packet)
{
	struct sim_node *node = &sim->node;
	/* The device spreads frames over its queues in a way nobody here can know. */
	uint32_t worker = qn_random_below(&sim->network.random, node->limits.worker_count);
	unsigned handovers = 0;

	if (answered_quickly(sim, worker, packet)) {
		sim_network_receive(sim, packet);
		return;
	}
	for (;;) {
		const struct qn_shard_result result =
		    qn_shard_input(node->shards[worker], 0, packet, sim->now);

		switch (result.verdict) {
		case QN_SHARD_SEND:
			sim_network_receive(sim, packet);
			return;
		case QN_SHARD_HANDOVER:
			if (result.worker >= node->limits.worker_count || result.worker == worker ||
			    handovers++ == 1) {
				sim_breach(sim, "a frame was handed over in circles");
				return;
			}
			worker = result.worker;
			break;
		case QN_SHARD_DONE:
		case QN_SHARD_PUNT:
			return;
		}
	}
}

void
sim_node_stream(struct sim *sim, uint16_t worker, uint64_t token, struct qn_view message)
{
	struct qn_shard *shard = sim->node.shards[worker];

	if (message.len > 0)
		qn_shard_stream_reply(shard, token, message, sim->now);
	else
		qn_shard_stream_failed(shard, token, sim->now);
}

static void
put_out_streams(struct sim *sim, uint16_t worker)
{
	uint8_t buffer[QN_SHARD_STREAM_LEN];
	const struct qn_span message = {buffer, sizeof(buffer)};
	struct qn_shard_stream stream;

	while (!sim->breached && qn_shard_take_stream(sim->node.shards[worker], &stream, message))
		sim_network_receive_stream(
		    sim, worker, &stream, (struct qn_view){buffer, stream.len});
}

static void
put_out(struct sim *sim, struct qn_shard *shard)
{
	uint8_t buffer[SIM_FRAME_MAX];
	struct qn_packet packet = {.data = buffer, .capacity = sizeof(buffer)};
	uint16_t link;

	while (!sim->breached && qn_shard_output(shard, &link, &packet, sim->now))
		sim_network_receive(sim, &packet);
}

/* What the control thread does, for both workers. */
static void
fold(struct sim_node *node, struct qn_mono now)
{
	struct qn_sample_ring *rings[SIM_WORKER_MAX];

	if (qn_mono_since_us(node->folded_at, now) < NSDB_TURN_US)
		return;
	for (uint16_t i = 0; i < node->limits.worker_count; i++)
		rings[i] = qn_shard_samples(node->shards[i]);
	qn_nsdb_fold(node->nsdb, rings, node->limits.worker_count);
	node->folded_at = now;
}

void
sim_node_turn(struct sim *sim)
{
	struct sim_node *node = &sim->node;

	fold(node, sim->now.mono);
	for (uint16_t i = 0; i < node->limits.worker_count; i++) {
		(void)qn_shard_expire(node->shards[i], sim->now, UINT32_MAX);
		put_out(sim, node->shards[i]);
		put_out_streams(sim, i);
	}
}

struct qn_mono
sim_node_next(const struct sim *sim)
{
	const struct sim_node *node = &sim->node;
	uint64_t rest_us = REST_MOST_US;

	for (uint16_t i = 0; i < node->limits.worker_count; i++)
		rest_us = qn_shard_rest_us(node->shards[i], sim->now, rest_us);
	return qn_mono_after_us(sim->now.mono, rest_us);
}

/* --- Figures ---------------------------------------------------------------------------- */

uint64_t
sim_node_figure(const struct sim *sim, enum sim_figure figure)
{
	const struct sim_node *node = &sim->node;
	uint64_t sum = 0;

	for (uint16_t i = 0; i < node->limits.worker_count; i++)
		sum += qn_shard_figure_value(node->shards[i], node->figures[figure]);
	return sum;
}

uint32_t
sim_node_port_count(const struct sim_node *node)
{
	uint32_t count = 0;
	uint16_t worker;
	uint32_t slot;

	for (uint32_t i = 0; i < QN_PORT_COUNT; i++)
		count += qn_port_owner(
		    node->shared.ports, (uint16_t)(QN_PORT_FIRST + i), &worker, &slot);
	return count;
}
