/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of a shard; only the files of lib/shard include this.
 */
#include "base/pool.h"
#include "shard/client.h"
#include "shard/counters.h"
#include "shard/join.h"
#include "shard/shard.h"
#include "shard/transport.h"
#include "zone/zones.h"

/** A client that waits for the iterator: all that its reply needs. */
struct qn_parked {
	struct qn_asker asker;
	struct qn_client_query query;
	bool stream; /* Over a stream: `token` names it; else what follows does. */
	uint64_t token;
	struct qn_path path;
	struct qn_endpoint client;
	struct qn_endpoint service;
	uint16_t link;
	uint16_t network_slot;
	bool led;            /* By aliases in local data, to another name that is resolved. */
	uint32_t asked_hash; /* Of the cache key of what is resolved. */
};

/** Parked clients are counted by network, in slots that a keyed hash of it gives. */
#define QN_PARKED_SLOT_COUNT 4096u

struct qn_shard {
	struct qn_shard_limits limits;
	struct qn_shard_shared shared;
	const struct qn_shard_config *config;
	struct qn_resolver *resolver;
	struct qn_transport_table transport;
	struct qn_pool parked;
	uint32_t parked_by_network[QN_PARKED_SLOT_COUNT]; /* By where they come from. */
	qn_counter parked_gauge;
	bool sweeping; /* A flush is on its way; `sweep` says where it stands. */
	struct qn_cache_sweep sweep;
	uint64_t echo_left; /* Echo replies still allowed in this second. */
	struct qn_mono echo_until;
	struct qn_shard_counters counters;
	uint8_t value[QN_CACHE_VALUE_MAX]; /* What a cache lookup found. */
	uint8_t local[QN_CACHE_VALUE_MAX]; /* What local data said. */
	struct qn_join_room join;
	uint8_t scratch[QN_CLIENT_SCRATCH_LEN]; /* A reply being cut down. */
};

static inline struct qn_shard_result
qn_shard_result_of(enum qn_shard_verdict verdict)
{
	return (struct qn_shard_result){.verdict = verdict};
}

/* shard.c */

/** Whether `destination` is where clients may ask. */
bool qn_shard_is_service(const struct qn_shard *shard, const struct qn_endpoint *destination);

/* shard_local.c: local data, by client. */

/**
 * Asks the local data that a client sees. The answer is a view into `shard->local`; with
 * QN_ZONE_LEAD, `led` is what is left to resolve.
 */
QN_MUST_USE enum qn_zone_verdict qn_shard_local_answer(struct qn_shard *shard,
    const struct qn_address *client, const struct qn_question *question, struct qn_answer *answer,
    struct qn_question *led);

/* shard_client.c: clients' queries and their replies. */

/** Whether a fresh answer is to be asked for again before its end. */
bool qn_shard_ends_soon(const struct qn_cache_item *item);

/** Counts a reply that was made. */
void qn_shard_count_reply(struct qn_shard *shard, uint16_t rcode);

/** The worker that resolves a question with this hash of its cache key. */
uint16_t qn_shard_home(const struct qn_shard *shard, uint32_t hash);

/** Handles a client's datagram: answers in its buffer, parks it, or names its home worker. */
struct qn_shard_result qn_shard_client_input(struct qn_shard *shard, uint16_t link,
    struct qn_packet *packet, const struct qn_frame *frame, struct qn_now now);

/** Writes the next reply to a parked client; false when there is none. */
bool qn_shard_client_output(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now);

/* shard_upstream.c: queries to authorities and their replies. */

/** Handles a datagram to one of the node's upstream ports. */
struct qn_shard_result qn_shard_upstream_input(struct qn_shard *shard,
    const struct qn_packet *packet, const struct qn_frame *frame, struct qn_now now);

/** Writes the next query to an authority; false when there is none that can go now. */
bool qn_shard_upstream_output(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now);
