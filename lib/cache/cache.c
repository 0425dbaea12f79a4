/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/cache.h"

#include "base/counter.h"
#include "base/endian.h"

#include <stdatomic.h>

#define SLOT_COUNT 10
#define NO_BLOCK   QN_CACHE_NOWHERE

/* Blocks that share one bucket line, on average: two blocks an entry, three quarters full. */
#define BLOCKS_PER_BUCKET 15

/* Blocks that a sweep can look at in the time that it takes to remove an entry. */
#define SWEEP_COST 8

#define HEAD_WORDS   4
#define TAIL_WORDS   6
#define WORD_LEN     8
#define KEY_HEAD_LEN 3 /* Kind and type stand in front of the name. */

/*
 * A block is the head of an entry or a later link of one. `version` stands at the same place
 * in both, only grows, and is even only in the head of a standing entry: a reader that holds
 * an outdated block number meets either an odd version or a key that differs.
 *
 * `visited` is the one field that readers write. A reader may be late: by the time it writes,
 * the block may be anything. So no block keeps data at that place, head or not.
 *
 * Every field that a reader looks at is atomic. Data is stored with release and loaded with
 * acquire order: that keeps the copy between the two looks at the version, and costs nothing
 * on x86.
 */
struct block {
	_Atomic uint32_t version;
	_Atomic uint32_t next;
	_Atomic uint16_t value_len;
	_Atomic uint8_t name_len;
	_Atomic uint8_t visited; /* Set by readers, cleared by the hand. */
	_Atomic uint32_t hash;   /* Of a head only, as what follows. */
	union {
		struct {
			_Atomic uint32_t stored_s;
			_Atomic uint32_t ttl_s;
			_Atomic uint32_t newer; /* SIEVE's queue: the owner's alone, but where */
			_Atomic uint32_t older; /* a late reader of a link sees its words. */
			_Atomic uint64_t words[HEAD_WORDS];
		} head;
		_Atomic uint64_t words[TAIL_WORDS];
	};
};
_Static_assert(sizeof(struct block) == QN_CACHE_BLOCK_LEN, "a block is one cache line");

/* Tags stand four to a word, so that a few instructions compare them all. 0: empty. */
#define TAG_BITS  16
#define TAG_WORDS 3
#define TAG_ONES  0x0001000100010001ull /* A 1 in each of the four. */
#define TAG_TOPS  0x8000800080008000ull /* The upper bit of each. */
#define SLOT_BITS 0x0003000300070007ull /* What match() gives if all ten slots do. */

