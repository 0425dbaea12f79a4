/* SPDX-License-Identifier: BSD-2-Clause */
#include "nsdb/nsdb.h"
#include "select/ledger.h"
#include "support/test.h"

#include <stdlib.h>

#define S        QN_US_PER_S
#define ROW_MAX  256
#define RING_LEN 1024
#define ZONE_A   11
#define ZONE_B   12

/* A database that nobody reads in another thread, and the rings that it folds. */
struct fixture {
	uint8_t *memory;
	struct qn_nsdb *nsdb;
	struct qn_sample_ring *rings[2];
};

static const struct qn_hash_key hash_key = {5, 6};

static int
set_up(void **state)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t ring_memory[2 * (RING_LEN * 64 + 1024)];
	static struct fixture fixture;
	struct qn_arena arena = qn_arena_over((struct qn_span){ring_memory, sizeof(ring_memory)});
	const size_t size = qn_nsdb_size(ROW_MAX);

	fixture.memory = aligned_alloc(QN_ARENA_ALIGN, size);
	assert_non_null(fixture.memory);
	fixture.nsdb =
	    qn_nsdb_init((struct qn_span){fixture.memory, size}, ROW_MAX, hash_key, QN_NSDB_NOBODY);
	for (unsigned i = 0; i < 2; i++) {
		fixture.rings[i] = qn_arena_take(&arena, sizeof(*fixture.rings[i]));
		qn_sample_ring_init(fixture.rings[i], &arena, RING_LEN);
	}
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	qn_nsdb_fini(fixture->nsdb);
	free(fixture->memory);
	return 0;
}

/* The head of a test function that works on the fixture. */
#define TEST_WITH(function, fixture)                   \
	static void function##_with(struct fixture *); \
	static void function(void **state)             \
	{                                              \
		function##_with(*state);               \
	}                                              \
	static void function##_with(struct fixture *fixture)

