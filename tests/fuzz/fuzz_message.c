/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Any bytes as a message: whatever can be read is written anew, whole and into too small a
 * buffer, and must read the same again.
 */
#include "fuzz/fuzz.h"
#include "wire/rdata.h"

#include <string.h>

#define MESSAGE_MAX 65535
#define RECORD_MAX  6000 /* More than fit a message. */

/* A record with its rdata in full. */
struct full_record {
	struct qn_name owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl_s;
	enum qn_section section;
	struct qn_view rdata;
};

struct full_message {
	struct full_record records[RECORD_MAX];
	size_t count;
	uint8_t rdatas[4 * MESSAGE_MAX];
	size_t rdatas_len;
	bool complete; /* Everything of the message is in here. */
};

static void
name_check(const struct qn_name *name)
{
	struct qn_name copy;

	qn_assert(qn_name_from_wire(&copy, qn_name_view(name)) == name->len);
}

/* Keeps a record in full; false when there is no room for it. */
static bool
record_keep(struct full_message *full, struct qn_view bytes, const struct qn_record *record,
    enum qn_section section)
{
	const struct qn_span room = {
	    full->rdatas + full->rdatas_len, sizeof(full->rdatas) - full->rdatas_len};
	bool fits;

	if (full->count == RECORD_MAX)
		return false;
	const size_t len = qn_rdata_expand(bytes, record, room, &fits);

	if (!fits)
		return false;
	full->records[full->count++] = (struct full_record){
	    .owner = record->owner,
	    .type = record->type,
	    .class = record->class,
	    .ttl_s = record->ttl_s,
	    .section = section,
	    .rdata = {room.data, len},
	};
	full->rdatas_len += len;
	return true;
}

static void
message_keep(struct full_message *full, const struct qn_message *message)
{
	struct qn_record_walk walk = qn_message_walk(message);
	struct qn_record record;
	enum qn_section section, last = QN_SECTION_ANSWER;
	size_t count = message->edns.present;

	full->count = 0;
	full->rdatas_len = 0;
	full->complete = true;
	for (; qn_record_next(&walk, &record, &section); count++) {
		qn_assert(section >= last && section < QN_SECTION_COUNT);
		last = section;
		name_check(&record.owner);
		full->complete &= record_keep(full, message->bytes, &record, section);
	}
	qn_assert(count == (size_t)message->record_counts[QN_SECTION_ANSWER] +
			       message->record_counts[QN_SECTION_AUTHORITY] +
			       message->record_counts[QN_SECTION_ADDITIONAL]);
}

static void
edns_write(struct qn_writer *writer, const struct qn_edns *edns)
{
	struct qn_view left = edns->options;
	struct qn_edns_option option;
	const size_t at = qn_write_edns_begin(
	    writer, edns->udp_size, (uint16_t)(edns->rcode_high << 4), edns->dnssec_ok);

	while (qn_edns_option_next(&left, &option))
		qn_write_edns_option(writer, option.code, option.data);
	qn_write_edns_end(writer, at);
}

/* Writes a message, leaving out the records that do not fit; returns whether all did. */
static bool
message_write(
    struct qn_writer *writer, const struct qn_message *message, const struct full_message *full)
{
	uint16_t counts[QN_SECTION_COUNT] = {0};
	bool whole = true;

	qn_write_header(writer, message->id, message->flags, message->question_count > 0);
	if (message->question_count > 0)
		qn_write_question(writer, &message->question);
	if (writer->overflowed)
		return false;
	struct qn_writer_mark mark = qn_writer_mark(writer);

	for (size_t i = 0; i < full->count; i++) {
		const struct full_record *record = &full->records[i];

		qn_write_record(writer, &record->owner, record->type, record->class, record->ttl_s,
		    record->rdata);
		if (writer->overflowed) {
			qn_writer_rewind(writer, mark);
			whole = false;
			continue;
		}
		counts[record->section]++;
		mark = qn_writer_mark(writer);
	}
	if (message->edns.present)
		edns_write(writer, &message->edns);
	if (writer->overflowed) {
		qn_writer_rewind(writer, mark);
		whole = false;
	} else {
		counts[QN_SECTION_ADDITIONAL] += message->edns.present;
	}
	for (unsigned section = 0; section < QN_SECTION_COUNT; section++)
		qn_write_section_count(writer, section, counts[section]);
	return whole;
}

