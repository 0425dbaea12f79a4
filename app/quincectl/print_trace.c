/* SPDX-License-Identifier: BSD-2-Clause */
#include "print_trace.h"

#include "table.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define CELL_MAX TABLE_CELL_MAX
#define INDENT   2
#define DNS_PORT 53

/* What a step says under a key. */

static const char *
text_of(const json_t *step, const char *key)
{
	const char *text = json_string_value(json_object_get(step, key));

	return text == NULL ? "" : text;
}

static bool
says(const json_t *step, const char *key, const char *text)
{
	return strcmp(text_of(step, key), text) == 0;
}

static bool
is_query(const json_t *step)
{
	return says(step, "step", "query");
}

/* "NOERROR", "SERVFAIL, EDE 22" */
static void
result_text(const json_t *object, char cell[CELL_MAX])
{
	const json_t *ede = json_object_get(object, "ede");
	const int used = snprintf(cell, CELL_MAX, "%s", text_of(object, "rcode"));

	if (ede != NULL)
		snprintf(cell + used, CELL_MAX - (size_t)used, ", EDE %" JSON_INTEGER_FORMAT,
		    json_integer_value(ede));
}

/* "referral to com.", "negative, NXDOMAIN", and "cache: alias to www.example.com." */
static void
verdict_text(const json_t *step, const char *source, char cell[CELL_MAX])
{
	const char *target = text_of(step, "target");
	const char *rcode = text_of(step, "rcode");
	const bool tells = rcode[0] != '\0' && strcmp(rcode, "NOERROR") != 0 &&
	                   strcasecmp(rcode, text_of(step, "verdict")) != 0;

	snprintf(cell, CELL_MAX, "%s%s%s%s%s%s", source, text_of(step, "verdict"),
	    target[0] == '\0' ? "" : " to ", target, tells ? ", " : "", tells ? rcode : "");
}

/* The columns. */

/* Queries stand below the question that they are about. */
static void
question_cell(const json_t *step, char cell[CELL_MAX])
{
	const int depth = (int)json_integer_value(json_object_get(step, "depth"));
	const bool minimized = json_is_true(json_object_get(step, "minimized"));

	snprintf(cell, CELL_MAX, "%*s%s %s%s", INDENT * (2 * depth + is_query(step)), "",
	    text_of(step, "name"), text_of(step, "type"), minimized ? " (minimized)" : "");
}

static void
server_cell(const json_t *step, char cell[CELL_MAX])
{
	const json_int_t port = json_integer_value(json_object_get(step, "port"));

	if (!is_query(step) || port == DNS_PORT)
		snprintf(cell, CELL_MAX, "%s", text_of(step, "server"));
	else
		snprintf(cell, CELL_MAX, "%s@%" JSON_INTEGER_FORMAT, text_of(step, "server"), port);
}

static void
transport_cell(const json_t *step, char cell[CELL_MAX])
{
	snprintf(cell, CELL_MAX, "%s%s", text_of(step, "transport"),
	    json_is_false(json_object_get(step, "edns")) ? ", no EDNS" : "");
}

static void
query_result(const json_t *step, char cell[CELL_MAX])
{
	if (says(step, "outcome", "reply"))
		verdict_text(step, "", cell);
	else if (says(step, "outcome", "pending"))
		snprintf(cell, CELL_MAX, "no reply yet");
	else if (says(step, "outcome", "suspect"))
		snprintf(cell, CELL_MAX, "suspect: asked again over TCP");
	else
		snprintf(cell, CELL_MAX, "%s", text_of(step, "outcome"));
}

static void
result_cell(const json_t *step, char cell[CELL_MAX])
{
	cell[0] = '\0';
	if (is_query(step))
		query_result(step, cell);
	else if (says(step, "step", "local"))
		verdict_text(step, "local data: ", cell);
	else if (says(step, "step", "cache"))
		verdict_text(step, "cache: ", cell);
	else if (says(step, "step", "joined"))
		snprintf(cell, CELL_MAX, "is being looked up already");
	else if (says(step, "step", "skipped"))
		snprintf(cell, CELL_MAX, "not looked up: %s", text_of(step, "why"));
	else if (says(step, "step", "end"))
		result_text(step, cell);
}

static const struct table_column columns[] = {
    {.heading = "at ms", .key = "at_ms", .right = true},
    {.heading = "question", .cell = question_cell},
    {.heading = "zone", .key = "zone"},
    {.heading = "server", .cell = server_cell},
    {.heading = "over", .cell = transport_cell},
    {.heading = "ms", .key = "took_ms", .right = true},
    {.heading = "result", .cell = result_cell},
};

static void
print_summary(const json_t *reply, const json_t *steps, FILE *out)
{
	const size_t count = json_array_size(steps);
	char result[CELL_MAX];
	char ms[CELL_MAX];
	const char *view = text_of(reply, "view");

	fprintf(out, "%s %s", text_of(reply, "name"), text_of(reply, "type"));
	if (view[0] != '\0')
		fprintf(out, " in the view %s", view);
	fputs(": ", out);
	if (json_is_true(json_object_get(reply, "dropped"))) {
		fputs("dropped by local data\n", out);
		return;
	}
	result_text(reply, result);
	table_value(json_object_get(json_array_get(steps, count - 1), "at_ms"), ms);
	fprintf(out, "%s after %s ms\n\n", result, ms);
}

void
print_trace(const json_t *reply, FILE *out)
{
	const json_t *steps = json_object_get(reply, "steps");
	const json_int_t lost = json_integer_value(json_object_get(reply, "lost_steps"));

	print_summary(reply, steps, out);
	if (json_array_size(steps) == 0)
		return;
	table_print(columns, sizeof(columns) / sizeof(columns[0]), steps, out);
	if (lost > 0)
		fprintf(out, "and %" JSON_INTEGER_FORMAT " steps more\n", lost);
}
