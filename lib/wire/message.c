/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/message.h"

#include "base/endian.h"
#include "wire/rdata.h"

#define RECORD_HEAD_LEN 10 /* Type, class, TTL and rdata length, behind the owner. */
#define COUNTS_AT       4  /* Four counts: questions, then one a section. */

static void
question_read(struct qn_reader *reader, struct qn_question *question)
{
	qn_read_name(reader, &question->name);
	question->type = qn_read_u16(reader);
	question->class = qn_read_u16(reader);
}

/* The first question is kept, the others are only checked. */
static bool
questions_read(struct qn_message *message, struct qn_reader *reader)
{
	if (message->question_count > 0)
		question_read(reader, &message->question);
	for (unsigned i = 1; i < message->question_count && !reader->failed; i++) {
		qn_skip_name(reader);
		(void)qn_read_u32(reader);
	}
	return !reader->failed;
}

/* Reads what stands behind the owner and moves over the rdata. */
static bool
record_read(struct qn_reader *reader, struct qn_record *record)
{
	const uint8_t *head = qn_read_bytes(reader, RECORD_HEAD_LEN).data;

	if (head == NULL)
		return false;
	record->type = qn_load_be16(head);
	record->class = qn_load_be16(head + 2);
	record->ttl_s = qn_load_be32(head + 4);
	record->rdata_len = qn_load_be16(head + 8);
	record->rdata_at = reader->at;
	(void)qn_read_bytes(reader, record->rdata_len);
	return !reader->failed;
}

static bool
opt_read(struct qn_message *message, const struct qn_record *record, enum qn_section section,
    bool owner_is_root)
{
	if (message->edns.present || section != QN_SECTION_ADDITIONAL || !owner_is_root)
		return false;
	return qn_edns_read(&message->edns, record->class, record->ttl_s,
	    (struct qn_view){message->bytes.data + record->rdata_at, record->rdata_len});
}

/* Checks one record; an OPT record is kept. */
static bool
record_check(struct qn_message *message, struct qn_reader *reader, enum qn_section section)
{
	struct qn_record record;
	const bool owner_is_root =
	    qn_reader_left(reader) > 0 && reader->bytes.data[reader->at] == 0;

	qn_skip_name(reader);
	if (!record_read(reader, &record))
		return false;
	if (record.type == QN_TYPE_OPT)
		return opt_read(message, &record, section, owner_is_root);
	return qn_rdata_check(reader, &record);
}

static bool
records_check(struct qn_message *message, struct qn_reader *reader)
{
	for (unsigned section = 0; section < QN_SECTION_COUNT; section++)
		for (unsigned i = 0; i < message->record_counts[section]; i++)
			if (!record_check(message, reader, section))
				return false;
	return qn_reader_left(reader) == 0;
}

enum qn_message_status
qn_message_read(struct qn_message *message, struct qn_view bytes)
{
	struct qn_reader reader = qn_reader_of(bytes);
	const uint8_t *header = qn_read_bytes(&reader, QN_HEADER_LEN).data;

	message->bytes = bytes;
	if (header == NULL)
		return QN_MESSAGE_NO_HEADER;
	message->id = qn_load_be16(header);
	message->flags = qn_load_be16(header + 2);
	message->question_count = qn_load_be16(header + COUNTS_AT);
	for (unsigned section = 0; section < QN_SECTION_COUNT; section++)
		message->record_counts[section] =
		    qn_load_be16(header + COUNTS_AT + 2 + 2 * section);
	message->edns = (struct qn_edns){.present = false};

	if (!questions_read(message, &reader))
		return QN_MESSAGE_NO_QUESTION;
	message->records_at = reader.at;
	return records_check(message, &reader) ? QN_MESSAGE_OK : QN_MESSAGE_BROKEN;
}

struct qn_record_walk
qn_message_walk(const struct qn_message *message)
{
	struct qn_record_walk walk = {.reader = qn_reader_of(message->bytes)};

	walk.reader.at = message->records_at;
	for (unsigned section = 0; section < QN_SECTION_COUNT; section++)
		walk.left[section] = message->record_counts[section];
	return walk;
}

bool
qn_record_next_bare(struct qn_record_walk *walk, struct qn_record *record, enum qn_section *section)
{
	for (unsigned at = 0; at < QN_SECTION_COUNT; at++) {
		while (walk->left[at] > 0) {
			walk->left[at]--;
			record->owner_at = walk->reader.at;
			qn_pass_name(&walk->reader);
			if (!record_read(&walk->reader, record))
				return false;
			if (record->type == QN_TYPE_OPT)
				continue;
			*section = at;
			return true;
		}
	}
	return false;
}

void
qn_record_read_owner(struct qn_record *record, struct qn_view message)
{
	struct qn_reader reader = qn_reader_of(message);

	reader.at = record->owner_at;
	qn_read_name(&reader, &record->owner);
}

bool
qn_record_next(struct qn_record_walk *walk, struct qn_record *record, enum qn_section *section)
{
	if (!qn_record_next_bare(walk, record, section))
		return false;
	qn_record_read_owner(record, walk->reader.bytes);
	return true;
}

void
qn_write_header(struct qn_writer *writer, uint16_t id, uint16_t flags, uint16_t question_count)
{
	qn_write_u16(writer, id);
	qn_write_u16(writer, flags);
	qn_write_u16(writer, question_count);
	for (unsigned section = 0; section < QN_SECTION_COUNT; section++)
		qn_write_u16(writer, 0);
}

void
qn_write_question(struct qn_writer *writer, const struct qn_question *question)
{
	/* In full, so that its letter case is always the caller's. */
	qn_write_name_full(writer, &question->name);
	qn_write_u16(writer, question->type);
	qn_write_u16(writer, question->class);
}

void
qn_write_record(struct qn_writer *writer, const struct qn_name *owner, uint16_t type,
    uint16_t class, uint32_t ttl_s, struct qn_view rdata)
{
	qn_assert(rdata.len <= QN_RDATA_MAX);
	qn_write_name(writer, owner);
	qn_write_u16(writer, type);
	qn_write_u16(writer, class);
	qn_write_u32(writer, ttl_s);
	const size_t len_at = writer->at;

	qn_write_u16(writer, 0);
	const size_t rdata_at = writer->at;

	if (class == QN_CLASS_IN)
		qn_write_rdata(writer, type, rdata);
	else
		qn_write_bytes(writer, rdata);
	qn_write_u16_at(writer, len_at, (uint16_t)(writer->at - rdata_at));
}

void
qn_write_section_count(struct qn_writer *writer, enum qn_section section, uint16_t count)
{
	qn_write_u16_at(writer, COUNTS_AT + 2 + 2 * (size_t)section, count);
}
