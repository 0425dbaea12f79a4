/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Any bytes as names: their text and wire forms lead to each other, their order is the
 * canonical one and total, and cutting and replacing suffixes add up.
 */
#include "fuzz/fuzz.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <string.h>

/* Twice an escaped octet each, and a separator each label. */
#define KEY_MAX (2 * QN_NAME_MAX + QN_NAME_LABEL_MAX)

/* A string whose plain order is the canonical order of names: an oracle for comparing. */
struct key {
	size_t len;
	uint8_t octets[KEY_MAX];
};

static void
key_add_label(struct key *key, const uint8_t *label)
{
	for (unsigned i = 1; i <= *label; i++) {
		uint8_t octet = label[i];

		if (octet >= 'A' && octet <= 'Z')
			octet = (uint8_t)(octet + 'a' - 'A');
		/* 0 ends a label, before all octets; so 0 and 1 become 1 1 and 1 2. */
		if (octet <= 1)
			key->octets[key->len++] = 1;
		key->octets[key->len++] = octet <= 1 ? octet + 1 : octet;
	}
	key->octets[key->len++] = 0;
}

static void
key_make(struct key *key, const struct qn_name *name)
{
	const uint8_t *labels[QN_NAME_LABEL_MAX];
	unsigned count = 0;

	for (const uint8_t *at = name->octets; *at != 0; at += *at + 1)
		labels[count++] = at;
	qn_assert(count == qn_name_label_count(name));
	key->len = 0;
	while (count > 0)
		key_add_label(key, labels[--count]);
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

static int
keys_compare(const struct key *a, const struct key *b)
{
	const int difference = memcmp(a->octets, b->octets, a->len < b->len ? a->len : b->len);

	return difference != 0 ? sign(difference) : (a->len > b->len) - (a->len < b->len);
}

static void
name_check(const struct qn_name *name)
{
	char text[QN_NAME_TEXT_MAX];
	struct qn_name back, lower;

	qn_assert(qn_name_from_wire(&back, qn_name_view(name)) == name->len);
	const size_t len = qn_name_to_text(name, text);

	qn_assert(len < sizeof(text) && text[len] == '\0' && strlen(text) == len);
	qn_assert(qn_name_from_text(&back, text, len));
	qn_assert(qn_name_equal_case(name, &back));
	qn_name_copy(&lower, name);
	qn_name_lower(&lower);
	qn_assert(qn_name_equal(name, &lower));
	/* Every suffix is an ancestor, down to the root. */
	for (unsigned count = qn_name_label_count(name); qn_name_parent(&back, &back); count--) {
		qn_name_suffix(&lower, name, count - 1);
		qn_assert(qn_name_equal_case(&lower, &back));
		qn_assert(qn_name_within(name, &back));
	}
	qn_assert(back.len == 1);
}

static void
pair_check(const struct qn_name *a, const struct qn_name *b)
{
	struct key key_a, key_b;
	const int order = sign(qn_name_compare(a, b));
	const unsigned common = qn_name_common_labels(a, b);

	key_make(&key_a, a);
	key_make(&key_b, b);
	qn_assert(order == keys_compare(&key_a, &key_b));
	qn_assert(order == -sign(qn_name_compare(b, a)));
	qn_assert((order == 0) == qn_name_equal(a, b));
	qn_assert(qn_name_equal(a, b) || !qn_name_equal_case(a, b));
	qn_assert(common == qn_name_common_labels(b, a));
	qn_assert(qn_name_within(a, b) == (common == qn_name_label_count(b)));
}

static void
replacing_check(const struct qn_name *name, const struct qn_name *from, const struct qn_name *to)
{
	const unsigned labels = qn_name_label_count(name), from_labels = qn_name_label_count(from);
	const bool below = qn_name_within(name, from) && labels > from_labels;
	const size_t len = (size_t)name->len - from->len + to->len;
	struct qn_name out, back;

	if (!qn_name_replace_suffix(&out, name, from, to)) {
		qn_assert(!below || len > QN_NAME_MAX);
		return;
	}
	qn_assert(below && out.len == len);
	name_check(&out);
	qn_assert(qn_name_within(&out, to));
	qn_assert(qn_name_label_count(&out) == labels - from_labels + qn_name_label_count(to));
	qn_assert(qn_name_replace_suffix(&back, &out, to, from));
	qn_assert(qn_name_equal(&back, name));
}

/* Written behind each other and compressed, the names read the same again. */
static void
compression_check(const struct qn_name *names, size_t count)
{
	uint8_t buffer[4 * QN_NAME_MAX];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});

	for (size_t i = 0; i < count; i++)
		qn_write_name(&writer, &names[i]);
	qn_assert(!writer.overflowed);
	struct qn_reader reader = qn_reader_of((struct qn_view){buffer, writer.at});

	for (size_t i = 0; i < count; i++) {
		struct qn_name name;

		qn_read_name(&reader, &name);
		qn_assert(qn_name_equal(&name, &names[i]));
	}
	qn_assert(!reader.failed && qn_reader_left(&reader) == 0);
}

/* Makes a name out of any octets: lengths are taken modulo what keeps them valid and short. */
static void
name_take(struct qn_name *name, struct qn_reader *reader)
{
	const unsigned label_count = qn_read_u8(reader) % 6;
	const unsigned label_most = 1 + qn_read_u8(reader) % (QN_LABEL_MAX - 1);

	name->len = 0;
	for (unsigned i = 0; i < label_count; i++) {
		const unsigned len = 1 + qn_read_u8(reader) % label_most;

		if (name->len + 1 + len + 1 > QN_NAME_MAX)
			break;
		name->octets[name->len++] = (uint8_t)len;
		for (unsigned at = 0; at < len; at++)
			name->octets[name->len++] = qn_read_u8(reader);
	}
	name->octets[name->len++] = 0;
}

/* A compressed name at any place, read and passed over alike. */
static void
reading_check(struct qn_view bytes)
{
	struct qn_reader reader = qn_reader_of(bytes);
	struct qn_name name;

	reader.at = bytes.len > 0 ? bytes.data[0] % bytes.len : 0;
	struct qn_reader skipper = reader;

	qn_read_name(&reader, &name);
	qn_skip_name(&skipper);
	qn_assert(reader.failed == skipper.failed && reader.at == skipper.at);
	qn_assert(reader.at <= reader.end);
	name_check(&name);
}

static void
text_check(struct qn_view bytes)
{
	struct qn_name name;

	if (qn_name_from_text(&name, (const char *)bytes.data, bytes.len))
		name_check(&name);
	if (qn_name_from_wire(&name, bytes) > 0)
		name_check(&name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct qn_view bytes = {data, len};
	struct qn_reader reader = qn_reader_of(bytes);
	struct qn_name names[3];

	reading_check(bytes);
	text_check(bytes);
	for (size_t i = 0; i < 3; i++) {
		name_take(&names[i], &reader);
		name_check(&names[i]);
	}
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++)
			pair_check(&names[i], &names[j]);
	replacing_check(&names[0], &names[1], &names[2]);
	compression_check(names, 3);
	return 0;
}
