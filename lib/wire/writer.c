/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/writer.h"

#include "base/endian.h"

#include <string.h>

#define POINTER_FLAGS 0xc000u
#define POINTER_REACH 0x4000u /* Offsets below fit the 14 bits of a pointer. */

/* Room for `len` octets at `place`, which the caller fills; false, and overflowed, without it. */
static bool
writer_take(struct qn_writer *writer, size_t len, uint8_t **place)
{
	if (writer->overflowed || len > writer->cap - writer->at) {
		writer->overflowed = true;
		return false;
	}
	*place = writer->data + writer->at;
	writer->at += len;
	return true;
}

void
qn_write_u8(struct qn_writer *writer, uint8_t value)
{
	uint8_t *place;

	if (writer_take(writer, 1, &place))
		*place = value;
}

void
qn_write_u16(struct qn_writer *writer, uint16_t value)
{
	uint8_t *place;

	if (writer_take(writer, 2, &place))
		qn_store_be16(place, value);
}

void
qn_write_u32(struct qn_writer *writer, uint32_t value)
{
	uint8_t *place;

	if (writer_take(writer, 4, &place))
		qn_store_be32(place, value);
}

void
qn_write_bytes(struct qn_writer *writer, struct qn_view bytes)
{
	uint8_t *place;

	/* An empty view may hold no pointer at all. */
	if (writer_take(writer, bytes.len, &place) && bytes.len > 0)
		memcpy(place, bytes.data, bytes.len);
}

void
qn_write_u16_at(struct qn_writer *writer, size_t at, uint16_t value)
{
	/* What overflowed may never have got as far as `at`. */
	if (writer->overflowed)
		return;
	qn_assert(writer->at >= 2 && at <= writer->at - 2);
	qn_store_be16(writer->data + at, value);
}

/* Offers the name that was written at `at` as a target. */
static void
writer_remember(struct qn_writer *writer, size_t at)
{
	if (writer->overflowed || at >= POINTER_REACH || writer->name_count == QN_WRITER_NAME_MAX)
		return;
	writer->names[writer->name_count++] = (uint16_t)at;
}

/* Offsets in the message of the labels of a written name, its root label excluded. */
struct label_list {
	unsigned count;
	size_t starts[QN_NAME_LABEL_MAX];
};

/* The labels of the name written at `at`; the pointers in it are the writer's own. */
static void
labels_of_written(struct label_list *labels, const struct qn_writer *writer, size_t at)
{
	labels->count = 0;
	while (writer->data[at] != 0) {
		if (writer->data[at] > QN_LABEL_MAX) {
			at = qn_load_be16(writer->data + at) & ~POINTER_FLAGS;
			continue;
		}
		labels->starts[labels->count++] = at;
		at += writer->data[at] + 1u;
	}
}

/* Length octets are compared along with the rest: folding leaves them alone. */
static bool
label_equal(const uint8_t *a, const uint8_t *b)
{
	for (unsigned i = 0; i <= *a; i++)
		if (qn_octet_lower(a[i]) != qn_octet_lower(b[i]))
			return false;
	return true;
}

/* How many labels, counted from the root, `name` shares with a written name. */
static unsigned
labels_shared(const struct qn_writer *writer, const struct label_list *written,
    const struct qn_name *name, const struct qn_labels *labels)
{
	const unsigned most = written->count < labels->count ? written->count : labels->count;
	unsigned shared = 0;

	while (shared < most &&
	       label_equal(writer->data + written->starts[written->count - 1 - shared],
		   name->octets + labels->starts[labels->count - 1 - shared]))
		shared++;
	/* The nearer part of a long name may be out of a pointer's reach, the rest within. */
	while (shared > 0 && written->starts[written->count - shared] >= POINTER_REACH)
		shared--;
	return shared;
}

/* What of a name is there already, in which target. */
struct suffix {
	unsigned label_count;
	uint8_t number;
	size_t at;
};

/* Looks for more of a name in the target `number`; returns the labels that it has. */
static unsigned
suffix_improve(struct suffix *suffix, const struct qn_writer *writer, uint8_t number,
    const struct qn_name *name, const struct qn_labels *labels)
{
	struct label_list written;

	labels_of_written(&written, writer, writer->names[number]);
	const unsigned shared = labels_shared(writer, &written, name, labels);

	if (shared > suffix->label_count)
		*suffix = (struct suffix){shared, number, written.starts[written.count - shared]};
	return written.count;
}

/* The longest suffix of `name` written so far, within what the search may take. */
static struct suffix
suffix_find(struct qn_writer *writer, const struct qn_name *name, const struct qn_labels *labels)
{
	const uint8_t whole = writer->name_whole, part = writer->name_part;
	struct suffix suffix = {0};

	if (writer->name_count == 0)
		return suffix;
	(void)suffix_improve(&suffix, writer, whole, name, labels);
	if (part != whole && suffix.label_count < labels->count)
		(void)suffix_improve(&suffix, writer, part, name, labels);
	for (uint8_t i = 0; i < writer->name_count; i++) {
		if (suffix.label_count == labels->count || writer->steps >= QN_WRITER_STEP_MAX)
			break;
		if (i != whole && i != part)
			writer->steps += suffix_improve(&suffix, writer, i, name, labels);
	}
	return suffix;
}

void
qn_write_name(struct qn_writer *writer, const struct qn_name *name)
{
	struct qn_labels labels;

	qn_name_labels(&labels, name);
	const struct suffix suffix = suffix_find(writer, name, &labels);

	if (suffix.label_count == 0) {
		qn_write_name_full(writer, name);
		return;
	}
	if (suffix.label_count == labels.count)
		writer->name_whole = suffix.number;
	else
		writer->name_part = suffix.number;
	const size_t at = writer->at;
	const size_t head_len = suffix.label_count == labels.count
	                            ? 0
	                            : labels.starts[labels.count - suffix.label_count];

	qn_write_bytes(writer, (struct qn_view){name->octets, head_len});
	qn_write_u16(writer, (uint16_t)(POINTER_FLAGS | suffix.at));
	if (head_len > 0)
		writer_remember(writer, at);
}

void
qn_write_name_full(struct qn_writer *writer, const struct qn_name *name)
{
	const size_t at = writer->at;

	qn_write_bytes(writer, qn_name_view(name));
	/* A pointer to the root would be longer than the root. */
	if (name->len > 1)
		writer_remember(writer, at);
}
