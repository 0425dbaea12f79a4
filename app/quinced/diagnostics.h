/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What is wrong with a file: every error with its line, gathered while the file is read.
 *
 * Owner:  one thread of the control side.
 * Memory: allocated; an error that no memory was left for is still counted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diagnostic {
	unsigned line; /* From 1; 0 when the file as a whole is meant. */
	char *sentence;
};

struct diagnostics {
	const char *file; /* The caller's; must outlive the structure. */
	struct diagnostic *items;
	size_t count;
	size_t capacity;
	size_t lost; /* Errors that no memory was left for. */
};

void diagnostics_init(struct diagnostics *diagnostics, const char *file);
void diagnostics_fini(struct diagnostics *diagnostics);

/** Notes one error; the sentence is written without file, line and final newline. */
__attribute__((format(printf, 3, 4))) void diagnostics_add(
    struct diagnostics *diagnostics, unsigned line, const char *format, ...);

static inline bool
diagnostics_empty(const struct diagnostics *diagnostics)
{
	return diagnostics->count == 0 && diagnostics->lost == 0;
}

/** Writes "FILE:LINE: sentence" a line to `out`, in the order of the lines in the file. */
void diagnostics_print(struct diagnostics *diagnostics, FILE *out);

/** Writes the same to the log. */
void diagnostics_log(struct diagnostics *diagnostics);
