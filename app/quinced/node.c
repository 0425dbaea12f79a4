/* SPDX-License-Identifier: BSD-2-Clause */
#include "node.h"

#include "host/clock.h"
#include "host/entropy.h"
#include "host/log.h"
#include "kernel_side.h"
#include "links.h"
#include "peers.h"
#include "streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/urcu-qsbr.h>

/* Most that a stop waits until peers of connections have been told; without load it takes 2 ms. */
#define FAREWELL_MS 500

static int
environment_start(struct node *node)
{
	const struct config_fixed *fixed = &node->config.fixed;
	const char *devices[QN_SHARD_LINK_MAX];
	char error[QN_PORT_ERROR_MAX];
	const struct qn_port_eal_config config = {
	    .devices = devices,
	    .device_count = fixed->port_count,
	    .worker_cores = fixed->workers,
	    .worker_count = fixed->worker_count,
	    .memory_bytes = node->budget.total_bytes,
	};
	int result;

	for (uint16_t i = 0; i < fixed->port_count; i++)
		devices[i] = fixed->ports[i].device;
	result = qn_port_eal_start(&config, error, sizeof(error));
	if (result != 0)
		qn_log(QN_LOG_ERROR, "node", "%s", error);
	return result;
}

/* Buffers of all queues of a port that are not in its pools. */
static uint32_t
buffers_used(const struct node *node, uint16_t port)
{
	uint32_t used = 0;

	for (uint16_t queue = 0; queue < node->config.fixed.worker_count; queue++) {
		struct qn_port_pool_stats stats;

		qn_port_pool_stats_read(node->ports[port], queue, &stats);
		used += stats.used;
	}
	return used;
}

/* With the workers stopped and the mailboxes empty, what is out is with the device, or lost. */
static void
say_buffers(const struct node *node)
{
	for (uint16_t i = 0; i < node->port_count; i++)
		qn_log(QN_LOG_DEBUG, "node", "%s: %u packet buffers in use, %u at the start.",
		    node->config.fixed.ports[i].device, buffers_used(node, i),
		    node->buffers_used[i]);
}

static void
ports_close(struct node *node)
{
	while (node->port_count > 0)
		qn_port_close(node->ports[--node->port_count]);
}

static int
ports_open(struct node *node)
{
	const struct config_fixed *fixed = &node->config.fixed;
	char error[QN_PORT_ERROR_MAX];

	for (uint16_t i = 0; i < fixed->port_count; i++) {
		const int result = qn_port_open(&node->ports[i], fixed->ports[i].device,
		    fixed->worker_count, error, sizeof(error));

		if (result != 0) {
			qn_log(QN_LOG_ERROR, "node", "%s", error);
			ports_close(node);
			return result;
		}
		node->buffers_used[node->port_count] = buffers_used(node, node->port_count);
		node->port_count++;
	}
	return 0;
}

static int
out_of_memory(const char *what)
{
	qn_log(QN_LOG_ERROR, "node", "no memory is left for %s; %smake node.cache smaller.", what,
	    qn_port_eal_hugepages()
		? "of the hugepages that were free, some are taken by now, or far from a worker's "
		  "core: start again, or "
		: "");
	return -ENOMEM;
}

static int
no_entropy(int result)
{
	qn_log(QN_LOG_ERROR, "node", "the kernel gives no random numbers: %s.", strerror(-result));
	return result;
}

static int
key_make(struct qn_hash_key *key)
{
	return qn_entropy_fill((struct qn_span){(uint8_t *)key, sizeof(*key)});
}

static int
keys_make(struct node *node)
{
	int result = key_make(&node->shared.hash_key);

	if (result == 0)
		result = key_make(&node->cookie_secret);
	return result == 0 ? 0 : no_entropy(result);
}

/* Fills in what the file left to the node: the same at every reload. */
static void
complete(const struct node *node, struct config *config)
{
	if (!config->cookie_secret_given)
		config->live.cookie_secret = node->cookie_secret;
}

static void
shared_destroy(struct node *node)
{
	statistics_destroy(&node->statistics);
	qn_port_memory_free(node->shared.ports);
	links_destroy(node->shared.links);
	memset(&node->shared, 0, sizeof(node->shared));
}

/* What all shards have in common, the caches left out. */
static int
shared_create(struct node *node)
{
	struct qn_shard_shared *shared = &node->shared;
	int result;

	memset(shared, 0, sizeof(*shared));
	result = keys_make(node);
	if (result != 0)
		return result;
	complete(node, &node->config);
	shared->ports = qn_port_memory_alloc(qn_port_table_size(), 0);
	if (shared->ports == NULL)
		return out_of_memory("the table of source ports");
	qn_port_table_init(shared->ports);
	kernel_side_keep_ports(shared->ports, &node->config.fixed.kernel);
	if (!statistics_create(&node->statistics, node->config.fixed.statistics, &shared->hash_key,
		node->started)) {
		shared_destroy(node);
		return out_of_memory("statistics of authorities");
	}
	shared->standings = qn_nsdb_standings(node->statistics.nsdb);
	result = links_create(shared->links, &node->config, node->ports, &shared->hash_key);
	if (result != 0)
		shared_destroy(node);
	return result;
}

