/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/name.h"

#include <string.h>

const struct qn_name qn_name_root = {.len = 1, .octets = {0}};

static bool
octet_is_digit(uint8_t octet)
{
	return octet >= '0' && octet <= '9';
}

/* Takes an escape's value from behind its backslash; returns the characters used, 0 when broken. */
static size_t
escape_parse(const char *text, size_t len, uint8_t *octet)
{
	const uint8_t *at = (const uint8_t *)text;

	if (len == 0)
		return 0;
	if (!octet_is_digit(at[0])) {
		*octet = at[0];
		return 1;
	}
	if (len < 3 || !octet_is_digit(at[1]) || !octet_is_digit(at[2]))
		return 0;
	const unsigned value = (at[0] - '0') * 100u + (at[1] - '0') * 10u + (unsigned)(at[2] - '0');

	if (value > UINT8_MAX)
		return 0;
	*octet = (uint8_t)value;
	return 3;
}

/* Takes one label and the dot behind it, if any, off the text; returns the characters used. */
static size_t
label_parse(struct qn_name *name, const char *text, size_t len)
{
	const size_t length_at = name->len;
	size_t at = 0;
	size_t label_len = 0;

	for (; at < len && text[at] != '.'; label_len++) {
		/* One octet is kept for the root label. */
		if (label_len == QN_LABEL_MAX || length_at + label_len + 2 >= QN_NAME_MAX)
			return 0;
		uint8_t octet = (uint8_t)text[at++];

		if (octet == '\\') {
			const size_t used = escape_parse(text + at, len - at, &octet);

			if (used == 0)
				return 0;
			at += used;
		}
		name->octets[length_at + 1 + label_len] = octet;
	}
	if (label_len == 0)
		return 0;
	name->octets[length_at] = (uint8_t)label_len;
	name->len = (uint8_t)(length_at + 1 + label_len);
	return at < len ? at + 1 : at;
}

bool
qn_name_from_text(struct qn_name *name, const char *text, size_t text_len)
{
	struct qn_name parsed = {.len = 0};

	if (text_len == 0)
		return false;
	for (size_t at = text_len == 1 && text[0] == '.' ? 1 : 0; at < text_len;) {
		const size_t used = label_parse(&parsed, text + at, text_len - at);

		if (used == 0)
			return false;
		at += used;
	}
	parsed.octets[parsed.len++] = 0;
	qn_name_copy(name, &parsed);
	return true;
}

/* Whether a zone file would take `octet` for something else (RFC 1035 s5.1). */
static bool
octet_is_special(uint8_t octet)
{
	switch (octet) {
	case '.':
	case '\\':
	case '"':
	case ';':
	case '@':
	case '(':
	case ')':
	case '$':
		return true;
	default:
		return false;
	}
}

static char *
octet_write(char *at, uint8_t octet)
{
	if (octet <= ' ' || octet >= 0x7f) {
		*at++ = '\\';
		*at++ = (char)('0' + octet / 100);
		*at++ = (char)('0' + octet / 10 % 10);
		*at++ = (char)('0' + octet % 10);
		return at;
	}
	if (octet_is_special(octet))
		*at++ = '\\';
	*at++ = (char)octet;
	return at;
}

size_t
qn_name_to_text(const struct qn_name *name, char text[QN_NAME_TEXT_MAX])
{
	const uint8_t *label = name->octets;
	char *at = text;

	if (*label == 0)
		*at++ = '.';
	for (; *label != 0; label += *label + 1) {
		for (unsigned i = 1; i <= *label; i++)
			at = octet_write(at, label[i]);
		*at++ = '.';
	}
	*at = '\0';
	return (size_t)(at - text);
}

size_t
qn_name_from_wire(struct qn_name *name, struct qn_view wire)
{
	const size_t most = wire.len < QN_NAME_MAX ? wire.len : QN_NAME_MAX;
	size_t at = 0;

	while (at < most && wire.data[at] != 0) {
		if (wire.data[at] > QN_LABEL_MAX)
			return 0;
		at += wire.data[at] + 1u;
	}
	if (at >= most)
		return 0;
	name->len = (uint8_t)(at + 1);
	memcpy(name->octets, wire.data, name->len);
	return name->len;
}

void
qn_name_copy(struct qn_name *to, const struct qn_name *from)
{
	to->len = from->len;
	memmove(to->octets, from->octets, from->len);
}

