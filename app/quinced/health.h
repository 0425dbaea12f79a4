/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The health of a node: gathers the facts, judges them (fitness.h), announces and withdraws. Each
 * family for itself: where IPv6 has no gateway left, IPv4 is served all the same.
 *
 * What it asks for that: health_self.h, health_probe.h.
 * Owner:  the control thread.
 */
#include "announce/announce.h"
#include "fitness.h"
#include "health_probe.h"
#include "health_self.h"

#include <jansson.h>

#define HEALTH_TICK_MS 50

struct node;

/** Questions of the last seconds. */
struct health_window {
	struct qn_mono at;
	uint64_t ended[10]; /* Counters, a second apart; the oldest is overwritten next. */
	uint64_t failed[10];
	uint8_t next;
};

struct health_drain {
	bool wanted;
	bool stopping;        /* The node's end: there is no way back. */
	struct qn_mono since; /* When it began; the stop, when stopping. */
	uint64_t rate_before; /* Questions of the second before. */
	struct qn_mono looked;
	uint64_t queries; /* Then. */
	bool quiet;       /* As good as none came since the look before. */
};

/** One family of the service addresses. */
struct health_family {
	uint8_t family;
	bool served;            /* There are service addresses of it. */
	uint16_t address_count; /* Of these, to be announced. */
	struct fitness fitness;
	bool announced;
	bool routed;                /* There may be routes. */
	struct qn_mono announce_at; /* When that was last tried. */
};

#define HEALTH_FAMILY_COUNT 2

struct health {
	struct qn_announce announce; /* Without addresses: there is nothing to announce. */
	bool announces;
	struct health_family families[HEALTH_FAMILY_COUNT];
	struct qn_mono mended;      /* When the kernel's side was last seen to. */
	struct fitness_facts facts; /* Those that change with the family: of the last one. */
	struct qn_mono turned[QN_SHARD_WORKER_MAX]; /* When each was last seen to have turned. */
	uint64_t turns[QN_SHARD_WORKER_MAX];
	struct health_self self;
	struct health_probe probe;
	struct health_window window;
	struct health_drain drain;
	uint64_t rate; /* Questions of clients in the last second. */
	uint64_t rate_from;
	struct qn_mono rate_at;
};

/** Begins to look at a node whose workers run; announces nothing yet. */
void health_start(struct health *health, struct node *node, struct qn_now now);

/** Withdraws, and frees what is the health's own. The workers no longer run. */
void health_stop(struct health *health);

/** Looks, every HEALTH_TICK_MS, and acts. */
void health_tick(struct health *health, struct node *node, struct qn_now now);

/** Withdraws until health_undrain(). */
void health_drain(struct health *health, struct node *node, struct qn_now now);

/** False, and nothing changes, when the node stops. */
QN_MUST_USE bool health_undrain(struct health *health);

/** Withdraws for good; its time begins now, also where a drain was under way. */
void health_drain_to_stop(struct health *health, struct node *node, struct qn_now now);

/** Whether that drain is over: traffic has fallen and nobody waits, or its time is up. */
bool health_is_drained(const struct health *health, const struct node *node, struct qn_now now);

/** {"fit": ..., "announced": ..., "reason": ...} and the facts. */
json_t *health_report(const struct health *health, const struct node *node);
