/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Any bytes as saved statistics: they are taken whole or not at all, and what was taken and is
 * written again reads the same.
 *
 * The first octet says whether the length and the checksum in the header are made right first,
 * so that the entries behind them are reached.
 */
#include "base/endian.h"
#include "fuzz/fuzz.h"
#include "nsdb/archive.h"

#include <string.h>

#define ROW_MAX   64
#define BYTES_MAX 8192

static const struct qn_now now = {{100000 * QN_US_PER_S}, {2000000000}};

static struct qn_nsdb *
nsdb_new(uint8_t *memory, size_t len)
{
	qn_assert(len >= qn_nsdb_size(ROW_MAX));
	return qn_nsdb_init(
	    (struct qn_span){memory, len}, ROW_MAX, (struct qn_hash_key){1, 2}, QN_NSDB_NOBODY);
}

/* Makes the header fit what stands behind it. */
static void
repair(uint8_t *bytes, size_t len)
{
	static const uint8_t start[8] = {0x89, 'Q', 'N', 'S', '\r', '\n', 0x1a, '\n'};
	static const struct qn_hash_key key = {0x5155494e4345, 0x4e53444231};

	if (len < QN_ARCHIVE_HEADER_LEN)
		return;
	memcpy(bytes, start, sizeof(start));
	qn_store_be32(bytes + 16, 1);
	qn_store_be32(bytes + 20, (uint32_t)((len - QN_ARCHIVE_HEADER_LEN) / QN_ARCHIVE_ENTRY_LEN));
	const uint64_t sum = qn_siphash24(&key, (struct qn_view){bytes + 16, len - 16});

	qn_store_be32(bytes + 8, (uint32_t)(sum >> 32));
	qn_store_be32(bytes + 12, (uint32_t)sum);
}

/* Writes what was read, reads it, and writes that: both times the same bytes. */
static void
check_writing(const struct qn_nsdb *nsdb, uint32_t count)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[8u << 20];
	static uint8_t first[BYTES_MAX], second[BYTES_MAX];
	struct qn_nsdb *again = nsdb_new(memory, sizeof(memory));
	const size_t len = qn_archive_write(nsdb, (struct qn_span){first, sizeof(first)}, now);
	uint32_t count_again;

	qn_assert((len - QN_ARCHIVE_HEADER_LEN) / QN_ARCHIVE_ENTRY_LEN <= count);
	qn_assert(qn_archive_read(again, (struct qn_view){first, len}, now, &count_again) ==
		  QN_ARCHIVE_OK);
	qn_assert(qn_archive_write(again, (struct qn_span){second, sizeof(second)}, now) == len);
	qn_assert(memcmp(first, second, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[8u << 20];
	static uint8_t bytes[BYTES_MAX];
	struct qn_nsdb *nsdb = nsdb_new(memory, sizeof(memory));
	uint32_t count;

	if (len == 0 || len > sizeof(bytes))
		return 0;
	memcpy(bytes, data + 1, len - 1);
	if (data[0] & 1)
		repair(bytes, len - 1);
	const enum qn_archive_result result =
	    qn_archive_read(nsdb, (struct qn_view){bytes, len - 1}, now, &count);

	qn_assert(result == QN_ARCHIVE_OK || count == 0);
	qn_assert(result == QN_ARCHIVE_OK || qn_nsdb_figures(nsdb).row_count == 0);
	qn_assert(count <= (len - 1) / QN_ARCHIVE_ENTRY_LEN);
	if (result == QN_ARCHIVE_OK)
		check_writing(nsdb, count);
	return 0;
}
