/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Zones with 2 to 13 servers each, which die, come back, lose packets and move.
 *
 * Every server has one address and one zone, so that a zone's questions are all there is to
 * learn from: nothing is known from other zones.
 */
#include "base/address.h"
#include "base/time.h"
#include "rtts.h"

#define WORLD_SERVER_LEAST 2
#define WORLD_SERVER_MOST  13

/** What can happen to a server. */
enum world_change {
	WORLD_NOTHING,
	WORLD_DEATH, /* Silent for 10 to 300 s. */
	WORLD_LOSS,  /* A tenth to a half of its replies are lost, for 10 to 60 s. */
	WORLD_ROUTE, /* Another round trip, for good. */
	WORLD_CHANGE_COUNT,
};

struct world_server {
	struct qn_address address;
	uint32_t zone;
	uint32_t rtt_us;
	struct qn_mono down_until;
	struct qn_mono lossy_until;
	uint32_t loss_percent;
	bool moved;                      /* Since it was deprioritized last. */
	bool deprioritized;              /* By the node, as flaps.c has seen it last... */
	struct qn_mono deprioritized_at; /* ... and when that began; 0: never. */
};

struct world_zone {
	uint32_t server_first;
	uint32_t server_count;
	uint32_t question_count;  /* Asked by clients so far. */
	enum world_change change; /* What happened last to one of its servers... */
	struct qn_mono changed;   /* ... and when. */
	struct qn_mono recovered; /* When a dead one came back last. */
};

struct world {
	struct rtts rtts;
	struct qn_random random;  /* Of clients and changes: the same whatever the node does. */
	struct qn_random replies; /* Of each reply's jitter and loss. */
	struct world_zone *zones;
	uint32_t zone_count;
	struct world_server *servers;
	uint32_t server_count;
	double change_us;          /* Mean time between changes. */
	struct qn_mono change_due; /* The next. */
	double *popularity;        /* Of a zone and all before it, rising to 1: Zipf's law. */
};

/**
 * Makes a world; something happens to each of its servers `unrest` times an hour. False without
 * memory.
 */
bool world_create(struct world *world, const char *rtt_path, uint32_t zone_count, double unrest,
    uint64_t seed, struct qn_mono start);
void world_destroy(struct world *world);

/** Makes all changes that are due. */
void world_change(struct world *world, struct qn_mono now);

/** The server at an address; NULL when there is none. */
struct world_server *world_server_at(struct world *world, const struct qn_address *address);

/** How long its reply to one query takes; false when none comes. */
bool world_reply_us(
    struct world *world, const struct world_server *server, struct qn_mono now, uint64_t *us);

/** A zone as clients choose it. */
uint32_t world_draw_zone(struct world *world);

/** A time with this mean, as between events that know nothing of each other. */
uint64_t world_draw_gap_us(struct world *world, double mean_us);

/**
 * The mean time that whoever knows all has to wait for an answer from the zone: with the best
 * server, asking again after a round trip what was lost. 0 when all servers are silent.
 */
double world_oracle_us(
    const struct world *world, const struct world_zone *zone, struct qn_mono now);

/** The same for one server; 0 when it is silent. */
double world_server_us(const struct world_server *server, struct qn_mono now);
