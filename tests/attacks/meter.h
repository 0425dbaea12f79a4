/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the calls of a shard cost: their time, and the memory that is in use between them.
 *
 * Time:   an attack runs the same each time, call for call, so each call counts with the
 *         shortest of its times: the machine may have had other work in between.
 * Memory: one number for each call, up to METER_CALL_MAX.
 */
#include "shard/shard.h"

/** More calls than any attack makes. */
#define METER_CALL_MAX (4u << 20)

struct meter {
	const struct qn_shard *shard;
	/* Places of figures, and what one more of each takes. */
	uint32_t clients, tasks, upstream, large_pages, cache;
	size_t client_bytes, task_bytes, upstream_bytes;
	uint32_t *call_ns; /* The shortest time of each call since start; 0: none yet. */
	uint32_t call_count;
	uint64_t state_bytes;
	uint64_t cache_bytes_before;
};

/** What has been measured since meter_start(). */
struct meter_reading {
	uint64_t worker_ns;   /* In all calls. */
	uint64_t longest_ns;  /* In one call. */
	uint64_t state_bytes; /* Most that was in use at a time beside the cache. */
	uint64_t cache_bytes; /* By which the cache grew. */
};

/** A meter for shards with these limits; false without memory. */
bool meter_create(struct meter *meter, const struct qn_shard_limits *limits);
void meter_destroy(struct meter *meter);

/** Forgets how long calls took: what comes next is not the same as before. */
void meter_forget(struct meter *meter);

/** Begins to measure; the next call is the first. */
void meter_start(struct meter *meter, const struct qn_shard *shard);

/** To be taken before a call, and given to meter_end() after it. */
uint64_t meter_begin(void);
void meter_end(struct meter *meter, uint64_t begin);

struct meter_reading meter_read(const struct meter *meter);

/** The place of a figure by its name, prefix left out. */
uint32_t meter_figure(const char *name);
