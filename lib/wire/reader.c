/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/reader.h"

#include "base/endian.h"

#include <string.h>

/* The two upper bits of a length octet (RFC 1035 s4.1.4). */
#define POINTER_FLAGS 0xc0u
#define POINTER_LEN   2u

struct qn_view
qn_read_bytes(struct qn_reader *reader, size_t len)
{
	if (len > qn_reader_left(reader))
		reader->failed = true;
	if (reader->failed)
		return (struct qn_view){NULL, 0};
	const struct qn_view bytes = {reader->bytes.data + reader->at, len};

	reader->at += len;
	return bytes;
}

uint8_t
qn_read_u8(struct qn_reader *reader)
{
	const struct qn_view bytes = qn_read_bytes(reader, 1);

	return bytes.data == NULL ? 0 : *bytes.data;
}

uint16_t
qn_read_u16(struct qn_reader *reader)
{
	const struct qn_view bytes = qn_read_bytes(reader, 2);

	return bytes.data == NULL ? 0 : qn_load_be16(bytes.data);
}

uint32_t
qn_read_u32(struct qn_reader *reader)
{
	const struct qn_view bytes = qn_read_bytes(reader, 4);

	return bytes.data == NULL ? 0 : qn_load_be32(bytes.data);
}

/*
 * Follows a name through its pointers and copies it, run of labels by run of labels, to
 * `octets` unless that is NULL. Every pointer has to lead to before the start of the run that
 * it ends: an honest name is found there, and no loop can be. Returns the length of the name
 * in full and moves the reader behind it; 0, moving nothing, when it is broken, or one name
 * too many.
 */
static inline size_t
name_follow(struct qn_reader *reader, uint8_t *octets)
{
	const uint8_t *data = reader->bytes.data;
	size_t start = reader->at;
	size_t after = 0; /* Behind the name, once the first pointer has been met. */
	uint32_t step_count = reader->step_count;
	size_t len = 0;

	if (step_count > QN_READER_STEP_MAX)
		return 0;
	for (unsigned hop = 0; hop <= QN_NAME_HOP_MAX; hop++) {
		/* A run leaves room for the root label. */
		const size_t room_end = start + QN_NAME_MAX - len;
		const size_t run_end = room_end < reader->end ? room_end : reader->end;
		size_t at = start;

		while (at < run_end && data[at] != 0 && data[at] <= QN_LABEL_MAX) {
			at += data[at] + 1u;
			step_count++;
		}
		step_count++;
		if (at >= run_end)
			return 0;
		if (octets != NULL)
			memcpy(octets + len, data + start, at - start);
		len += at - start;
		if (data[at] == 0) {
			if (octets != NULL)
				octets[len] = 0;
			reader->at = after != 0 ? after : at + 1;
			reader->step_count = step_count;
			return len + 1;
		}
		if ((data[at] & POINTER_FLAGS) != POINTER_FLAGS || reader->end - at < POINTER_LEN)
			return 0;
		const size_t target = qn_load_be16(data + at) & ~(POINTER_FLAGS << 8);

		if (target >= start)
			return 0;
		if (after == 0)
			after = at + POINTER_LEN;
		start = target;
	}
	return 0;
}

void
qn_read_name(struct qn_reader *reader, struct qn_name *name)
{
	const size_t len = reader->failed ? 0 : name_follow(reader, name->octets);

	if (len == 0) {
		reader->failed = true;
		qn_name_copy(name, &qn_name_root);
		return;
	}
	name->len = (uint8_t)len;
}

void
qn_skip_name(struct qn_reader *reader)
{
	if (!reader->failed && name_follow(reader, NULL) == 0)
		reader->failed = true;
}

void
qn_pass_name(struct qn_reader *reader)
{
	uint8_t octet = qn_read_u8(reader);

	while (octet != 0 && octet <= QN_LABEL_MAX) {
		(void)qn_read_bytes(reader, octet);
		octet = qn_read_u8(reader);
	}
	if (octet != 0)
		(void)qn_read_u8(reader);
}
