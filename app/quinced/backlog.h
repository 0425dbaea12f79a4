/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Packets that were no hits, waiting until the shard has time for them.
 *
 * A turn of the worker answers all hits it receives, but works on so many of these only: a hit
 * never waits for more than that. What finds no room is dropped, so misses are shed and hits
 * are not; the last quarter is for packets other than queries, because a reply that is dropped
 * wastes the work on a question that was taken. The worker works at once on what it must not lose
 * and finds no room for. What another worker has handed over is told apart
 * in the same way.
 *
 * Owner:  one worker. A packet that was added is the backlog's until it is taken.
 */
#include "port/mailbox.h"

#include <stdbool.h>

/** Packets that wait at most: an eighth of the buffers that a worker has. */
#define BACKLOG_MAX       1024u
#define BACKLOG_QUERY_MAX (BACKLOG_MAX / 4 * 3)

struct backlog_entry {
	struct qn_mail mail;
	bool handed_over; /* Came from another worker. */
};

struct backlog {
	uint32_t first;
	uint32_t count;
	struct backlog_entry entries[BACKLOG_MAX];
};

/** Adds a packet; false, and the packet still the caller's, when there is no room for it. */
QN_MUST_USE bool backlog_add(struct backlog *backlog, const struct backlog_entry *entry);

/** Takes the packet that has waited longest; false when there is none. */
QN_MUST_USE bool backlog_take(struct backlog *backlog, struct backlog_entry *entry);
