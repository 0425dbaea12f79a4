/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/message.h"

#include "host/log.h"

#include <bpf/libbpf.h>
#include <rte_log.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

static struct {
	FILE *stream;
	_Atomic bool expected; /* A failure is somebody else's to report. */
	char first[256];
} messages;

/* Takes one line, without its newline. */
static void
message_take(const char *line, size_t len)
{
	if (len == 0)
		return;
	if (!atomic_load(&messages.expected)) {
		qn_log_limited(QN_LOG_WARNING, "dpdk", "%.*s", (int)len, line);
		return;
	}
	if (messages.first[0] == '\0')
		snprintf(messages.first, sizeof(messages.first), "%.*s", (int)len, line);
	qn_log(QN_LOG_DEBUG, "dpdk", "%.*s", (int)len, line);
}

static void
message_take_lines(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		const size_t line_len = end != NULL ? (size_t)(end - text) : len;

		message_take(text, line_len);
		text += line_len + (end != NULL);
		len -= line_len + (end != NULL);
	}
}

static ssize_t
dpdk_write(void *cookie, const char *text, size_t len)
{
	(void)cookie;
	message_take_lines(text, len);
	return (ssize_t)len;
}

/* libbpf and libxdp have a level each, numbered alike: warnings first. */
static void
bpf_print(const char *format, va_list arguments)
{
	char text[256];
	const int len = vsnprintf(text, sizeof(text), format, arguments);

	if (len > 0)
		message_take_lines(text, strlen(text));
}

__attribute__((format(printf, 2, 0))) static int
libbpf_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN)
		bpf_print(format, arguments);
	return 0;
}

__attribute__((format(printf, 2, 0))) static int
libxdp_print(enum libxdp_print_level level, const char *format, va_list arguments)
{
	if (level == LIBXDP_WARN)
		bpf_print(format, arguments);
	return 0;
}

bool
qn_message_redirect(void)
{
	const cookie_io_functions_t functions = {.write = dpdk_write};

	messages.stream = fopencookie(NULL, "w", functions);
	if (messages.stream == NULL)
		return false;
	rte_openlog_stream(messages.stream);
	libbpf_set_print(libbpf_print);
	libxdp_set_print(libxdp_print);
	return true;
}

void
qn_message_restore(void)
{
	rte_openlog_stream(NULL);
	fclose(messages.stream);
	messages.stream = NULL;
}

void
qn_message_begin(void)
{
	messages.first[0] = '\0';
	atomic_store(&messages.expected, true);
}

void
qn_message_end(void)
{
	atomic_store(&messages.expected, false);
}

const char *
qn_message_first(void)
{
	return messages.first[0] != '\0' ? messages.first : "no reason given";
}
