/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Any bytes as the rdata of any type: what is valid can be written in full, is valid then,
 * comes back the same from a message, and packs into an RRset.
 *
 * Input: type (2 octets), class IN or not (1), length of what stands before the rdata for
 * pointers to lead to (1), that, and the rdata.
 */
#include "fuzz/fuzz.h"
#include "wire/rrset.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_LEN 4
#define ROOM_LEN (3 * QN_RDATA_MAX)

/* Fills exactly `out_len` octets of memory that ends there. */
static void
exact_room_check(struct qn_view message, const struct qn_record *record, struct qn_view full)
{
	uint8_t *room = malloc(full.len + 1);
	bool fits;

	if (room == NULL)
		return;
	qn_assert(qn_rdata_expand(message, record, (struct qn_span){room + 1, full.len}, &fits) ==
		  full.len);
	qn_assert(fits && (full.len == 0 || memcmp(room + 1, full.data, full.len) == 0));
	if (full.len > 0) {
		qn_assert(qn_rdata_expand(message, record, (struct qn_span){room + 2, full.len - 1},
			      &fits) == 0);
		qn_assert(!fits);
	}
	free(room);
}

/* Rdata in full is valid on its own, and stays the same when expanded again. */
static void
full_check(const struct qn_record *record, struct qn_view full)
{
	static uint8_t again[ROOM_LEN];
	const struct qn_record alone = {
	    .type = record->type, .class = record->class, .rdata_len = (uint16_t)full.len};
	bool fits;

	qn_assert(qn_rdata_valid(full, &alone));
	const size_t len =
	    qn_rdata_expand(full, &alone, (struct qn_span){again, sizeof(again)}, &fits);

	qn_assert(fits && len == full.len && (len == 0 || memcmp(again, full.data, len) == 0));
}

static void
accessors_check(const struct qn_record *record, struct qn_view full)
{
	struct qn_name name;

	if (record->class != QN_CLASS_IN)
		return;
	if (record->type == QN_TYPE_NS || record->type == QN_TYPE_CNAME ||
	    record->type == QN_TYPE_DNAME || record->type == QN_TYPE_PTR)
		qn_assert(qn_rdata_name(&name, full) && name.len == full.len);
	if (record->type == QN_TYPE_SOA)
		(void)qn_rdata_soa_minimum(full);
}

/* A message with the record twice, as an RRset with two rdatas holds it. */
static void
rrset_check(const struct qn_record *record, struct qn_view full)
{
	static uint8_t packed[ROOM_LEN], buffer[ROOM_LEN], again[ROOM_LEN];
	struct qn_rrset rrset = {
	    .type = record->type, .class = record->class, .count = 2, .rdatas = {packed, 0}};
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});
	struct qn_message message;
	struct qn_record read;
	enum qn_section section;
	bool fits;

	for (unsigned i = 0; i < rrset.count; i++)
		qn_assert(qn_rdatas_append(
		    (struct qn_span){packed, sizeof(packed)}, &rrset.rdatas.len, full));
	qn_assert(qn_rdatas_contain(rrset.rdatas, full));
	qn_name_copy(&rrset.owner, &qn_name_root);
	qn_write_header(&writer, 0, QN_FLAG_QR, 0);
	qn_assert(qn_write_rrset(&writer, &rrset, 0, full.len) == rrset.count);
	qn_write_section_count(&writer, QN_SECTION_ANSWER, rrset.count);
	qn_assert(!writer.overflowed);
	qn_assert(qn_message_read(&message, (struct qn_view){buffer, writer.at}) == QN_MESSAGE_OK);
	struct qn_record_walk walk = qn_message_walk(&message);

	for (unsigned i = 0; i < rrset.count; i++) {
		qn_assert(qn_record_next(&walk, &read, &section));
		const size_t len = qn_rdata_expand(
		    message.bytes, &read, (struct qn_span){again, sizeof(again)}, &fits);

		qn_assert(fits && len == full.len);
		for (size_t at = 0; at < len; at++)
			qn_assert(qn_octet_lower(again[at]) == qn_octet_lower(full.data[at]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t room[ROOM_LEN];
	struct qn_reader reader = qn_reader_of((struct qn_view){data, len});
	struct qn_record record = {.type = qn_read_u16(&reader)};
	bool fits;

	record.class = qn_read_u8(&reader) % 4 == 0 ? QN_CLASS_CH : QN_CLASS_IN;
	const size_t before_len = qn_read_u8(&reader);

	if (len < HEAD_LEN + before_len || len - HEAD_LEN - before_len > UINT16_MAX)
		return 0;
	const struct qn_view message = {data + HEAD_LEN, len - HEAD_LEN};

	record.rdata_at = before_len;
	record.rdata_len = (uint16_t)(message.len - before_len);
	/* An OPT record is not a record like others, and no walk ever gives one. */
	if (record.type == QN_TYPE_OPT || !qn_rdata_valid(message, &record))
		return 0;
	const size_t full_len =
	    qn_rdata_expand(message, &record, (struct qn_span){room, sizeof(room)}, &fits);
	const struct qn_view full = {room, full_len};

	if (!fits)
		return 0;
	exact_room_check(message, &record, full);
	full_check(&record, full);
	accessors_check(&record, full);
	rrset_check(&record, full);
	return 0;
}
