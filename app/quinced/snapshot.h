/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The configuration that workers see: one immutable snapshot at a time, reached through RCU.
 *
 * Owner:  the control thread publishes; a worker reads once a turn, and what it read is good
 *         until it reports a quiescent state.
 * Memory: a snapshot that was replaced is freed, its local data too, when no worker can see it
 *         any more.
 */
#include "shard/shard.h"

struct snapshot;

/** A place to publish snapshots in; NULL at start. */
typedef struct snapshot *snapshot_slot;

/**
 * Replaces what `slot` holds by a copy of `config`, or by nothing when that is NULL. Returns
 * 0, having taken over the local data; or -ENOMEM with the old one still in place. The thread
 * is registered with RCU.
 */
QN_MUST_USE int snapshot_publish(snapshot_slot *slot, const struct qn_shard_config *config);

/** The configuration in `slot`, for a worker inside its turn. */
const struct qn_shard_config *snapshot_read(const snapshot_slot *slot);
