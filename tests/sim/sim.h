/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A simulated internet around the real shard: all from one seed, in virtual time.
 *
 * The node under test is what a worker runs, fed frames and relieved of frames. Around it
 * stand a gateway, the servers of a made-up world, forgers off the path, and clients. Every
 * answer is judged by an oracle that knows all zones, every query by what the node may know;
 * the first breach ends the run.
 *
 *   world.h      zones, nameservers, their manners      generate.h  draws all that from the seed
 *   authority.h  what an honest server answers          server.h    what this server answers
 *   network.h    frames on their way, and the gateway   forger.h    forged replies
 *   client.h     questions, and what became of them     oracle.h    which answers are right
 *   watch.h      bounds on what the node does           node.h      the shards and their memory
 *   reach.h      what must succeed, whom one may ask    operator.h  flushes, traces, reloads
 */
#include "sim/client.h"
#include "sim/forger.h"
#include "sim/network.h"
#include "sim/node.h"
#include "sim/operator.h"
#include "sim/plan.h"
#include "sim/watch.h"
#include "sim/world.h"

#define SIM_BREACH_MAX 2048

struct sim {
	uint64_t seed;
	bool verbose;
	struct qn_now now;
	struct qn_now start;
	struct sim_plan plan;
	struct sim_world world;
	struct sim_node node;
	struct sim_network network;
	struct sim_forger forger;
	struct sim_clients clients;
	struct sim_watch watch;
	struct sim_operator operator;
	uint64_t digest; /* Of everything the node has sent, and when. */
	bool breached;
	char breach[SIM_BREACH_MAX]; /* The first broken invariant, in words. */
};

/** What a run came to, for the person who started it. */
struct sim_result {
	uint64_t digest;
	uint64_t question_count;
	uint64_t query_count;
	uint64_t virtual_us;
	const char *breach; /* NULL when no invariant broke; good until the next run. */
};

/** A simulator without a world; NULL without memory. */
struct sim *sim_create(bool verbose);

void sim_destroy(struct sim *sim);

/** Runs the world of `seed` from its first question until the node is idle again. */
struct sim_result sim_run(struct sim *sim, uint64_t seed);

/** Notes a broken invariant; only the first of a run counts. */
__attribute__((format(printf, 2, 3))) void sim_breach(struct sim *sim, const char *format, ...);

/** Writes one line about what happens, if the run is to be told. */
__attribute__((format(printf, 2, 3))) void sim_tell(struct sim *sim, const char *format, ...);

/** Text of a name, address or type in memory that the fourth next call overwrites. */
const char *sim_name_text(const struct qn_name *name);
const char *sim_address_text(const struct qn_address *address);
const char *sim_type_text(uint16_t type);
const char *sim_rcode_text(uint16_t rcode);
