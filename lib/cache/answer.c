/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/answer.h"

#include "base/broken.h"
#include "base/endian.h"

#define ANSWER_HEADER_LEN 8

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
	qn_store_be16(value.data + 2, ede);
	qn_store_be16(value.data + 4, answer_count);
	qn_store_be16(value.data + 6, authority_count);
	uint8_t *place = value.data + ANSWER_HEADER_LEN;

	for (size_t i = 0; i < record_count; i++, place += 2)
		qn_store_be16(place, (uint16_t)(record_ttl_at(&reader) - records_at));
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
	answer->ede = qn_load_be16(value.data + 2);
	answer->answer_count = qn_load_be16(value.data + 4);
	answer->authority_count = qn_load_be16(value.data + 6);
	answer->stale_ttl_s = 0;
	const size_t places_len = 2 * ((size_t)answer->answer_count + answer->authority_count);
	const size_t records_at = ANSWER_HEADER_LEN + places_len;

	if (value.len < records_at)
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

void
qn_answer_write_part(struct qn_writer *writer, const struct qn_answer *answer,
    struct qn_answer_part part, uint32_t age_s)
{
	const size_t records_at = writer->at;

	if (QN_BREAK(ttl))
		age_s = 0;
	qn_write_bytes(writer, (struct qn_view){answer->records.data, part.len});
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
