/* SPDX-License-Identifier: BSD-2-Clause */
#include "nsdb/archive.h"

#include "wire/reader.h"
#include "wire/writer.h"

/*
 * All numbers are big-endian.
 *   magic 8, checksum 8: SipHash-2-4 of all that follows
 *   version 4, entries 4, wall clock at writing 8: seconds
 *   entries, 44 each: family 1, flags 1, loss 2, smoothed round trip 4, its deviation 4,
 *     95th percentile 4, timeouts 2, late 1, replies 1, octets 16, age 4, silence 4:
 *     milliseconds, microseconds for round trips.
 */
#define MAGIC_LEN       8
#define CHECKED_AT      16 /* What the checksum covers begins here. */
#define ARCHIVE_VERSION 1

/* A byte with its top bit set, and both kinds of line ends: text tools break it visibly. */
static const uint8_t magic[MAGIC_LEN] = {0x89, 'Q', 'N', 'S', '\r', '\n', 0x1a, '\n'};

enum { FLAG_MEASURED = 1, FLAG_DEPRIORITIZED = 2, FLAGS_ALL = 3 };

/* Bounds that select/stats.c keeps to. */
#define RTT_MOST_US (10 * QN_US_PER_S)
#define P95_MOST_US (30 * QN_US_PER_S)

struct entry {
	struct qn_address address;
	struct qn_server_stats stats;
	uint64_t age_us;
	uint64_t silent_us;
};

static uint64_t
checksum(struct qn_view bytes)
{
	static const struct qn_hash_key key = {0x5155494e4345, 0x4e53444231};

	return qn_siphash24(
	    &key, (struct qn_view){bytes.data + CHECKED_AT, bytes.len - CHECKED_AT});
}

static void
write_u64(struct qn_writer *writer, uint64_t value)
{
	qn_write_u32(writer, (uint32_t)(value >> 32));
	qn_write_u32(writer, (uint32_t)value);
}

static uint64_t
read_u64(struct qn_reader *reader)
{
	const uint64_t high = qn_read_u32(reader);

	return high << 32 | qn_read_u32(reader);
}

/* --- Writing ---------------------------------------------------------------------------- */

size_t
qn_archive_len_max(const struct qn_nsdb *nsdb)
{
	return QN_ARCHIVE_HEADER_LEN + (size_t)qn_nsdb_slot_count(nsdb) * QN_ARCHIVE_ENTRY_LEN;
}

static bool
is_worth_keeping(const struct qn_standing *row, struct qn_now now)
{
	return row != NULL && row->zone_hash == 0 && row->stats.updated.us > 0 &&
	       qn_mono_since_us(row->stats.updated, now.mono) < QN_ARCHIVE_AGE_MAX_S * QN_US_PER_S;
}

