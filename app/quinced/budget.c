/* SPDX-License-Identifier: BSD-2-Clause */
#include "budget.h"

#include "cache/cache.h"
#include "statistics.h"

/* Of each worker. More clients than that wait only when many authorities are silent. */
#define CLIENT_MAX   100000
#define TASK_MAX     8192
#define UPSTREAM_MAX 8192

/* What drivers/port takes beside: for a queue, and for itself. It has the last word. */
#define BUFFERS_PER_QUEUE_BYTES (20ull << 20)
#define ENVIRONMENT_BYTES       (64ull << 20)

struct qn_shard_limits
budget_limits(const struct config_fixed *fixed, uint16_t worker)
{
	return (struct qn_shard_limits){
	    .worker = worker,
	    .worker_count = fixed->worker_count,
	    .link_count = fixed->port_count,
	    .client_max = CLIENT_MAX,
	    .task_max = TASK_MAX,
	    .upstream_max = UPSTREAM_MAX,
	};
}

struct budget
budget_of(const struct config_fixed *fixed)
{
	const struct qn_shard_limits limits = budget_limits(fixed, 0);
	struct budget budget = {
	    .shard_bytes = qn_shard_size(&limits),
	    .cache_bytes = qn_cache_size(fixed->cache_bytes / fixed->worker_count),
	    .shared_bytes =
		qn_port_table_size() + statistics_size() + fixed->port_count * qn_link_size(),
	};

	budget.total_bytes =
	    budget.shared_bytes + fixed->worker_count * (budget.shard_bytes + budget.cache_bytes);
	return budget;
}

static double
mib_of(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

void
budget_check(
    const struct config_fixed *fixed, const struct machine *machine, struct diagnostics *errors)
{
	const uint64_t needed =
	    budget_of(fixed).total_bytes + ENVIRONMENT_BYTES +
	    (uint64_t)fixed->worker_count * fixed->port_count * BUFFERS_PER_QUEUE_BYTES;
	/* It all comes out of the one or out of the other. */
	const uint64_t available = machine->hugepage_bytes > machine->memory_bytes
	                               ? machine->hugepage_bytes
	                               : machine->memory_bytes;

	if (needed > available)
		diagnostics_add(errors, fixed->cache_line,
		    "node.cache: too little memory: %.0f MiB are needed for the cache, the workers "
		    "and "
		    "the ports, and %.0f MiB are free; make the cache smaller.",
		    mib_of(needed), mib_of(available));
}