struct bucket {
	_Atomic uint64_t tags[TAG_WORDS]; /* The places behind the last slot stay empty. */
	_Atomic uint32_t blocks[SLOT_COUNT];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct qn_cache {
	struct bucket *buckets;
	struct block *blocks;
	uint32_t bucket_mask;
	uint32_t block_count;
	uint32_t free_head; /* A list of free blocks through `next`. */
	uint32_t free_count;
	uint32_t newest;
	uint32_t oldest;
	uint32_t hand;
	struct qn_mono start;
	qn_counter entry_count;
	qn_counter block_used;
	qn_counter evicted_count;
};

static uint32_t
cache_seconds(const struct qn_cache *cache, struct qn_now now)
{
	return (uint32_t)(qn_mono_since_us(cache->start, now.mono) / QN_US_PER_S);
}

/* The layout of a cache of `bytes` in all: as many blocks as fit beside their buckets. */
struct layout {
	uint32_t bucket_count;
	uint32_t block_count;
};

static struct layout
layout_for(size_t bytes)
{
	const size_t fixed = (sizeof(struct qn_cache) + 63) & ~(size_t)63;
	const size_t lines = bytes > fixed ? (bytes - fixed) / sizeof(struct block) : 0;
	uint32_t bucket_count = 1;

	qn_assert(lines >= 2 * (QN_CACHE_VALUE_MAX / 32) && lines < NO_BLOCK);
	while ((size_t)bucket_count * BLOCKS_PER_BUCKET < lines)
		bucket_count *= 2;
	if (bucket_count > lines / 8)
		bucket_count /= 2;
	return (struct layout){bucket_count, (uint32_t)(lines - bucket_count)};
}

size_t
qn_cache_size(size_t bytes)
{
	return bytes & ~(size_t)(QN_ARENA_ALIGN - 1);
}

struct qn_cache *
qn_cache_init(struct qn_span block, struct qn_now now)
{
	struct qn_arena arena = qn_arena_over(block);
	const struct layout layout = layout_for(block.len);
	struct qn_cache *cache = qn_arena_take(&arena, sizeof(*cache));

	cache->buckets = qn_arena_take(&arena, sizeof(struct bucket) * layout.bucket_count);
	cache->blocks = qn_arena_take(&arena, sizeof(struct block) * (size_t)layout.block_count);
	cache->bucket_mask = layout.bucket_count - 1;
	cache->block_count = layout.block_count;
	cache->free_head = 0;
	cache->free_count = layout.block_count;
	cache->newest = NO_BLOCK;
	cache->oldest = NO_BLOCK;
	cache->hand = NO_BLOCK;
	cache->start = now.mono;
	for (uint32_t i = 0; i < layout.block_count; i++) {
		atomic_init(&cache->blocks[i].version, 1);
		atomic_init(&cache->blocks[i].next, i + 1 < layout.block_count ? i + 1 : NO_BLOCK);
	}
	return cache;
}

/* Folds the ASCII letters among eight octets at once: none of the sums leaves its octet. */
static inline uint64_t
word_lower(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101ull;
	const uint64_t low = word & 0x7f * ones;
	const uint64_t from_a = low + (0x80 - 'A') * ones;
	const uint64_t behind_z = low + (0x7f - 'Z') * ones;
	const uint64_t upper = (from_a ^ behind_z) & ~word & 0x80 * ones;

	return word | upper >> 2;
}

/* The `len` octets at `at`, 7 at most, in the lower ones of a word. */
static inline uint64_t
word_load_short(const uint8_t *at, size_t len)
{
	uint64_t word = 0;
	uint32_t four;
	uint16_t two;

	if (len & 1)
		word = at[len - 1];
	if (len & 2) {
		memcpy(&two, at + (len & 4), sizeof(two));
		word = word << 16 | two;
	}
	if (len & 4) {
		memcpy(&four, at, sizeof(four));
		word = word << 32 | four;
	}
	return word;
}

/* Up to eight of the `left` octets at `at`, zeros in place of the others. */
static inline uint64_t
word_load(const uint8_t *at, size_t left)
{
	uint64_t word;

	if (left < WORD_LEN)
		return word_load_short(at, left);
	memcpy(&word, at, sizeof(word));
	return word;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are put together that way round");

void
qn_cache_key_init_wire(struct qn_cache_key *key, const struct qn_hash_key *hash_key,
    enum qn_cache_kind kind, struct qn_view name, uint16_t type)
{
	const uint64_t head = (uint64_t)kind | (uint64_t)__builtin_bswap16(type) << 8;
	const size_t in_first = WORD_LEN - KEY_HEAD_LEN;
	size_t word_count = 1;

	key->len = (uint16_t)(KEY_HEAD_LEN + name.len);
	key->words[0] = head | word_lower(word_load(name.data, name.len) << 8 * KEY_HEAD_LEN);
	for (size_t at = in_first; at < name.len; at += WORD_LEN)
		key->words[word_count++] = word_lower(word_load(name.data + at, name.len - at));
	key->hash = (uint32_t)qn_hash_words(hash_key, key->words, word_count);
}

/* Tag and second bucket come out of the 32 bits that a head keeps, to find its slot again. */
static uint16_t
hash_tag(uint32_t hash)
{
	return (uint16_t)((hash * 0x9e3779b1u) >> 16 | 1);
}

static struct bucket *
bucket_of(const struct qn_cache *cache, uint32_t hash, unsigned choice)
{
	const uint32_t shift = choice == 0 ? 0 : (hash_tag(hash) * 0x85ebca6bu) >> 4;

	return &cache->buckets[(hash ^ shift) & cache->bucket_mask];
}

/* --- Tags ---------------------------------------------------------------------------- */

/* The upper bit of each of the four tags of `word` that is `tag`, and no other bit. */
static inline uint64_t
tags_equal(uint64_t word, uint16_t tag)
{
	const uint64_t difference = word ^ tag * TAG_ONES;
	const uint64_t differ = ((difference & ~TAG_TOPS) + ~TAG_TOPS) | difference;

	return ~differ & TAG_TOPS;
}

/*
 * The slots of a bucket that have `tag`: for slot 4w + i, which is tag i of word w, bit 16i + w.
 * Put together without a branch: where a tag stands is for no processor to foresee.
 */
static inline uint64_t
bucket_match(const struct bucket *bucket, uint16_t tag)
{
	uint64_t slots = 0;

	for (unsigned i = 0; i < TAG_WORDS; i++) {
		const uint64_t word = atomic_load_explicit(&bucket->tags[i], memory_order_acquire);

		slots |= tags_equal(word, tag) >> (TAG_BITS - 1 - i);
	}
	return slots & SLOT_BITS;
}

/* The first of the slots that match gave, and those behind it. */
static inline unsigned
slots_first(uint64_t slots)
{
	const unsigned bit = (unsigned)__builtin_ctzll(slots);

	return 4 * (bit % TAG_BITS) + bit / TAG_BITS;
}

static inline uint64_t
slots_next(uint64_t slots)
{
	return slots & (slots - 1);
}

/* Only the owner writes tags, so it may read a word, change one of the four, and write it. */
static void
bucket_set_tag(struct bucket *bucket, unsigned at, uint16_t tag)
{
	_Atomic uint64_t *place = &bucket->tags[at / 4];
	const unsigned shift = at % 4 * TAG_BITS;
	const uint64_t others =
	    atomic_load_explicit(place, memory_order_relaxed) & ~((uint64_t)UINT16_MAX << shift);

	atomic_store_explicit(place, others | (uint64_t)tag << shift, memory_order_release);
}

/* --- Copying through chains ---------------------------------------------------------- */

/* A place in the words of an entry: the head's first, then those of the links. */
struct cursor {
	const struct qn_cache *cache;
	struct block *block;
	_Atomic uint64_t *words; /* What is left of this block. */
	size_t left;
};

static inline struct cursor
cursor_at_head(const struct qn_cache *cache, uint32_t block)
{
	struct block *head = &cache->blocks[block];

	return (struct cursor){cache, head, head->head.words, HEAD_WORDS};
}

/*
 * Takes the next words that stand behind each other, `count` at most and at least one; none when
 * the chain breaks off, which only a reader sees that was overtaken.
 */
static inline size_t
cursor_take(struct cursor *cursor, size_t count, _Atomic uint64_t **words)
{
	if (cursor->left == 0) {
		const uint32_t next =
		    atomic_load_explicit(&cursor->block->next, memory_order_acquire);

		if (next >= cursor->cache->block_count)
			return 0;
		cursor->block = &cursor->cache->blocks[next];
		cursor->words = cursor->block->words;
		cursor->left = TAIL_WORDS;
	}
	const size_t taken = count < cursor->left ? count : cursor->left;

	*words = cursor->words;
	cursor->words += taken;
	cursor->left -= taken;
	return taken;
}

static size_t
words_for(size_t len)
{
	return (len + WORD_LEN - 1) / WORD_LEN;
}

/* Key and value stand behind each other, each padded to whole words. */
static void
cursor_write(struct cursor *cursor, const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		_Atomic uint64_t *words;
		const size_t count = cursor_take(cursor, words_for(len - at), &words);

		qn_assert(count > 0);
		for (size_t i = 0; i < count; i++, at += WORD_LEN)
			atomic_store_explicit(
			    &words[i], word_load(bytes + at, len - at), memory_order_release);
	}
}

/* Reads whole words, so up to 7 octets more than `len`; false when the chain breaks off. */
static inline bool
cursor_read(struct cursor *cursor, uint8_t *bytes, size_t len)
{
	for (size_t left = words_for(len); left > 0;) {
		_Atomic uint64_t *words;
		const size_t count = cursor_take(cursor, left, &words);

		if (count == 0)
			return false;
		for (size_t i = 0; i < count; i++, bytes += WORD_LEN) {
			const uint64_t word = atomic_load_explicit(&words[i], memory_order_acquire);

			memcpy(bytes, &word, sizeof(word));
		}
		left -= count;
	}
	return true;
}

static inline bool
cursor_matches(struct cursor *cursor, const struct qn_cache_key *key)
{
	const size_t word_count = words_for(key->len);

	for (size_t at = 0; at < word_count;) {
		_Atomic uint64_t *words;
		const size_t count = cursor_take(cursor, word_count - at, &words);

		if (count == 0)
			return false;
		for (size_t i = 0; i < count; i++)
			if (atomic_load_explicit(&words[i], memory_order_acquire) !=
			    key->words[at + i])
				return false;
		at += count;
	}
	return true;
}

static uint32_t
blocks_for(size_t key_len, size_t value_len)
{
	const size_t words = words_for(key_len) + words_for(value_len);

	if (words <= HEAD_WORDS)
		return 1;
	return (uint32_t)(1 + (words - HEAD_WORDS + TAIL_WORDS - 1) / TAIL_WORDS);
}

/* --- Reading ------------------------------------------------------------------------- */

/* Copies the entry at `index` if it is whole and has this key (docs/torn-reads.md). */
static bool
entry_read(const struct qn_cache *cache, uint32_t index, const struct qn_cache_key *key,
    uint32_t now_s, uint8_t *value, struct qn_cache_item *item)
{
	struct block *block = &cache->blocks[index];
	const uint32_t version = atomic_load_explicit(&block->version, memory_order_acquire);

	if (version % 2 != 0 ||
	    atomic_load_explicit(&block->hash, memory_order_acquire) != key->hash)
		return false;
	const uint32_t stored_s = atomic_load_explicit(&block->head.stored_s, memory_order_acquire);
	struct cursor cursor = cursor_at_head(cache, index);

	item->ttl_s = atomic_load_explicit(&block->head.ttl_s, memory_order_acquire);
	item->value_len = atomic_load_explicit(&block->value_len, memory_order_acquire);
	item->age_s = now_s > stored_s ? now_s - stored_s : 0;
	if (KEY_HEAD_LEN + atomic_load_explicit(&block->name_len, memory_order_acquire) !=
		key->len ||
	    item->value_len > QN_CACHE_VALUE_MAX || !cursor_matches(&cursor, key) ||
	    !cursor_read(&cursor, value, item->value_len) ||
	    atomic_load_explicit(&block->version, memory_order_relaxed) != version)
		return false;
	if (atomic_load_explicit(&block->visited, memory_order_relaxed) == 0)
		atomic_store_explicit(&block->visited, 1, memory_order_relaxed);
	return true;
}

/* The block that slot `at` points to; NO_BLOCK when that makes no sense any more. */
static uint32_t
bucket_block(const struct qn_cache *cache, const struct bucket *bucket, unsigned at)
{
	const uint32_t index = atomic_load_explicit(&bucket->blocks[at], memory_order_acquire);

	return index < cache->block_count ? index : NO_BLOCK;
}

void
qn_cache_prefetch(const struct qn_cache *cache, const struct qn_cache_key *key)
{
	__builtin_prefetch(bucket_of(cache, key->hash, 0));
	__builtin_prefetch(bucket_of(cache, key->hash, 1));
}

uint32_t
qn_cache_probe(const struct qn_cache *cache, const struct qn_cache_key *key)
{
	const uint16_t tag = hash_tag(key->hash);
	const struct bucket *buckets[2] = {
	    bucket_of(cache, key->hash, 0), bucket_of(cache, key->hash, 1)};
	const uint64_t slots[2] = {bucket_match(buckets[0], tag), bucket_match(buckets[1], tag)};
	const unsigned choice = slots[0] == 0;

	if (slots[choice] == 0)
		return NO_BLOCK;
	const uint32_t index = bucket_block(cache, buckets[choice], slots_first(slots[choice]));

	if (index != NO_BLOCK)
		__builtin_prefetch(&cache->blocks[index]);
	return index;
}

void
qn_cache_prefetch_rest(const struct qn_cache *cache, uint32_t place)
{
	const uint32_t next =
	    atomic_load_explicit(&cache->blocks[place].next, memory_order_relaxed);

	if (next < cache->block_count)
		__builtin_prefetch(&cache->blocks[next]);
}

bool
qn_cache_get_at(const struct qn_cache *cache, uint32_t place, const struct qn_cache_key *key,
    struct qn_now now, uint8_t *value, struct qn_cache_item *item)
{
	return entry_read(cache, place, key, cache_seconds(cache, now), value, item) &&
	       item->age_s < item->ttl_s;
}

enum qn_cache_found
qn_cache_get(const struct qn_cache *cache, const struct qn_cache_key *key, struct qn_now now,
    uint8_t *value, struct qn_cache_item *item)
{
	const uint16_t tag = hash_tag(key->hash);
	const uint32_t now_s = cache_seconds(cache, now);

	for (unsigned choice = 0; choice < 2; choice++) {
		const struct bucket *bucket = bucket_of(cache, key->hash, choice);

		for (uint64_t slots = bucket_match(bucket, tag); slots != 0;
		     slots = slots_next(slots)) {
			const uint32_t index = bucket_block(cache, bucket, slots_first(slots));

			if (index != NO_BLOCK && entry_read(cache, index, key, now_s, value, item))
				return item->age_s < item->ttl_s ? QN_CACHE_FRESH : QN_CACHE_STALE;
		}
	}
	return QN_CACHE_MISS;
}

/* --- The owner's side: slots, queue, eviction ------------------------------------------ */

struct slot {
	struct bucket *bucket;
	unsigned at;
};

static uint32_t
slot_block(struct slot slot)
{
	return atomic_load_explicit(&slot.bucket->blocks[slot.at], memory_order_relaxed);
}

/* The slot that points at block `index`, whose hash is given. */
static struct slot
slot_of_block(const struct qn_cache *cache, uint32_t hash, uint32_t index)
{
	for (unsigned choice = 0; choice < 2; choice++) {
		struct bucket *bucket = bucket_of(cache, hash, choice);

		uint64_t slots = bucket_match(bucket, hash_tag(hash));

		for (; slots != 0; slots = slots_next(slots)) {
			const struct slot slot = {bucket, slots_first(slots)};

			if (slot_block(slot) == index)
				return slot;
		}
	}
	return (struct slot){NULL, 0};
}

/* Whether the standing entry at block `index` has this key, as its owner sees it. */
static bool
block_has_key(const struct qn_cache *cache, uint32_t index, const struct qn_cache_key *key)
{
	const struct block *block = &cache->blocks[index];
	struct cursor cursor = cursor_at_head(cache, index);

	return atomic_load_explicit(&block->hash, memory_order_relaxed) == key->hash &&
	       KEY_HEAD_LEN + atomic_load_explicit(&block->name_len, memory_order_relaxed) ==
	           key->len &&
	       cursor_matches(&cursor, key);
}

/* The slot of `key`; an empty `bucket` when it is not there. */
static struct slot
slot_of_key(const struct qn_cache *cache, const struct qn_cache_key *key)
{
	const uint16_t tag = hash_tag(key->hash);

	for (unsigned choice = 0; choice < 2; choice++) {
		struct bucket *bucket = bucket_of(cache, key->hash, choice);
		uint64_t slots = bucket_match(bucket, tag);

		for (; slots != 0; slots = slots_next(slots)) {
			const struct slot slot = {bucket, slots_first(slots)};

			if (block_has_key(cache, slot_block(slot), key))
				return slot;
		}
	}
	return (struct slot){NULL, 0};
}

/* A free slot for `hash` in the emptier of its two buckets. */
static struct slot
slot_free(const struct qn_cache *cache, uint32_t hash)
{
	struct slot found = {NULL, 0};
	unsigned most_free = 0;

	for (unsigned choice = 0; choice < 2; choice++) {
		struct bucket *bucket = bucket_of(cache, hash, choice);
		const uint64_t slots = bucket_match(bucket, 0);
		unsigned free_count = 0;

		for (uint64_t left = slots; left != 0; left = slots_next(left))
			free_count++;
		if (free_count > most_free) {
			most_free = free_count;
			found = (struct slot){bucket, slots_first(slots)};
		}
	}
	return found;
}

static uint32_t
queue_newer(const struct qn_cache *cache, uint32_t index)
{
	return atomic_load_explicit(&cache->blocks[index].head.newer, memory_order_relaxed);
}

static uint32_t
queue_older(const struct qn_cache *cache, uint32_t index)
{
	return atomic_load_explicit(&cache->blocks[index].head.older, memory_order_relaxed);
}

static void
queue_set_newer(struct qn_cache *cache, uint32_t index, uint32_t newer)
{
	atomic_store_explicit(&cache->blocks[index].head.newer, newer, memory_order_release);
}

static void
queue_set_older(struct qn_cache *cache, uint32_t index, uint32_t older)
{
	atomic_store_explicit(&cache->blocks[index].head.older, older, memory_order_release);
}

static void
queue_push(struct qn_cache *cache, uint32_t index)
{
	queue_set_newer(cache, index, NO_BLOCK);
	queue_set_older(cache, index, cache->newest);
	if (cache->newest != NO_BLOCK)
		queue_set_newer(cache, cache->newest, index);
	else
		cache->oldest = index;
	cache->newest = index;
}

static void
queue_remove(struct qn_cache *cache, uint32_t index)
{
	const uint32_t newer = queue_newer(cache, index);
	const uint32_t older = queue_older(cache, index);

	if (cache->hand == index)
		cache->hand = newer;
	if (newer != NO_BLOCK)
		queue_set_older(cache, newer, older);
	else
		cache->newest = older;
	if (older != NO_BLOCK)
		queue_set_newer(cache, older, newer);
	else
		cache->oldest = newer;
}

/* Ends the entry for readers, then gives its blocks back. */
static void
entry_free(struct qn_cache *cache, uint32_t index)
{
	struct block *head = &cache->blocks[index];
	const uint32_t version = atomic_load_explicit(&head->version, memory_order_relaxed);
	uint32_t last = index;
	uint32_t count = 1;

	qn_assert(version % 2 == 0);
	atomic_store_explicit(&head->version, version + 1, memory_order_relaxed);
	queue_remove(cache, index);
	for (;;) {
		const uint32_t next =
		    atomic_load_explicit(&cache->blocks[last].next, memory_order_relaxed);

		if (next == NO_BLOCK)
			break;
		last = next;
		count++;
	}
	atomic_store_explicit(&cache->blocks[last].next, cache->free_head, memory_order_release);
	cache->free_head = index;
	cache->free_count += count;
	qn_counter_sub(&cache->block_used, count);
	qn_counter_sub(&cache->entry_count, 1);
}

static void
slot_clear(struct slot slot)
{
	bucket_set_tag(slot.bucket, slot.at, 0);
}

static void
entry_remove(struct qn_cache *cache, uint32_t index)
{
	const uint32_t hash =
	    atomic_load_explicit(&cache->blocks[index].hash, memory_order_relaxed);
	const struct slot slot = slot_of_block(cache, hash, index);

	qn_assert(slot.bucket != NULL);
	slot_clear(slot);
	entry_free(cache, index);
}

/* SIEVE: the hand goes from old to new, spares what was visited since, evicts the first not. */
static void
cache_evict(struct qn_cache *cache)
{
	uint32_t at = cache->hand != NO_BLOCK ? cache->hand : cache->oldest;

	qn_assert(at != NO_BLOCK);
	for (unsigned passed = 0; passed < QN_CACHE_HAND_MAX; passed++) {
		struct block *block = &cache->blocks[at];

		if (atomic_load_explicit(&block->visited, memory_order_relaxed) == 0)
			break;
		atomic_store_explicit(&block->visited, 0, memory_order_relaxed);
		at = queue_newer(cache, at) != NO_BLOCK ? queue_newer(cache, at) : cache->oldest;
	}
	cache->hand = at;
	entry_remove(cache, at); /* Moves the hand on to the next newer one. */
	qn_counter_add(&cache->evicted_count, 1);
}

/* Both buckets of `hash` are full: makes room, if possible at the cost of one not visited. */
static struct slot
slot_evict(struct qn_cache *cache, uint32_t hash)
{
	struct slot victim = {bucket_of(cache, hash, 0), hash % SLOT_COUNT};

	for (unsigned i = 0; i < 2 * SLOT_COUNT; i++) {
		const struct slot slot = {bucket_of(cache, hash, i / SLOT_COUNT), i % SLOT_COUNT};
		const struct block *block = &cache->blocks[slot_block(slot)];

		if (atomic_load_explicit(&block->visited, memory_order_relaxed) == 0) {
			victim = slot;
			break;
		}
	}
	const uint32_t index = slot_block(victim);

	slot_clear(victim);
	entry_free(cache, index);
	qn_counter_add(&cache->evicted_count, 1);
	return victim;
}

/* Takes a chain of `count` blocks off the free list, evicting until there are enough. */
static uint32_t
chain_take(struct qn_cache *cache, uint32_t count)
{
	while (cache->free_count < count)
		cache_evict(cache);

	const uint32_t first = cache->free_head;
	uint32_t last = first;

	for (uint32_t i = 1; i < count; i++)
		last = atomic_load_explicit(&cache->blocks[last].next, memory_order_relaxed);
	cache->free_head = atomic_load_explicit(&cache->blocks[last].next, memory_order_relaxed);
	cache->free_count -= count;
	atomic_store_explicit(&cache->blocks[last].next, NO_BLOCK, memory_order_release);
	qn_counter_add(&cache->block_used, count);
	return first;
}

/* --- Writing ------------------------------------------------------------------------- */

static uint32_t
entry_write(struct qn_cache *cache, const struct qn_cache_key *key, uint32_t ttl_s,
    struct qn_view value, uint32_t now_s)
{
	const uint32_t index = chain_take(cache, blocks_for(key->len, value.len));
	struct block *head = &cache->blocks[index];
	const uint32_t version = atomic_load_explicit(&head->version, memory_order_relaxed);
	struct cursor cursor = cursor_at_head(cache, index);

