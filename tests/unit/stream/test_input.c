/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages cut out of a stream: whatever pieces it comes in, the messages are the same.
 */
#include "stream/input.h"
#include "support/test.h"

#include <string.h>

#define MESSAGE_MAX 40

static uint8_t buffer[QN_STREAM_LENGTH_LEN + MESSAGE_MAX];
static struct qn_stream_input input;

static void
begin(void)
{
	qn_stream_input_init(&input, (struct qn_span){buffer, sizeof(buffer)});
}

/* Gives the stream as much of `octets` as it has room for; returns how much that was. */
static size_t
give(struct qn_view octets)
{
	const struct qn_span room = qn_stream_input_room(&input);
	const size_t len = octets.len < room.len ? octets.len : room.len;

	memcpy(room.data, octets.data, len);
	qn_stream_input_filled(&input, len);
	return len;
}

TEST(input_gives_messages_in_order)
{
	struct qn_view message;

	begin();
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MORE);
	(void)give((struct qn_view){(const uint8_t *)"\0\3abc\0\0\0\2de\0", 12});
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	assert_view_equal(message, test_octets("abc"));
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	assert_int_equal(message.len, 0);
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	assert_view_equal(message, test_octets("de"));
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MORE);
	assert_false(qn_stream_input_empty(&input));
}

TEST(input_takes_back_what_it_gave)
{
	struct qn_view message;

	begin();
	(void)give((struct qn_view){(const uint8_t *)"\0\1a\0\1b", 6});
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	qn_stream_input_unget(&input, message);
	(void)qn_stream_input_room(&input);
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	assert_view_equal(message, test_octets("b"));
	assert_true(qn_stream_input_empty(&input));
	/* Only the last one, and that once. */
	assert_is_bug(qn_stream_input_unget(&input, test_octets("zz")));
}

TEST(input_refuses_what_is_too_long)
{
	uint8_t octets[sizeof(buffer)] = {0, MESSAGE_MAX};
	struct qn_view message;

	begin();
	assert_int_equal(give((struct qn_view){octets, sizeof(octets)}), sizeof(octets));
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_MESSAGE);
	assert_int_equal(message.len, MESSAGE_MAX);
	begin();
	octets[1] = MESSAGE_MAX + 1;
	(void)give((struct qn_view){octets, 2});
	assert_int_equal(qn_stream_input_next(&input, &message), QN_STREAM_TOO_LONG);
}

/* A long stream of messages of all lengths, in pieces of all lengths. */
TEST(input_does_not_depend_on_the_pieces)
{
	struct qn_random random = test_random(7);

	for (unsigned round = 0; round < 200; round++) {
		uint8_t stream[4096];
		size_t len = 0, at = 0, expected = 0;
		struct qn_view message;

		while (len + QN_STREAM_LENGTH_LEN + MESSAGE_MAX <= sizeof(stream)) {
			const uint8_t one = (uint8_t)qn_random_below(&random, MESSAGE_MAX + 1);

			stream[len] = 0;
			stream[len + 1] = one;
			for (unsigned i = 0; i < one; i++)
				stream[len + 2 + i] = (uint8_t)qn_random_u32(&random);
			len += QN_STREAM_LENGTH_LEN + one;
		}
		begin();
		while (expected < len) {
			const size_t piece = qn_random_below(&random, 60);
			const size_t left = len - at;

			at += give((struct qn_view){stream + at, piece < left ? piece : left});
			while (qn_stream_input_next(&input, &message) == QN_STREAM_MESSAGE) {
				const struct qn_view wanted = {
				    stream + expected + 2, stream[expected + 1]};

				assert_view_equal(message, wanted);
				expected += 2 + wanted.len;
			}
		}
		assert_true(qn_stream_input_empty(&input));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(input_gives_messages_in_order),
	    cmocka_unit_test(input_takes_back_what_it_gave),
	    cmocka_unit_test(input_refuses_what_is_too_long),
	    cmocka_unit_test(input_does_not_depend_on_the_pieces),
	};

	return cmocka_run_group_tests_name("stream-input", tests, NULL, NULL);
}
