/* SPDX-License-Identifier: BSD-2-Clause */
#include "zonefile/hosts.h"

#include "base/address.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LEN_MAX ((size_t)64 << 20)
#define ERROR_MAX    20
#define SENTENCE_MAX 256
#define BLANKS       " \t\r\n\f\v"

/* Room for a reverse name: 32 digits and as many dots, "ip6.arpa" and the final zero. */
#define REVERSE_TEXT_MAX 80

/* The first name of a line, which its address may get. */
struct reverse {
	struct qn_address address;
	unsigned line;
	size_t item; /* In the list: an address record of the name. */
};

struct hosts_reader {
	struct qn_zone_list *list;
	qn_hosts_complain *complain;
	void *context;
	unsigned error_count;
	unsigned line;
	struct reverse *reverses;
	size_t reverse_count;
	size_t reverse_capacity;
};

__attribute__((format(printf, 2, 3))) static void
complain(struct hosts_reader *reader, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	reader->error_count++;
	reader->complain(reader->context, reader->line, sentence);
}

static bool
out_of_memory(struct hosts_reader *reader)
{
	reader->line = 0;
	complain(reader, "cannot be read: out of memory.");
	return false;
}

/* --- Reverse names ---------------------------------------------------------------------- */

static void
reverse_name(struct qn_name *name, const struct qn_address *address)
{
	const uint8_t *octets = address->octets;
	char text[REVERSE_TEXT_MAX];
	size_t len = 0;
	bool ok;

	if (address->family == QN_FAMILY_IPV4) {
		len = (size_t)snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa", octets[3],
		    octets[2], octets[1], octets[0]);
	} else {
		for (int i = 15; i >= 0; i--)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%x.%x.",
			    octets[i] & 15u, octets[i] >> 4);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "ip6.arpa");
	}
	ok = qn_name_from_text(name, text, len);
	qn_assert(ok);
}

/* Whether an address tells of no host: 0.0.0.0, ::, ::1 and 127.0.0.0/8. */
static bool
is_nowhere(const struct qn_address *address)
{
	static const uint8_t zeros[15];

	if (address->family == QN_FAMILY_IPV4)
		return address->octets[0] == 127 || memcmp(address->octets, zeros, 4) == 0;
	return memcmp(address->octets, zeros, sizeof(zeros)) == 0 && address->octets[15] <= 1;
}

static bool
add_reverse(struct hosts_reader *reader, const struct qn_address *address, size_t item)
{
	if (is_nowhere(address))
		return true;
	if (reader->reverse_count == reader->reverse_capacity) {
		const size_t capacity =
		    reader->reverse_capacity == 0 ? 256 : 2 * reader->reverse_capacity;
		struct reverse *reverses = realloc(reader->reverses, capacity * sizeof(*reverses));

		if (reverses == NULL)
			return out_of_memory(reader);
		reader->reverses = reverses;
		reader->reverse_capacity = capacity;
	}
	reader->reverses[reader->reverse_count++] = (struct reverse){*address, reader->line, item};
	return true;
}

static int
compare_address(const struct reverse *a, const struct reverse *b)
{
	if (a->address.family != b->address.family)
		return a->address.family - b->address.family;
	return memcmp(a->address.octets, b->address.octets, qn_family_octets(a->address.family));
}

static int
compare(const void *a, const void *b)
{
	const struct reverse *first = a, *second = b;
	const int difference = compare_address(first, second);

	return difference != 0 ? difference
	                       : (first->line > second->line) - (first->line < second->line);
}

/* Gives each address the first name of its first line. */
static bool
add_pointers(struct hosts_reader *reader)
{
	if (reader->reverse_count > 0)
		qsort(reader->reverses, reader->reverse_count, sizeof(*reader->reverses), compare);
	for (size_t i = 0; i < reader->reverse_count; i++) {
		const struct reverse *reverse = &reader->reverses[i];
		struct qn_name owner, name;

		if (i > 0 && compare_address(reverse - 1, reverse) == 0)
			continue;
		reverse_name(&owner, &reverse->address);
		qn_zone_path_name(&name, reader->list->items[reverse->item].path);
		if (!qn_zone_list_add_record(
			reader->list, &owner, QN_TYPE_PTR, QN_HOSTS_TTL_S, qn_name_view(&name), 0))
			return out_of_memory(reader);
	}
	return true;
}

