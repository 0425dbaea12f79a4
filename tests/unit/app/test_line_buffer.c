/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests cut out of a stream: whatever pieces it comes in, the lines are the same.
 */
#include "line_buffer.h"
#include "support/test.h"

#include <string.h>

/* Puts as much of `text` into `buffer` as there is room for; returns how much that was. */
static size_t
feed(struct line_buffer *buffer, const char *text, size_t len)
{
	const struct qn_span room = line_buffer_room(buffer);
	const size_t taken = len < room.len ? len : room.len;

	memcpy(room.data, text, taken);
	line_buffer_fill(buffer, taken);
	return taken;
}

static void
assert_takes(struct line_buffer *buffer, const char *expected)
{
	char line[LINE_BUFFER_MAX];
	size_t line_len;

	assert_int_equal(line_buffer_take(buffer, line, &line_len), LINE_WHOLE);
	assert_int_equal(line_len, strlen(expected));
	assert_string_equal(line, expected);
}

static void
assert_takes_nothing(struct line_buffer *buffer)
{
	char line[LINE_BUFFER_MAX];
	size_t line_len;

	assert_int_equal(line_buffer_take(buffer, line, &line_len), LINE_NONE);
}

TEST(lines_come_out_one_by_one)
{
	static const char text[] = "one\n\ntwo\nthr";
	struct line_buffer buffer = {0};

	assert_takes_nothing(&buffer);
	assert_int_equal(feed(&buffer, text, strlen(text)), strlen(text));
	assert_takes(&buffer, "one");
	assert_takes(&buffer, "");
	assert_takes(&buffer, "two");
	assert_takes_nothing(&buffer);
	feed(&buffer, "ee\n", 3);
	assert_takes(&buffer, "three");
	assert_takes_nothing(&buffer);
}

TEST(pieces_of_any_size_make_the_same_lines)
{
	static const char text[] = "a\nbc\n\ndef\n";

	for (size_t piece = 1; piece <= strlen(text); piece++) {
		struct line_buffer buffer = {0};
		char said[32] = "";

		for (size_t at = 0; at < strlen(text); at += piece) {
			const size_t left = strlen(text) - at;
			char line[LINE_BUFFER_MAX];
			size_t line_len;

			feed(&buffer, text + at, left < piece ? left : piece);
			while (line_buffer_take(&buffer, line, &line_len) == LINE_WHOLE) {
				strcat(said, line);
				strcat(said, ".");
			}
		}
		assert_string_equal(said, "a.bc..def.");
	}
}

TEST(the_longest_line_fits_and_one_octet_more_does_not)
{
	struct line_buffer buffer = {0};
	char text[LINE_BUFFER_MAX + 1];
	char line[LINE_BUFFER_MAX];
	size_t line_len;

	memset(text, 'x', sizeof(text));
	text[LINE_BUFFER_MAX - 1] = '\n';
	assert_int_equal(feed(&buffer, text, LINE_BUFFER_MAX), LINE_BUFFER_MAX);
	assert_int_equal(line_buffer_take(&buffer, line, &line_len), LINE_WHOLE);
	assert_int_equal(line_len, LINE_BUFFER_MAX - 1);

	text[LINE_BUFFER_MAX - 1] = 'x';
	assert_int_equal(feed(&buffer, text, LINE_BUFFER_MAX + 1), LINE_BUFFER_MAX);
	assert_int_equal(line_buffer_take(&buffer, line, &line_len), LINE_TOO_LONG);
	assert_int_equal(line_buffer_room(&buffer).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_come_out_one_by_one),
	    cmocka_unit_test(pieces_of_any_size_make_the_same_lines),
	    cmocka_unit_test(the_longest_line_fits_and_one_octet_more_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
