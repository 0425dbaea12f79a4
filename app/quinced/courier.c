/* SPDX-License-Identifier: BSD-2-Clause */
#include "courier.h"

#include <string.h>

/* Messages and replies of one turn: any may be no hit, for which hits over UDP wait. */
#define RECEIVE_COUNT_MAX 16

#define NOTE_LEN sizeof(struct qn_stream_note)

/* Hands over the note at `record`, with a message of `len` octets behind it. */
static void
commit(struct courier *courier, uint8_t *record, const struct qn_stream_note *note, size_t len)
{
	memcpy(record, note, NOTE_LEN);
	qn_pipe_commit(&courier->link->from_worker, NOTE_LEN + len);
	courier->wrote = true;
}

/* Handles a client's message; false when there is no room for a reply now. */
static bool
take_question(struct courier *courier, struct qn_shard *shard, const struct qn_stream_note *note,
    struct qn_view message, struct qn_now now)
{
	const struct qn_shard_stream_client client = {
	    note->token, note->peer.address, note->encrypted};
	struct qn_stream_note answer = {.token = note->token};
	struct qn_span reply = {.len = QN_SHARD_STREAM_REPLY_LEN};
	uint8_t *record = qn_pipe_reserve(&courier->link->from_worker, NOTE_LEN + reply.len);

	if (record == NULL)
		return false;
	reply.data = record + NOTE_LEN;
	switch (qn_shard_stream_ask(shard, &client, message, &reply, now)) {
	case QN_SHARD_STREAM_REPLY:
		answer.kind = QN_STREAM_ANSWER;
		commit(courier, record, &answer, reply.len);
		break;
	case QN_SHARD_STREAM_NONE:
		answer.kind = QN_STREAM_NO_ANSWER;
		commit(courier, record, &answer, 0);
		break;
	case QN_SHARD_STREAM_WAIT:
		break;
	}
	return true;
}

/* Handles one record; false when it has to stay where it is. */
static bool
take_record(
    struct courier *courier, struct qn_shard *shard, struct qn_span record, struct qn_now now)
{
	const struct qn_view message = {record.data + NOTE_LEN, record.len - NOTE_LEN};
	struct qn_stream_note note;

	memcpy(&note, record.data, NOTE_LEN);
	switch (note.kind) {
	case QN_STREAM_QUESTION:
		return take_question(courier, shard, &note, message, now);
	case QN_STREAM_REPLY:
		qn_shard_stream_reply(shard, note.token, message, now);
		return true;
	default:
		qn_assert(note.kind == QN_STREAM_FAILURE);
		qn_shard_stream_failed(shard, note.token, now);
		return true;
	}
}

uint32_t
courier_receive(struct courier *courier, struct qn_shard *shard, struct qn_now now)
{
	struct qn_span record;
	uint32_t count;

	if (courier->link == NULL)
		return 0;
	for (count = 0; count < RECEIVE_COUNT_MAX; count++) {
		if (!qn_pipe_peek(&courier->link->to_worker, &record) ||
		    !take_record(courier, shard, record, now))
			break;
		qn_pipe_release(&courier->link->to_worker);
	}
	worker_count(courier->counters, COUNT_worker_stream_received, count);
	return count;
}

/* Says that there is no answer where the one there is finds no room. */
static void
drop_answer(struct courier *courier, uint64_t token)
{
	const struct qn_stream_note note = {.token = token, .kind = QN_STREAM_NO_ANSWER};
	uint8_t *record = qn_pipe_reserve(&courier->link->from_worker, NOTE_LEN);

	worker_count(courier->counters, COUNT_worker_stream_drop, 1);
	if (record != NULL)
		commit(courier, record, &note, 0);
}

bool
courier_answer(struct courier *courier, struct qn_shard *shard, struct qn_now now)
{
	struct qn_stream_note note = {.kind = QN_STREAM_ANSWER};
	struct qn_span reply = {.len = QN_SHARD_STREAM_REPLY_LEN};
	uint8_t *record;

	if (courier->link == NULL)
		return false;
	record = qn_pipe_reserve(&courier->link->from_worker, NOTE_LEN + reply.len);
	/* It is taken even so: datagrams that are behind it must not wait for a stream. */
	reply.data = (record == NULL ? courier->spare : record) + NOTE_LEN;
	if (!qn_shard_take_stream_answer(shard, &note.token, &reply, now))
		return false;
	if (record == NULL)
		drop_answer(courier, note.token);
	else
		commit(courier, record, &note, reply.len);
	return true;
}

/* Passes queries on as long as there is room; the others wait in the shard. */
static void
send_queries(struct courier *courier, struct qn_shard *shard)
{
	struct qn_pipe *pipe = &courier->link->from_worker;
	uint8_t *record;

	while ((record = qn_pipe_reserve(pipe, NOTE_LEN + QN_SHARD_STREAM_LEN)) != NULL) {
		const struct qn_span message = {record + NOTE_LEN, QN_SHARD_STREAM_LEN};
		struct qn_stream_note note = {.kind = QN_STREAM_QUERY};
		struct qn_shard_stream stream;

		if (!qn_shard_take_stream(shard, &stream, message))
			return;
		note.token = stream.token;
		note.peer = stream.server;
		commit(courier, record, &note, stream.len);
	}
}

void
courier_send(struct courier *courier, struct qn_shard *shard)
{
	if (courier->link == NULL)
		return;
	send_queries(courier, shard);
	if (courier->wrote)
		qn_stream_bell_ring(courier->link->bell);
	courier->wrote = false;
}
