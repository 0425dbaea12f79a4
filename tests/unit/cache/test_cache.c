/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/cache.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#define CACHE_LEN (64u << 10)

static _Alignas(QN_ARENA_ALIGN) uint8_t memory[CACHE_LEN];
static const struct qn_hash_key hash_key = {7, 8};
static uint8_t value[QN_CACHE_VALUE_MAX];
static struct qn_cache_item item;

static struct qn_cache *
cache_new(void)
{
	return qn_cache_init((struct qn_span){memory, sizeof(memory)}, test_now_us(0));
}

static struct qn_cache_key
key_of(enum qn_cache_kind kind, const char *text, uint16_t type)
{
	const struct qn_name name = test_name(text);
	struct qn_cache_key key;

	qn_cache_key_init(&key, &hash_key, kind, &name, type);
	return key;
}

static void
put(struct qn_cache *cache, const struct qn_cache_key *key, uint32_t ttl_s, const char *text,
    uint64_t now_us)
{
	assert_true(qn_cache_put(cache, key, ttl_s, test_octets(text), test_now_us(now_us)));
}

static void
assert_value(struct qn_cache *cache, const struct qn_cache_key *key, const char *text)
{
	assert_int_not_equal(qn_cache_get(cache, key, test_now_us(0), value, &item), QN_CACHE_MISS);
	assert_view_equal(((struct qn_view){value, item.value_len}), test_octets(text));
}

TEST(cache_keys_tell_kind_name_and_type_apart)
{
	static const struct {
		enum qn_cache_kind kind;
		const char *name;
		uint16_t type;
	} keys[] = {
	    {QN_CACHE_ANSWER, "www.example.com", 1},
	    {QN_CACHE_RRSET, "www.example.com", 1},
	    {QN_CACHE_ANSWER, "www.example.com", 28},
	    {QN_CACHE_ANSWER, "example.com", 1},
	    {QN_CACHE_ANSWER, ".", 1},
	    {QN_CACHE_ANSWER, "ww.wexample.com", 1},
	    {QN_CACHE_ANSWER, "www.example.com\\000", 1},
	};
	struct qn_cache *cache = cache_new();
	char text[] = "value 0";

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct qn_cache_key key = key_of(keys[i].kind, keys[i].name, keys[i].type);

		text[6] = (char)('0' + i);
		put(cache, &key, 10, text, 0);
	}
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct qn_cache_key key = key_of(keys[i].kind, keys[i].name, keys[i].type);

		text[6] = (char)('0' + i);
		assert_value(cache, &key, text);
	}
}

TEST(cache_keys_fold_letters_only)
{
	struct qn_cache *cache = cache_new();
	const struct qn_cache_key sent = key_of(QN_CACHE_ANSWER, "wWw.ExAmPlE.cOm", 1);
	const struct qn_cache_key bracket = key_of(QN_CACHE_ANSWER, "[.example", 1);
	const struct qn_cache_key brace = key_of(QN_CACHE_ANSWER, "{.example", 1);
	const struct qn_cache_key asked = key_of(QN_CACHE_ANSWER, "www.example.COM", 1);

	assert_int_equal(sent.hash, asked.hash);
	put(cache, &sent, 10, "one", 0);
	assert_value(cache, &asked, "one");
	put(cache, &bracket, 10, "two", 0);
	assert_int_equal(qn_cache_get(cache, &brace, test_now_us(0), value, &item), QN_CACHE_MISS);
}

/* Without the key that an attacker does not know, buckets cannot be filled on purpose. */
TEST(cache_hashes_depend_on_the_key)
{
	static const struct qn_hash_key other = {7, 9};
	const struct qn_name name = test_name("www.example.com");
	struct qn_cache_key a, b;

	qn_cache_key_init(&a, &hash_key, QN_CACHE_ANSWER, &name, 1);
	qn_cache_key_init(&b, &other, QN_CACHE_ANSWER, &name, 1);
	assert_int_not_equal(a.hash, b.hash);
}

