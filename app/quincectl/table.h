/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A table for people: a line for each object of a list, in columns that fit what is in them.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_CELL_MAX   2560 /* Two names, each octet of them escaped, and a few words. */
#define TABLE_COLUMN_MAX 12

/* What a column shows of an object: what it says under a key as it stands, or made of it by `cell`. */
struct table_column {
	const char *heading;
	const char *key; /* NULL: by `cell`. */
	void (*cell)(const json_t *object, char cell[TABLE_CELL_MAX]);
	bool right; /* A number. */
};

/**
 * A text or number as people read it: fractions to one place; nothing for what is neither, or
 * NULL.
 */
void table_value(const json_t *value, char cell[TABLE_CELL_MAX]);

/** Prints the headings and a line for each object of `list`; no blanks at the ends of lines. */
void table_print(
    const struct table_column *columns, size_t column_count, const json_t *list, FILE *out);
