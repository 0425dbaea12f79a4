/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <assert.h>
#include <string.h>

#define COLUMN_GAP 2

void
table_value(const json_t *value, char cell[TABLE_CELL_MAX])
{
	cell[0] = '\0';
	if (json_is_string(value))
		snprintf(cell, TABLE_CELL_MAX, "%s", json_string_value(value));
	else if (json_is_real(value))
		snprintf(cell, TABLE_CELL_MAX, "%.1f", json_real_value(value));
	else if (json_is_integer(value))
		snprintf(cell, TABLE_CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static void
column_cell(const struct table_column *column, const json_t *object, char cell[TABLE_CELL_MAX])
{
	if (column->key != NULL)
		table_value(json_object_get(object, column->key), cell);
	else
		column->cell(object, cell);
}

static int
column_width(const struct table_column *column, const json_t *list)
{
	size_t width = strlen(column->heading);
	char cell[TABLE_CELL_MAX];

	for (size_t i = 0; i < json_array_size(list); i++) {
		column_cell(column, json_array_get(list, i), cell);
		if (strlen(cell) > width)
			width = strlen(cell);
	}
	return (int)width;
}

/* One line, of an object or, for NULL, of headings. */
static void
print_line(const struct table_column *columns, size_t column_count, const int *widths,
    const json_t *object, FILE *out)
{
	int gap = 0;

	for (size_t i = 0; i < column_count; i++) {
		char cell[TABLE_CELL_MAX];
		int len;

		if (object == NULL)
			snprintf(cell, sizeof(cell), "%s", columns[i].heading);
		else
			column_cell(&columns[i], object, cell);
		len = (int)strlen(cell);
		if (len == 0) {
			gap += widths[i] + COLUMN_GAP;
			continue;
		}
		if (columns[i].right)
			gap += widths[i] - len;
		fprintf(out, "%*s%s", gap, "", cell);
		gap = COLUMN_GAP + (columns[i].right ? 0 : widths[i] - len);
	}
	fputc('\n', out);
}

void
table_print(const struct table_column *columns, size_t column_count, const json_t *list, FILE *out)
{
	int widths[TABLE_COLUMN_MAX];

	assert(column_count <= TABLE_COLUMN_MAX);
	for (size_t i = 0; i < column_count; i++)
		widths[i] = column_width(&columns[i], list);
	print_line(columns, column_count, widths, NULL, out);
	for (size_t i = 0; i < json_array_size(list); i++)
		print_line(columns, column_count, widths, json_array_get(list, i), out);
}
