/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenario.h"

#include "reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LEN_MAX  (16u << 20)
#define TTL_DEFAULT_S 3600

bool
reader_fail(struct reader *reader, const char *format, ...)
{
	char *problem = reader->scenario->problem;
	const int len =
	    snprintf(problem, SCENARIO_PROBLEM_MAX, "line %u: ", reader->text.line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem + len, SCENARIO_PROBLEM_MAX - (size_t)len, format, arguments);
	va_end(arguments);
	return false;
}

void *
reader_take(struct reader *reader, size_t len)
{
	return region_take(&reader->scenario->region, len);
}

static char *
keep_text(struct reader *reader, const char *text)
{
	return region_text(&reader->scenario->region, text, strlen(text));
}

/* --- Words ------------------------------------------------------------------------------ */

bool
number_read(const char *word, uint32_t most, uint32_t *number)
{
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	const unsigned long long value = strtoull(word, &end, 10);

	if (errno != 0 || *end != '\0' || value > most)
		return false;
	*number = (uint32_t)value;
	return true;
}

bool
endpoint_read(const char *word, struct qn_endpoint *endpoint)
{
	const char *port = strchr(word, '@');
	char address[QN_ADDRESS_TEXT_MAX];
	uint32_t number = 0;

	if (port != NULL && (!number_read(port + 1, UINT16_MAX, &number) || number == 0))
		return false;
	const size_t len = port == NULL ? strlen(word) : (size_t)(port - word);

	if (len >= sizeof(address))
		return false;
	memcpy(address, word, len);
	address[len] = '\0';
	endpoint->port = (uint16_t)number;
	return qn_address_from_text(&endpoint->address, address);
}

/* --- Configuration ---------------------------------------------------------------------- */

/* Blocks of other files' contents that stand between settings: begin, end. */
static const char *const blocks[][2] = {
    {"TEMPFILE_CONTENTS", "TEMPFILE_END"},
    {"AUTOTRUST_FILE", "AUTOTRUST_END"},
};

/* What Unbound's configuration has sections for. */
static bool
is_section(const char *key)
{
	static const char *const names[] = {
	    "server",
	    "stub-zone",
	    "forward-zone",
	    "auth-zone",
	    "rpz",
	    "view",
	    "remote-control",
	    "dnstap",
	    "dnscrypt",
	    "cachedb",
	    "python",
	    "dynlib",
	    "ipset",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], key) == 0)
			return true;
	return false;
}

/* Without its quotes, if it is quoted as a whole. */
static char *
unquote(char *value)
{
	const size_t len = strlen(value);

	if (len < 2 || (*value != '"' && *value != '\'') || strchr(value + 1, *value) != value + len - 1)
		return value;
	value[len - 1] = '\0';
	return text_trim(value + 1);
}

static struct section *
add_section(struct reader *reader, struct section ***end, const char *name)
{
	struct section *section = reader_take(reader, sizeof(*section));

	section->line = reader->text.line;
	section->name = keep_text(reader, name);
	**end = section;
	*end = &section->next;
	return section;
}

/* Adds at the front: the order of settings within a section means nothing... */
static void
add_setting(struct reader *reader, struct section *section, const char *key, const char *value)
{
	struct setting *setting = reader_take(reader, sizeof(*setting));
	struct setting **end = &section->settings;

	while (*end != NULL)
		end = &(*end)->next;
	setting->line = reader->text.line;
	setting->key = keep_text(reader, key);
	setting->value = keep_text(reader, value);
	*end = setting;
}

/* Passes over a block whose first line is the current one; its contents are not used. */
static bool
skip_block(struct reader *reader, const char *end)
{
	for (;;) {
		const char *line = text_line(&reader->text, TEXT_COMMENTS_SETTINGS);

		if (line == NULL)
			return reader_fail(reader, "the file ends before %s.", end);
		if (text_begins(line, end))
			return true;
	}
}
