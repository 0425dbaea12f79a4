/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The node: everything between the configuration and the turning workers.
 *
 * Order:  environment, ports, links, caches, the kernel's side, shards and mailboxes, streams,
 *         configuration snapshot, workers, the streams' thread; stopping goes the same way back.
 * Owner:  the control thread; what workers share with it says so itself.
 */
#include "budget.h"
#include "cache/cache.h"
#include "health.h"
#include "statistics.h"
#include "worker.h"

struct qn_streams;
struct qn_kernel;
struct tracing;

struct node {
	const char *config_path;
	struct machine machine; /* As it was before workers took their cores. */
	struct config config;
	struct budget budget;
	struct qn_now started;
	struct qn_port *ports[QN_SHARD_LINK_MAX];
	uint32_t buffers_used[QN_SHARD_LINK_MAX]; /* Of each port, before anything was received. */
	uint16_t port_count;                      /* Ports that are open. */
	bool ready; /* Queries are answered, or would be if the network let them. */
	struct qn_shard_shared shared;
	struct statistics statistics;     /* Of authorities. */
	struct qn_hash_key cookie_secret; /* Of this run, for when the configuration has none. */
	struct qn_kernel *kernel;         /* NULL: there is none. */
	struct worker *workers;           /* One for each core of the configuration. */
	snapshot_slot snapshot;
	struct qn_streams *streams; /* NULL: neither TCP nor TLS. */
	struct tracing *tracing;    /* NULL before the first trace. */
	struct health health;
	atomic_bool stop;
};

/**
 * Starts a node as `config` says, which was read from `config_path` for `machine`, and takes over
 * its local data. Returns 0, or -errno with the reason logged and nothing left behind.
 */
QN_MUST_USE int node_start(struct node *node, const char *config_path,
    const struct machine *machine, const struct config *config);

/** Stops the workers and gives everything back. */
void node_stop(struct node *node);

/** What the node waits for, one of a few constant texts; NULL when it lacks nothing. */
const char *node_waits_for(const struct node *node, struct qn_now now);

/** Sends `command`, whose `run` is set, to every worker. */
void node_command(struct node *node, struct command *command);

/**
 * Reads the configuration file again and takes over what may change. False, with the errors
 * logged and everything as before, when there are any; `restart` names the keys that differ
 * but wait for a restart.
 */
QN_MUST_USE bool node_reload(struct node *node, char restart[CONFIG_RESTART_MAX]);
