/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"
#include "base/endian.h"
#include "zone/table.h"

#include <string.h>

/* What a pass over the items counts, and where it stands. */
struct counts {
	size_t nodes;
	size_t sets;
	size_t octets;
};

/* The parts of the block; all NULL in the first pass, which only counts. */
struct parts {
	struct qn_zones *zones;
	struct qn_zone_node *nodes;
	struct qn_zone_set *sets;
	struct qn_zone_slot *slots;
	uint8_t *octets;
};

struct builder {
	const struct qn_zone_item *items;
	size_t item_count;
	struct counts counts;
	struct parts parts;
	uint32_t branch[QN_NAME_LABEL_MAX + 1]; /* Nodes from the root to the last owner. */
};

static void
add_node(struct builder *builder, uint32_t parent, const uint8_t *label)
{
	if (builder->parts.nodes != NULL) {
		builder->parts.nodes[builder->counts.nodes] = (struct qn_zone_node){
		    .parent = parent, .label_at = (uint32_t)builder->counts.octets};
		memcpy(builder->parts.octets + builder->counts.octets, label, *label + 1u);
	}
	builder->counts.nodes++;
	builder->counts.octets += *label + 1u;
}

/* Makes the nodes of a path that those of `previous` do not make already; returns the last. */
static uint32_t
add_path(struct builder *builder, const uint8_t *path, const uint8_t *previous)
{
	bool shared = true;
	unsigned depth = 0;

	for (; *path != 0; path += *path + 1u) {
		shared = shared && *path == *previous && memcmp(path, previous, *path + 1u) == 0;
		if (shared) {
			previous += *previous + 1u;
		} else {
			builder->branch[depth + 1] = (uint32_t)builder->counts.nodes;
			add_node(builder, builder->branch[depth], path);
		}
		depth++;
	}
	return builder->branch[depth];
}

static void
add_rdata(struct builder *builder, struct qn_zone_set *set, const struct qn_zone_item *item)
{
	uint8_t *at = builder->parts.octets + builder->counts.octets + set->rdatas_len;

	qn_store_be16(at, (uint16_t)item->rdata.len);
	if (item->rdata.len > 0)
		memcpy(at + 2, item->rdata.data, item->rdata.len);
	set->rdatas_len = (uint16_t)(set->rdatas_len + 2 + item->rdata.len);
	set->count++;
	if (item->ttl_s < set->ttl_s)
		set->ttl_s = item->ttl_s; /* One TTL for an RRset (RFC 2181 s5.2). */
}

/* Adds the RRset of the `count` items from `first` on to node `index`. */
static void
add_set(struct builder *builder, uint32_t index, size_t first, size_t count)
{
	struct qn_zone_set *set = NULL;
	size_t len = 0;

	if (builder->parts.sets != NULL) {
		struct qn_zone_node *node = &builder->parts.nodes[index];

		if (node->set_count++ == 0)
			node->set_at = (uint32_t)builder->counts.sets;
		set = &builder->parts.sets[builder->counts.sets];
		*set = (struct qn_zone_set){.rdatas_at = (uint32_t)builder->counts.octets,
		    .ttl_s = UINT32_MAX,
		    .type = builder->items[first].type};
	}
	for (size_t i = first; i < first + count; i++) {
		if (i > first && qn_zone_item_repeats(builder->items, i))
			continue;
		len += 2 + builder->items[i].rdata.len;
		if (set != NULL)
			add_rdata(builder, set, &builder->items[i]);
	}
	qn_assert(len <= QN_ZONE_SET_LEN_MAX);
	builder->counts.sets++;
	builder->counts.octets += len;
}

static void
begin_zone(struct builder *builder, uint32_t index, const struct qn_zone_item *item)
{
	if (builder->parts.nodes == NULL)
		return;
	builder->parts.nodes[index].is_apex = true;
	builder->parts.nodes[index].kind = item->kind;
}

/* One pass: counts, and writes if there is where to. */
static void
build(struct builder *builder)
{
	static const uint8_t root[] = {0};
	const struct qn_zone_item *items = builder->items;
	const uint8_t *previous = root;
	size_t count;

	builder->counts = (struct counts){0};
	add_node(builder, 0, root);
	for (size_t i = 0; i < builder->item_count; i += count) {
		const uint32_t index = add_path(builder, items[i].path.data, previous);

		qn_assert(i == 0 || qn_zone_item_compare(&items[i - 1], &items[i]) <= 0);
		count = qn_zone_set_count(items, builder->item_count, i);
		if (items[i].type == QN_ZONE_APEX)
			begin_zone(builder, index, &items[i]);
		else
			add_set(builder, index, i, count);
		previous = items[i].path.data;
	}
}

