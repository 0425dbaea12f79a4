/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the thread of the streams and a shard, with a shard of the test's: so much a turn, and
 * nobody is forgotten when a pipe is full.
 */
#include "courier.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define PIPE_LEN (1u << 20)
#define TURN_MAX 16 /* Messages that a turn takes. */
#define LEN      40

static enum qn_shard_stream_verdict verdict; /* Of each question asked. */
static unsigned asked_count, replied_count, failed_count, ring_count;
static unsigned waiting_count; /* Clients whose answers are ready. */

static struct qn_stream_bell bell;
static struct qn_stream_link ends;
static struct worker_counters counters;
static struct courier courier;

enum qn_shard_stream_verdict
qn_shard_stream_ask(struct qn_shard *shard, const struct qn_shard_stream_client *client,
    struct qn_view message, struct qn_span *reply, struct qn_now now)
{
	(void)shard;
	(void)now;
	assert_int_equal(client->token, 100 + asked_count);
	assert_int_equal(message.len, LEN);
	assert_true(reply->len >= QN_SHARD_STREAM_REPLY_LEN);
	reply->len = LEN;
	asked_count++;
	return verdict;
}

void
qn_shard_stream_reply(
    struct qn_shard *shard, uint64_t token, struct qn_view message, struct qn_now now)
{
	(void)shard;
	(void)token;
	(void)now;
	assert_int_equal(message.len, LEN);
	replied_count++;
}

void
qn_shard_stream_failed(struct qn_shard *shard, uint64_t token, struct qn_now now)
{
	(void)shard;
	(void)token;
	(void)now;
	failed_count++;
}

bool
qn_shard_take_stream_answer(
    struct qn_shard *shard, uint64_t *token, struct qn_span *reply, struct qn_now now)
{
	(void)shard;
	(void)now;
	if (waiting_count == 0)
		return false;
	assert_true(reply->len >= QN_SHARD_STREAM_REPLY_LEN);
	reply->len = QN_SHARD_STREAM_REPLY_LEN;
	*token = --waiting_count;
	return true;
}

bool
qn_shard_take_stream(struct qn_shard *shard, struct qn_shard_stream *stream, struct qn_span message)
{
	(void)shard;
	(void)stream;
	(void)message;
	return false;
}

void
qn_stream_bell_ring(struct qn_stream_bell *rung)
{
	assert_ptr_equal(rung, &bell);
	ring_count++;
}

static struct qn_span
pipe_room(void)
{
	uint8_t *memory = aligned_alloc(64, PIPE_LEN);

	assert_non_null(memory);
	return (struct qn_span){memory, PIPE_LEN};
}

static int
open_courier(void **state)
{
	(void)state;
	qn_pipe_init(&ends.to_worker, pipe_room());
	qn_pipe_init(&ends.from_worker, pipe_room());
	ends.bell = &bell;
	courier = (struct courier){.link = &ends, .counters = &counters};
	counters = (struct worker_counters){0};
	asked_count = replied_count = failed_count = ring_count = waiting_count = 0;
	verdict = QN_SHARD_STREAM_REPLY;
	return 0;
}

static int
close_courier(void **state)
{
	(void)state;
	free(ends.to_worker.data);
	free(ends.from_worker.data);
	return 0;
}

/* As the thread of the streams: writes a note with a message behind it. */
static void
write_note(uint64_t token, enum qn_stream_note_kind kind)
{
	const struct qn_stream_note note = {.token = token, .kind = (uint8_t)kind};
	const size_t len = kind == QN_STREAM_FAILURE ? 0 : LEN;
	uint8_t *record = qn_pipe_reserve(&ends.to_worker, sizeof(note) + len);

	assert_non_null(record);
	memcpy(record, &note, sizeof(note));
	memset(record + sizeof(note), 0, len);
	qn_pipe_commit(&ends.to_worker, sizeof(note) + len);
}

