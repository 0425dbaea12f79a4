/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/standings.h"
#include "support/test.h"

#include <string.h>

#define ROW_MAX 1024

static _Alignas(QN_ARENA_ALIGN) uint8_t memory[1u << 20];

static struct qn_standings
table_new(uint32_t row_max)
{
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	struct qn_standings table;

	qn_standings_init(&table, &arena, row_max, (struct qn_hash_key){3, 4});
	return table;
}

static struct qn_address
address_number(uint32_t number)
{
	const uint8_t octets[16] = {
	    10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return number % 2 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
}

/* Puts a row for address `number` and a zone that was updated at `at_us`; returns its slot. */
static uint32_t
put(struct qn_standings *table, struct qn_standing *row, uint32_t number, uint64_t zone_hash,
    uint64_t at_us)
{
	*row = (struct qn_standing){.address = address_number(number), .zone_hash = zone_hash};
	struct qn_standing_key key = qn_standing_key(table, &row->address);

	if (zone_hash != 0) {
		key = qn_standing_key_for_zone(&key, zone_hash);
		row->quality.updated.us = at_us;
	} else {
		row->stats.updated.us = at_us;
	}
	const uint32_t slot = qn_standings_slot(table, &key);

	qn_standings_put(table, slot, row, key.hash);
	return slot;
}

static const struct qn_standing *
find(const struct qn_standings *table, uint32_t number, uint64_t zone_hash)
{
	const struct qn_address address = address_number(number);
	const struct qn_standing_key key = qn_standing_key(table, &address);
	const struct qn_standing_key zone_key = qn_standing_key_for_zone(&key, zone_hash);

	return qn_standings_find(table, zone_hash == 0 ? &key : &zone_key);
}

/* An address, and the same for two zones, are three rows. */
TEST(standings_tell_zones_and_families_apart)
{
	struct qn_standings table = table_new(ROW_MAX);
	struct qn_standing rows[4];

	for (uint64_t zone_hash = 0; zone_hash < 3; zone_hash++) {
		assert_null(find(&table, 8, zone_hash));
		put(&table, &rows[zone_hash], 8, zone_hash, 1);
	}
	put(&table, &rows[3], 9, 0, 1);
	for (uint64_t zone_hash = 0; zone_hash < 3; zone_hash++)
		assert_ptr_equal(find(&table, 8, zone_hash), &rows[zone_hash]);
	assert_null(find(&table, 8, 3));
	assert_null(find(&table, 9, 1));
	assert_ptr_equal(find(&table, 9, 0), &rows[3]);
}

TEST(standings_replace_and_empty_slots)
{
	struct qn_standings table = table_new(ROW_MAX);
	struct qn_standing first, second;
	const uint32_t slot = put(&table, &first, 8, 0, 1);

	assert_int_equal(put(&table, &second, 8, 0, 2), slot);
	assert_ptr_equal(find(&table, 8, 0), &second);
	assert_ptr_equal(qn_standings_at(&table, slot), &second);
	qn_standings_put(&table, slot, NULL, 0);
	assert_null(find(&table, 8, 0));
	assert_null(qn_standings_at(&table, slot));
}

/* One bucket of six: the one of which there is least and oldest evidence makes room. */
TEST(standings_forget_what_is_worth_least)
{
	struct qn_standings table = table_new(1);
	struct qn_standing rows[QN_STANDING_WAYS + 1];

	assert_int_equal(qn_standings_slot_count(1), QN_STANDING_WAYS);
	for (uint32_t i = 0; i < QN_STANDING_WAYS; i++)
		put(&table, &rows[i], i, 0, (10 + i) * QN_US_PER_S);
	rows[0].stats.replies = 100;
	put(&table, &rows[QN_STANDING_WAYS], 99, 5, 1);
	assert_null(find(&table, 1, 0));
	for (uint32_t i = 0; i < QN_STANDING_WAYS; i++)
		if (i != 1)
			assert_ptr_equal(find(&table, i, 0), &rows[i]);
	assert_ptr_equal(find(&table, 99, 5), &rows[QN_STANDING_WAYS]);
}

/* Few rows are lost before there are as many as the table was made for. */
TEST(standings_have_room)
{
	static struct qn_standing rows[ROW_MAX];
	struct qn_standings table = table_new(ROW_MAX);
	uint32_t found = 0;

	for (uint32_t i = 0; i < ROW_MAX; i++)
		put(&table, &rows[i], i, 0, 1 + i);
	for (uint32_t i = 0; i < ROW_MAX; i++) {
		const struct qn_standing *row = find(&table, i, 0);

		found += row != NULL;
		assert_true(row == NULL || row == &rows[i]);
	}
	assert_true(found > ROW_MAX * 9 / 10);
}

TEST(standings_take_the_memory_they_promise)
{
	static const uint32_t counts[] = {1, 4, 5, 63, 64, 65, 1000};

	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct qn_arena arena = qn_arena_measure();
		struct qn_standings table;

		qn_standings_init(&table, &arena, counts[i], (struct qn_hash_key){3, 4});
		assert_true(qn_standings_slot_count(counts[i]) >= counts[i]);
		assert_int_equal(arena.used,
		    qn_standings_slot_count(counts[i]) / QN_STANDING_WAYS * QN_ARENA_ALIGN);
	}
}

TEST(standings_hash_zones_whatever_their_case)
{
	const struct qn_hash_key hash_key = {3, 4};
	const struct qn_name names[] = {test_name("example."), test_name("EXAMPLE."),
	    test_name("example.net."), test_name(".")};
	const uint64_t hash = qn_zone_hash(&hash_key, &names[0]);

	assert_int_equal(qn_zone_hash(&hash_key, &names[1]), hash);
	assert_int_not_equal(qn_zone_hash(&hash_key, &names[2]), hash);
	assert_int_not_equal(qn_zone_hash(&hash_key, &names[3]), hash);
	assert_int_not_equal(qn_zone_hash(&hash_key, &names[3]), 0);
}

/* A row folds what concerns it. */
TEST(standings_fold_by_kind)
{
	struct qn_standing server = {0}, zone = {.zone_hash = 5};
	const struct qn_sample sample = {
	    .outcome = QN_OUTCOME_REFUSED, .rtt_us = 1000, .when = {QN_US_PER_S}};

	qn_standing_fold(&server, &sample);
	qn_standing_fold(&zone, &sample);
	assert_int_equal(server.stats.srtt_us, 1000);
	assert_int_equal(zone.quality.outcome, QN_OUTCOME_REFUSED);
	assert_int_equal(zone.quality.avoid_until.us, 2 * QN_US_PER_S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(standings_tell_zones_and_families_apart),
	    cmocka_unit_test(standings_replace_and_empty_slots),
	    cmocka_unit_test(standings_forget_what_is_worth_least),
	    cmocka_unit_test(standings_have_room),
	    cmocka_unit_test(standings_take_the_memory_they_promise),
	    cmocka_unit_test(standings_hash_zones_whatever_their_case),
	    cmocka_unit_test(standings_fold_by_kind),
	};

	return cmocka_run_group_tests_name("standings", tests, NULL, NULL);
}
