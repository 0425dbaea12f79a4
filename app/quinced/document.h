/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A YAML file as a tree to walk with tables of keys, each error noted with its line.
 *
 * A reader notes what it does not like and goes on, so that one pass finds every error.
 * Owner:  one thread of the control side.
 * Memory: the tree is libyaml's, until close; what is read is copied into the caller's memory.
 * Bounds: the walk is as deep as the tables are, whatever the file holds.
 */
#include "diagnostics.h"

#include <stdint.h>
#include <yaml.h>

#define DOCUMENT_PATH_MAX 64
#define DOCUMENT_KEY_MAX  16 /* Keys in one table. */

struct document {
	yaml_document_t yaml;
	struct diagnostics *errors;
};

/** A place in the tree, and what to call it in an error. */
struct document_value {
	struct document *document;
	yaml_node_t *node;
	char path[DOCUMENT_PATH_MAX]; /* "node.cache"; empty for the whole file. */
	unsigned line;                /* Of its key, or of itself when it is an item of a list. */
};

typedef void document_read(const struct document_value *value, void *target);

/** One key that a mapping may have, and what takes its value. */
struct document_key {
	const char *name;
	document_read *read;
};

/** Reads `path`; false, with the errors noted and nothing to close, when it is not YAML. */
bool document_open(struct document *document, const char *path, struct diagnostics *errors);
void document_close(struct document *document);

/** The whole file. */
struct document_value document_root(struct document *document);

/** Notes an error at `value`; "PATH: " is put before the sentence. */
__attribute__((format(printf, 2, 3))) void document_complain(
    const struct document_value *value, const char *format, ...);

/**
 * Reads a mapping: each key by its row of `keys`, with `target`. Notes unknown and repeated
 * keys. A section with nothing in it is an empty mapping. False when it is not one at all.
 */
bool document_mapping(const struct document_value *value, const struct document_key *keys,
    size_t key_count, void *target);

/** Reads each item of a list of at most `count_max` with `read`; returns how many there are. */
size_t document_list(
    const struct document_value *value, size_t count_max, document_read *read, void *target);

/** The text of a scalar that is not empty; NULL, with the error noted, when it is not one. */
const char *document_text(const struct document_value *value);

/** The same, but "" is a text, too. */
const char *document_text_or_empty(const struct document_value *value);

/** Whether it is a single value, and not nothing, a list, or keys with values. */
bool document_is_single(const struct document_value *value);

/** Reads a whole number from `min` to `max`; false, with the error noted, when it is not one. */
bool document_number(
    const struct document_value *value, uint64_t min, uint64_t max, uint64_t *number);

/** The same for a figure of 32 bits, which is left as it was when there is an error. */
void document_count(
    const struct document_value *value, uint32_t min, uint32_t max, uint32_t *count);

/** Reads a size such as 512MiB (KiB, MiB, GiB); false, with the error noted, when it is not one. */
bool document_size(const struct document_value *value, uint64_t *size_bytes);

/** Reads "off" or "on"; leaves `on` as it was, with the error noted, when it is neither. */
void document_switch(const struct document_value *value, bool *on);

/** Reads one of `words`; its index, or -1 with the error noted. */
int document_word(const struct document_value *value, const char *const *words, size_t word_count);
