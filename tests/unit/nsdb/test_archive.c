/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/endian.h"
#include "nsdb/archive.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define S       QN_US_PER_S
#define ROW_MAX 64

/* Two databases: what the one writes, the other reads. */
static struct qn_nsdb *from, *to;
static uint8_t *bytes;
static size_t bytes_len;

static const struct qn_now saved = {{5000 * QN_US_PER_S}, {1000000}};

static struct qn_nsdb *
nsdb_new(uint64_t key)
{
	const size_t size = qn_nsdb_size(ROW_MAX);
	uint8_t *memory = aligned_alloc(QN_ARENA_ALIGN, size);

	assert_non_null(memory);
	return qn_nsdb_init((struct qn_span){memory, size}, ROW_MAX, (struct qn_hash_key){key, key},
	    QN_NSDB_NOBODY);
}

static struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return address;
}

static const struct qn_server_stats *
find(const struct qn_nsdb *nsdb, const char *text)
{
	const struct qn_standings *standings = qn_nsdb_standings(nsdb);
	const struct qn_address address = address_of(text);
	const struct qn_standing_key key = qn_standing_key(standings, &address);
	const struct qn_standing *row = qn_standings_find(standings, &key);

	return row == NULL ? NULL : &row->stats;
}

static void
learn(const char *text, const struct qn_server_stats *stats)
{
	const struct qn_address address = address_of(text);

	assert_true(qn_nsdb_restore(from, &address, stats));
}

static int
set_up(void **state)
{
	(void)state;
	from = nsdb_new(1);
	to = nsdb_new(2);
	learn("192.0.2.1", &(struct qn_server_stats){.measured = true,
			       .srtt_us = 8000,
			       .rttvar_us = 300,
			       .p95_us = 9000,
			       .loss = 77,
			       .replies = 200,
			       .updated = {4990 * S}});
	learn("2001:db8::1", &(struct qn_server_stats){.timeouts = 300,
				 .late = 7,
				 .deprioritized = true,
				 .silent_since = {4000 * S},
				 .updated = {4999 * S}});
	bytes_len = qn_archive_len_max(from);
	bytes = malloc(bytes_len);
	assert_non_null(bytes);
	bytes_len = qn_archive_write(from, (struct qn_span){bytes, bytes_len}, saved);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(from);
	free(to);
	free(bytes);
	return 0;
}

/* Reads `bytes` when `elapsed_s` have gone by, with monotonic time at `mono_s`. */
static enum qn_archive_result
read_after(int64_t elapsed_s, uint64_t mono_s, uint32_t *count)
{
	const struct qn_now now = {{mono_s * S}, {saved.wall.s + elapsed_s}};

	return qn_archive_read(to, (struct qn_view){bytes, bytes_len}, now, count);
}

/* The checksum of what has been changed on purpose. */
static void
repair(void)
{
	static const struct qn_hash_key key = {0x5155494e4345, 0x4e53444231};
	const uint64_t sum = qn_siphash24(&key, (struct qn_view){bytes + 16, bytes_len - 16});

	qn_store_be32(bytes + 8, (uint32_t)(sum >> 32));
	qn_store_be32(bytes + 12, (uint32_t)sum);
}

TEST(archive_brings_back_what_was_known)
{
	const struct qn_server_stats *stats;
	uint32_t count;

	assert_int_equal(bytes_len, QN_ARCHIVE_HEADER_LEN + 2 * QN_ARCHIVE_ENTRY_LEN);
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_OK);
	assert_int_equal(count, 2);
	stats = find(to, "192.0.2.1");
	assert_true(stats->measured && !stats->deprioritized);
	assert_int_equal(stats->srtt_us, 8000);
	assert_int_equal(stats->rttvar_us, 300);
	assert_int_equal(stats->p95_us, 9000);
	assert_int_equal(stats->loss, 77);
	assert_int_equal(stats->replies, 200);
	/* 10 s old when it was written, 100 s ago. */
	assert_int_equal(stats->updated.us, (9000 - 110) * S);
	stats = find(to, "2001:db8::1");
	assert_true(!stats->measured && stats->deprioritized);
	assert_int_equal(stats->timeouts, 300);
	assert_int_equal(stats->late, 7);
	assert_int_equal(stats->silent_since.us, (9000 - 1100) * S);
	assert_true(qn_stats_probe_due(stats, (struct qn_mono){9000 * S}));
}

/* The machine has been started anew: monotonic time is younger than the evidence. */
TEST(archive_survives_a_new_start_of_the_machine)
{
	uint32_t count;

	assert_int_equal(read_after(100, 30, &count), QN_ARCHIVE_OK);
	assert_int_equal(count, 2);
	assert_in_range(find(to, "192.0.2.1")->updated.us, 1, 30 * S);
	assert_int_equal(find(to, "192.0.2.1")->srtt_us, 8000);
}

TEST(archive_lets_go_of_what_is_old)
{
	uint32_t count;

	/* The older one is a day old, the other lacks 9 s. */
	assert_int_equal(read_after(QN_ARCHIVE_AGE_MAX_S - 10, 200000, &count), QN_ARCHIVE_OK);
	assert_int_equal(count, 1);
	assert_null(find(to, "192.0.2.1"));
	assert_int_equal(read_after(QN_ARCHIVE_AGE_MAX_S, 200000, &count), QN_ARCHIVE_OK);
	assert_int_equal(count, 0);
	/* Nor is it written. */
	const struct qn_now late = {{(4990 + QN_ARCHIVE_AGE_MAX_S) * S}, {2000000}};

	assert_int_equal(
	    qn_archive_write(from, (struct qn_span){bytes, qn_archive_len_max(from)}, late),
	    QN_ARCHIVE_HEADER_LEN + QN_ARCHIVE_ENTRY_LEN);
}