unsigned
qn_name_label_count(const struct qn_name *name)
{
	unsigned count = 0;

	for (const uint8_t *label = name->octets; *label != 0; label += *label + 1)
		count++;
	return count;
}

/* Folding leaves length octets alone: none of them is as large as a letter. */
static bool
octets_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	if (memcmp(a, b, len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (qn_octet_lower(a[i]) != qn_octet_lower(b[i]))
			return false;
	return true;
}

bool
qn_name_equal(const struct qn_name *a, const struct qn_name *b)
{
	return a->len == b->len && octets_equal(a->octets, b->octets, a->len);
}

bool
qn_name_equal_case(const struct qn_name *a, const struct qn_name *b)
{
	return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

bool
qn_name_within(const struct qn_name *name, const struct qn_name *ancestor)
{
	if (ancestor->len > name->len)
		return false;
	const size_t suffix_at = (size_t)(name->len - ancestor->len);
	size_t at = 0;

	while (at < suffix_at)
		at += name->octets[at] + 1u;
	return at == suffix_at && octets_equal(name->octets + at, ancestor->octets, ancestor->len);
}

void
qn_name_labels(struct qn_labels *labels, const struct qn_name *name)
{
	labels->count = 0;
	for (unsigned at = 0; name->octets[at] != 0; at += name->octets[at] + 1u)
		labels->starts[labels->count++] = (uint8_t)at;
}

/* RFC 4034 s6.1: as octet strings, letters folded, a missing octet before any other. */
static int
label_compare(const uint8_t *a, const uint8_t *b)
{
	const unsigned common = *a < *b ? *a : *b;

	for (unsigned i = 1; i <= common; i++) {
		const int difference = qn_octet_lower(a[i]) - qn_octet_lower(b[i]);

		if (difference != 0)
			return difference;
	}
	return *a - *b;
}

/* Compares label by label from the root; `*common` is how many are equal. */
static int
names_compare(const struct qn_name *a, const struct qn_name *b, unsigned *common)
{
	struct qn_labels in_a, in_b;

	qn_name_labels(&in_a, a);
	qn_name_labels(&in_b, b);
	const unsigned most = in_a.count < in_b.count ? in_a.count : in_b.count;

	for (*common = 0; *common < most; ++*common) {
		const uint8_t *label_a = a->octets + in_a.starts[in_a.count - 1 - *common];
		const uint8_t *label_b = b->octets + in_b.starts[in_b.count - 1 - *common];
		const int difference = label_compare(label_a, label_b);

		if (difference != 0)
			return difference;
	}
	return (int)in_a.count - (int)in_b.count;
}

int
qn_name_compare(const struct qn_name *a, const struct qn_name *b)
{
	unsigned common;

	return names_compare(a, b, &common);
}

unsigned
qn_name_common_labels(const struct qn_name *a, const struct qn_name *b)
{
	unsigned common;

	(void)names_compare(a, b, &common);
	return common;
}

void
qn_name_lower(struct qn_name *name)
{
	for (size_t i = 0; i < name->len; i++)
		name->octets[i] = qn_octet_lower(name->octets[i]);
}

/* Drops the first `count` labels, which the caller knows are there. */
static void
name_cut(struct qn_name *out, const struct qn_name *name, unsigned count)
{
	size_t at = 0;

	while (count-- > 0)
		at += name->octets[at] + 1u;
	out->len = (uint8_t)(name->len - at);
	memmove(out->octets, name->octets + at, out->len);
}

void
qn_name_suffix(struct qn_name *out, const struct qn_name *name, unsigned label_count)
{
	const unsigned have = qn_name_label_count(name);

	qn_assert(label_count <= have);
	name_cut(out, name, have - label_count);
}

bool
qn_name_parent(struct qn_name *out, const struct qn_name *name)
{
	if (name->octets[0] == 0)
		return false;
	name_cut(out, name, 1);
	return true;
}

bool
qn_name_replace_suffix(struct qn_name *out, const struct qn_name *name, const struct qn_name *from,
    const struct qn_name *to)
{
	const size_t prefix_len = (size_t)(name->len - from->len);
	struct qn_name result;

	if (name->len == from->len || !qn_name_within(name, from) ||
	    prefix_len + to->len > QN_NAME_MAX)
		return false;
	memcpy(result.octets, name->octets, prefix_len);
	memcpy(result.octets + prefix_len, to->octets, to->len);
	result.len = (uint8_t)(prefix_len + to->len);
	qn_name_copy(out, &result);
	return true;
}