/* Takes the next note for the thread of the streams; its message has `*len` octets. */
static struct qn_stream_note
take_note(size_t *len)
{
	struct qn_stream_note note;
	struct qn_span record;

	assert_true(qn_pipe_peek(&ends.from_worker, &record));
	memcpy(&note, record.data, sizeof(note));
	*len = record.len - sizeof(note);
	qn_pipe_release(&ends.from_worker);
	return note;
}

static uint32_t
receive(void)
{
	return courier_receive(&courier, NULL, (struct qn_now){0});
}

TEST(a_turn_takes_so_many_questions)
{
	const unsigned count = 3 * TURN_MAX + 1;
	size_t len;

	for (unsigned i = 0; i < count; i++)
		write_note(100 + i, QN_STREAM_QUESTION);
	for (unsigned i = 0; i < count / TURN_MAX; i++)
		assert_int_equal(receive(), TURN_MAX);
	assert_int_equal(receive(), count % TURN_MAX);
	assert_int_equal(receive(), 0);
	assert_int_equal(counters.values[COUNT_worker_stream_received], count);
	for (unsigned i = 0; i < count; i++) {
		const struct qn_stream_note note = take_note(&len);

		assert_int_equal(note.kind, QN_STREAM_ANSWER);
		assert_int_equal(note.token, 100 + i);
		assert_int_equal(len, LEN);
	}
	courier_send(&courier, NULL);
	courier_send(&courier, NULL);
	assert_int_equal(ring_count, 1);
}

TEST(replies_and_failures_count_as_questions_do)
{
	for (unsigned i = 0; i < TURN_MAX; i++) {
		write_note(i, QN_STREAM_REPLY);
		write_note(i, QN_STREAM_FAILURE);
	}
	assert_int_equal(receive(), TURN_MAX);
	assert_int_equal(replied_count + failed_count, TURN_MAX);
	assert_int_equal(receive(), TURN_MAX);
	assert_int_equal(replied_count, TURN_MAX);
	assert_int_equal(failed_count, TURN_MAX);
	courier_send(&courier, NULL);
	assert_int_equal(ring_count, 0);
}

TEST(message_without_a_reply_is_told_so)
{
	size_t len;

	verdict = QN_SHARD_STREAM_NONE;
	write_note(100, QN_STREAM_QUESTION);
	assert_int_equal(receive(), 1);
	const struct qn_stream_note note = take_note(&len);

	assert_int_equal(note.kind, QN_STREAM_NO_ANSWER);
	assert_int_equal(note.token, 100);
	assert_int_equal(len, 0);
}

/* A question waits for room; an answer that finds none is told and counted. */
TEST(full_pipe_forgets_nobody)
{
	unsigned answer_count = 0;
	size_t len;

	waiting_count = 1000;
	while (counters.values[COUNT_worker_stream_drop] == 0) {
		assert_true(courier_answer(&courier, NULL, (struct qn_now){0}));
		answer_count++;
	}
	write_note(100, QN_STREAM_QUESTION);
	assert_int_equal(receive(), 0);
	assert_int_equal(asked_count, 0);
	for (unsigned i = 0; i < answer_count; i++) {
		const struct qn_stream_note note = take_note(&len);
		const bool dropped = i == answer_count - 1;

		assert_int_equal(note.kind, dropped ? QN_STREAM_NO_ANSWER : QN_STREAM_ANSWER);
		assert_int_equal(note.token, 999 - i);
	}
	assert_int_equal(receive(), 1);
	assert_int_equal(asked_count, 1);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_courier, close_courier)
	const struct CMUnitTest tests[] = {
	    CASE(a_turn_takes_so_many_questions),
	    CASE(replies_and_failures_count_as_questions_do),
	    CASE(message_without_a_reply_is_told_so),
	    CASE(full_pipe_forgets_nobody),
	};

	return cmocka_run_group_tests_name("app-courier", tests, NULL, NULL);
}
