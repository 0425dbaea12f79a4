/* SPDX-License-Identifier: BSD-2-Clause */
#include "document.h"

#include "base/assert.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SENTENCE_MAX 512
#define WORD_MAX     32 /* Letters of a key that a misspelling is compared with. */

/* libyaml counts lines from 0. */
static unsigned
mark_line(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static void
note_syntax_error(struct document *document, const yaml_parser_t *parser)
{
	const char *problem = parser->problem == NULL ? "out of memory" : parser->problem;

	if (parser->error == YAML_READER_ERROR)
		diagnostics_add(document->errors, 0, "cannot be read as YAML: %s.", problem);
	else
		diagnostics_add(document->errors, mark_line(parser->problem_mark),
		    "not valid YAML: %s%s%s.", problem, parser->context == NULL ? "" : ", ",
		    parser->context == NULL ? "" : parser->context);
}

/* A stream may hold several documents; which of them would be meant, nobody could say. */
static bool
is_last_document(struct document *document, yaml_parser_t *parser)
{
	yaml_document_t next;
	bool is_last = false;

	if (!yaml_parser_load(parser, &next)) {
		note_syntax_error(document, parser);
		return false;
	}
	if (yaml_document_get_root_node(&next) == NULL)
		is_last = true;
	else
		diagnostics_add(document->errors, mark_line(next.start_mark),
		    "a second YAML document begins here; leave only one in the file.");
	yaml_document_delete(&next);
	return is_last;
}

static bool
document_parse(struct document *document, yaml_parser_t *parser)
{
	if (!yaml_parser_load(parser, &document->yaml)) {
		note_syntax_error(document, parser);
		return false;
	}
	if (yaml_document_get_root_node(&document->yaml) == NULL) {
		diagnostics_add(
		    document->errors, 0, "is empty; it needs a list of ports at least.");
		document_close(document);
		return false;
	}
	if (!is_last_document(document, parser)) {
		document_close(document);
		return false;
	}
	return true;
}

static FILE *
open_regular(const char *path, struct diagnostics *errors)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (file == NULL) {
		diagnostics_add(errors, 0, "cannot be opened: %s.", strerror(errno));
		return NULL;
	}
	if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
		diagnostics_add(errors, 0, "is a directory; give the configuration file in it.");
		fclose(file);
		return NULL;
	}
	return file;
}

bool
document_open(struct document *document, const char *path, struct diagnostics *errors)
{
	FILE *file = open_regular(path, errors);
	yaml_parser_t parser;
	bool ok;

	if (file == NULL)
		return false;
	document->errors = errors;
	if (!yaml_parser_initialize(&parser)) {
		diagnostics_add(errors, 0, "cannot be read: out of memory.");
		fclose(file);
		return false;
	}
	yaml_parser_set_input_file(&parser, file);
	ok = document_parse(document, &parser);
	yaml_parser_delete(&parser);
	fclose(file);
	return ok;
}

void
document_close(struct document *document)
{
	yaml_document_delete(&document->yaml);
}

struct document_value
document_root(struct document *document)
{
	yaml_node_t *node = yaml_document_get_root_node(&document->yaml);

	return (struct document_value){
	    .document = document, .node = node, .line = mark_line(node->start_mark)};
}

void
document_complain(const struct document_value *value, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	diagnostics_add(value->document->errors, value->line, "%s%s%s", value->path,
	    value->path[0] == '\0' ? "" : ": ", sentence);
}

