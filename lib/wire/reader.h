/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A cursor over bytes from strangers that latches its first error.
 *
 * After an error every read gives zeros and moves nothing, so that a parser checks `failed`
 * once, at its end. No read ever touches a byte outside the view.
 * Bounds: a name follows at most QN_NAME_HOP_MAX pointers, each strictly backwards; all the
 *         names that one reader reads together take at most QN_READER_STEP_MAX steps.
 * RFC:    1035 s4.1.4 (compression).
 */
#include "wire/name.h"

#define QN_NAME_HOP_MAX 256

/*
 * Labels and pointers in all names of a message: 64 KiB of records under the longest names
 * that there are honestly, those of ip6.arpa, take fewer. Ten times as many could be packed
 * into a message to keep whoever reads it for ten milliseconds.
 */
#define QN_READER_STEP_MAX (128u << 10)

struct qn_reader {
	struct qn_view bytes; /* The whole message: pointers count from its start. */
	size_t at;
	size_t end; /* Reads stop here; at most bytes.len. */
	uint32_t step_count;
	bool failed;
};

static inline struct qn_reader
qn_reader_of(struct qn_view bytes)
{
	return (struct qn_reader){.bytes = bytes, .end = bytes.len};
}

/** Bytes left before `end`; 0 after an error. */
static inline size_t
qn_reader_left(const struct qn_reader *reader)
{
	return reader->failed ? 0 : reader->end - reader->at;
}

uint8_t qn_read_u8(struct qn_reader *reader);
uint16_t qn_read_u16(struct qn_reader *reader);
uint32_t qn_read_u32(struct qn_reader *reader);

/** The next `len` bytes in place; an empty view with a null pointer after an error. */
struct qn_view qn_read_bytes(struct qn_reader *reader, size_t len);

/** Reads a possibly compressed name into `name`; the root after an error. */
void qn_read_name(struct qn_reader *reader, struct qn_name *name);

/** Checks and passes over a possibly compressed name as read_name does, without keeping it. */
void qn_skip_name(struct qn_reader *reader);

/** Passes over a name that has been checked before, without following it. */
void qn_pass_name(struct qn_reader *reader);
