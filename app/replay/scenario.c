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
	const int len = snprintf(problem, SCENARIO_PROBLEM_MAX, "line %u: ", reader->text.line);
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

struct config_reader {
	struct reader *reader;
	struct section *section;
	struct section **section_end;
	struct setting **setting_end;
};

static void
add_section(struct config_reader *at, const char *name)
{
	struct section *section = reader_take(at->reader, sizeof(*section));

	section->line = at->reader->text.line;
	section->name = name;
	*at->section_end = section;
	at->section_end = &section->next;
	at->setting_end = &section->settings;
	at->section = section;
}

static void
add_setting(struct config_reader *at, const char *key, const char *value)
{
	struct setting *setting = reader_take(at->reader, sizeof(*setting));

	setting->line = at->reader->text.line;
	setting->key = keep_text(at->reader, key);
	setting->value = keep_text(at->reader, value);
	*at->setting_end = setting;
	at->setting_end = &setting->next;
}

/* The name of a section of Unbound's configuration; NULL when it has none of that name. */
static const char *
section_name(const char *key)
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

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(names[i], key) == 0)
			return names[i];
	return NULL;
}

/* Takes the quotes off a value that is quoted as a whole. */
static char *
unquote(char *value)
{
	const size_t len = strlen(value);

	if (len < 2 || (*value != '"' && *value != '\''))
		return value;
	if (strchr(value + 1, *value) != value + len - 1)
		return value;
	value[len - 1] = '\0';
	return text_trim(value + 1);
}

/* Passes over a block whose first line is the current one: what it holds is not used. */
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

static bool
read_setting(struct config_reader *at, char *line)
{
	char *colon = strchr(line, ':');

	if (text_begins(line, "TEMPFILE_CONTENTS"))
		return skip_block(at->reader, "TEMPFILE_END");
	if (text_begins(line, "AUTOTRUST_FILE"))
		return skip_block(at->reader, "AUTOTRUST_END");
	if (text_begins(line, "TEMPFILE_NAME"))
		return true; /* Ends the setting on the line before. */
	if (colon == NULL)
		return reader_fail(at->reader, "not a setting: \"%.40s\".", line);
	*colon = '\0';
	const char *key = text_trim(line);
	char *value = text_trim(colon + 1);

	if (*value == '\0' && section_name(key) != NULL) {
		add_section(at, section_name(key));
		at->reader->scenario->dialect = DIALECT_SECTIONED;
		return true;
	}
	add_setting(at, key, unquote(value));
	return true;
}

static bool
read_config(struct reader *reader)
{
	struct config_reader at = {
	    .reader = reader,
	    .section_end = &reader->scenario->sections,
	};

	add_section(&at, "");
	for (;;) {
		char *line = text_line(&reader->text, TEXT_COMMENTS_SETTINGS);

		if (line == NULL)
			return reader_fail(reader, "the file ends inside the configuration.");
		if (text_begins(line, "CONFIG_END"))
			return true;
		if (text_begins(line, "SCENARIO_BEGIN")) {
			text_again(&reader->text);
			return true;
		}
		if (!read_setting(&at, line))
			return false;
	}
}

/* --- Ranges ----------------------------------------------------------------------------- */

/* Adds the addresses that are left in `rest`. */
static bool
read_addresses(struct reader *reader, struct address_item ***end, char *rest)
{
	for (char *word = text_word(&rest); word != NULL; word = text_word(&rest)) {
		struct address_item *item = reader_take(reader, sizeof(*item));

		if (!endpoint_read(word, &item->endpoint))
			return reader_fail(reader, "\"%s\" is no address.", word);
		**end = item;
		*end = &item->next;
	}
	return true;
}

static bool
read_range_head(struct reader *reader, struct range *range, struct address_item ***end, char *rest)
{
	const char *first = text_word(&rest);
	const char *last = text_word(&rest);

	if (first == NULL || last == NULL || !number_read(first, UINT32_MAX, &range->first) ||
	    !number_read(last, UINT32_MAX, &range->last))
		return reader_fail(reader, "RANGE_BEGIN takes the first and the last step.");
	return read_addresses(reader, end, rest);
}