TEST(cache_ages)
{
	struct qn_cache *cache = cache_new();
	const struct qn_cache_key key = key_of(QN_CACHE_RRSET, "a.example", 1);

	put(cache, &key, 3, "x", 900000);
	assert_int_equal(
	    qn_cache_get(cache, &key, test_now_us(2999999), value, &item), QN_CACHE_FRESH);
	assert_int_equal(item.age_s, 2);
	assert_int_equal(item.ttl_s, 3);
	/* Whole seconds of one clock: it may end early, by less than one, but never late. */
	assert_int_equal(
	    qn_cache_get(cache, &key, test_now_us(3000000), value, &item), QN_CACHE_STALE);
	assert_int_equal(item.age_s, 3);
	assert_int_equal(item.value_len, 1);
	/* A worker whose clock reading is older than the entry. */
	assert_int_equal(qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_FRESH);
	assert_int_equal(item.age_s, 0);
	/* Replacing begins anew. */
	put(cache, &key, 1, "y", 5000000);
	assert_int_equal(
	    qn_cache_get(cache, &key, test_now_us(5500000), value, &item), QN_CACHE_FRESH);
	put(cache, &key, 0, "z", 5000000);
	assert_int_equal(
	    qn_cache_get(cache, &key, test_now_us(5000000), value, &item), QN_CACHE_STALE);
	assert_int_equal(qn_cache_figures(cache).entry_count, 1);
}

TEST(cache_bounds_lifetimes)
{
	struct qn_cache *cache = cache_new();
	const struct qn_cache_key key = key_of(QN_CACHE_RRSET, "a.example", 1);

	put(cache, &key, UINT32_MAX, "x", 0);
	assert_int_equal(qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_FRESH);
	assert_int_equal(item.ttl_s, QN_CACHE_TTL_MAX);
	assert_int_equal(
	    qn_cache_get(cache, &key, test_now_us(QN_CACHE_TTL_MAX * QN_US_PER_S), value, &item),
	    QN_CACHE_STALE);
}

/* Every length around the ends of blocks, and the longest; what is longer replaces nothing. */
TEST(cache_keeps_values_of_every_length)
{
	static uint8_t long_value[QN_CACHE_VALUE_MAX + 1];
	struct qn_cache *cache = cache_new();
	const struct qn_cache_key key = key_of(QN_CACHE_RRSET, "a.example", 1);

	for (size_t i = 0; i < sizeof(long_value); i++)
		long_value[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t len = 0; len <= QN_CACHE_VALUE_MAX; len += len < 300 ? 1 : 263) {
		const struct qn_view view = {long_value, len};

		assert_true(qn_cache_put(cache, &key, 1, view, test_now_us(0)));
		assert_int_equal(
		    qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_FRESH);
		assert_view_equal(((struct qn_view){value, item.value_len}), view);
		assert_int_equal(qn_cache_figures(cache).entry_count, 1);
	}
	assert_true(qn_cache_put(
	    cache, &key, 1, (struct qn_view){long_value, QN_CACHE_VALUE_MAX}, test_now_us(0)));
	assert_int_equal(qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_FRESH);
	assert_memory_equal(value, long_value, QN_CACHE_VALUE_MAX);

	/* Nor is an older value left to be found in its place. */
	assert_false(qn_cache_put(
	    cache, &key, 1, (struct qn_view){long_value, QN_CACHE_VALUE_MAX + 1}, test_now_us(0)));
	assert_int_equal(qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_MISS);
	assert_int_equal(qn_cache_figures(cache).block_used, 0);
}

TEST(cache_removes)
{
	struct qn_cache *cache = cache_new();
	const struct qn_cache_key key = key_of(QN_CACHE_RRSET, "a.example", 1);
	const struct qn_cache_key other = key_of(QN_CACHE_RRSET, "a.example", 2);

	put(cache, &key, 1, "x", 0);
	put(cache, &other, 1, "y", 0);
	assert_true(qn_cache_remove(cache, &key));
	assert_false(qn_cache_remove(cache, &key));
	assert_int_equal(qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_MISS);
	assert_value(cache, &other, "y");
}

/* Sweeps in slices of `block_max`; returns how many entries went. */
static uint32_t
sweep(struct qn_cache *cache, const struct qn_name *name, uint32_t block_max)
{
	const uint64_t block_count = qn_cache_figures(cache).block_count;
	struct qn_cache_sweep sweep;
	uint64_t slice_count = 1;

	qn_cache_sweep_begin(&sweep, name);
	for (; !qn_cache_sweep_run(cache, &sweep, block_max); slice_count++)
		assert_true(slice_count < block_count);
	/* A slice is no larger than it was asked to be. */
	assert_true(slice_count * block_max >= block_count);
	return sweep.removed_count;
}

