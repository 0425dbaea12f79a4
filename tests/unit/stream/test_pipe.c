/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records through a pipe: in order, whole, and refused when there is no room; also with a writer
 * and a reader on threads of their own.
 */
#include "stream/pipe.h"
#include "support/test.h"

#include <pthread.h>
#include <string.h>

#define BLOCK_LEN    1024
#define THREAD_COUNT 200000

static _Alignas(64) uint8_t block[BLOCK_LEN];
static struct qn_pipe pipe_under_test;

static void
begin(void)
{
	qn_pipe_init(&pipe_under_test, (struct qn_span){block, sizeof(block)});
}

static bool
put(size_t len, uint8_t octet)
{
	uint8_t *record = qn_pipe_reserve(&pipe_under_test, len);

	if (record == NULL)
		return false;
	memset(record, octet, len);
	qn_pipe_commit(&pipe_under_test, len);
	return true;
}

static void
assert_next(size_t len, uint8_t octet)
{
	struct qn_span record;

	assert_true(qn_pipe_peek(&pipe_under_test, &record));
	assert_int_equal(record.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(record.data[i], octet);
	qn_pipe_release(&pipe_under_test);
}

TEST(pipe_keeps_order_and_length)
{
	struct qn_span record;

	begin();
	assert_true(qn_pipe_empty(&pipe_under_test));
	assert_false(qn_pipe_peek(&pipe_under_test, &record));
	assert_true(put(0, 0) && put(1, 1) && put(16, 2) && put(17, 3));
	assert_false(qn_pipe_empty(&pipe_under_test));
	assert_next(0, 0);
	assert_next(1, 1);
	assert_next(16, 2);
	assert_next(17, 3);
	assert_true(qn_pipe_empty(&pipe_under_test));
	assert_false(qn_pipe_peek(&pipe_under_test, &record));
}

TEST(pipe_refuses_what_has_no_room)
{
	begin();
	assert_null(qn_pipe_reserve(&pipe_under_test, BLOCK_LEN));
	assert_true(put(BLOCK_LEN - QN_PIPE_HEAD_LEN, 1));
	assert_false(put(0, 2));
	assert_next(BLOCK_LEN - QN_PIPE_HEAD_LEN, 1);
	assert_true(put(0, 2));
	assert_next(0, 2);
}

/* What was reserved and not committed is room again; what was committed short is short. */
TEST(pipe_commits_what_was_used)
{
	uint8_t *record;

	begin();
	record = qn_pipe_reserve(&pipe_under_test, 500);
	assert_non_null(record);
	record = qn_pipe_reserve(&pipe_under_test, 900);
	assert_non_null(record);
	memset(record, 7, 3);
	qn_pipe_commit(&pipe_under_test, 3);
	assert_true(put(900, 8));
	assert_next(3, 7);
	assert_next(900, 8);
}

/* At every place of the block: a record that does not fit before its end begins at its start. */
TEST(pipe_records_are_in_one_piece)
{
	for (size_t at = 0; at < BLOCK_LEN; at += QN_PIPE_HEAD_LEN) {
		begin();
		for (size_t i = 0; i < at; i += QN_PIPE_HEAD_LEN) {
			assert_true(put(0, 0));
			assert_next(0, 0);
		}
		assert_true(put(BLOCK_LEN / 2 - QN_PIPE_HEAD_LEN, (uint8_t)at));
		assert_true(put(1, 9) || at != 0);
		assert_next(BLOCK_LEN / 2 - QN_PIPE_HEAD_LEN, (uint8_t)at);
	}
}

static size_t
thread_len(uint32_t number)
{
	return number * 2654435761u % 200;
}

static void *
write_all(void *argument)
{
	(void)argument;
	for (uint32_t i = 0; i < THREAD_COUNT; i++)
		while (!put(thread_len(i), (uint8_t)i))
			;
	return NULL;
}

TEST(pipe_between_threads)
{
	pthread_t writer;
	struct qn_span record;

	begin();
	assert_int_equal(pthread_create(&writer, NULL, write_all, NULL), 0);
	for (uint32_t i = 0; i < THREAD_COUNT; i++) {
		while (!qn_pipe_peek(&pipe_under_test, &record))
			;
		assert_int_equal(record.len, thread_len(i));
		for (size_t j = 0; j < record.len; j++)
			if (record.data[j] != (uint8_t)i)
				fail_msg("record %u is torn", i);
		qn_pipe_release(&pipe_under_test);
	}
	pthread_join(writer, NULL);
	assert_true(qn_pipe_empty(&pipe_under_test));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pipe_keeps_order_and_length),
	    cmocka_unit_test(pipe_refuses_what_has_no_room),
	    cmocka_unit_test(pipe_commits_what_was_used),
	    cmocka_unit_test(pipe_records_are_in_one_piece),
	    cmocka_unit_test(pipe_between_threads),
	};

	return cmocka_run_group_tests_name("stream-pipe", tests, NULL, NULL);
}
