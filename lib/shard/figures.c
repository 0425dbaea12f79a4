/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/shard_state.h"

/* Counters of the shard and of the iterator, then the two arrays by reason, then gauges. */
struct counter_place {
	const char *name;
	size_t offset;
};

static const struct counter_place shard_places[] = {
#define PLACE(name) {#name, offsetof(struct qn_shard_counters, name)},
    QN_SHARD_COUNTERS(PLACE)
#undef PLACE
};

static const struct counter_place resolve_places[] = {
#define PLACE(name) {#name, offsetof(struct qn_resolve_counters, name)},
    QN_RESOLVE_COUNTERS(PLACE)
#undef PLACE
};

/* X(name, value): what stands in a shard at this moment. */
#define GAUGES(X)                                                                     \
	X(parked_clients, qn_counter_get(&shard->parked_gauge))                       \
	X(tasks, qn_resolver_gauges(shard->resolver).tasks)                           \
	X(upstream_in_flight, qn_resolver_gauges(shard->resolver).upstream_in_flight) \
	X(upstream_spare, qn_resolver_gauges(shard->resolver).upstream_spare)         \
	X(large_pages, qn_resolver_gauges(shard->resolver).large_pages)               \
	X(cache_entries, cache_figures(shard).entry_count)                            \
	X(cache_bytes, QN_CACHE_BLOCK_LEN *cache_figures(shard).block_used)           \
	X(cache_bytes_max, QN_CACHE_BLOCK_LEN *cache_figures(shard).block_count)      \
	X(cache_evicted, cache_figures(shard).evicted_count)

static struct qn_cache_figures
cache_figures(const struct qn_shard *shard)
{
	return qn_cache_figures(shard->shared.caches[shard->limits.worker]);
}

#define GAUGE_FUNCTION(name, value)                                \
	static uint64_t gauge_##name(const struct qn_shard *shard) \
	{                                                          \
		return value;                                      \
	}
GAUGES(GAUGE_FUNCTION)

static const struct gauge_place {
	const char *name;
	uint64_t (*value)(const struct qn_shard *shard);
} gauge_places[] = {
#define PLACE(name, value) {#name, gauge_##name},
    GAUGES(PLACE)
#undef PLACE
};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

enum {
	SHARD_AT = 0,
	RESOLVE_AT = SHARD_AT + COUNT(shard_places),
	DROP_AT = RESOLVE_AT + COUNT(resolve_places),
	/* Reason 0 of both lists is "none": not shown. */
	IGNORED_AT = DROP_AT + QN_FRAME_DROP_COUNT - 1,
	GAUGE_AT = IGNORED_AT + QN_LINK_IGNORED_COUNT - 1,
	FIGURE_COUNT = GAUGE_AT + COUNT(gauge_places),
};

uint32_t
qn_shard_figure_count(void)
{
	return FIGURE_COUNT;
}

struct qn_shard_figure
qn_shard_figure(uint32_t index)
{
	qn_assert(index < FIGURE_COUNT);
	if (index >= GAUGE_AT)
		return (struct qn_shard_figure){"", gauge_places[index - GAUGE_AT].name, true};
	if (index >= IGNORED_AT)
		return (struct qn_shard_figure){
		    "link_ignored_", qn_link_ignored_name(index - IGNORED_AT + 1), false};
	if (index >= DROP_AT)
		return (struct qn_shard_figure){
		    "frame_drop_", qn_frame_drop_name(index - DROP_AT + 1), false};
	if (index >= RESOLVE_AT)
		return (struct qn_shard_figure){"", resolve_places[index - RESOLVE_AT].name, false};
	return (struct qn_shard_figure){"", shard_places[index].name, false};
}

static uint64_t
counter_at(const void *counters, const struct counter_place *place)
{
	const void *counter = (const char *)counters + place->offset;

	return qn_counter_get(counter);
}

uint64_t
qn_shard_figure_value(const struct qn_shard *shard, uint32_t index)
{
	qn_assert(index < FIGURE_COUNT);
	if (index >= GAUGE_AT)
		return gauge_places[index - GAUGE_AT].value(shard);
	if (index >= IGNORED_AT)
		return qn_counter_get(&shard->counters.link_ignored[index - IGNORED_AT + 1]);
	if (index >= DROP_AT)
		return qn_counter_get(&shard->counters.frame_drop[index - DROP_AT + 1]);
	if (index >= RESOLVE_AT)
		return counter_at(
		    qn_resolver_counters(shard->resolver), &resolve_places[index - RESOLVE_AT]);
	return counter_at(&shard->counters, &shard_places[index]);
}