static bool
read_range(struct reader *reader, struct range *range, char *rest)
{
	struct address_item **address_end = &range->addresses;
	struct entry **entry_end = &range->entries;

	range->line = reader->text.line;
	if (!read_range_head(reader, range, &address_end, rest))
		return false;
	for (;;) {
		char *line = text_line(&reader->text, TEXT_COMMENTS_ENTRY);

		if (line == NULL)
			return reader_fail(reader, "the file ends inside a range.");
		if (text_begins(line, "RANGE_END"))
			return true;
		if (text_begins(line, "ADDRESS")) {
			if (!read_addresses(reader, &address_end, line + strlen("ADDRESS")))
				return false;
		} else if (text_begins(line, "ENTRY_BEGIN")) {
			*entry_end = entry_read(reader);
			if (*entry_end == NULL)
				return false;
			entry_end = &(*entry_end)->next;
		} else {
			return reader_fail(reader, "not expected inside a range: \"%.40s\".", line);
		}
	}
}

/* --- Steps ------------------------------------------------------------------------------ */

static const struct step_word {
	const char *word;
	enum step_kind kind;
	bool takes_entry;
} step_words[] = {
    {"NOTHING", STEP_NOTHING, false},
    {"QUERY", STEP_QUERY, true},
    {"CHECK_ANSWER", STEP_CHECK_ANSWER, true},
    {"ANSWER", STEP_CHECK_ANSWER, true},
    {"CHECK_OUT_QUERY", STEP_CHECK_OUT_QUERY, true},
    {"REPLY", STEP_REPLY, true},
    {"MOCK", STEP_REPLY, true},
    {"TRAFFIC", STEP_TRAFFIC, false},
    {"TIMEOUT", STEP_TIMEOUT, false},
    {"ERROR", STEP_ERROR, false},
    {"TIME_PASSES", STEP_TIME_PASSES, false},
    {"ASSIGN", STEP_ASSIGN, false},
    {"INFRA_RTT", STEP_INFRA_RTT, false},
    {"FLUSH_MESSAGE", STEP_FLUSH_MESSAGE, false},
    {"EXPIRE_MESSAGE", STEP_EXPIRE_MESSAGE, false},
    {"CHECK_AUTOTRUST", STEP_CHECK_FILE, false},
    {"CHECK_TEMPFILE", STEP_CHECK_FILE, false},
};

const char *
step_kind_word(enum step_kind kind)
{
	for (size_t i = 0; i < COUNT_OF(step_words); i++)
		if (step_words[i].kind == kind)
			return step_words[i].word;
	return "";
}

static const struct step_word *
find_step_word(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(step_words); i++)
		if (strcmp(step_words[i].word, word) == 0)
			return &step_words[i];
	return NULL;
}

/* Reads "ADDRESS a", where it stands. */
static bool
read_step_address(struct reader *reader, struct step *step, char *rest)
{
	struct qn_endpoint endpoint;
	const char *word = text_word(&rest);

	if (word == NULL || strcmp(word, "ADDRESS") != 0)
		return true;
	word = text_word(&rest);
	if (word == NULL || !endpoint_read(word, &endpoint))
		return reader_fail(reader, "ADDRESS takes an address.");
	step->address = endpoint.address;
	step->has_address = true;
	return true;
}

/* Reads the entry behind a step, and passes over the contents of a file to compare. */
static bool
read_step_body(struct reader *reader, struct step *step, bool takes_entry)
{
	const char *line = text_line(&reader->text, TEXT_COMMENTS_ENTRY);

	if (line != NULL && text_begins(line, "FILE_BEGIN"))
		return skip_block(reader, "FILE_END");
	if (line != NULL && text_begins(line, "ENTRY_BEGIN")) {
		step->entry = entry_read(reader);
		return step->entry != NULL;
	}
	if (takes_entry)
		return reader_fail(reader, "%s has no entry.", step_kind_word(step->kind));
	if (line != NULL)
		text_again(&reader->text);
	return true;
}

static bool
read_step(struct reader *reader, struct step *step, char *rest)
{
	const char *id = text_word(&rest);
	const char *kind = text_word(&rest);
	const struct step_word *known = kind == NULL ? NULL : find_step_word(kind);

	step->line = reader->text.line;
	if (id == NULL || !number_read(id, UINT32_MAX, &step->id))
		return reader_fail(reader, "STEP takes a number.");
	if (known == NULL)
		return reader_fail(reader, "there is no step \"%.40s\".", kind == NULL ? "" : kind);
	step->kind = known->kind;
	step->text = keep_text(reader, text_trim(rest));
	return read_step_address(reader, step, rest) &&
	       read_step_body(reader, step, known->takes_entry);
}

