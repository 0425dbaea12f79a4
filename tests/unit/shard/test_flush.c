/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flushing a shard's cache: what the name itself has goes at once, the rest slice by slice.
 */
#include "cache/cache.h"
#include "shard/shard.h"
#include "support/test.h"
#include "wire/constants.h"

#include <stdio.h>
#include <stdlib.h>

#define CACHE_LEN  (4u << 20)
#define HOST_COUNT 20000

struct flushed {
	struct qn_shard *shard;
	struct qn_shard_shared shared;
	struct qn_shard_config config;
	void *shard_memory;
	void *cache_memory;
};

static void
flushed_open(struct flushed *flushed)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
	const struct qn_shard_limits limits = {
	    .worker_count = 1, .client_max = 4, .task_max = 4, .upstream_max = 4};
	const size_t shard_len =
	    (qn_shard_size(&limits) + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);

	*flushed = (struct flushed){.shared = {.hash_key = {1, 2}}};
	flushed->cache_memory = aligned_alloc(QN_ARENA_ALIGN, CACHE_LEN);
	flushed->shard_memory = aligned_alloc(QN_ARENA_ALIGN, shard_len);
	assert_true(flushed->cache_memory != NULL && flushed->shard_memory != NULL);
	flushed->shared.caches[0] =
	    qn_cache_init((struct qn_span){flushed->cache_memory, CACHE_LEN}, test_now_us(0));
	flushed->shard = qn_shard_init((struct qn_span){flushed->shard_memory, shard_len}, &limits,
	    &flushed->shared, &flushed->config, seed, test_now_us(0));
}

static void
flushed_close(struct flushed *flushed)
{
	free(flushed->shard_memory);
	free(flushed->cache_memory);
}

static struct qn_cache_key
key_of(const struct flushed *flushed, enum qn_cache_kind kind, const char *text, uint16_t type)
{
	const struct qn_name name = test_name(text);
	struct qn_cache_key key;

	qn_cache_key_init(&key, &flushed->shared.hash_key, kind, &name, type);
	return key;
}

static void
put(const struct flushed *flushed, enum qn_cache_kind kind, const char *text, uint16_t type)
{
	const struct qn_cache_key key = key_of(flushed, kind, text, type);

	assert_true(qn_cache_put(
	    flushed->shared.caches[0], &key, 60, test_octets("value"), test_now_us(0)));
}

static bool
holds(const struct flushed *flushed, enum qn_cache_kind kind, const char *text, uint16_t type)
{
	const struct qn_cache_key key = key_of(flushed, kind, text, type);
	uint8_t value[QN_CACHE_VALUE_MAX];
	struct qn_cache_item item;

	return qn_cache_get(flushed->shared.caches[0], &key, test_now_us(0), value, &item) !=
	       QN_CACHE_MISS;
}

static void
put_hosts(const struct flushed *flushed)
{
	for (uint32_t i = 0; i < HOST_COUNT; i++) {
		char text[64];

		snprintf(text, sizeof(text), "host%u.example.com", i);
		put(flushed, QN_CACHE_ANSWER, text, QN_TYPE_A);
	}
}

TEST(the_name_itself_goes_with_the_first_slice)
{
	const struct qn_name name = test_name("www.example.com");
	struct flushed flushed;
	uint32_t count;

	flushed_open(&flushed);
	put_hosts(&flushed);
	put(&flushed, QN_CACHE_ANSWER, "www.example.com", QN_TYPE_A);
	put(&flushed, QN_CACHE_ANSWER, "www.example.com", QN_TYPE_HTTPS);
	put(&flushed, QN_CACHE_RRSET, "www.example.com", QN_TYPE_AAAA);
	put(&flushed, QN_CACHE_NEGATIVE, "www.example.com", 0);
	put(&flushed, QN_CACHE_FAILURE, "www.example.com", QN_TYPE_MX);
	put(&flushed, QN_CACHE_ANSWER, "www.example.com", 65280);
	put(&flushed, QN_CACHE_ANSWER, "a.www.example.com", QN_TYPE_A);

	assert_false(qn_shard_flush(flushed.shard, &name, &count));
	assert_int_equal(qn_cache_figures(flushed.shared.caches[0]).entry_count, HOST_COUNT + 2);
	assert_true(holds(&flushed, QN_CACHE_ANSWER, "www.example.com", 65280));
	assert_true(holds(&flushed, QN_CACHE_ANSWER, "a.www.example.com", QN_TYPE_A));
	while (!qn_shard_flush(flushed.shard, &name, &count))
		;
	assert_int_equal(count, 7);
	assert_int_equal(qn_cache_figures(flushed.shared.caches[0]).entry_count, HOST_COUNT);
	flushed_close(&flushed);
}

TEST(a_large_cache_takes_many_slices)
{
	struct flushed flushed;
	uint32_t slice_count = 0;
	uint64_t held, left;
	uint32_t count;
	bool ended;

	flushed_open(&flushed);
	put_hosts(&flushed);
	left = HOST_COUNT;
	do {
		held = left;
		ended = qn_shard_flush(flushed.shard, &qn_name_root, &count);
		left = qn_cache_figures(flushed.shared.caches[0]).entry_count;
		/* Each removal is a few lines of memory: more of them would take too long. */
		assert_true(held - left <= 128);
		slice_count++;
	} while (!ended);
	assert_int_equal(left, 0);
	assert_int_equal(count, HOST_COUNT);
	assert_true(slice_count > HOST_COUNT / 128);
	flushed_close(&flushed);
}

TEST(one_flush_after_another_counts_its_own)
{
	const struct qn_name names[] = {test_name("a.example"), test_name("b.example")};
	struct flushed flushed;
	uint32_t count;

	flushed_open(&flushed);
	put(&flushed, QN_CACHE_ANSWER, "x.a.example", QN_TYPE_A);
	put(&flushed, QN_CACHE_ANSWER, "y.a.example", QN_TYPE_A);
	put(&flushed, QN_CACHE_ANSWER, "x.b.example", QN_TYPE_A);
	while (!qn_shard_flush(flushed.shard, &names[0], &count))
		;
	assert_int_equal(count, 2);
	while (!qn_shard_flush(flushed.shard, &names[1], &count))
		;
	assert_int_equal(count, 1);
	flushed_close(&flushed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_name_itself_goes_with_the_first_slice),
	    cmocka_unit_test(a_large_cache_takes_many_slices),
	    cmocka_unit_test(one_flush_after_another_counts_its_own),
	};

	return cmocka_run_group_tests_name("shard-flush", tests, NULL, NULL);
}
