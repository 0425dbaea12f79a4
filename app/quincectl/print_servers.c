/* SPDX-License-Identifier: BSD-2-Clause */
#include "print_servers.h"

#include "table.h"

static const struct table_column columns[] = {
    {.heading = "address", .key = "address"},
    {.heading = "server", .key = "server"},
    {.heading = "rtt ms", .key = "rtt_ms", .right = true},
    {.heading = "95 % ms", .key = "p95_ms", .right = true},
    {.heading = "lost %", .key = "loss_percent", .right = true},
    {.heading = "useless %", .key = "useless_percent", .right = true},
    {.heading = "heard s ago", .key = "heard_s", .right = true},
    {.heading = "standing", .key = "why"},
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
