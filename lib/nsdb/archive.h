/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Statistics of addresses as bytes that outlive the process: pure reading and writing.
 *
 * The bytes begin with a magic number and a version, and are taken whole or not at all: their
 * length, a checksum and the bounds of every value have to be right. Ages are kept relative to
 * the wall clock at writing, since monotonic time means nothing to the next process; after the
 * machine was started anew, an age is cut to the time that it has been up for.
 *
 * What was said about zones is not kept: it concerns the last minute, and its hashes are keyed.
 * Memory: QN_ARCHIVE_HEADER_LEN and QN_ARCHIVE_ENTRY_LEN bytes for each address.
 * Trust:  the checksum finds accidents, not forgers: who may write the file may say anything.
 */
#include "nsdb/nsdb.h"

#define QN_ARCHIVE_HEADER_LEN 32
#define QN_ARCHIVE_ENTRY_LEN  44

/** Addresses that were not heard of for this long are not worth keeping. */
#define QN_ARCHIVE_AGE_MAX_S 86400

/** How far the clock may be behind the one that wrote. */
#define QN_ARCHIVE_AHEAD_MAX_S 300

/** Bytes that writing needs at most. */
size_t qn_archive_len_max(const struct qn_nsdb *nsdb);

/** Writes what is known of all addresses that were heard of; returns how many bytes. */
size_t qn_archive_write(const struct qn_nsdb *nsdb, struct qn_span bytes, struct qn_now now);

enum qn_archive_result {
	QN_ARCHIVE_OK,
	QN_ARCHIVE_FOREIGN,    /* Not written by this program. */
	QN_ARCHIVE_VERSION,    /* By another version of it. */
	QN_ARCHIVE_DAMAGED,    /* Its length or checksum is wrong. */
	QN_ARCHIVE_IMPOSSIBLE, /* A value is out of bounds. */
	QN_ARCHIVE_AHEAD,      /* Written later than now. */
};

/**
 * Reads `bytes` and restores what is not too old into `nsdb`: nothing at all unless the result
 * is QN_ARCHIVE_OK. `*count` is how many addresses were restored.
 */
QN_MUST_USE enum qn_archive_result qn_archive_read(
    struct qn_nsdb *nsdb, struct qn_view bytes, struct qn_now now, uint32_t *count);

/** What a result means, for a log: a few words that follow "it". */
const char *qn_archive_result_text(enum qn_archive_result result);