static void
caches_destroy(struct node *node)
{
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		qn_port_memory_free(node->shared.caches[i]);
		node->shared.caches[i] = NULL;
	}
}

static int
caches_create(struct node *node)
{
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		struct qn_span block = {NULL, node->budget.cache_bytes};

		block.data = qn_port_memory_alloc(block.len, i);
		if (block.data == NULL) {
			caches_destroy(node);
			return out_of_memory("the cache");
		}
		node->shared.caches[i] = qn_cache_init(block, node->started);
	}
	return 0;
}

static int
shard_create(struct node *node, struct worker *w)
{
	struct qn_shard_limits limits = budget_limits(&node->config.fixed, w->index);
	struct qn_span block = {NULL, node->budget.shard_bytes};
	uint8_t seed[QN_RANDOM_SEED_LEN];
	const int result = qn_entropy_fill((struct qn_span){seed, sizeof(seed)});

	if (result != 0)
		return no_entropy(result);
	limits.kernel = node->kernel != NULL;
	limits.tcp = limits.kernel && node->config.fixed.streams.upstream;
	block.data = qn_port_memory_alloc(block.len, w->index);
	if (block.data == NULL)
		return out_of_memory("questions being resolved");
	w->shard =
	    qn_shard_init(block, &limits, &node->shared, &node->config.live, seed, node->started);
	explicit_bzero(seed, sizeof(seed));
	statistics_add(&node->statistics, w->shard);
	return 0;
}

static void
worker_init(struct node *node, struct worker *w, uint16_t index)
{
	const struct config_fixed *fixed = &node->config.fixed;

	*w = (struct worker){
	    .index = index,
	    .core = fixed->workers[index],
	    .worker_count = fixed->worker_count,
	    .port_count = fixed->port_count,
	    .poll = fixed->poll,
	    .config = &node->snapshot,
	    .links = node->shared.links,
	    .stop = &node->stop,
	    .kernel = node->kernel,
	};
	w->courier.counters = &w->counters;
	for (uint16_t i = 0; i < fixed->port_count; i++) {
		w->outgoing[i].port = node->ports[i];
		w->outgoing[i].counters = &w->counters;
		w->outgoing[i].queue = index;
	}
}

static void
workers_destroy(struct node *node)
{
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++)
		qn_port_memory_free(node->workers[i].shard);
	peers_destroy(node->workers, node->config.fixed.worker_count);
	free(node->workers);
	node->workers = NULL;
}

static int
workers_create(struct node *node)
{
	const uint16_t count = node->config.fixed.worker_count;
	int result;

	node->workers = aligned_alloc(QN_ARENA_ALIGN, count * sizeof(*node->workers));
	if (node->workers == NULL)
		return out_of_memory("workers");
	for (uint16_t i = 0; i < count; i++)
		worker_init(node, &node->workers[i], i);
	result = peers_create(node->workers, count) ? 0 : out_of_memory("mailboxes");
	for (uint16_t i = 0; i < count && result == 0; i++)
		result = shard_create(node, &node->workers[i]);
	if (result != 0)
		workers_destroy(node);
	return result;
}

static void
workers_stop(struct node *node)
{
	atomic_store_explicit(&node->stop, true, memory_order_relaxed);
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++)
		qn_port_worker_wait(i);
}

static int
workers_launch(struct node *node)
{
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++)
		if (!qn_port_worker_launch(i, worker_run, &node->workers[i])) {
			qn_log(QN_LOG_ERROR, "node", "worker %u cannot be launched.", i);
			workers_stop(node);
			return -EBUSY;
		}
	return 0;
}

/* Frees the snapshot; the workers no longer run, so nobody reads it. */
static void
snapshot_retire(struct node *node)
{
	const int result = snapshot_publish(&node->snapshot, NULL);

	qn_assert(result == 0);
	urcu_qsbr_barrier();
	node->config.live.local = NULL; /* Went with the snapshot, as the views'. */
	node->config.live.view_count = 0;
}

/* "DEVICE, DEVICE" */
static void
devices_text(const struct config_fixed *fixed, char *text, size_t text_len)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint16_t i = 0; i < fixed->port_count && used < text_len; i++)
		used += (size_t)snprintf(text + used, text_len - used, "%s%s", i == 0 ? "" : ", ",
		    fixed->ports[i].device);
}

static void
say_started(const struct node *node)
{
	const struct config_fixed *fixed = &node->config.fixed;
	cpu_set_t cores;
	char cores_text[MACHINE_CORES_TEXT_MAX];
	char devices[QN_LOG_LINE_MAX / 2];

	CPU_ZERO(&cores);
	for (uint16_t i = 0; i < fixed->worker_count; i++)
		CPU_SET(fixed->workers[i], &cores);
	machine_cores_text(&cores, cores_text);
	devices_text(fixed, devices, sizeof(devices));
	qn_log(QN_LOG_NOTICE, "node",
	    "quinced " QN_VERSION ": workers on cores %s; ports %s; cache of %ju MiB; %s.",
	    cores_text, devices, (uintmax_t)(fixed->cache_bytes >> 20),
	    qn_port_eal_hugepages() ? "hugepages" : "no hugepages");
}

