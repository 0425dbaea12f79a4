/* SPDX-License-Identifier: BSD-2-Clause */
#include "diagnostics.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

void
diagnostics_init(struct diagnostics *diagnostics, const char *file)
{
	*diagnostics = (struct diagnostics){.file = file};
}

void
diagnostics_fini(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		free(diagnostics->items[i].sentence);
	free(diagnostics->items);
	diagnostics_init(diagnostics, diagnostics->file);
}

static bool
diagnostics_grow(struct diagnostics *diagnostics)
{
	const size_t capacity = diagnostics->capacity == 0 ? 8 : diagnostics->capacity * 2;
	struct diagnostic *items;

	if (diagnostics->count < diagnostics->capacity)
		return true;
	items = realloc(diagnostics->items, capacity * sizeof(*items));
	if (items == NULL)
		return false;
	diagnostics->items = items;
	diagnostics->capacity = capacity;
	return true;
}

void
diagnostics_add(struct diagnostics *diagnostics, unsigned line, const char *format, ...)
{
	struct diagnostic item = {.line = line};
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vasprintf(&item.sentence, format, arguments);
	va_end(arguments);
	if (written < 0) {
		diagnostics->lost++;
		return;
	}
	if (!diagnostics_grow(diagnostics)) {
		free(item.sentence);
		diagnostics->lost++;
		return;
	}
	diagnostics->items[diagnostics->count++] = item;
}

/* An insertion sort: it is stable, and a file with a thousand errors is not a case to hurry for. */
void
diagnostics_sort(struct diagnostics *diagnostics)
{
	for (size_t i = 1; i < diagnostics->count; i++) {
		const struct diagnostic item = diagnostics->items[i];
		size_t at = i;

		for (; at > 0 && diagnostics->items[at - 1].line > item.line; at--)
			diagnostics->items[at] = diagnostics->items[at - 1];
		diagnostics->items[at] = item;
	}
}

void
diagnostics_print(struct diagnostics *diagnostics, FILE *out)
{
	diagnostics_sort(diagnostics);
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];

		if (item->line == 0)
			fprintf(out, "%s: %s\n", diagnostics->file, item->sentence);
		else
			fprintf(out, "%s:%u: %s\n", diagnostics->file, item->line, item->sentence);
	}
	if (diagnostics->lost > 0)
		fprintf(out, "%s: %zu more errors, which no memory was left for.\n",
		    diagnostics->file, diagnostics->lost);
}