static const char *
scalar_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* A key with nothing behind it, as a section is whose lines are all commented out. */
static bool
is_nothing(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (node->data.scalar.length == 0 || strcmp(scalar_text(node), "~") == 0 ||
		   strcmp(scalar_text(node), "null") == 0);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove or replace to get from `a` to `b` (Levenshtein's distance). */
static size_t
edit_distance(const char *a, const char *b)
{
	const size_t a_len = strlen(a), b_len = strlen(b);
	size_t row[WORD_MAX + 1];

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

/* The key that a misspelled one is likely to mean: at most a third of its letters are off. */
static const char *
nearest_key(const char *text, const struct document_key *keys, size_t key_count)
{
	size_t best_distance = strlen(text) / 3 + 2;
	const char *best = NULL;

	for (size_t i = 0; i < key_count; i++) {
		const size_t distance = edit_distance(text, keys[i].name);

		if (distance < best_distance) {
			best_distance = distance;
			best = keys[i].name;
		}
	}
	return best;
}

static void
complain_unknown(const struct document_value *parent, const struct document_value *value,
    const char *text, const struct document_key *keys, size_t key_count)
{
	const char *where = parent->path[0] == '\0' ? "the file" : parent->path;
	const char *nearest = nearest_key(text, keys, key_count);
	char names[SENTENCE_MAX] = "";
	size_t used = 0;

	if (nearest != NULL) {
		diagnostics_add(value->document->errors, value->line,
		    "unknown key \"%s\" in %s; did you mean \"%s\"?", text, where, nearest);
		return;
	}
	for (size_t i = 0; i < key_count; i++)
		used += (size_t)snprintf(
		    names + used, sizeof(names) - used, "%s%s", i == 0 ? "" : ", ", keys[i].name);
	diagnostics_add(value->document->errors, value->line,
	    "unknown key \"%s\" in %s, which takes %s.", text, where, names);
}

/* Paths are made of the tables' own words, and those are short. */
static void
path_join(char path[DOCUMENT_PATH_MAX], const char *parent, const char *key)
{
	const int len =
	    snprintf(path, DOCUMENT_PATH_MAX, "%s%s%s", parent, parent[0] == '\0' ? "" : ".", key);

	qn_assert(len < DOCUMENT_PATH_MAX);
}

static void
mapping_pair(const struct document_value *parent, const yaml_node_pair_t *pair,
    const struct document_key *keys, size_t key_count, unsigned *lines, void *target)
{
	struct document *document = parent->document;
	yaml_node_t *key = yaml_document_get_node(&document->yaml, pair->key);
	struct document_value value = {
	    .document = document,
	    .node = yaml_document_get_node(&document->yaml, pair->value),
	    .line = mark_line(key->start_mark),
	};

	if (key->type != YAML_SCALAR_NODE) {
		diagnostics_add(document->errors, value.line, "a key must be a single word.");
		return;
	}
	for (size_t i = 0; i < key_count; i++) {
		if (strcmp(scalar_text(key), keys[i].name) != 0)
			continue;
		path_join(value.path, parent->path, keys[i].name);
		if (lines[i] != 0) {
			document_complain(
			    &value, "this key is on line %u already; leave only one.", lines[i]);
			return;
		}
		lines[i] = value.line;
		keys[i].read(&value, target);
		return;
	}
	complain_unknown(parent, &value, scalar_text(key), keys, key_count);
}

bool
document_mapping(const struct document_value *value, const struct document_key *keys,
    size_t key_count, void *target)
{
	unsigned lines[DOCUMENT_KEY_MAX] = {0};
	const yaml_node_t *node = value->node;

	if (is_nothing(node))
		return true;
	if (node->type != YAML_MAPPING_NODE) {
		document_complain(
		    value, "must hold keys with values, such as \"%s: ...\".", keys[0].name);
		return false;
	}
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		mapping_pair(value, pair, keys, key_count, lines, target);
	return true;
}

size_t
document_list(
    const struct document_value *value, size_t count_max, document_read *read, void *target)
{
	const yaml_node_t *node = value->node;
	size_t count;

	if (node->type != YAML_SEQUENCE_NODE) {
		document_complain(value, "must be a list, even of one: [ITEM, ...].");
		return 0;
	}
	count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (count > count_max) {
		document_complain(
		    value, "has %zu items; at most %zu are possible.", count, count_max);
		return 0;
	}
	for (const yaml_node_item_t *at = node->data.sequence.items.start;
	     at < node->data.sequence.items.top; at++) {
		struct document_value item = *value;

		item.node = yaml_document_get_node(&value->document->yaml, *at);
		item.line = mark_line(item.node->start_mark);
		read(&item, target);
	}
	return count;
}

bool
document_is_single(const struct document_value *value)
{
	return value->node->type == YAML_SCALAR_NODE && !is_nothing(value->node);
}

static const char *
text_missing(const struct document_value *value)
{
	document_complain(value, "has no value; give one or leave the key out.");
	return NULL;
}

const char *
document_text_or_empty(const struct document_value *value)
{
	if (value->node->type != YAML_SCALAR_NODE) {
		document_complain(value, "must be a single value, not a list or keys with values.");
		return NULL;
	}
	if (is_nothing(value->node))
		return text_missing(value);
	if (strlen(scalar_text(value->node)) != value->node->data.scalar.length) {
		document_complain(value, "must not hold a zero octet.");
		return NULL;
	}
	return scalar_text(value->node);
}

const char *
document_text(const struct document_value *value)
{
	const char *text = document_text_or_empty(value);

	return text != NULL && text[0] == '\0' ? text_missing(value) : text;
}

/* Digits only: strtoull would also take signs, blanks and other bases. */
static bool
read_digits(const char **text, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
			return false;
	if (at == *text)
		return false;
	*text = at;
	return true;
}

bool
document_number(const struct document_value *value, uint64_t min, uint64_t max, uint64_t *number)
{
	const char *text = document_text(value);
	const char *at = text;

	if (text == NULL)
		return false;
	if (read_digits(&at, number) && *at == '\0' && *number >= min && *number <= max)
		return true;
	document_complain(value, "\"%s\" is not a whole number from %ju to %ju.", text,
	    (uintmax_t)min, (uintmax_t)max);
	return false;
}

void
document_count(const struct document_value *value, uint32_t min, uint32_t max, uint32_t *count)
{
	uint64_t number;

	if (document_number(value, min, max, &number))
		*count = (uint32_t)number;
}

/* Left shift of a unit of size; -1 when `text` is not one. */
static int
unit_shift(const char *text)
{
	static const char *const units[] = {"KiB", "MiB", "GiB"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text, units[i]) == 0)
			return 10 * ((int)i + 1);
	return -1;
}

bool
document_size(const struct document_value *value, uint64_t *size_bytes)
{
	const char *text = document_text(value);
	const char *at = text;
	uint64_t number;

	if (text == NULL)
		return false;
	if (read_digits(&at, &number)) {
		const int shift = unit_shift(at);

		if (shift > 0 && number <= UINT64_MAX >> shift) {
			*size_bytes = number << shift;
			return true;
		}
	}
	document_complain(value,
	    "\"%s\" is not a size; write a number with KiB, MiB or GiB, as in 512MiB.", text);
	return false;
}

int
document_word(const struct document_value *value, const char *const *words, size_t word_count)
{
	const char *text = document_text(value);
	char list[SENTENCE_MAX] = "";
	size_t used = 0;

	if (text == NULL)
		return -1;
	for (size_t i = 0; i < word_count; i++) {
		if (strcmp(text, words[i]) == 0)
			return (int)i;
		used += (size_t)snprintf(
		    list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : " or ", words[i]);
	}
	document_complain(value, "\"%s\" is not known here; write %s.", text, list);
	return -1;
}

void
document_switch(const struct document_value *value, bool *on)
{
	static const char *const words[] = {"off", "on"};
	const int word = document_word(value, words, sizeof(words) / sizeof(words[0]));

	if (word >= 0)
		*on = word == 1;
}
