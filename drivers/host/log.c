/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/log.h"

#include "host/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int log_most = QN_LOG_INFO;

void
qn_log_level_set(enum qn_log_level most)
{
	atomic_store_explicit(&log_most, (int)most, memory_order_relaxed);
}

static const char *
level_word(enum qn_log_level level)
{
	switch (level) {
	case QN_LOG_ERROR:
		return "error";
	case QN_LOG_WARNING:
		return "warning";
	case QN_LOG_NOTICE:
		return "notice";
	case QN_LOG_INFO:
		return "info";
	case QN_LOG_DEBUG:
		return "debug";
	}
	return "";
}

/* JOURNAL_STREAM is inherited; it counts only while it still names our standard error. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device;
	unsigned long long inode;
	struct stat status;

	if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* Appends `text` to the line with its unprintable octets escaped; false when it did not fit. */
static bool
line_append_escaped(char *line, size_t *len, const char *text)
{
	static const char hex[16] = "0123456789abcdef";
	const size_t room = QN_LOG_LINE_MAX - sizeof("...\n") + 1;

	for (const char *at = text; *at != '\0'; at++) {
		const unsigned char octet = (unsigned char)*at;
		const bool plain = octet >= 0x20 && octet < 0x7f && octet != '\\';
		const size_t need = plain ? 1 : octet == '\\' ? 2 : 4;

		if (*len + need > room)
			return false;
		if (plain) {
			line[(*len)++] = *at;
			continue;
		}
		line[(*len)++] = '\\';
		if (octet == '\\') {
			line[(*len)++] = '\\';
			continue;
		}
		line[(*len)++] = 'x';
		line[(*len)++] = hex[octet >> 4];
		line[(*len)++] = hex[octet & 15];
	}
	return true;
}

static void
log_write(enum qn_log_level level, const char *subsystem, const char *text)
{
	char line[QN_LOG_LINE_MAX];
	size_t len;

	if (stderr_is_journal())
		len = (size_t)snprintf(line, sizeof(line), "<%d>%.32s: ", level, subsystem);
	else
		len = (size_t)snprintf(
		    line, sizeof(line), "%s %.32s: ", level_word(level), subsystem);
	if (!line_append_escaped(line, &len, text)) {
		memcpy(line + len, "...", 3);
		len += 3;
	}
	line[len++] = '\n';
	/* A log that cannot be written has nowhere to say so. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

static bool
level_shown(enum qn_log_level level)
{
	return (int)level <= atomic_load_explicit(&log_most, memory_order_relaxed);
}

void
qn_log(enum qn_log_level level, const char *subsystem, const char *format, ...)
{
	char text[QN_LOG_LINE_MAX];
	va_list arguments;

	if (!level_shown(level))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_write(level, subsystem, text);
}

bool
qn_log_limit_pass(struct qn_log_limit *limit, struct qn_mono now, uint32_t *missed_count)
{
	uint64_t start_us = atomic_load_explicit(&limit->start_us, memory_order_relaxed);
	uint32_t before;

	*missed_count = 0;
	/* Of the threads that see a span end, the one whose exchange succeeds begins the next. */
	if ((start_us == 0 ||
		qn_mono_since_us((struct qn_mono){start_us}, now) >= QN_LOG_LIMIT_SPAN_US) &&
	    atomic_compare_exchange_strong(&limit->start_us, &start_us, now.us)) {
		before = atomic_exchange(&limit->count, 1);
		if (before > QN_LOG_LIMIT_COUNT)
			*missed_count = before - QN_LOG_LIMIT_COUNT;
		return true;
	}
	before = atomic_load_explicit(&limit->count, memory_order_relaxed);
	if (before == UINT32_MAX)
		return false;
	return atomic_fetch_add(&limit->count, 1) < QN_LOG_LIMIT_COUNT;
}

void
qn_log_through(struct qn_log_limit *limit, enum qn_log_level level, const char *subsystem,
    const char *format, ...)
{
	char text[QN_LOG_LINE_MAX];
	uint32_t missed_count;
	va_list arguments;

	if (!level_shown(level) || !qn_log_limit_pass(limit, qn_clock_read().mono, &missed_count))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (missed_count > 0)
		qn_log(level, subsystem, "%s (%u more like it were left out)", text, missed_count);
	else
		log_write(level, subsystem, text);
}