/* --- The whole -------------------------------------------------------------------------- */

static bool
read_origin(struct reader *reader, char *rest)
{
	const char *word = text_word(&rest);
	ldns_rdf *origin = word == NULL ? NULL : ldns_dname_new_frm_str(word);

	if (origin == NULL)
		return reader_fail(reader, "$ORIGIN takes a name.");
	ldns_rdf_deep_free(reader->origin);
	reader->origin = origin;
	return true;
}

static bool
read_ttl(struct reader *reader, char *rest)
{
	const char *word = text_word(&rest);

	return (word != NULL && number_read(word, UINT32_MAX, &reader->ttl_s)) ||
	       reader_fail(reader, "$TTL takes a number of seconds.");
}

static bool
read_title(struct reader *reader)
{
	char *line = text_line(&reader->text, TEXT_COMMENTS_ENTRY);

	if (line == NULL || !text_begins(line, "SCENARIO_BEGIN"))
		return reader_fail(reader, "SCENARIO_BEGIN has to come after the configuration.");
	reader->scenario->title = keep_text(reader, text_trim(line + strlen("SCENARIO_BEGIN")));
	return true;
}

static bool
read_body(struct reader *reader)
{
	struct range **range_end = &reader->scenario->ranges;
	struct step **step_end = &reader->scenario->steps;

	for (;;) {
		char *line = text_line(&reader->text, TEXT_COMMENTS_ENTRY);
		bool read;

		if (line == NULL)
			return reader_fail(reader, "the file ends before SCENARIO_END.");
		if (text_begins(line, "SCENARIO_END"))
			return true;
		if (text_begins(line, "RANGE_BEGIN")) {
			*range_end = reader_take(reader, sizeof(**range_end));
			read = read_range(reader, *range_end, line + strlen("RANGE_BEGIN"));
			range_end = &(*range_end)->next;
		} else if (text_begins(line, "STEP")) {
			*step_end = reader_take(reader, sizeof(**step_end));
			read = read_step(reader, *step_end, line + strlen("STEP"));
			step_end = &(*step_end)->next;
		} else if (text_begins(line, "$ORIGIN")) {
			read = read_origin(reader, line + strlen("$ORIGIN"));
		} else if (text_begins(line, "$TTL")) {
			read = read_ttl(reader, line + strlen("$TTL"));
		} else {
			read = reader_fail(reader, "not expected here: \"%.40s\".", line);
		}
		if (!read)
			return false;
	}
}

/* Loads the file with a zero behind it; NULL, and the problem noted, when that fails. */
static char *
load(struct scenario *scenario, const char *path)
{
	FILE *file = fopen(path, "re");
	char *buffer = NULL;

	if (file == NULL) {
		snprintf(scenario->problem, sizeof(scenario->problem), "cannot be opened: %s.",
		    strerror(errno));
		return NULL;
	}
	buffer = memory_take(FILE_LEN_MAX + 1);
	errno = 0;
	const size_t len = fread(buffer, 1, FILE_LEN_MAX, file);

	if (ferror(file))
		snprintf(scenario->problem, sizeof(scenario->problem), "cannot be read: %s.",
		    strerror(errno));
	else if (len == FILE_LEN_MAX)
		snprintf(scenario->problem, sizeof(scenario->problem), "is longer than 16 MiB.");
	fclose(file);
	buffer[len] = '\0';
	return buffer;
}

bool
scenario_read(struct scenario *scenario, const char *path)
{
	struct reader reader = {.scenario = scenario, .ttl_s = TTL_DEFAULT_S};

	*scenario = (struct scenario){0};
	char *buffer = load(scenario, path);

	if (scenario->problem[0] != '\0') {
		free(buffer);
		return false;
	}
	reader.origin = ldns_dname_new_frm_str(".");
	reader.text = text_of(buffer);
	const bool read = read_config(&reader) && read_title(&reader) && read_body(&reader);

	ldns_rdf_deep_free(reader.origin);
	free(buffer);
	return read;
}

void
scenario_free(struct scenario *scenario)
{
	for (struct packet *packet = scenario->packets; packet != NULL; packet = packet->next_owned)
		ldns_pkt_free(packet->message);
	region_free(&scenario->region);
}