static struct qn_address
address_number(uint32_t number)
{
	const uint8_t octets[16] = {
	    10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return number % 2 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
}

static void
put(struct fixture *fixture, unsigned ring, uint32_t number, uint64_t zone_hash,
    enum qn_outcome outcome, uint64_t when_us)
{
	const struct qn_sample sample = {
	    .address = address_number(number),
	    .outcome = (uint8_t)outcome,
	    .rtt_us = 1000 + number,
	    .zone_hash = zone_hash,
	    .when = {when_us},
	};

	qn_sample_ring_put(fixture->rings[ring], &sample);
}

static uint32_t
fold(struct fixture *fixture)
{
	return qn_nsdb_fold(fixture->nsdb, fixture->rings, 2);
}

static const struct qn_standing *
find(const struct fixture *fixture, uint32_t number, uint64_t zone_hash)
{
	const struct qn_standings *standings = qn_nsdb_standings(fixture->nsdb);
	const struct qn_address address = address_number(number);
	const struct qn_standing_key key = qn_standing_key(standings, &address);
	const struct qn_standing_key zone_key = qn_standing_key_for_zone(&key, zone_hash);

	return qn_standings_find(standings, zone_hash == 0 ? &key : &zone_key);
}

TEST_WITH(nsdb_folds_all_rings, fixture)
{
	assert_int_equal(fold(fixture), 0);
	put(fixture, 0, 8, ZONE_A, QN_OUTCOME_USEFUL, S);
	put(fixture, 1, 8, ZONE_A, QN_OUTCOME_TIMED_OUT, 2 * S);
	put(fixture, 1, 9, ZONE_A, QN_OUTCOME_REFUSED, 2 * S);
	assert_null(find(fixture, 8, 0));
	assert_int_equal(fold(fixture), 3);
	assert_int_equal(find(fixture, 8, 0)->stats.srtt_us, 1008);
	assert_int_equal(find(fixture, 8, 0)->stats.timeouts, 1);
	assert_int_equal(find(fixture, 8, 0)->stats.updated.us, 2 * S);
	assert_int_equal(find(fixture, 9, 0)->stats.replies, 1);
	assert_int_equal(find(fixture, 9, ZONE_A)->quality.failures, 2);
	/* Nothing is known against any zone else. */
	assert_null(find(fixture, 9, ZONE_B));
	assert_null(find(fixture, 8, ZONE_A));
	assert_int_equal(qn_nsdb_figures(fixture->nsdb).row_count, 3);
	assert_int_equal(qn_nsdb_figures(fixture->nsdb).folded, 3);
	/* The samples are gone, and a reply takes the silence back. */
	assert_int_equal(fold(fixture), 0);
	put(fixture, 0, 8, ZONE_A, QN_OUTCOME_USEFUL, 3 * S);
	put(fixture, 0, 9, ZONE_A, QN_OUTCOME_USEFUL, 3 * S);
	assert_int_equal(fold(fixture), 2);
	assert_int_equal(find(fixture, 8, 0)->stats.timeouts, 0);
	assert_int_equal(find(fixture, 9, ZONE_A)->quality.failures, 0);
}

/* What was read stays as it was, whatever is published meanwhile, until the reader is done. */
TEST_WITH(nsdb_never_changes_what_is_published, fixture)
{
	put(fixture, 0, 8, ZONE_A, QN_OUTCOME_USEFUL, S);
	fold(fixture);
	const struct qn_standing *before = find(fixture, 8, 0);

	put(fixture, 0, 8, ZONE_A, QN_OUTCOME_TIMED_OUT, 2 * S);
	assert_int_equal(before->stats.timeouts, 0);
	fold(fixture);
	assert_ptr_not_equal(find(fixture, 8, 0), before);
	assert_int_equal(find(fixture, 8, 0)->stats.timeouts, 1);
}

TEST_WITH(nsdb_counts_outages, fixture)
{
	for (unsigned i = 0; i < 3; i++)
		put(fixture, 0, 8, ZONE_A, QN_OUTCOME_TIMED_OUT, (1 + i) * S);
	fold(fixture);
	assert_true(find(fixture, 8, 0)->stats.deprioritized);
	assert_int_equal(qn_nsdb_figures(fixture->nsdb).deprioritized, 1);
	assert_int_equal(qn_nsdb_figures(fixture->nsdb).restored, 0);
	for (unsigned i = 0; i < 3; i++)
		put(fixture, 1, 8, ZONE_A, QN_OUTCOME_USEFUL, (5 + i) * S);
	fold(fixture);
	assert_int_equal(qn_nsdb_figures(fixture->nsdb).deprioritized, 1);
	assert_int_equal(qn_nsdb_figures(fixture->nsdb).restored, 1);
}

/* A million addresses, each asked once: the busy ones among them are not forgotten. */
TEST_WITH(nsdb_survives_a_million_addresses, fixture)
{
	const uint32_t busy_count = 64;
	uint32_t found = 0;

	for (uint32_t i = 0; i < 1000000; i++) {
		const uint64_t when_us = S + i * 100;

		put(fixture, i % 2, 1000 + i, 1 + i, QN_OUTCOME_REFUSED, when_us);
		put(fixture, i % 2, i % busy_count, ZONE_A, QN_OUTCOME_USEFUL, when_us);
		if (i % 500 == 499)
			fold(fixture);
	}
	fold(fixture);
	const struct qn_nsdb_figures figures = qn_nsdb_figures(fixture->nsdb);

	assert_int_equal(figures.folded, 2000000);
	assert_int_equal(figures.postponed, 0);
	assert_in_range(figures.row_count, ROW_MAX, qn_nsdb_slot_count(fixture->nsdb));
	assert_true(figures.evicted > 1900000);
	for (uint32_t i = 0; i < busy_count; i++)
		found += find(fixture, i, 0) != NULL;
	assert_int_equal(found, busy_count);
	/* The ledger never drops: it has been emptied in time. */
	assert_int_equal(qn_counter_get(&fixture->rings[0]->dropped), 0);
}

/* Two workers: what the one has seen is what the other goes by after the next fold. */
TEST_WITH(nsdb_tells_one_worker_what_another_has_seen, fixture)
{
	struct qn_arena measured = qn_arena_measure();
	struct qn_ledger ledgers[2];
	const struct qn_address address = address_number(8);
	uint8_t *memory;

	for (unsigned i = 0; i < 2; i++)
		qn_ledger_init(&ledgers[i], &measured, 64, NULL, hash_key);
	memory = aligned_alloc(QN_ARENA_ALIGN, measured.used);
	assert_non_null(memory);
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, measured.used});

	for (unsigned i = 0; i < 2; i++)
		qn_ledger_init(&ledgers[i], &arena, 64, qn_nsdb_standings(fixture->nsdb), hash_key);
	struct qn_sample_ring *rings[2] = {ledgers[0].ring, ledgers[1].ring};

	for (unsigned i = 0; i < 2; i++)
		qn_ledger_tell(&ledgers[0], &(struct qn_sample){.address = address,
						.outcome = QN_OUTCOME_TIMED_OUT,
						.zone_hash = ZONE_A,
						.when = {(1 + i) * S}});
	/* The one knows at once. */
	assert_true(qn_ledger_look(&ledgers[0], &address, ZONE_A).stats->deprioritized);
	assert_false(qn_ledger_look(&ledgers[1], &address, ZONE_A).stats->deprioritized);
	assert_int_equal(qn_nsdb_fold(fixture->nsdb, rings, 2), 2);
	for (unsigned i = 0; i < 2; i++)
		assert_true(qn_ledger_look(&ledgers[i], &address, ZONE_A).stats->deprioritized);
	/* Each sees one reply: together they are two, and the address is trusted again. */
	for (unsigned i = 0; i < 2; i++) {
		qn_ledger_tell(&ledgers[i], &(struct qn_sample){.address = address,
						.outcome = QN_OUTCOME_USEFUL,
						.rtt_us = 1000,
						.zone_hash = ZONE_A,
						.when = {(5 + i) * S}});
		assert_true(qn_ledger_look(&ledgers[i], &address, ZONE_A).stats->deprioritized);
	}
	assert_int_equal(qn_nsdb_fold(fixture->nsdb, rings, 2), 2);
	for (unsigned i = 0; i < 2; i++)
		assert_false(qn_ledger_look(&ledgers[i], &address, ZONE_A).stats->deprioritized);
	free(memory);
}

