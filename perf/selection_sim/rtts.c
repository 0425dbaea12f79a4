/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtts.h"

#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 512
#define COMMAND_MAX  512
#define ROW_MAX      65536

/* Slower than this is no path but a retry of the program that measured. */
#define MEASURED_MOST_MS 1000

/* No reply comes faster. */
#define LEAST_US 200

/* Quantiles in milliseconds, evenly spaced, of paths from a well connected place. */
static const uint16_t built_in_ms[] = {
    0, 0, 1, 2, 4, 7, 10, 14, 18, 23, 29, 36, 45, 56, 68, 80, 100, 121, 160, 282};

/* Of a thousand replies so many take up to this many hundredths of the path's round trip. */
static const struct {
	uint16_t per_mille;
	uint16_t least;
	uint16_t most;
} jitter[] = {{900, 100, 110}, {70, 110, 150}, {25, 150, 300}, {5, 300, 700}};

#define JITTER_COUNT (sizeof(jitter) / sizeof(*jitter))

struct row {
	char key[128]; /* File and address: measured from one place. */
	uint32_t ms;
};

static int
row_compare(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	const int order = strcmp(left->key, right->key);

	return order != 0 ? order : (left->ms > right->ms) - (left->ms < right->ms);
}

static int
number_compare(const void *a, const void *b)
{
	const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Reads "file, nameserver, address, milliseconds, ..."; false when a line is something else. */
static bool
row_read(struct row *row, char *line)
{
	char file[64], address[64];
	unsigned ms;

	if (line[0] == '#' || sscanf(line, "%63s %*s %63s %u", file, address, &ms) != 3)
		return false;
	snprintf(row->key, sizeof(row->key), "%s %s", file, address);
	row->ms = ms;
	return ms < MEASURED_MOST_MS;
}

static uint32_t
rows_read(struct row *rows, const char *path)
{
	char command[COMMAND_MAX], line[LINE_MAX_LEN];
	uint32_t count = 0;

	snprintf(command, sizeof(command), "xz -dc '%s' 2>/dev/null", path);
	FILE *file = popen(command, "r");

	if (file == NULL)
		return 0;
	while (count < ROW_MAX && fgets(line, sizeof(line), file) != NULL)
		count += row_read(&rows[count], line);
	pclose(file);
	return count;
}

/* One round trip for each group of rows with the same key: the one in its middle. */
static void
take_medians(struct rtts *rtts, struct row *rows, uint32_t row_count)
{
	uint32_t begin = 0;

	qsort(rows, row_count, sizeof(*rows), row_compare);
	for (uint32_t end = 1; end <= row_count; end++) {
		if (end < row_count && strcmp(rows[begin].key, rows[end].key) == 0)
			continue;
		rtts->us[rtts->count++] = rows[(begin + end) / 2].ms * (uint32_t)QN_US_PER_MS;
		begin = end;
	}
	qsort(rtts->us, rtts->count, sizeof(*rtts->us), number_compare);
}

bool
rtts_read(struct rtts *rtts, const char *path)
{
	struct row *rows = calloc(ROW_MAX, sizeof(*rows));

	*rtts = (struct rtts){.us = calloc(ROW_MAX, sizeof(*rtts->us))};
	if (rows == NULL || rtts->us == NULL) {
		free(rows);
		free(rtts->us);
		return false;
	}
	const uint32_t row_count = rows_read(rows, path);

	rtts->measured = row_count > 0;
	if (rtts->measured)
		take_medians(rtts, rows, row_count);
	else
		for (; rtts->count < sizeof(built_in_ms) / sizeof(*built_in_ms); rtts->count++)
			rtts->us[rtts->count] = built_in_ms[rtts->count] * (uint32_t)QN_US_PER_MS;
	free(rows);
	return true;
}

void
rtts_destroy(struct rtts *rtts)
{
	free(rtts->us);
}

uint32_t
rtts_draw_us(const struct rtts *rtts, struct qn_random *random)
{
	const uint32_t us = rtts->us[qn_random_below(random, rtts->count)];

	/* The table has whole milliseconds: what is behind the point is drawn. */
	return us + LEAST_US + qn_random_below(random, QN_US_PER_MS);
}

uint64_t
rtts_jitter_us(struct qn_random *random, uint32_t rtt_us)
{
	uint32_t place = qn_random_below(random, 1000);
	size_t i = 0;

	while (place >= jitter[i].per_mille)
		place -= jitter[i++].per_mille;
	const uint32_t percent =
	    jitter[i].least + qn_random_below(random, (uint32_t)jitter[i].most - jitter[i].least);

	return (uint64_t)rtt_us * percent / 100;
}

double
rtts_jitter_mean(void)
{
	double mean = 0;

	for (size_t i = 0; i < JITTER_COUNT; i++)
		mean += jitter[i].per_mille / 1000.0 * (jitter[i].least + jitter[i].most) / 200.0;
	return mean;
}
