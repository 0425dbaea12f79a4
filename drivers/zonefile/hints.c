/* SPDX-License-Identifier: BSD-2-Clause */
#include "zonefile/hints.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LEN_MAX (1u << 20)

/* What is known half way through the file. */
struct hints_reader {
	const char *path;
	int line; /* Of the record at hand; 0: the file as a whole. */
	char *error;
	size_t error_len;
	struct qn_hint hints[QN_HINT_MAX];
	uint8_t hint_count;
};

__attribute__((format(printf, 3, 4))) static int
fail(struct hints_reader *reader, int result, const char *format, ...)
{
	char sentence[QN_HINTS_ERROR_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	if (reader->line == 0)
		snprintf(reader->error, reader->error_len, "%s: %s", reader->path, sentence);
	else
		snprintf(reader->error, reader->error_len, "%s:%d: %s", reader->path, reader->line,
		    sentence);
	return result;
}

static bool
name_of_rdf(struct qn_name *name, const ldns_rdf *rdf)
{
	const struct qn_view wire = {ldns_rdf_data(rdf), ldns_rdf_size(rdf)};

	return qn_name_from_wire(name, wire) == wire.len;
}

static struct qn_hint *
find_hint(struct hints_reader *reader, const struct qn_name *name)
{
	for (uint8_t i = 0; i < reader->hint_count; i++)
		if (qn_name_equal(&reader->hints[i].name, name))
			return &reader->hints[i];
	return NULL;
}

static int
take_server(struct hints_reader *reader, const struct qn_name *owner, const ldns_rr *rr)
{
	struct qn_name name;

	if (owner->len != 1)
		return fail(reader, -EINVAL, "this NS record is not one of the root.");
	if (!name_of_rdf(&name, ldns_rr_rdf(rr, 0)))
		return fail(reader, -EINVAL, "the server's name is not a domain name.");
	if (find_hint(reader, &name) != NULL)
		return fail(reader, -EINVAL, "this root server was named before.");
	if (reader->hint_count == QN_HINT_MAX)
		return fail(reader, -EINVAL, "more than %d root servers.", QN_HINT_MAX);
	reader->hints[reader->hint_count++] = (struct qn_hint){.name = name};
	return 0;
}

/* Addresses follow the NS record of their server, in every hints file there is. */
static int
take_address(struct hints_reader *reader, const struct qn_name *owner, const ldns_rr *rr)
{
	struct qn_hint *hint = find_hint(reader, owner);
	const uint8_t *octets = ldns_rdf_data(ldns_rr_rdf(rr, 0));
	const struct qn_address address = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A
	                                      ? qn_address_ipv4(octets)
	                                      : qn_address_ipv6(octets);
	char text[QN_ADDRESS_TEXT_MAX];

	qn_address_to_text(&address, text);
	if (hint == NULL)
		return fail(reader, -EINVAL,
		    "no NS record before this line names the server that has the address %s.",
		    text);
	if (!qn_address_reachable(&address))
		return fail(reader, -EINVAL, "no query can be sent to %s.", text);
	if (hint->address_count == QN_HINT_ADDRESS_MAX)
		return fail(reader, -EINVAL, "more than %d addresses for one root server.",
		    QN_HINT_ADDRESS_MAX);
	hint->addresses[hint->address_count++] = address;
	return 0;
}

static int
take_record(struct hints_reader *reader, const ldns_rr *rr)
{
	struct qn_name owner;

	if (!name_of_rdf(&owner, ldns_rr_owner(rr)))
		return fail(reader, -EINVAL, "the owner is not a domain name.");
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return fail(reader, -EINVAL, "only class IN is known here.");
	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS)
		return take_server(reader, &owner, rr);
	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A || ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA)
		return take_address(reader, &owner, rr);
	return fail(reader, -EINVAL, "root hints are NS, A and AAAA records only.");
}

/* What ldns carries from one record to the next: $TTL, $ORIGIN, and the owner left out. */
struct record_context {
	uint32_t ttl_s;
	ldns_rdf *origin;
	ldns_rdf *previous;
};

static int
read_record(struct hints_reader *reader, struct record_context *context, FILE *file)
{
	ldns_rr *rr = NULL;
	const ldns_status status =
	    ldns_rr_new_frm_fp(&rr, file, &context->ttl_s, &context->origin, &context->previous);
	int result;

	/* Directives that ldns has dealt with itself. */
	if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
	    status == LDNS_STATUS_SYNTAX_ORIGIN)
		return 0;
	if (status == LDNS_STATUS_SYNTAX_INCLUDE)
		return fail(reader, -EINVAL, "$INCLUDE is not followed here.");
	if (status != LDNS_STATUS_OK)
		return fail(reader, -EINVAL, "%s.", ldns_get_errorstr_by_id(status));
	result = take_record(reader, rr);
	ldns_rr_free(rr);
	return result;
}

