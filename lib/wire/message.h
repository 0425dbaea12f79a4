/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whole DNS messages: read, walk, write.
 *
 * Reading checks the structure of every record once, so that walking cannot fail: names,
 * lengths, and the form of the rdata of the types in wire/rdata.h.
 * Memory: a message is a set of views into the packet; the packet must outlive it.
 * RFC:    1035 s4.1, 6891 (OPT), 3597 (unknown types are opaque).
 */
#include "wire/constants.h"
#include "wire/edns.h"
#include "wire/reader.h"
#include "wire/writer.h"

struct qn_question {
	struct qn_name name;
	uint16_t type;
	uint16_t class;
};

enum qn_section {
	QN_SECTION_ANSWER,
	QN_SECTION_AUTHORITY,
	QN_SECTION_ADDITIONAL,
	QN_SECTION_COUNT,
};

/** How far a message could be read. */
enum qn_message_status {
	QN_MESSAGE_OK,
	QN_MESSAGE_NO_HEADER,   /* Under 12 octets: nothing can be said, not even an error. */
	QN_MESSAGE_NO_QUESTION, /* Header read; the question section is broken. */
	QN_MESSAGE_BROKEN,      /* Header and question read; something behind them is broken. */
};

struct qn_message {
	struct qn_view bytes;
	uint16_t id;
	uint16_t flags; /* The whole word: flags, opcode, rcode. */
	uint16_t question_count;
	uint16_t record_counts[QN_SECTION_COUNT]; /* As the header claims, checked when OK. */
	size_t records_at;                        /* Offset of the first record. */
	struct qn_question question; /* The first; meaningful when question_count is not 0. */
	struct qn_edns edns;
};

/** One record as it stands in a message. */
struct qn_record {
	struct qn_name owner;
	size_t owner_at; /* Offset of the owner in the message. */
	uint16_t type;
	uint16_t class;
	uint32_t ttl_s;  /* As received: RFC 2181 s8 is the caller's to apply. */
	size_t rdata_at; /* Offset of the rdata in the message: names in it may be compressed. */
	uint16_t rdata_len;
};

/** A walk over the records of one message. */
struct qn_record_walk {
	struct qn_reader reader;
	uint16_t left[QN_SECTION_COUNT];
};

/**
 * Reads the header, the (first) question and checks all the rest of `bytes`.
 *
 * Two OPT records, or one outside the additional section or with an owner other than the
 * root, make a message broken, as do bytes behind the last record. Fills what it could read.
 */
QN_MUST_USE enum qn_message_status qn_message_read(
    struct qn_message *message, struct qn_view bytes);

/** Starts a walk over the records of a message that read gave as OK. */
struct qn_record_walk qn_message_walk(const struct qn_message *message);

/** The next record and its section; false behind the last one. OPT records are passed over. */
bool qn_record_next(
    struct qn_record_walk *walk, struct qn_record *record, enum qn_section *section);

/**
 * The same without the owner, whose reading is most of the work: for a walk that passes over
 * many records and reads the owners of few.
 */
bool qn_record_next_bare(
    struct qn_record_walk *walk, struct qn_record *record, enum qn_section *section);

/** Reads the owner of a record that next_bare gave out of the same message. */
void qn_record_read_owner(struct qn_record *record, struct qn_view message);

/** The response code with its upper bits out of EDNS. */
static inline uint16_t
qn_message_rcode(const struct qn_message *message)
{
	return (uint16_t)(QN_FLAGS_RCODE(message->flags) |
			  (message->edns.present ? message->edns.rcode_high << 4 : 0));
}

/** Writes a header with all counts zero but the question's. */
void qn_write_header(
    struct qn_writer *writer, uint16_t id, uint16_t flags, uint16_t question_count);

void qn_write_question(struct qn_writer *writer, const struct qn_question *question);

/**
 * Writes one record. `rdata` holds its names uncompressed; they are compressed here for
 * the types of RFC 1035 only (RFC 3597 s4).
 */
void qn_write_record(struct qn_writer *writer, const struct qn_name *owner, uint16_t type,
    uint16_t class, uint32_t ttl_s, struct qn_view rdata);

/** Sets the count of one section in the header of the message being written. */
void qn_write_section_count(struct qn_writer *writer, enum qn_section section, uint16_t count);
