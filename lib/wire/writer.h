/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A cursor that fills a bounded buffer and latches overflow.
 *
 * After an overflow nothing more is written; the caller looks at `overflowed` once, or
 * marks and rewinds to drop what did not fit as a whole.
 * Bounds: the first QN_WRITER_NAME_MAX names written are offered as compression targets, and
 *         QN_WRITER_STEP_MAX of their labels are looked at; then only the two that served last
 *         are, in an RRset the owner and what its names end with. A message of 64 KiB is written
 *         in a time linear in its length, whatever names it has.
 * RFC:    1035 s4.1.4 (compression), 3597 s4 (which rdata may be compressed).
 */
#include "wire/name.h"

#define QN_WRITER_NAME_MAX 32
#define QN_WRITER_STEP_MAX 32768

struct qn_writer {
	uint8_t *data; /* Start of the message: compression offsets count from it. */
	size_t cap;
	size_t at;
	bool overflowed;
	uint8_t name_count;
	uint8_t name_whole; /* Of the names below, the last that another was equal to. */
	uint8_t name_part;  /* The last that had the end of another. */
	uint16_t steps;     /* Labels of names below that were looked at. */
	uint16_t names[QN_WRITER_NAME_MAX]; /* Offsets of names written in full or in part. */
};

/** A place to come back to. */
struct qn_writer_mark {
	size_t at;
	uint8_t name_count;
};

static inline struct qn_writer
qn_writer_of(struct qn_span buffer)
{
	return (struct qn_writer){.data = buffer.data, .cap = buffer.len};
}

void qn_write_u8(struct qn_writer *writer, uint8_t value);
void qn_write_u16(struct qn_writer *writer, uint16_t value);
void qn_write_u32(struct qn_writer *writer, uint32_t value);
void qn_write_bytes(struct qn_writer *writer, struct qn_view bytes);

/** Writes `name` compressed against names written before (letter case of the target kept). */
void qn_write_name(struct qn_writer *writer, const struct qn_name *name);

/** Writes `name` in full; later names may still point to it. */
void qn_write_name_full(struct qn_writer *writer, const struct qn_name *name);

/** Overwrites two octets already written at `at`. */
void qn_write_u16_at(struct qn_writer *writer, size_t at, uint16_t value);

static inline struct qn_writer_mark
qn_writer_mark(const struct qn_writer *writer)
{
	return (struct qn_writer_mark){writer->at, writer->name_count};
}

/** Points at the first `name_count` names from now on. */
static inline void
qn_writer_keep_names(struct qn_writer *writer, uint8_t name_count)
{
	writer->name_count = name_count;
	writer->name_whole = 0;
	writer->name_part = 0;
}

/** Forgets what was written since `mark`, an overflow included. */
static inline void
qn_writer_rewind(struct qn_writer *writer, struct qn_writer_mark mark)
{
	writer->at = mark.at;
	qn_writer_keep_names(writer, mark.name_count);
	writer->overflowed = false;
}
