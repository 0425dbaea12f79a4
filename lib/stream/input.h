/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Messages out of a stream of octets, in whatever pieces it comes.
 *
 * The caller reads into room(), says how much with filled(), and takes messages with next()
 * until there is none; they lie in the buffer until the next call of room().
 * Memory: the caller's buffer, which decides how long a message may be.
 * RFC:    1035 s4.2.2, 7766 s8 (two octets of length in front of each message).
 */
#include "base/assert.h"
#include "base/span.h"

#include <stdbool.h>

#define QN_STREAM_LENGTH_LEN 2

/** Longest message that any stream can carry. */
#define QN_STREAM_MESSAGE_MAX 65535

struct qn_stream_input {
	struct qn_span buffer; /* At least QN_STREAM_LENGTH_LEN and a message. */
	size_t at;             /* Where what was not taken begins, ... */
	size_t end;            /* ... and where it ends. */
};

static inline void
qn_stream_input_init(struct qn_stream_input *input, struct qn_span buffer)
{
	*input = (struct qn_stream_input){.buffer = buffer};
}

/** Where to read to: never empty unless next() has something, or has said TOO_LONG. */
struct qn_span qn_stream_input_room(struct qn_stream_input *input);

/** The first `len` octets of the room have been filled. */
void qn_stream_input_filled(struct qn_stream_input *input, size_t len);

enum qn_stream_input_state {
	QN_STREAM_MESSAGE,  /* Here is one. */
	QN_STREAM_MORE,     /* Its end has not come yet. */
	QN_STREAM_TOO_LONG, /* The next is longer than the buffer: there is no way on. */
};

/** Takes the next message off the front. */
QN_MUST_USE enum qn_stream_input_state qn_stream_input_next(
    struct qn_stream_input *input, struct qn_view *message);

/** Puts back the message that next() has just given. */
void qn_stream_input_unget(struct qn_stream_input *input, struct qn_view message);

/** Whether nothing has come that next() has not given. */
static inline bool
qn_stream_input_empty(const struct qn_stream_input *input)
{
	return input->at == input->end;
}