/* More in the rings than one fold may take: each ring has its part, the rest stays. */
TEST_WITH(nsdb_folds_no_more_than_it_may, fixture)
{
	struct qn_sample_ring *rings[QN_NSDB_RING_MAX];

	for (unsigned i = 0; i < RING_LEN; i++)
		for (unsigned ring = 0; ring < 2; ring++)
			put(fixture, ring, i, ZONE_A, QN_OUTCOME_USEFUL, S);
	for (unsigned i = 0; i < QN_NSDB_RING_MAX; i++)
		rings[i] = fixture->rings[i % 2];
	assert_int_equal(fold(fixture), 2 * RING_LEN);
	assert_int_equal(qn_nsdb_fold(fixture->nsdb, rings, QN_NSDB_RING_MAX), 0);
	assert_is_bug(qn_nsdb_fold(fixture->nsdb, rings, QN_NSDB_RING_MAX + 1));
}

TEST_WITH(nsdb_restores_what_it_does_not_know, fixture)
{
	const struct qn_server_stats stats = {.measured = true, .srtt_us = 77, .updated = {S}};
	const struct qn_address known = address_number(8);
	const struct qn_address unknown = address_number(9);

	put(fixture, 0, 8, ZONE_A, QN_OUTCOME_USEFUL, S);
	fold(fixture);
	assert_true(qn_nsdb_restore(fixture->nsdb, &known, &stats));
	assert_true(qn_nsdb_restore(fixture->nsdb, &unknown, &stats));
	assert_int_equal(find(fixture, 8, 0)->stats.srtt_us, 1008);
	assert_int_equal(find(fixture, 9, 0)->stats.srtt_us, 77);
	put(fixture, 0, 9, ZONE_A, QN_OUTCOME_TIMED_OUT, 2 * S);
	fold(fixture);
	assert_int_equal(find(fixture, 9, 0)->stats.srtt_us, 77);
	assert_int_equal(find(fixture, 9, 0)->stats.timeouts, 1);
}

TEST_WITH(nsdb_shows_its_rows, fixture)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < 100; i++)
		put(fixture, 0, i, ZONE_A, QN_OUTCOME_USEFUL, S);
	fold(fixture);
	for (uint32_t slot = 0; slot < qn_nsdb_slot_count(fixture->nsdb); slot++) {
		const struct qn_standing *row = qn_nsdb_row(fixture->nsdb, slot);

		seen += row != NULL;
		assert_true(row == NULL || row->stats.srtt_us >= 1000);
	}
	assert_int_equal(seen, 100);
}

#define UNIT(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT(nsdb_folds_all_rings),
	    UNIT(nsdb_never_changes_what_is_published),
	    UNIT(nsdb_counts_outages),
	    UNIT(nsdb_survives_a_million_addresses),
	    UNIT(nsdb_tells_one_worker_what_another_has_seen),
	    UNIT(nsdb_folds_no_more_than_it_may),
	    UNIT(nsdb_restores_what_it_does_not_know),
	    UNIT(nsdb_shows_its_rows),
	};

	return cmocka_run_group_tests_name("nsdb", tests, NULL, NULL);
}