	qn_assert(version % 2 != 0);
	atomic_store_explicit(&head->hash, key->hash, memory_order_release);
	atomic_store_explicit(&head->head.stored_s, now_s, memory_order_release);
	atomic_store_explicit(&head->head.ttl_s, ttl_s, memory_order_release);
	atomic_store_explicit(&head->value_len, (uint16_t)value.len, memory_order_release);
	atomic_store_explicit(
	    &head->name_len, (uint8_t)(key->len - KEY_HEAD_LEN), memory_order_release);
	atomic_store_explicit(&head->visited, 0, memory_order_relaxed);
	cursor_write(&cursor, (const uint8_t *)key->words, key->len);
	cursor_write(&cursor, value.data, value.len);
	atomic_store_explicit(&head->version, version + 1, memory_order_release);
	queue_push(cache, index);
	qn_counter_add(&cache->entry_count, 1);
	return index;
}

bool
qn_cache_put(struct qn_cache *cache, const struct qn_cache_key *key, uint32_t ttl_s,
    struct qn_view value, struct qn_now now)
{
	if (value.len > QN_CACHE_VALUE_MAX) {
		qn_cache_remove(cache, key);
		return false;
	}
	const uint32_t index = entry_write(cache, key,
	    ttl_s < QN_CACHE_TTL_MAX ? ttl_s : QN_CACHE_TTL_MAX, value, cache_seconds(cache, now));
	/* Writing may have evicted the older entry, so it is looked for only now. */
	struct slot slot = slot_of_key(cache, key);

