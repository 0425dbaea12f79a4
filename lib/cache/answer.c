/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/answer.h"

#include "base/broken.h"
#include "base/endian.h"

#define ANSWER_HEADER_LEN 8
#define ANSWER_EDE_AT     2
#define ANSWER_TURN_AT    3
#define ANSWER_COUNTS_AT  4

/* No extended error, in 8 bits. */
#define ANSWER_EDE_NONE 0xff

/* Owner, type and class of a record whose owner is a compression pointer. */
#define RECORD_HEAD_LEN 6
#define POINTER_BITS    0xc0

/* All of such a record but its rdata. */
#define ADDRESS_RECORD_LEN (RECORD_HEAD_LEN + 6)

/* Offset of the TTL of the record at the reader, which moves on to the next record. */
static size_t
record_ttl_at(struct qn_reader *reader)
{
	qn_skip_name(reader);
	qn_read_u32(reader); /* Type and class. */
	const size_t ttl_at = reader->at;

	qn_read_u32(reader);
	qn_read_bytes(reader, qn_read_u16(reader));
	return ttl_at;
}

/* Whether a record is an address of the owner that a pointer leads to. */
static bool
record_is_address(const uint8_t *record, size_t len)
{
	uint16_t type;

	if (len == ADDRESS_RECORD_LEN + 4)
		type = QN_TYPE_A;
	else if (len == ADDRESS_RECORD_LEN + 16)
		type = QN_TYPE_AAAA;
	else
		return false;
	return (record[0] & POINTER_BITS) == POINTER_BITS && qn_load_be16(record + 2) == type;
}

/*
 * How many records, up to this one, are of one set of addresses: `count` were up to the `last`, which
 * ends where it begins. They are of the same length, and no name in the message points into them.
 */
static uint8_t
count_turning(uint8_t count, const uint8_t *last, const uint8_t *record, size_t len)
{
	if (!record_is_address(record, len))
		return 0;
	if (count == 0 || memcmp(record, last, RECORD_HEAD_LEN) != 0)
		return 1;
	return count < UINT8_MAX ? count + 1 : UINT8_MAX;
}

size_t
qn_answer_encode(struct qn_span value, struct qn_view message, uint16_t rcode, uint16_t ede)
{
	struct qn_reader reader = qn_reader_of(message);
	uint16_t answer_count;
	uint16_t authority_count;

	qn_read_u32(&reader); /* Id and flags. */
	qn_assert(qn_read_u16(&reader) == 1);
	answer_count = qn_read_u16(&reader);
	authority_count = qn_read_u16(&reader);
	qn_assert(qn_read_u16(&reader) == 0);
	qn_skip_name(&reader);
	qn_read_u32(&reader);

	const size_t records_at = reader.at;
	const size_t record_count = (size_t)answer_count + authority_count;
	const size_t len = ANSWER_HEADER_LEN + 2 * record_count + (message.len - records_at);

	if (len > value.len)
		return 0;
	qn_store_be16(value.data, rcode);
	qn_assert(ede < ANSWER_EDE_NONE || ede == QN_EDE_NONE);
	value.data[ANSWER_EDE_AT] = (uint8_t)ede;
	qn_store_be16(value.data + ANSWER_COUNTS_AT, answer_count);
	qn_store_be16(value.data + ANSWER_COUNTS_AT + 2, authority_count);
	uint8_t *place = value.data + ANSWER_HEADER_LEN;
	const uint8_t *last = NULL;
	uint8_t turn_count = 0;

	for (size_t i = 0; i < record_count; i++, place += 2) {
		const uint8_t *record = message.data + reader.at;

		qn_store_be16(place, (uint16_t)(record_ttl_at(&reader) - records_at));
		if (i < answer_count)
			turn_count = count_turning(
			    turn_count, last, record, (size_t)(message.data + reader.at - record));
		last = record;
	}
	value.data[ANSWER_TURN_AT] = turn_count < 2 ? 0 : turn_count;
	qn_assert(!reader.failed && reader.at == message.len);
	memcpy(place, message.data + records_at, message.len - records_at);
	return len;
}

bool
qn_answer_open(struct qn_answer *answer, struct qn_view value)
{
	if (value.len < ANSWER_HEADER_LEN)
		return false;
	answer->authoritative = false;
	answer->rcode = qn_load_be16(value.data);
	answer->ede =
	    value.data[ANSWER_EDE_AT] == ANSWER_EDE_NONE ? QN_EDE_NONE : value.data[ANSWER_EDE_AT];
	answer->turn_count = value.data[ANSWER_TURN_AT];
	answer->answer_count = qn_load_be16(value.data + ANSWER_COUNTS_AT);
	answer->authority_count = qn_load_be16(value.data + ANSWER_COUNTS_AT + 2);
	answer->stale_ttl_s = 0;
	const size_t places_len = 2 * ((size_t)answer->answer_count + answer->authority_count);
	const size_t records_at = ANSWER_HEADER_LEN + places_len;

	if (value.len < records_at || answer->turn_count > answer->answer_count)
		return false;
	answer->ttl_places = (struct qn_view){value.data + ANSWER_HEADER_LEN, places_len};
	answer->records = (struct qn_view){value.data + records_at, value.len - records_at};
	return true;
}

void
qn_answer_write(struct qn_writer *writer, const struct qn_answer *answer, uint32_t age_s)
{
	const struct qn_answer_part whole = {
	    answer->records.len, (uint16_t)(answer->answer_count + answer->authority_count)};

	qn_answer_write_part(writer, answer, whole, age_s);
}

static void
write_range(struct qn_writer *writer, const struct qn_answer *answer, size_t begin, size_t end)
{
	qn_write_bytes(writer, (struct qn_view){answer->records.data + begin, end - begin});
}

/* The first `len` octets of the records, with the addresses that take turns. */
static void
write_turned(struct qn_writer *writer, const struct qn_answer *answer, size_t len)
{
	const uint8_t *last_place =
	    answer->ttl_places.data + 2 * ((size_t)answer->answer_count - 1);
	const size_t last = qn_load_be16(last_place) - RECORD_HEAD_LEN;
	const size_t record_len = last + RECORD_HEAD_LEN - qn_load_be16(last_place - 2);
	const size_t end = last + record_len;
	const size_t begin = end - answer->turn_count * record_len;
	const size_t first = begin + qn_load_be16(writer->data) % answer->turn_count * record_len;

	write_range(writer, answer, 0, begin);
	write_range(writer, answer, first, end);
	write_range(writer, answer, begin, first);
	write_range(writer, answer, end, len);
}

void
qn_answer_write_part(struct qn_writer *writer, const struct qn_answer *answer,
    struct qn_answer_part part, uint32_t age_s)
{
	const size_t records_at = writer->at;

	if (QN_BREAK(ttl))
		age_s = 0;
	if (answer->turn_count == 0 || part.record_count < answer->answer_count ||
	    part.len > writer->cap - writer->at)
		write_range(writer, answer, 0, part.len);
	else
		write_turned(writer, answer, part.len);
	if (writer->overflowed)
		return;
	for (size_t i = 0; i < 2 * (size_t)part.record_count; i += 2) {
		uint8_t *ttl =
		    writer->data + records_at + qn_load_be16(answer->ttl_places.data + i);
		const uint32_t ttl_s = qn_load_be32(ttl);

		if (answer->stale_ttl_s != 0)
			qn_store_be32(ttl, answer->stale_ttl_s);
		else
			qn_store_be32(ttl, ttl_s > age_s ? ttl_s - age_s : 0);
	}
}
