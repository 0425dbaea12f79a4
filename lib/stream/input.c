/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/input.h"

#include "base/endian.h"

#include <string.h>

struct qn_span
qn_stream_input_room(struct qn_stream_input *input)
{
	if (input->at > 0) {
		memmove(input->buffer.data, input->buffer.data + input->at, input->end - input->at);
		input->end -= input->at;
		input->at = 0;
	}
	return (struct qn_span){input->buffer.data + input->end, input->buffer.len - input->end};
}

void
qn_stream_input_filled(struct qn_stream_input *input, size_t len)
{
	qn_assert(len <= input->buffer.len - input->end);
	input->end += len;
}

enum qn_stream_input_state
qn_stream_input_next(struct qn_stream_input *input, struct qn_view *message)
{
	const uint8_t *data = input->buffer.data + input->at;
	const size_t held = input->end - input->at;

	if (held < QN_STREAM_LENGTH_LEN)
		return QN_STREAM_MORE;
	const size_t len = qn_load_be16(data);

	if (QN_STREAM_LENGTH_LEN + len > input->buffer.len)
		return QN_STREAM_TOO_LONG;
	if (held < QN_STREAM_LENGTH_LEN + len)
		return QN_STREAM_MORE;
	*message = (struct qn_view){data + QN_STREAM_LENGTH_LEN, len};
	input->at += QN_STREAM_LENGTH_LEN + len;
	return QN_STREAM_MESSAGE;
}

void
qn_stream_input_unget(struct qn_stream_input *input, struct qn_view message)
{
	const size_t len = QN_STREAM_LENGTH_LEN + message.len;

	qn_assert(input->at >= len && message.data == input->buffer.data + input->at - message.len);
	input->at -= len;
}