TEST(archive_allows_for_clocks_that_differ)
{
	uint32_t count;

	assert_int_equal(read_after(-QN_ARCHIVE_AHEAD_MAX_S - 1, 9000, &count), QN_ARCHIVE_AHEAD);
	assert_int_equal(count, 0);
	assert_null(find(to, "192.0.2.1"));
	assert_int_equal(read_after(-QN_ARCHIVE_AHEAD_MAX_S, 9000, &count), QN_ARCHIVE_OK);
	assert_int_equal(find(to, "192.0.2.1")->updated.us, 8990 * S);
}

/* Every octet that is changed, and every length that is wrong, is noticed. */
TEST(archive_notices_any_damage)
{
	const size_t whole = bytes_len;
	uint32_t count;

	for (size_t at = 0; at < whole; at++) {
		bytes[at] ^= 0x20;
		assert_int_not_equal(read_after(100, 9000, &count), QN_ARCHIVE_OK);
		bytes[at] ^= 0x20;
	}
	for (bytes_len = 0; bytes_len < whole; bytes_len++) {
		assert_int_not_equal(read_after(100, 9000, &count), QN_ARCHIVE_OK);
		assert_int_equal(count, 0);
	}
	bytes_len = whole + 1;
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_DAMAGED);
	assert_int_equal(qn_nsdb_figures(to).row_count, 0);
}

TEST(archive_tells_what_is_wrong)
{
	uint32_t count;

	bytes[1] = 'X';
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_FOREIGN);
	bytes[1] = 'Q';
	qn_store_be32(bytes + 16, 2);
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_VERSION);
	qn_store_be32(bytes + 16, 1);
	bytes[bytes_len - 1] ^= 1;
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_DAMAGED);
	for (unsigned i = 0; i <= QN_ARCHIVE_AHEAD; i++)
		assert_string_not_equal(
		    qn_archive_result_text((enum qn_archive_result)i), "cannot be read");
}

/* Well-formed, but nobody who keeps to the rules can have written it: all is left alone. */
TEST(archive_wants_what_is_possible)
{
	static const struct {
		size_t at; /* In the last entry. */
		uint8_t octets[4];
	} changes[] = {
	    {0, {5, 0, 0, 0}},        /* No family. */
	    {1, {0xff, 0, 0, 0}},     /* Flags that there are not. */
	    {4, {0xff, 0, 0, 0}},     /* A round trip of an hour. */
	    {8, {0xff, 0, 0, 0}},     /* So does it vary. */
	    {12, {0xff, 0, 0, 0}},    /* So does it last. */
	    {20, {0xff, 0x02, 0, 0}}, /* Multicast. */
	};
	uint8_t *entry = bytes + bytes_len - QN_ARCHIVE_ENTRY_LEN;
	uint8_t kept[QN_ARCHIVE_ENTRY_LEN];
	uint32_t count;

	memcpy(kept, entry, sizeof(kept));
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		memcpy(entry + changes[i].at, changes[i].octets, 4);
		repair();
		assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_IMPOSSIBLE);
		assert_int_equal(count, 0);
		memcpy(entry, kept, sizeof(kept));
	}
	/* Octets behind an IPv4 address. */
	entry[0] = QN_FAMILY_IPV4;
	memset(entry + 20, 1, 16);
	repair();
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_IMPOSSIBLE);
	memcpy(entry, kept, sizeof(kept));
	bytes[24] = 0xff; /* Written before all time. */
	repair();
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_IMPOSSIBLE);
	assert_int_equal(qn_nsdb_figures(to).row_count, 0);
	bytes[24] = 0;
	repair();
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_OK);
}

/* More addresses than there is room for: those that find none are left out. */
TEST(archive_of_a_larger_table_does_no_harm)
{
	const uint32_t entry_count = 1000;
	uint8_t *many = malloc(QN_ARCHIVE_HEADER_LEN + entry_count * QN_ARCHIVE_ENTRY_LEN);
	uint32_t count;

	assert_non_null(many);
	memcpy(many, bytes, QN_ARCHIVE_HEADER_LEN);
	qn_store_be32(many + 20, entry_count);
	for (uint32_t i = 0; i < entry_count; i++) {
		uint8_t *entry = many + QN_ARCHIVE_HEADER_LEN + i * QN_ARCHIVE_ENTRY_LEN;

		memcpy(entry, bytes + bytes_len - QN_ARCHIVE_ENTRY_LEN, QN_ARCHIVE_ENTRY_LEN);
		entry[0] = QN_FAMILY_IPV4;
		memset(entry + 20, 0, 16);
		qn_store_be32(entry + 20, 0x0a000000 + i);
	}
	free(bytes);
	bytes = many;
	bytes_len = QN_ARCHIVE_HEADER_LEN + entry_count * QN_ARCHIVE_ENTRY_LEN;
	repair();
	assert_int_equal(read_after(100, 9000, &count), QN_ARCHIVE_OK);
	assert_true(qn_nsdb_figures(to).row_count <= qn_nsdb_slot_count(to));
}

#define UNIT(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT(archive_brings_back_what_was_known),
	    UNIT(archive_survives_a_new_start_of_the_machine),
	    UNIT(archive_lets_go_of_what_is_old),
	    UNIT(archive_allows_for_clocks_that_differ),
	    UNIT(archive_notices_any_damage),
	    UNIT(archive_tells_what_is_wrong),
	    UNIT(archive_wants_what_is_possible),
	    UNIT(archive_of_a_larger_table_does_no_harm),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