	if (slot.bucket != NULL) {
		const uint32_t replaced = slot_block(slot);

		atomic_store_explicit(&slot.bucket->blocks[slot.at], index, memory_order_release);
		entry_free(cache, replaced);
		return true;
	}
	slot = slot_free(cache, key->hash);
	if (slot.bucket == NULL)
		slot = slot_evict(cache, key->hash);
	atomic_store_explicit(&slot.bucket->blocks[slot.at], index, memory_order_release);
	bucket_set_tag(slot.bucket, slot.at, hash_tag(key->hash));
	return true;
}

bool
qn_cache_remove(struct qn_cache *cache, const struct qn_cache_key *key)
{
	const struct slot slot = slot_of_key(cache, key);

	if (slot.bucket == NULL)
		return false;
	const uint32_t index = slot_block(slot);

	slot_clear(slot);
	entry_free(cache, index);
	return true;
}

void
qn_cache_sweep_begin(struct qn_cache_sweep *sweep, const struct qn_name *name)
{
	qn_name_copy(&sweep->name, name);
	sweep->next = 0;
	sweep->removed_count = 0;
}

/* Whether a standing entry begins at block `index` whose name is at or below `name`. */
static bool
entry_is_within(const struct qn_cache *cache, uint32_t index, const struct qn_name *name)
{
	const struct block *head = &cache->blocks[index];
	struct cursor cursor = cursor_at_head(cache, index);
	uint8_t key[QN_CACHE_KEY_WORDS * WORD_LEN];
	struct qn_name owner;

	if (atomic_load_explicit(&head->version, memory_order_relaxed) % 2 != 0)
		return false;
	owner.len = atomic_load_explicit(&head->name_len, memory_order_relaxed);
	if (owner.len < name->len)
		return false;
	const bool whole = cursor_read(&cursor, key, KEY_HEAD_LEN + owner.len);

	qn_assert(whole);
	memcpy(owner.octets, key + KEY_HEAD_LEN, owner.len);
	return qn_name_within(&owner, name);
}

/* An entry stays in its head block as long as it stands, so one pass over all blocks meets it. */
bool
qn_cache_sweep_run(struct qn_cache *cache, struct qn_cache_sweep *sweep, uint32_t block_max)
{
	for (uint32_t cost = 0; cost < block_max; cost++) {
		if (sweep->next == cache->block_count)
			return true;
		if (entry_is_within(cache, sweep->next, &sweep->name)) {
			entry_remove(cache, sweep->next);
			sweep->removed_count++;
			cost += SWEEP_COST - 1;
		}
		sweep->next++;
	}
	return sweep->next == cache->block_count;
}

struct qn_cache_figures
qn_cache_figures(const struct qn_cache *cache)
{
	return (struct qn_cache_figures){
	    .entry_count = qn_counter_get(&cache->entry_count),
	    .block_count = cache->block_count,
	    .block_used = qn_counter_get(&cache->block_used),
	    .evicted_count = qn_counter_get(&cache->evicted_count),
	};
}