int
node_start(struct node *node, const char *config_path, const struct machine *machine,
    const struct config *config)
{
	int result;

	memset(node, 0, sizeof(*node));
	node->config_path = config_path;
	node->machine = *machine;
	node->config = *config;
	node->budget = budget_of(&config->fixed);
	node->started = qn_clock_read();

	/* Registered to publish snapshots; offline, since it reads none. */
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	result = environment_start(node);
	if (result != 0)
		goto fail_environment;
	result = ports_open(node);
	if (result != 0)
		goto fail_ports;
	result = shared_create(node);
	if (result != 0)
		goto fail_shared;
	result = caches_create(node);
	if (result != 0)
		goto fail_caches;
	node->kernel = kernel_side_create(&node->config.fixed, node->shared.links);
	result = workers_create(node);
	if (result != 0)
		goto fail_workers;
	qn_port_eal_settle();
	result = streams_create(node);
	if (result != 0)
		goto fail_streams;
	result = snapshot_publish(&node->snapshot, &node->config.live);
	if (result != 0)
		goto fail_snapshot;
	result = workers_launch(node);
	if (result != 0)
		goto fail_launch;
	result = streams_start(node);
	if (result != 0)
		goto fail_start;
	health_start(&node->health, node, node->started);
	say_started(node);
	return 0;

fail_start:
	workers_stop(node);
fail_launch:
	snapshot_retire(node);
fail_snapshot:
	streams_destroy(node);
fail_streams:
	workers_destroy(node);
fail_workers:
	kernel_side_destroy(node->kernel);
	caches_destroy(node);
fail_caches:
	shared_destroy(node);
fail_shared:
	ports_close(node);
fail_ports:
	qn_port_eal_stop();
fail_environment:
	config_fini(&node->config);
	urcu_qsbr_unregister_thread();
	return result;
}

void
node_stop(struct node *node)
{
	streams_stop(node);
	/* The kernel's last words to the peers of connections leave by the workers. */
	if (node->kernel != NULL)
		qn_kernel_flush(node->kernel, FAREWELL_MS);
	workers_stop(node);
	streams_destroy(node);
	free(node->tracing);
	health_stop(&node->health);
	snapshot_retire(node);
	statistics_close(&node->statistics, qn_clock_read());
	workers_destroy(node);
	kernel_side_destroy(node->kernel);
	caches_destroy(node);
	shared_destroy(node);
	say_buffers(node);
	ports_close(node);
	qn_port_eal_stop();
	urcu_qsbr_unregister_thread();
}

void
node_command(struct node *node, struct command *command)
{
	const uint16_t worker_count = node->config.fixed.worker_count;

	atomic_store_explicit(&command->left, worker_count, memory_order_relaxed);
	for (uint16_t i = 0; i < worker_count; i++)
		command_send(&node->workers[i].commands, command);
}

const char *
node_waits_for(const struct node *node, struct qn_now now)
{
	const struct config_fixed *fixed = &node->config.fixed;

	for (uint16_t i = 0; i < fixed->worker_count; i++)
		if (worker_turns(&node->workers[i]) == 0)
			return "a worker to turn";
	for (uint16_t i = 0; i < fixed->port_count; i++)
		if (!qn_port_link_up(node->ports[i]))
			return "a link to come up";
	for (uint16_t i = 0; i < fixed->port_count; i++)
		if (!qn_link_gateways_resolved(node->shared.links[i], now))
			return "a gateway to answer";
	return NULL;
}

static bool
read_again(const struct node *node, struct config *next)
{
	struct diagnostics errors;
	bool ok;

	diagnostics_init(&errors, node->config_path);
	ok = config_load(next, &node->machine, &errors);
	diagnostics_log(&errors);
	diagnostics_fini(&errors);
	return ok;
}

/* Says that all stays as it is. */
static bool
reload_fails(const struct node *node)
{
	qn_log(
	    QN_LOG_ERROR, "node", "%s was not taken over: nothing has changed.", node->config_path);
	return false;
}

bool
node_reload(struct node *node, char restart[CONFIG_RESTART_MAX])
{
	struct config next;
	struct config changed = node->config;
	SSL_CTX *tls;

	if (!read_again(node, &next))
		return reload_fails(node);
	if (!streams_load_tls(node, &next.fixed.streams, &tls)) {
		config_fini(&next);
		return reload_fails(node);
	}
	complete(node, &next);
	config_reload(&changed, &next, restart);
	if (snapshot_publish(&node->snapshot, &changed.live) != 0) {
		qn_log(QN_LOG_ERROR, "node", "no memory is left for a new configuration.");
		SSL_CTX_free(tls);
		config_fini(&next);
		return reload_fails(node);
	}
	node->config = changed;
	streams_set_tls(node, tls);
	qn_log(QN_LOG_NOTICE, "node", "%s was read again.", node->config_path);
	if (restart[0] != '\0')
		qn_log(QN_LOG_WARNING, "node", "changed, but only a restart takes it over: %s.",
		    restart);
	return true;
}
