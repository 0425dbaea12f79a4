/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A node for benchmarks of hits: real shards whose caches have been filled by hand, and
 * clients' queries for what is in them.
 *
 * Entry N is the A record of hostN.example.com, N with at least six digits. Queries are frames
 * over IPv4 with an OPT record, as the benchmark programs of the trade send them.
 */
#include "bench.h"
#include "cache/cache.h"
#include "shard/shard.h"

#define NODE_WORKER_MAX 2
#define NODE_FRAME_MAX  2048

/* From one buffer to the next, as in DPDK's pools: a power of two would crowd a few cache sets. */
#define NODE_BUFFER_LEN 2368

struct node {
	uint32_t entry_count;
	uint16_t worker_count;
	struct qn_now now;
	struct qn_shard_config config;
	struct qn_shard_shared shared;
	struct qn_shard *shards[NODE_WORKER_MAX];
};

/** Builds a node whose caches hold `entry_count` answers, each in that of its home worker. */
void node_build(struct node *node, uint16_t worker_count, uint32_t entry_count);

/** Octets of cache in use. */
uint64_t node_cache_bytes(const struct node *node);

/**
 * Ready-made queries, `count` of them: packets with buffers of their own, and their first
 * state, to be copied back in when they have become replies.
 */
struct node_queries {
	uint32_t count;
	struct qn_packet *packets;
	struct {
		uint32_t len;
		uint8_t data[128];
	} * originals;
};

void node_queries_build(struct node_queries *queries, uint32_t count);

/** Makes query `at` the one for entry `number`. */
void node_query_set(struct node_queries *queries, uint32_t at, uint32_t number);

/** Puts all packets back to what they were as queries. */
void node_queries_reset(struct node_queries *queries);