/* At most half of the slots are ever taken, so that a search soon meets an empty one. */
static size_t
slot_count(size_t node_count)
{
	size_t count = 2;

	while (count < 2 * node_count)
		count *= 2;
	return count;
}

static void
slots_fill(struct qn_zone_slot *slots, const struct qn_zones *zones)
{
	for (uint32_t i = 1; i < zones->node_count; i++) {
		const struct qn_zone_node *node = &zones->nodes[i];
		const uint32_t hash = qn_zone_hash(node->parent, zones->octets + node->label_at);
		uint32_t at = hash & zones->slot_mask;

		while (slots[at].node != 0)
			at = (at + 1) & zones->slot_mask;
		slots[at] = (struct qn_zone_slot){hash, i};
	}
}

/* Whether every name there is can be a local one. */
static bool
covers_all(const struct qn_zones *zones)
{
	static const uint8_t asterisk[] = {1, '*'};

	if (zones->nodes[0].is_apex || zones->nodes[0].set_count > 0)
		return true;
	for (uint32_t i = 1; i < zones->node_count; i++)
		if (zones->nodes[i].parent == 0 && memcmp(zones->octets + zones->nodes[i].label_at,
						       asterisk, sizeof(asterisk)) == 0)
			return true;
	return false;
}

static void
tops_fill(struct qn_zones *zones)
{
	if (covers_all(zones)) {
		memset(zones->tops, 0xff, sizeof(zones->tops));
		return;
	}
	for (uint32_t i = 1; i < zones->node_count; i++) {
		const uint8_t *label = zones->octets + zones->nodes[i].label_at;
		const unsigned bit = qn_zone_top_bit(label[0], label[1]);

		if (zones->nodes[i].parent == 0)
			zones->tops[bit / 64] |= (uint64_t)1 << bit % 64;
	}
}

static bool
counts_fit(const struct counts *counts)
{
	/* Twice as many slots as nodes, rounded up, are counted in 32 bits. */
	return counts->nodes <= (size_t)1 << 30 && counts->sets <= UINT32_MAX &&
	       counts->octets <= UINT32_MAX;
}

static struct parts
parts_take(struct qn_arena *arena, const struct counts *counts)
{
	return (struct parts){
	    .zones = qn_arena_take(arena, sizeof(struct qn_zones)),
	    .nodes = qn_arena_take(arena, counts->nodes * sizeof(struct qn_zone_node)),
	    .sets = qn_arena_take(arena, counts->sets * sizeof(struct qn_zone_set)),
	    .slots = qn_arena_take(arena, slot_count(counts->nodes) * sizeof(struct qn_zone_slot)),
	    .octets = qn_arena_take(arena, counts->octets),
	};
}

size_t
qn_zones_size(const struct qn_zone_item *items, size_t count)
{
	struct builder builder = {.items = items, .item_count = count};
	struct qn_arena arena = qn_arena_measure();

	build(&builder);
	if (!counts_fit(&builder.counts))
		return 0;
	(void)parts_take(&arena, &builder.counts);
	return arena.used;
}

const struct qn_zones *
qn_zones_init(struct qn_span block, const struct qn_zone_item *items, size_t count,
    const struct qn_zones *below)
{
	struct builder builder = {.items = items, .item_count = count};
	struct qn_arena arena = qn_arena_over(block);
	struct qn_zones *zones;

	build(&builder);
	qn_assert(counts_fit(&builder.counts));
	builder.parts = parts_take(&arena, &builder.counts);
	build(&builder);
	zones = builder.parts.zones;
	*zones = (struct qn_zones){
	    .below = below,
	    .nodes = builder.parts.nodes,
	    .slots = builder.parts.slots,
	    .sets = builder.parts.sets,
	    .octets = builder.parts.octets,
	    .slot_mask = (uint32_t)(slot_count(builder.counts.nodes) - 1),
	    .node_count = (uint32_t)builder.counts.nodes,
	};
	slots_fill(builder.parts.slots, zones);
	tops_fill(zones);
	return zones;
}
