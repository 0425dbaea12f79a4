/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/shard_state.h"

/* Blocks of the cache that a slice looks at: some 40 us of a turn. */
#define SLICE_BLOCK_MAX 1024

/*
 * Removes what is kept under `name` itself, of every kind and type up to HTTPS: all that is
 * usual, in the time of a slice. Somebody who flushes a name wants to ask for it next.
 */
static uint32_t
remove_usual(struct qn_shard *shard, const struct qn_name *name)
{
	struct qn_cache *cache = shard->shared.caches[shard->limits.worker];
	uint32_t count = 0;

	for (unsigned kind = QN_CACHE_ANSWER; kind <= QN_CACHE_FAILURE; kind++)
		for (uint16_t type = 0; type <= QN_TYPE_HTTPS; type++) {
			struct qn_cache_key key;

			qn_cache_key_init(&key, &shard->shared.hash_key, kind, name, type);
			count += qn_cache_remove(cache, &key);
		}
	return count;
}

bool
qn_shard_flush(struct qn_shard *shard, const struct qn_name *name, uint32_t *count)
{
	struct qn_cache *cache = shard->shared.caches[shard->limits.worker];
	struct qn_cache_sweep *sweep = &shard->sweep;

	if (!shard->sweeping) {
		qn_cache_sweep_begin(sweep, name);
		sweep->removed_count = remove_usual(shard, name);
		shard->sweeping = true;
		return false;
	}
	qn_assert(qn_name_equal(&sweep->name, name));
	shard->sweeping = !qn_cache_sweep_run(cache, sweep, SLICE_BLOCK_MAX);
	*count = sweep->removed_count;
	return !shard->sweeping;
}
