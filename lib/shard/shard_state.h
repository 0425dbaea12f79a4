/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of a shard; only the files of lib/shard include this.
 */
#include "base/pool.h"
#include "shard/client.h"
#include "shard/counters.h"
#include "shard/shard.h"
#include "shard/transport.h"

/** A client that waits for the iterator: all that its reply needs. */
struct qn_parked {
	struct qn_asker asker;
	struct qn_client_query query;
	struct qn_path path;
	struct qn_endpoint client;
	struct qn_endpoint service;
	uint16_t link;
};

struct qn_shard {
	struct qn_shard_limits limits;
	struct qn_shard_shared shared;
	const struct qn_shard_config *config;
	struct qn_resolver *resolver;
	struct qn_transport_table transport;
	struct qn_pool parked;
	qn_counter parked_gauge;
	uint64_t echo_left; /* Echo replies still allowed in this second. */
	struct qn_mono echo_until;
	struct qn_shard_counters counters;
	uint8_t value[QN_CACHE_VALUE_MAX];      /* What a cache lookup found. */
	uint8_t scratch[QN_CLIENT_SCRATCH_LEN]; /* A reply being cut down. */
};
