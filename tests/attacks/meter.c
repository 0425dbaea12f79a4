/* SPDX-License-Identifier: BSD-2-Clause */
#include "attacks/meter.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An answer being put together that does not fit a small page (resolve/task.h). */
#define LARGE_PAGE_LEN 65535u

/* Objects more, to see how the shard's size grows with them. */
#define OBJECTS 1024u

/* What one more of something takes: the shard's size tells, with all that belongs to it. */
static size_t
object_bytes(const struct qn_shard_limits *limits, const struct qn_shard_limits *more)
{
	return (qn_shard_size(more) - qn_shard_size(limits)) / OBJECTS;
}

uint32_t
meter_figure(const char *name)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++)
		if (strcmp(qn_shard_figure(i).name, name) == 0)
			return i;
	fprintf(stderr, "attacks: there is no figure %s\n", name);
	abort();
}

bool
meter_create(struct meter *meter, const struct qn_shard_limits *limits)
{
	struct qn_shard_limits clients = *limits, tasks = *limits, upstreams = *limits;

	clients.client_max += OBJECTS;
	tasks.task_max += OBJECTS;
	upstreams.upstream_max += OBJECTS;
	*meter = (struct meter){
	    .clients = meter_figure("parked_clients"),
	    .tasks = meter_figure("tasks"),
	    .upstream = meter_figure("upstream_in_flight"),
	    .large_pages = meter_figure("large_pages"),
	    .cache = meter_figure("cache_bytes"),
	    .client_bytes = object_bytes(limits, &clients),
	    .task_bytes = object_bytes(limits, &tasks),
	    .upstream_bytes = object_bytes(limits, &upstreams),
	    .call_ns = calloc(METER_CALL_MAX, sizeof(*meter->call_ns)),
	};
	return meter->call_ns != NULL;
}

void
meter_destroy(struct meter *meter)
{
	free(meter->call_ns);
}

void
meter_forget(struct meter *meter)
{
	memset(meter->call_ns, 0, METER_CALL_MAX * sizeof(*meter->call_ns));
}

static uint64_t
gauge(const struct meter *meter, uint32_t place)
{
	return qn_shard_figure_value(meter->shard, place);
}

void
meter_start(struct meter *meter, const struct qn_shard *shard)
{
	meter->shard = shard;
	meter->call_count = 0;
	meter->state_bytes = 0;
	meter->cache_bytes_before = gauge(meter, meter->cache);
}

uint64_t
meter_begin(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
note_time(struct meter *meter, uint64_t took_ns)
{
	uint32_t *shortest_ns = &meter->call_ns[meter->call_count];

	meter->call_count++;
	qn_assert(meter->call_count < METER_CALL_MAX);
	if (*shortest_ns == 0 || took_ns < *shortest_ns)
		*shortest_ns = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
}

void
meter_end(struct meter *meter, uint64_t begin)
{
	note_time(meter, meter_begin() - begin);
	const uint64_t state_bytes = gauge(meter, meter->clients) * meter->client_bytes +
	                             gauge(meter, meter->tasks) * meter->task_bytes +
	                             gauge(meter, meter->upstream) * meter->upstream_bytes +
	                             gauge(meter, meter->large_pages) * LARGE_PAGE_LEN;

	if (state_bytes > meter->state_bytes)
		meter->state_bytes = state_bytes;
}

struct meter_reading
meter_read(const struct meter *meter)
{
	const uint64_t cache_bytes = gauge(meter, meter->cache);
	struct meter_reading reading = {.state_bytes = meter->state_bytes};

	if (cache_bytes > meter->cache_bytes_before)
		reading.cache_bytes = cache_bytes - meter->cache_bytes_before;
	for (uint32_t i = 0; i < meter->call_count; i++) {
		reading.worker_ns += meter->call_ns[i];
		if (meter->call_ns[i] > reading.longest_ns)
			reading.longest_ns = meter->call_ns[i];
	}
	return reading;
}
