/* SPDX-License-Identifier: BSD-2-Clause */
#include "line_buffer.h"

#include <string.h>

enum line_status
line_buffer_take(struct line_buffer *buffer, char line[LINE_BUFFER_MAX], size_t *line_len)
{
	const char *end = memchr(buffer->data, '\n', buffer->used);

	if (end == NULL)
		return buffer->used == sizeof(buffer->data) ? LINE_TOO_LONG : LINE_NONE;
	*line_len = (size_t)(end - buffer->data);
	memcpy(line, buffer->data, *line_len);
	line[*line_len] = '\0';
	buffer->used -= *line_len + 1;
	memmove(buffer->data, end + 1, buffer->used);
	return LINE_WHOLE;
}
