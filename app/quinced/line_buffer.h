/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Cuts a stream of bytes into lines, each of a bounded length.
 */
#include "base/span.h"

#define LINE_BUFFER_MAX 4096 /* Octets of a line, its newline included. */

/** All zero at start. */
struct line_buffer {
	char data[LINE_BUFFER_MAX];
	size_t used;
};

enum line_status {
	LINE_NONE,     /* The stream has to go on first. */
	LINE_WHOLE,    /* A line was taken. */
	LINE_TOO_LONG, /* There is no newline in as much as fits; nothing more can be taken. */
};

/** Where to put what comes next out of the stream; empty when a line has to be taken first. */
static inline struct qn_span
line_buffer_room(struct line_buffer *buffer)
{
	return (struct qn_span){
	    (uint8_t *)buffer->data + buffer->used, sizeof(buffer->data) - buffer->used};
}

/** Says that `len` octets were put into the room. */
static inline void
line_buffer_fill(struct line_buffer *buffer, size_t len)
{
	buffer->used += len;
}

/** Takes the first line into `line`, a zero instead of its newline, and its length. */
enum line_status line_buffer_take(
    struct line_buffer *buffer, char line[LINE_BUFFER_MAX], size_t *line_len);