/* --- Lines ------------------------------------------------------------------------------ */

static bool
add_host(struct hosts_reader *reader, const struct qn_address *address, const char *text)
{
	const uint16_t type = address->family == QN_FAMILY_IPV4 ? QN_TYPE_A : QN_TYPE_AAAA;
	const struct qn_view rdata = {address->octets, qn_family_octets(address->family)};
	struct qn_name name;

	if (!qn_name_from_text(&name, text, strlen(text)) || name.len == qn_name_root.len) {
		complain(reader, "\"%s\" is not the name of a host.", text);
		return true;
	}
	return qn_zone_list_add_record(reader->list, &name, type, QN_HOSTS_TTL_S, rdata, 0) ||
	       out_of_memory(reader);
}

/* Takes the names of a line; false without memory. */
static bool
read_names(struct hosts_reader *reader, const struct qn_address *address, char *rest)
{
	const size_t first = reader->list->count;
	const unsigned errors_before = reader->error_count;
	const char *name = strtok_r(rest, BLANKS, &rest);

	if (name == NULL) {
		complain(reader, "there is no name behind the address.");
		return true;
	}
	for (; name != NULL; name = strtok_r(NULL, BLANKS, &rest))
		if (!add_host(reader, address, name))
			return false;
	return reader->error_count > errors_before || add_reverse(reader, address, first);
}

static bool
read_line(struct hosts_reader *reader, char *text)
{
	struct qn_address address;
	char *rest;

	text[strcspn(text, "#")] = '\0';
	text = strtok_r(text, BLANKS, &rest);
	if (text == NULL || strchr(text, '%') != NULL)
		return true;
	if (!qn_address_from_text(&address, text)) {
		complain(reader, "\"%s\" is not an IPv4 or IPv6 address.", text);
		return true;
	}
	return read_names(reader, &address, rest);
}

/* Whether the line at hand, of `len` octets, can be read at all. */
static bool
is_text(struct hosts_reader *reader, const char *text, size_t len)
{
	if (strlen(text) == len)
		return true;
	complain(reader, "holds a zero octet; this is no hosts file.");
	return false;
}

static bool
read_lines(struct hosts_reader *reader, FILE *file)
{
	char *text = NULL;
	size_t capacity = 0, total = 0;
	ssize_t len = 0;
	bool ok = true;

	errno = 0;
	while (ok && (len = getline(&text, &capacity, file)) >= 0) {
		reader->line++;
		total += (size_t)len;
		if (total > FILE_LEN_MAX) {
			complain(
			    reader, "this line is behind the first 64 MiB, which are the most.");
			break;
		}
		ok = is_text(reader, text, (size_t)len) && read_line(reader, text);
		if (reader->error_count == ERROR_MAX) {
			complain(reader, "the lines behind this one were not read any more.");
			break;
		}
	}
	free(text);
	if (len < 0 && !feof(file)) {
		reader->line = 0;
		complain(reader, "cannot be read: %s.", strerror(errno));
	}
	return ok && reader->error_count == 0;
}

bool
qn_hosts_read(struct qn_zone_list *list, const char *path, qn_hosts_complain *complain_function,
    void *context)
{
	struct hosts_reader reader = {
	    .list = list, .complain = complain_function, .context = context};
	FILE *file = fopen(path, "re");
	bool ok;

	if (file == NULL) {
		complain(&reader, "cannot be opened: %s.", strerror(errno));
		return false;
	}
	ok = read_lines(&reader, file) && add_pointers(&reader);
	fclose(file);
	free(reader.reverses);
	return ok;
}
