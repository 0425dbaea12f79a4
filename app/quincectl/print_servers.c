/* SPDX-License-Identifier: BSD-2-Clause */
#include "print_servers.h"

#include "table.h"

#include <string.h>

static void
text_cell(const json_t *server, const char *key, char cell[TABLE_CELL_MAX])
{
	const char *text = json_string_value(json_object_get(server, key));

	snprintf(cell, TABLE_CELL_MAX, "%s", text == NULL ? "" : text);
}

static void
number_cell(const json_t *server, const char *key, char cell[TABLE_CELL_MAX])
{
	const json_t *number = json_object_get(server, key);

	cell[0] = '\0';
	if (json_is_real(number))
		snprintf(cell, TABLE_CELL_MAX, "%.1f", json_real_value(number));
	else if (json_is_integer(number))
		snprintf(cell, TABLE_CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

static void
address_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	text_cell(server, "address", cell);
}

static void
server_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	text_cell(server, "server", cell);
}

static void
rtt_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	number_cell(server, "rtt_ms", cell);
}

static void
p95_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	number_cell(server, "p95_ms", cell);
}

static void
loss_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	number_cell(server, "loss_percent", cell);
}

static void
useless_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	number_cell(server, "useless_percent", cell);
}

static void
heard_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	number_cell(server, "heard_s", cell);
}

static void
why_cell(const json_t *server, char cell[TABLE_CELL_MAX])
{
	text_cell(server, "why", cell);
}

static const struct table_column columns[] = {
    {"address", address_cell, false},
    {"server", server_cell, false},
    {"rtt ms", rtt_cell, true},
    {"95 % ms", p95_cell, true},
    {"lost %", loss_cell, true},
    {"useless %", useless_cell, true},
    {"heard s ago", heard_cell, true},
    {"standing", why_cell, false},
};

/* What stands above the table: the zone, or how many addresses there are. */
static void
print_summary(const json_t *reply, const json_t *servers, FILE *out)
{
	const char *zone = json_string_value(json_object_get(reply, "zone"));
	const json_t *addresses = json_object_get(reply, "addresses");
	const json_int_t avoided = json_integer_value(json_object_get(reply, "zones_avoided"));

	if (zone != NULL)
		fprintf(out, "servers of %s, best first\n\n", zone);
	else if (addresses != NULL)
		fprintf(out, "%" JSON_INTEGER_FORMAT " addresses are known; %zu of them:\n\n",
		    json_integer_value(addresses), json_array_size(servers));
	else if (avoided > 0)
		fprintf(out, "avoided for %" JSON_INTEGER_FORMAT " zones\n\n", avoided);
}

void
print_servers(const json_t *reply, FILE *out)
{
	const json_t *servers = json_object_get(reply, "servers");

	if (json_array_size(servers) == 0) {
		fputs("nothing is known\n", out);
		return;
	}
	print_summary(reply, servers, out);
	table_print(columns, sizeof(columns) / sizeof(columns[0]), servers, out);
}
