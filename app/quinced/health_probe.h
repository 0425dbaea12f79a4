/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whether the node resolves: probe names, resolved anew in turn, without the cache.
 *
 * Owner: the control thread.
 */
#include "config.h"

struct node;
struct tracing;

/** Names resolved anew, one after the other. */
struct health_probe {
	struct tracing *tracing; /* NULL before the first. */
	bool running;
	uint8_t next;                  /* Which one is, or will be, asked. */
	bool failed[CONFIG_PROBE_MAX]; /* The last time; not before the first. */
	struct qn_mono asked;
};

/** Asks when it is time, and takes note of what came of it. */
void health_probe_tick(struct health_probe *probe, struct node *node, struct qn_now now);

/** Frees what it has. The workers no longer run. */
void health_probe_free(struct health_probe *probe);