/* Types whose names compression may give another letter case: those of RFC 1035. */
static bool
type_has_compressed_names(uint16_t type)
{
	return (type >= QN_TYPE_NS && type <= QN_TYPE_MR) || type == QN_TYPE_PTR ||
	       type == QN_TYPE_MINFO || type == QN_TYPE_MX;
}

static void
rdata_compare(const struct full_record *a, struct qn_view b)
{
	const bool fold = a->class == QN_CLASS_IN && type_has_compressed_names(a->type);

	qn_assert(a->rdata.len == b.len);
	for (size_t i = 0; i < b.len; i++) {
		const uint8_t one = a->rdata.data[i], other = b.data[i];

		qn_assert(one == other || (fold && qn_octet_lower(one) == qn_octet_lower(other)));
	}
}

static void
edns_compare(const struct qn_edns *a, const struct qn_edns *b)
{
	qn_assert(a->present == b->present);
	if (!a->present)
		return;
	qn_assert(a->udp_size == b->udp_size && a->dnssec_ok == b->dnssec_ok);
	qn_assert(a->rcode_high == b->rcode_high && a->options.len == b->options.len);
	qn_assert(
	    a->options.len == 0 || memcmp(a->options.data, b->options.data, a->options.len) == 0);
}

/* `again` is what was written of `first`: all of it, or what fitted. */
static void
messages_compare(const struct qn_message *first, const struct full_message *full,
    const struct qn_message *again, bool whole)
{
	static struct full_message full_again;
	size_t next = 0;

	qn_assert(first->id == again->id && first->flags == again->flags);
	if (again->question_count > 0) {
		qn_assert(qn_name_equal_case(&first->question.name, &again->question.name));
		qn_assert(first->question.type == again->question.type);
		qn_assert(first->question.class == again->question.class);
	}
	if (whole)
		edns_compare(&first->edns, &again->edns);
	message_keep(&full_again, again);
	if (!whole)
		return;
	qn_assert(full->count == full_again.count);
	for (; next < full->count; next++) {
		const struct full_record *a = &full->records[next];
		const struct full_record *b = &full_again.records[next];

		qn_assert(qn_name_equal(&a->owner, &b->owner));
		qn_assert(a->type == b->type && a->class == b->class);
		qn_assert(a->ttl_s == b->ttl_s && a->section == b->section);
		rdata_compare(a, b->rdata);
	}
}

/* Writes at most `cap` octets and reads them back. */
static void
message_round_trip(const struct qn_message *message, const struct full_message *full, size_t cap)
{
	static uint8_t buffer[MESSAGE_MAX];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, cap});
	struct qn_message again;
	const bool whole = message_write(&writer, message, full);

	if (writer.overflowed)
		return;
	qn_assert(qn_message_read(&again, (struct qn_view){buffer, writer.at}) == QN_MESSAGE_OK);
	messages_compare(message, full, &again, whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct full_message full;
	struct qn_message message;
	const enum qn_message_status status =
	    qn_message_read(&message, (struct qn_view){data, len});

	if (status == QN_MESSAGE_NO_HEADER) {
		qn_assert(len < QN_HEADER_LEN);
		return 0;
	}
	if (status == QN_MESSAGE_NO_QUESTION)
		return 0;
	if (message.question_count > 0)
		name_check(&message.question.name);
	if (status == QN_MESSAGE_BROKEN)
		return 0;
	message_keep(&full, &message);
	if (!full.complete)
		return 0;
	message_round_trip(&message, &full, MESSAGE_MAX);
	/* Somewhere the message will not fit any more. */
	message_round_trip(&message, &full, len < MESSAGE_MAX ? len * 2 / 3 : MESSAGE_MAX / 2);
	return 0;
}
