/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root hints file: what is taken from it, and the sentence for each way to be wrong.
 */
#include "support/test.h"
#include "zonefile/hints.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/quince-hints-XXXXXX";

static int
make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

struct outcome {
	int result;
	struct qn_hint hints[QN_HINT_MAX];
	uint8_t hint_count;
	char error[QN_HINTS_ERROR_MAX];
};

static void
read_text(struct outcome *outcome, const char *text, size_t text_len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, text_len, file), text_len);
	assert_int_equal(fclose(file), 0);
	memset(outcome, 0, sizeof(*outcome));
	outcome->hint_count = 77;
	outcome->result = qn_hints_read(
	    path, outcome->hints, &outcome->hint_count, outcome->error, sizeof(outcome->error));
}

/* `said` is the sentence without the path, and with ":LINE" where it has one. */
static void
assert_complains(const char *text, const char *said)
{
	struct outcome outcome;

	read_text(&outcome, text, strlen(text));
	assert_int_equal(outcome.result, -EINVAL);
	assert_int_equal(outcome.hint_count, 77);
	assert_memory_equal(outcome.error, path, strlen(path));
	assert_string_equal(outcome.error + strlen(path), said);
}

static void
assert_name(const struct qn_name *name, const char *expected)
{
	char text[QN_NAME_TEXT_MAX];

	qn_name_to_text(name, text);
	assert_string_equal(text, expected);
}

static void
assert_address(const struct qn_address *address, const char *expected)
{
	char text[QN_ADDRESS_TEXT_MAX];

	qn_address_to_text(address, text);
	assert_string_equal(text, expected);
}

TEST(takes_names_and_addresses)
{
	static const char text[] = "; hints\n"
				   "$TTL 3600\n"
				   "\n"
				   ".  IN NS a.root-servers.example.\r\n"
				   "   IN NS b ; no dot: the origin is the root\n"
				   "A.ROOT-SERVERS.EXAMPLE. 10 A 198.51.100.1\n"
				   "A.ROOT-SERVERS.EXAMPLE. AAAA (\n"
				   "  2001:db8::1 )\n"
				   "b. A 198.51.100.2";
	struct outcome outcome;

	read_text(&outcome, text, strlen(text));
	assert_string_equal(outcome.error, "");
	assert_int_equal(outcome.result, 0);
	assert_int_equal(outcome.hint_count, 2);
	assert_name(&outcome.hints[0].name, "a.root-servers.example.");
	assert_int_equal(outcome.hints[0].address_count, 2);
	assert_address(&outcome.hints[0].addresses[0], "198.51.100.1");
	assert_address(&outcome.hints[0].addresses[1], "2001:db8::1");
	assert_name(&outcome.hints[1].name, "b.");
	assert_int_equal(outcome.hints[1].address_count, 1);
	assert_address(&outcome.hints[1].addresses[0], "198.51.100.2");
}

TEST(takes_as_many_as_there_may_be)
{
	char text[4096] = "";
	size_t used = 0;
	struct outcome outcome;

	for (int i = 0; i < QN_HINT_MAX; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, ". NS r%d.\n", i);
		for (int j = 1; j <= QN_HINT_ADDRESS_MAX; j++)
			used += (size_t)snprintf(
			    text + used, sizeof(text) - used, "r%d. A 198.51.%d.%d\n", i, i, j);
	}
	read_text(&outcome, text, used);
	assert_int_equal(outcome.result, 0);
	assert_int_equal(outcome.hint_count, QN_HINT_MAX);
	assert_int_equal(outcome.hints[QN_HINT_MAX - 1].address_count, QN_HINT_ADDRESS_MAX);

	snprintf(text + used, sizeof(text) - used, ". NS more.\n");
	assert_complains(text, ":66: more than 13 root servers.");
}

TEST(says_what_is_wrong)
{
	assert_complains("", ": names no root server.");
	assert_complains("; nothing\n\n", ": names no root server.");
	assert_complains(
	    ". NS a.\n. NS b.\na. A 198.51.100.1\n", ": gives no address for root server b.");
	assert_complains(". NS a.\n\n\na. A 198.51.100\n\n\n; more\n",
	    ":4: Syntax error, could not parse the RR's rdata.");
	assert_complains(". NS (\na. )\n; b\na. AAAA 1.2.3.4\n",
	    ":4: Syntax error, could not parse the RR's rdata.");
	assert_complains("example. NS a.\n", ":1: this NS record is not one of the root.");
	assert_complains(". NS a.\n. NS A.\n", ":2: this root server was named before.");
	assert_complains("a. A 198.51.100.1\n. NS a.\n",
	    ":1: no NS record before this line names the server that has the address "
	    "198.51.100.1.");
	assert_complains(". NS a.\na. A 127.0.0.1\n", ":2: no query can be sent to 127.0.0.1.");
	assert_complains(". NS a.\na. A 198.51.100.1\na. A 198.51.100.2\na. A 198.51.100.3\n"
			 "a. A 198.51.100.4\na. A 198.51.100.5\n",
	    ":6: more than 4 addresses for one root server.");
	assert_complains(". CH NS a.\n", ":1: only class IN is known here.");
	assert_complains(
	    ". NS a.\na. TXT hello\n", ":2: root hints are NS, A and AAAA records only.");
	assert_complains("$INCLUDE other\n", ":1: $INCLUDE is not followed here.");
}

TEST(says_what_is_wrong_with_the_file)
{
	struct outcome outcome;
	char *text = malloc(1u << 20);

	assert_int_equal(qn_hints_read("/nowhere/at/all", outcome.hints, &outcome.hint_count,
			     outcome.error, sizeof(outcome.error)),
	    -ENOENT);
	assert_string_equal(
	    outcome.error, "/nowhere/at/all: cannot be opened: No such file or directory.");
	assert_int_equal(qn_hints_read("/", outcome.hints, &outcome.hint_count, outcome.error,
			     sizeof(outcome.error)),
	    -EISDIR);
	assert_string_equal(outcome.error, "/: cannot be read: Is a directory.");

	assert_non_null(text);
	memset(text, '\n', 1u << 20);
	read_text(&outcome, text, 1u << 20);
	free(text);
	assert_int_equal(outcome.result, -EFBIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_names_and_addresses),
	    cmocka_unit_test(takes_as_many_as_there_may_be),
	    cmocka_unit_test(says_what_is_wrong),
	    cmocka_unit_test(says_what_is_wrong_with_the_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
