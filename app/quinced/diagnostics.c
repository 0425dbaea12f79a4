/* SPDX-License-Identifier: BSD-2-Clause */
#include "diagnostics.h"

#include "host/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#define PLACE_MAX 4200 /* A path, and a number behind it. */

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

/*
 * Puts the errors in the order of their lines, those of one line as they were added. An insertion
 * sort: it is stable, and a file with a thousand errors is not a case to hurry for.
 */
static void
sort(struct diagnostics *diagnostics)
{
	for (size_t i = 1; i < diagnostics->count; i++) {
		const struct diagnostic item = diagnostics->items[i];
		size_t at = i;

		for (; at > 0 && diagnostics->items[at - 1].line > item.line; at--)
			diagnostics->items[at] = diagnostics->items[at - 1];
		diagnostics->items[at] = item;
	}
}

/* "FILE:", or "FILE:LINE:" where there is a line. */
static const char *
place_of(const struct diagnostics *diagnostics, unsigned line, char place[PLACE_MAX])
{
	if (line == 0)
		snprintf(place, PLACE_MAX, "%s:", diagnostics->file);
	else
		snprintf(place, PLACE_MAX, "%s:%u:", diagnostics->file, line);
	return place;
}

/* Calls `write` for each line that there is to say. */
static void
for_each_line(struct diagnostics *diagnostics,
    void (*write)(void *context, const char *place, const char *sentence), void *context)
{
	char place[PLACE_MAX];

	sort(diagnostics);
	for (size_t i = 0; i < diagnostics->count; i++)
		write(context, place_of(diagnostics, diagnostics->items[i].line, place),
		    diagnostics->items[i].sentence);
	if (diagnostics->lost > 0)
		write(context, place_of(diagnostics, 0, place),
		    "there are more errors, which no memory was left for.");
}

static void
write_to_file(void *context, const char *place, const char *sentence)
{
	fprintf(context, "%s %s\n", place, sentence);
}

static void
write_to_log(void *context, const char *place, const char *sentence)
{
	(void)context;
	qn_log(QN_LOG_ERROR, "config", "%s %s", place, sentence);
}

void
diagnostics_print(struct diagnostics *diagnostics, FILE *out)
{
	for_each_line(diagnostics, write_to_file, out);
}

void
diagnostics_log(struct diagnostics *diagnostics)
{
	for_each_line(diagnostics, write_to_log, NULL);
}