static uint32_t
ms_since(struct qn_mono time, struct qn_now now)
{
	const uint64_t ms = qn_mono_since_us(time, now.mono) / QN_US_PER_MS;

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void
write_entry(struct qn_writer *writer, const struct qn_standing *row, struct qn_now now)
{
	const struct qn_server_stats *stats = &row->stats;
	const unsigned flags = (stats->measured ? FLAG_MEASURED : 0u) |
	                       (stats->deprioritized ? FLAG_DEPRIORITIZED : 0u);

	qn_write_u8(writer, row->address.family);
	qn_write_u8(writer, (uint8_t)flags);
	qn_write_u16(writer, stats->loss);
	qn_write_u32(writer, stats->srtt_us);
	qn_write_u32(writer, stats->rttvar_us);
	qn_write_u32(writer, stats->p95_us);
	qn_write_u16(writer, stats->timeouts);
	qn_write_u8(writer, stats->late);
	qn_write_u8(writer, stats->replies);
	qn_write_bytes(writer, (struct qn_view){row->address.octets, sizeof(row->address.octets)});
	qn_write_u32(writer, ms_since(stats->updated, now));
	qn_write_u32(writer, ms_since(stats->silent_since, now));
}

size_t
qn_archive_write(const struct qn_nsdb *nsdb, struct qn_span bytes, struct qn_now now)
{
	struct qn_writer header = qn_writer_of(bytes);
	struct qn_writer writer = qn_writer_of(bytes);
	uint32_t count = 0;

	qn_assert(bytes.len >= qn_archive_len_max(nsdb));
	writer.at = QN_ARCHIVE_HEADER_LEN;
	for (uint32_t slot = 0; slot < qn_nsdb_slot_count(nsdb); slot++) {
		const struct qn_standing *row = qn_nsdb_row(nsdb, slot);

		if (!is_worth_keeping(row, now))
			continue;
		write_entry(&writer, row, now);
		count++;
	}
	header.at = CHECKED_AT;
	qn_write_u32(&header, ARCHIVE_VERSION);
	qn_write_u32(&header, count);
	write_u64(&header, (uint64_t)now.wall.s);
	header.at = 0;
	qn_write_bytes(&header, (struct qn_view){magic, sizeof(magic)});
	write_u64(&header, checksum((struct qn_view){bytes.data, writer.at}));
	return writer.at;
}

/* --- Reading ---------------------------------------------------------------------------- */

/* Whether octets beyond those of the family are zero, and a query may be sent there. */
static bool
address_is_possible(const struct qn_address *address)
{
	if (address->family != QN_FAMILY_IPV4 && address->family != QN_FAMILY_IPV6)
		return false;
	for (size_t i = qn_family_octets(address->family); i < sizeof(address->octets); i++)
		if (address->octets[i] != 0)
			return false;
	return qn_address_reachable(address);
}

/* Reads an entry, which is long enough; false when what it says cannot be. */
static bool
read_entry(struct qn_reader *reader, struct entry *entry)
{
	struct qn_server_stats *stats = &entry->stats;

	*entry = (struct entry){.address.family = qn_read_u8(reader)};
	const unsigned flags = qn_read_u8(reader);

	stats->measured = flags & FLAG_MEASURED;
	stats->deprioritized = flags & FLAG_DEPRIORITIZED;
	stats->loss = qn_read_u16(reader);
	stats->srtt_us = qn_read_u32(reader);
	stats->rttvar_us = qn_read_u32(reader);
	stats->p95_us = qn_read_u32(reader);
	stats->timeouts = qn_read_u16(reader);
	stats->late = qn_read_u8(reader);
	stats->replies = qn_read_u8(reader);
	memcpy(entry->address.octets, qn_read_bytes(reader, sizeof(entry->address.octets)).data,
	    sizeof(entry->address.octets));
	entry->age_us = qn_read_u32(reader) * QN_US_PER_MS;
	entry->silent_us = qn_read_u32(reader) * QN_US_PER_MS;
	return (flags & ~(unsigned)FLAGS_ALL) == 0 && stats->srtt_us <= RTT_MOST_US &&
	       stats->rttvar_us <= RTT_MOST_US && stats->p95_us <= P95_MOST_US &&
	       address_is_possible(&entry->address);
}

/* The moment `us` ago, as far back as monotonic time goes. */
static struct qn_mono
before(struct qn_now now, uint64_t us)
{
	return (struct qn_mono){now.mono.us > us ? now.mono.us - us : 1};
}

/* False when the entry is too old, or there is no place for it. */
static bool
restore(struct qn_nsdb *nsdb, struct entry *entry, uint64_t elapsed_us, struct qn_now now)
{
	struct qn_server_stats *stats = &entry->stats;

	if (entry->age_us + elapsed_us >= QN_ARCHIVE_AGE_MAX_S * QN_US_PER_S)
		return false;
	stats->updated = before(now, entry->age_us + elapsed_us);
	stats->silent_since = before(now, entry->silent_us + elapsed_us);
	/* Whatever it was, it is worth a look. */
	stats->probe_at = now.mono;
	return qn_nsdb_restore(nsdb, &entry->address, stats);
}

/* Looks at all but the entries, of which there are `*count`. */
static enum qn_archive_result
read_header(struct qn_view bytes, uint32_t *count, struct qn_wall *written)
{
	struct qn_reader reader = qn_reader_of(bytes);

	if (bytes.len < QN_ARCHIVE_HEADER_LEN || memcmp(bytes.data, magic, sizeof(magic)) != 0)
		return QN_ARCHIVE_FOREIGN;
	reader.at = MAGIC_LEN;
	const uint64_t sum = read_u64(&reader);
	const uint32_t version = qn_read_u32(&reader);

	*count = qn_read_u32(&reader);
	*written = (struct qn_wall){(int64_t)read_u64(&reader)};
	if (version != ARCHIVE_VERSION)
		return QN_ARCHIVE_VERSION;
	if ((uint64_t)*count * QN_ARCHIVE_ENTRY_LEN != bytes.len - QN_ARCHIVE_HEADER_LEN ||
	    sum != checksum(bytes))
		return QN_ARCHIVE_DAMAGED;
	return QN_ARCHIVE_OK;
}

static bool
entries_are_possible(struct qn_reader reader, uint32_t count)
{
	struct entry entry;

	while (count-- > 0)
		if (!read_entry(&reader, &entry))
			return false;
	return true;
}

enum qn_archive_result
qn_archive_read(struct qn_nsdb *nsdb, struct qn_view bytes, struct qn_now now, uint32_t *count)
{
	struct qn_reader reader = qn_reader_of(bytes);
	struct qn_wall written;
	struct entry entry;
	uint32_t entry_count;
	const enum qn_archive_result result = read_header(bytes, &entry_count, &written);

	*count = 0;
	if (result != QN_ARCHIVE_OK)
		return result;
	reader.at = QN_ARCHIVE_HEADER_LEN;
	if (written.s < 0 || !entries_are_possible(reader, entry_count))
		return QN_ARCHIVE_IMPOSSIBLE;
	if (written.s > now.wall.s + QN_ARCHIVE_AHEAD_MAX_S)
		return QN_ARCHIVE_AHEAD;
	const uint64_t elapsed_s = now.wall.s > written.s ? (uint64_t)(now.wall.s - written.s) : 0;

	if (elapsed_s >= QN_ARCHIVE_AGE_MAX_S)
		return QN_ARCHIVE_OK; /* All of it is too old. */
	while (entry_count-- > 0) {
		(void)read_entry(&reader, &entry);
		*count += restore(nsdb, &entry, elapsed_s * QN_US_PER_S, now);
	}
	return QN_ARCHIVE_OK;
}

const char *
qn_archive_result_text(enum qn_archive_result result)
{
	switch (result) {
	case QN_ARCHIVE_OK:
		return "is good";
	case QN_ARCHIVE_FOREIGN:
		return "was not written by quinced";
	case QN_ARCHIVE_VERSION:
		return "was written by another version of quinced";
	case QN_ARCHIVE_DAMAGED:
		return "is damaged";
	case QN_ARCHIVE_IMPOSSIBLE:
		return "says what cannot be";
	case QN_ARCHIVE_AHEAD:
		return "was written later than it is now";
	}
	return "cannot be read";
}
