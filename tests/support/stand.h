/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The shards of one worker or more on a wire whose other end is played by functions, in virtual
 * time. Frames arrive at the workers by turns, and are handed over to those they belong to.
 *
 * Frames go to a gateway, which resolves neighbours as a real one does; behind it, what goes to
 * port 53 is a query to a server, and everything else an answer to a client. What the shards see
 * of servers is folded and published every 50 ms, much as a node's control thread does. Time jumps
 * from one event to the next.
 *
 * Memory: from malloc(), which ends the program when there is none; the blocks are kept from one
 *         start to the next, and their pages are not touched before the shard uses them.
 */
#include "nsdb/nsdb.h"
#include "shard/shard.h"
#include "wire/message.h"

/** Port of all servers, and of the node's service. */
#define STAND_DNS_PORT 53

/** How often what the workers know of servers is folded and published. */
#define STAND_FOLD_EVERY_US (50 * QN_US_PER_MS)

/** A query of the node that has reached a server. */
struct stand_query {
	uint16_t worker; /* Whose query it is. */
	bool tcp;
	uint64_t token;          /* Over TCP: names it towards its worker. */
	struct qn_endpoint from; /* Over UDP: where the reply has to go to. */
	struct qn_endpoint server;
	const struct qn_message *message;
};

/** The functions at the other end, and what they are called with. */
struct stand_ends {
	void *context;
	void (*query)(void *context, const struct stand_query *query);
	void (*answer)(
	    void *context, const struct qn_endpoint *client, const struct qn_message *message);
	/* NULL, or called before (`begin`) and after each call of the shard. */
	void (*call)(void *context, bool begin);
};

struct stand_config {
	struct qn_shard_limits limits;           /* Of each worker; one link. */
	size_t cache_bytes;                      /* Of all workers together. */
	uint32_t standing_max;                   /* Servers that the node keeps in mind. */
	const struct qn_resolve_config *resolve; /* Is copied. */
	struct stand_ends ends;
};

struct stand;

/** A stand without a shard: stand_start() builds it. */
struct stand *stand_create(const struct stand_config *config);
void stand_destroy(struct stand *stand);

/** Builds the shard anew, one second after the beginning of time. */
void stand_start(struct stand *stand, uint8_t seed);

/** The address at which the node answers clients, who are in 10.0.0.0/8. */
extern const struct qn_address stand_service;

struct qn_now stand_now(const struct stand *stand);

/** The first worker's. */
const struct qn_shard *stand_shard(const struct stand *stand);

/** What the node knows of servers, all evidence until now folded in; with standings only. */
struct qn_nsdb *stand_nsdb(struct stand *stand);

/** The same of one address; all zero where nothing is known. */
struct qn_server_stats stand_standing(struct stand *stand, const struct qn_address *address);

/** Puts a datagram on the way that says that it comes from `source`. */
void stand_send(struct stand *stand, const struct qn_endpoint *source,
    const struct qn_endpoint *destination, struct qn_view payload, uint64_t delay_us);

/** Puts the reply to a query over TCP on the way. */
void stand_reply_stream(struct stand *stand, const struct stand_query *query,
    struct qn_view message, uint64_t delay_us);

/** Puts a client's question on the way, which arrives at once. */
void stand_ask(struct stand *stand, const struct qn_endpoint *client, uint16_t id,
    const struct qn_question *question);

/** The worker that a question belongs to. */
uint16_t stand_home(const struct stand *stand, const struct qn_question *question);

/** Goes to the next moment at which something is due, at most to `until`; false when there. */
bool stand_step(struct stand *stand, struct qn_mono until);

/** Whether nothing is on its way. The node may still wait for something. */
bool stand_quiet(const struct stand *stand);

/** A figure of all shards together by its name, prefix left out; a name that is none ends the program. */
uint64_t stand_figure(const struct stand *stand, const char *name);
