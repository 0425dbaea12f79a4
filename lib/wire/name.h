/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Domain names in uncompressed wire form.
 *
 * Any octet may stand in a label; comparing folds ASCII letters only (RFC 4343).
 * Memory: a name is a value of 256 bytes; only the first `len` octets mean anything.
 * RFC:    1035 s3.1 (form), 2181 s11 (any octet), 4034 s6 (canonical order).
 */
#include "base/assert.h"
#include "base/span.h"

#include <stdbool.h>

#define QN_NAME_MAX       255 /* Octets, the root label included (RFC 1035 s2.3.4). */
#define QN_LABEL_MAX      63
#define QN_NAME_LABEL_MAX 127 /* Labels, the root label excluded. */

/** Room for the text of any name: each octet may become \DDD; the final zero included. */
#define QN_NAME_TEXT_MAX 1024

struct qn_name {
	uint8_t len; /* 1 (the root) to 255. */
	uint8_t octets[QN_NAME_MAX];
};

/** The root: one empty label. */
extern const struct qn_name qn_name_root;

/** The octets of `name`, which must outlive the view. */
static inline struct qn_view
qn_name_view(const struct qn_name *name)
{
	return (struct qn_view){name->octets, name->len};
}

/**
 * Reads presentation form (RFC 1035 s5.1, escapes \X and \DDD); a missing final dot is
 * taken as present. False when it is empty, an escape is broken, or a label or the name is too
 * long.
 */
QN_MUST_USE bool qn_name_from_text(struct qn_name *name, const char *text, size_t text_len);

/** Writes presentation form with a final dot and zero; returns the length without the zero. */
size_t qn_name_to_text(const struct qn_name *name, char text[QN_NAME_TEXT_MAX]);

/**
 * Takes an uncompressed name from the front of `wire`; returns the octets it occupies, 0
 * when there is no whole valid name (a compression pointer is not valid here).
 */
QN_MUST_USE size_t qn_name_from_wire(struct qn_name *name, struct qn_view wire);

/** Copies only the octets that mean something. */
void qn_name_copy(struct qn_name *to, const struct qn_name *from);

/** Where the labels of a name start, the root label excluded: the last one is the top label. */
struct qn_labels {
	unsigned count;
	uint8_t starts[QN_NAME_LABEL_MAX];
};

/** Finds the labels of `name`. */
void qn_name_labels(struct qn_labels *labels, const struct qn_name *name);

/** Number of labels, the root label excluded: 0 for the root. */
unsigned qn_name_label_count(const struct qn_name *name);

/** Equality without regard to ASCII case. */
bool qn_name_equal(const struct qn_name *a, const struct qn_name *b);

/** Equality of the very octets, as letter-case randomization needs. */
bool qn_name_equal_case(const struct qn_name *a, const struct qn_name *b);

/** Whether `name` is `ancestor` itself or below it. */
bool qn_name_within(const struct qn_name *name, const struct qn_name *ancestor);

/** Canonical order (RFC 4034 s6.1): below 0, 0, above 0. */
int qn_name_compare(const struct qn_name *a, const struct qn_name *b);

/** Folds the ASCII letters of `name` to lower case. */
void qn_name_lower(struct qn_name *name);

/** Folds one octet. */
static inline uint8_t
qn_octet_lower(uint8_t octet)
{
	return (uint8_t)(octet | (uint8_t)((uint8_t)(octet - 'A') < 26) << 5);
}

/** The last `label_count` labels of `name`, which has at least so many. `out` may be `name`. */
void qn_name_suffix(struct qn_name *out, const struct qn_name *name, unsigned label_count);

/** The name one label shorter; false, leaving `out` alone, for the root. `out` may be `name`. */
bool qn_name_parent(struct qn_name *out, const struct qn_name *name);

/** Labels that `a` and `b` have in common, counted from the root. */
unsigned qn_name_common_labels(const struct qn_name *a, const struct qn_name *b);

/**
 * Replaces the suffix `from` of `name` by `to` (RFC 6672 s2.2, DNAME substitution).
 * False when `name` is not below `from` or the result would be over 255 octets.
 */
QN_MUST_USE bool qn_name_replace_suffix(struct qn_name *out, const struct qn_name *name,
    const struct qn_name *from, const struct qn_name *to);
