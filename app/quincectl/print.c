/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define TEXT_MAX 64

static bool
is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/* The text of a scalar; `room` is for those that are not text already. */
static const char *
scalar_text(const json_t *value, char room[TEXT_MAX])
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		snprintf(room, TEXT_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(room, TEXT_MAX, "%.1f", json_real_value(value));
	else if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	else
		return "-";
	return room;
}

static int
text_width(const json_t *value)
{
	char room[TEXT_MAX];

	return (int)strlen(scalar_text(value, room));
}

static int
most(int a, int b)
{
	return a > b ? a : b;
}

/* The width of the longest key of `object`. */
static int
key_width(json_t *object)
{
	const char *key;
	json_t *value;
	int width = 0;

	json_object_foreach(object, key, value) width = most(width, (int)strlen(key));
	return width;
}

static bool
is_list_of_scalars(const json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!is_scalar(json_array_get(value, i)))
			return false;
	return json_is_array(value);
}

/* Scalars of a list behind each other. */
static void
print_list(const json_t *list, FILE *out)
{
	char room[TEXT_MAX];

	for (size_t i = 0; i < json_array_size(list); i++)
		fprintf(
		    out, "%s%s", i == 0 ? "" : ", ", scalar_text(json_array_get(list, i), room));
}

static void print_object(json_t *object, int indent, FILE *out);

/* Objects of a list, each as a block of its own. */
static void
print_objects(const json_t *list, int indent, FILE *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i > 0)
			fputc('\n', out);
		print_object(json_array_get(list, i), indent, out);
	}
}

static void
print_member(const char *key, json_t *value, int indent, int width, FILE *out)
{
	char room[TEXT_MAX];

	fprintf(out, "%*s", indent, "");
	if (is_scalar(value)) {
		fprintf(out, "%-*s  %s\n", width, key, scalar_text(value, room));
	} else if (is_list_of_scalars(value)) {
		fprintf(out, "%-*s  ", width, key);
		print_list(value, out);
		fputc('\n', out);
	} else {
		fprintf(out, "%s\n", key);
		if (json_is_object(value))
			print_object(value, indent + 2, out);
		else
			print_objects(value, indent + 2, out);
	}
}

static void
print_object(json_t *object, int indent, FILE *out)
{
	const int width = key_width(object);
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) print_member(key, value, indent, width, out);
}

void
print_reply(const json_t *reply, FILE *out)
{
	print_object((json_t *)(uintptr_t)reply, 0, out);
}

/* The widest figure of a column, or its heading. */
static int
column_width(json_t *counters, const char *heading)
{
	const char *key;
	json_t *value;
	int width = (int)strlen(heading);

	json_object_foreach(counters, key, value) width = most(width, text_width(value));
	return width;
}

static const char *
core_heading(const json_t *worker, char room[TEXT_MAX])
{
	snprintf(room, TEXT_MAX, "core %" JSON_INTEGER_FORMAT,
	    json_integer_value(json_object_get(worker, "core")));
	return room;
}

/* One line: what is in the first column, the sum, and each worker's part. */
static void
print_stats_line(const char *key, json_t *totals, const json_t *workers, int width, FILE *out)
{
	char room[TEXT_MAX], heading[TEXT_MAX];

	fprintf(out, "%-*s  %*s", width, key, column_width(totals, "total"),
	    scalar_text(json_object_get(totals, key), room));
	for (size_t i = 0; i < json_array_size(workers); i++) {
		json_t *worker = json_array_get(workers, i);

		fprintf(out, "  %*s", column_width(worker, core_heading(worker, heading)),
		    scalar_text(json_object_get(worker, key), room));
	}
	fputc('\n', out);
}

static void
print_stats_heading(json_t *totals, const json_t *workers, int width, FILE *out)
{
	char heading[TEXT_MAX];

	fprintf(out, "%-*s  %*s", width, "", column_width(totals, "total"), "total");
	for (size_t i = 0; i < json_array_size(workers); i++) {
		json_t *worker = json_array_get(workers, i);

		core_heading(worker, heading);
		fprintf(out, "  %*s", column_width(worker, heading), heading);
	}
	fputc('\n', out);
}

/* The counters of the streams, which belong to no worker. */
static void
print_stream_stats(json_t *streams, int width, int value_width, FILE *out)
{
	char room[TEXT_MAX];
	const char *key;
	json_t *value;

	json_object_foreach(streams, key, value) if (json_integer_value(value) != 0)
	    fprintf(out, "%-*s  %*s\n", width, key, value_width, scalar_text(value, room));
}

void
print_stats(const json_t *reply, FILE *out)
{
	json_t *totals = json_object_get(reply, "totals");
	json_t *streams = json_object_get(reply, "streams");
	const json_t *workers = json_object_get(reply, "workers");
	const int width = most(key_width(totals), key_width(streams));
	const char *key;
	json_t *value;

	print_stats_heading(totals, workers, width, out);
	json_object_foreach(totals, key, value) if (json_integer_value(value) != 0)
	    print_stats_line(key, totals, workers, width, out);
	print_stream_stats(streams, width, column_width(totals, "total"), out);
}