TEST(cache_sweeps_away_what_is_below_a_name)
{
	static const char *const names[] = {
	    "example.com", "www.example.com", "a.b.EXAMPLE.com", "badexample.com", "com", "."};
	struct qn_cache *cache = cache_new();
	const struct qn_name zone = test_name("Example.com");

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct qn_cache_key key = key_of(QN_CACHE_RRSET, names[i], 1);

		put(cache, &key, 1, names[i], 0);
	}
	assert_int_equal(sweep(cache, &zone, 1), 3);
	assert_int_equal(sweep(cache, &zone, 1), 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct qn_cache_key key = key_of(QN_CACHE_RRSET, names[i], 1);

		if (i >= 3)
			assert_value(cache, &key, names[i]);
		else
			assert_int_equal(
			    qn_cache_get(cache, &key, test_now_us(0), value, &item), QN_CACHE_MISS);
	}
	assert_int_equal(sweep(cache, &qn_name_root, 100), 3);
	assert_int_equal(qn_cache_figures(cache).block_used, 0);
}

/* Removing takes longer than looking, so a slice that removes looks at fewer blocks. */
TEST(cache_sweep_removes_little_in_one_slice)
{
	struct qn_cache *cache = cache_new();
	struct qn_cache_sweep sweep;

	for (uint16_t type = 0; type < 100; type++) {
		const struct qn_cache_key key = key_of(QN_CACHE_RRSET, "example.com", type);

		put(cache, &key, 1, "x", 0);
	}
	qn_cache_sweep_begin(&sweep, &qn_name_root);
	for (uint32_t removed = 0; removed < 100; removed = sweep.removed_count) {
		assert_false(qn_cache_sweep_run(cache, &sweep, 64));
		assert_true(sweep.removed_count > removed && sweep.removed_count <= removed + 16);
	}
}

/* Blocks and buckets share what there is, and nothing much is left over. */
TEST(cache_uses_its_memory)
{
	static const size_t lens[] = {40u << 10, 64u << 10, (64u << 10) - 64, 50u << 10};

	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		struct qn_cache *cache =
		    qn_cache_init((struct qn_span){memory, lens[i]}, test_now_us(0));
		const size_t blocks_len = QN_CACHE_BLOCK_LEN * qn_cache_figures(cache).block_count;

		assert_int_equal(qn_cache_size(lens[i] + 63), lens[i]);
		assert_true(blocks_len < lens[i]);
		/* A bucket serves 8 to 16 blocks. */
		assert_true(blocks_len > lens[i] * 7 / 8 - 256);
	}
	assert_is_bug(qn_cache_init((struct qn_span){memory, 16u << 10}, test_now_us(0)));
	assert_is_bug(qn_cache_init((struct qn_span){memory + 8, 64u << 10}, test_now_us(0)));
}

/* The first entry put is the first to go, unless it has been asked for since. */
TEST(cache_evicts_what_nobody_asked_for)
{
	struct qn_cache *cache = cache_new();
	const struct qn_cache_key asked = key_of(QN_CACHE_RRSET, "asked.example", 1);
	const struct qn_cache_key ignored = key_of(QN_CACHE_RRSET, "ignored.example", 1);
	static const uint8_t filler[300];
	char text[32];

	put(cache, &asked, 1, "x", 0);
	put(cache, &ignored, 1, "y", 0);
	assert_value(cache, &asked, "x");
	for (unsigned i = 0; qn_cache_figures(cache).evicted_count == 0; i++) {
		snprintf(text, sizeof(text), "filler%u.example", i);
		const struct qn_cache_key key = key_of(QN_CACHE_RRSET, text, 1);

		assert_true(qn_cache_put(
		    cache, &key, 1, (struct qn_view){filler, sizeof(filler)}, test_now_us(0)));
		assert_true(i < CACHE_LEN / sizeof(filler));
	}
	assert_value(cache, &asked, "x");
	assert_int_equal(
	    qn_cache_get(cache, &ignored, test_now_us(0), value, &item), QN_CACHE_MISS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cache_keys_tell_kind_name_and_type_apart),
	    cmocka_unit_test(cache_keys_fold_letters_only),
	    cmocka_unit_test(cache_hashes_depend_on_the_key),
	    cmocka_unit_test(cache_ages),
	    cmocka_unit_test(cache_bounds_lifetimes),
	    cmocka_unit_test(cache_keeps_values_of_every_length),
	    cmocka_unit_test(cache_removes),
	    cmocka_unit_test(cache_sweeps_away_what_is_below_a_name),
	    cmocka_unit_test(cache_sweep_removes_little_in_one_slice),
	    cmocka_unit_test(cache_uses_its_memory),
	    cmocka_unit_test(cache_evicts_what_nobody_asked_for),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