/*
 * Length of the first line of `text`, newline included, when there are only blanks and a
 * comment in it, 0 otherwise. ldns would pass over such lines itself, and then count them to
 * the record before them or to the one behind.
 */
static size_t
empty_line_len(struct qn_view text)
{
	size_t at = 0;

	while (at < text.len && memchr(" \t\r", text.data[at], 3) != NULL)
		at++;
	if (at < text.len && text.data[at] == ';')
		while (at < text.len && text.data[at] != '\n')
			at++;
	if (at == text.len)
		return at;
	return text.data[at] == '\n' ? at + 1 : 0;
}

static int
line_count(struct qn_view text, size_t from, size_t to)
{
	int count = 0;

	for (size_t i = from; i < to; i++)
		count += text.data[i] == '\n';
	return count;
}

/* Reads what starts at offset `*at` and moves that behind it. */
static int
read_lines(struct hints_reader *reader, struct record_context *context, struct qn_view text,
    FILE *file, size_t *at)
{
	const struct qn_view rest = {text.data + *at, text.len - *at};
	size_t end = *at + empty_line_len(rest);
	int result = 0;

	if (end == *at) {
		if (fseek(file, (long)*at, SEEK_SET) != 0)
			return fail(reader, -errno, "cannot be read: %s.", strerror(errno));
		result = read_record(reader, context, file);
		end = feof(file) ? text.len : (size_t)ftell(file);
	}
	if (result == 0)
		reader->line += line_count(text, *at, end);
	*at = end;
	return result;
}

static int
read_records(struct hints_reader *reader, struct qn_view text, FILE *file)
{
	struct record_context context = {0};
	size_t at = 0;
	int result = 0;

	reader->line = 1;
	while (result == 0 && at < text.len)
		result = read_lines(reader, &context, text, file, &at);
	ldns_rdf_deep_free(context.origin);
	ldns_rdf_deep_free(context.previous);
	return result;
}

static int
check_whole(struct hints_reader *reader)
{
	char text[QN_NAME_TEXT_MAX];

	reader->line = 0;
	if (reader->hint_count == 0)
		return fail(reader, -EINVAL, "names no root server.");
	for (uint8_t i = 0; i < reader->hint_count; i++) {
		if (reader->hints[i].address_count > 0)
			continue;
		qn_name_to_text(&reader->hints[i].name, text);
		return fail(reader, -EINVAL, "gives no address for root server %s", text);
	}
	return 0;
}

static int
load(struct hints_reader *reader, struct qn_span *text)
{
	FILE *file = fopen(reader->path, "re");
	int result = 0;

	if (file == NULL)
		return fail(reader, -errno, "cannot be opened: %s.", strerror(errno));
	errno = 0;
	text->len = fread(text->data, 1, FILE_LEN_MAX, file);
	if (ferror(file))
		result = fail(reader, -errno, "cannot be read: %s.", strerror(errno));
	else if (text->len == FILE_LEN_MAX)
		result = fail(reader, -EFBIG, "is longer than 1 MiB, which root hints never are.");
	fclose(file);
	return result;
}

static int
parse(struct hints_reader *reader, struct qn_span text)
{
	/* Of an empty file there is no stream, and nothing to read. */
	FILE *file = text.len == 0 ? NULL : fmemopen(text.data, text.len, "r");
	int result = 0;

	if (file == NULL && text.len > 0)
		return fail(reader, -errno, "cannot be read: %s.", strerror(errno));
	if (file != NULL) {
		result = read_records(reader, qn_view_of(text), file);
		fclose(file);
	}
	return result == 0 ? check_whole(reader) : result;
}

int
qn_hints_read(const char *path, struct qn_hint hints[QN_HINT_MAX], uint8_t *hint_count, char *error,
    size_t error_len)
{
	struct hints_reader reader = {.path = path, .error = error, .error_len = error_len};
	struct qn_span text = {malloc(FILE_LEN_MAX), 0};
	int result;

	if (text.data == NULL)
		return fail(&reader, -ENOMEM, "cannot be read: out of memory.");
	result = load(&reader, &text);
	if (result == 0)
		result = parse(&reader, text);
	free(text.data);
	if (result != 0)
		return result;
	memcpy(hints, reader.hints, sizeof(reader.hints));
	*hint_count = reader.hint_count;
	return 0;
}
