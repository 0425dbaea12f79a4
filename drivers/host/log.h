/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The log: one line a message on standard error, "warning port: text".
 *
 * Threads: any; a line is one write(2), so lines never mix.
 * Bounds:  a line is at most QN_LOG_LINE_MAX octets, longer ones end in "...".
 * Trust:   the text may hold bytes of strangers: all but printable ASCII goes out as \xNN,
 *          the backslash as \\, so that nobody forges a line or steers a terminal.
 *          Never log a secret (source ports and ids in flight, cookies, keys).
 * Systemd: when standard error is the journal (JOURNAL_STREAM names it), a line starts
 *          with its priority as "<4>" (sd-daemon(3)) and has no level word.
 */
#include "base/time.h"

#include <stdatomic.h>

#define QN_LOG_LINE_MAX 1024

/** Levels, by the numbers of syslog (RFC 5424 s6.2.1). */
enum qn_log_level {
	QN_LOG_ERROR = 3,   /* Something does not work; somebody has to act. */
	QN_LOG_WARNING = 4, /* It works, but not as it should. */
	QN_LOG_NOTICE = 5,  /* The few lines of a normal life: start, ready, stop. */
	QN_LOG_INFO = 6,
	QN_LOG_DEBUG = 7,
};

/** Shows messages up to `most`, QN_LOG_INFO at start. Any thread, any time. */
void qn_log_level_set(enum qn_log_level most);

/** Writes one line; `subsystem` is one word: "port", "config". */
void qn_log(enum qn_log_level level, const char *subsystem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define QN_LOG_LIMIT_COUNT   5u                 /* Lines of one call site ... */
#define QN_LOG_LIMIT_SPAN_US (10 * QN_US_PER_S) /* ... in this time. */

/** How much one call site has written lately; all zero at start. */
struct qn_log_limit {
	_Atomic uint64_t start_us; /* Begin of the span; 0: none yet. */
	_Atomic uint32_t count;    /* Messages in the span. */
};

/**
 * Whether this message may be written, at `now`. `*missed_count` is how many of this call
 * site were left out in the span before; the first message of a span says so.
 */
bool qn_log_limit_pass(struct qn_log_limit *limit, struct qn_mono now, uint32_t *missed_count);

/** As qn_log(), unless `limit` is used up. */
void qn_log_through(struct qn_log_limit *limit, enum qn_log_level level, const char *subsystem,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/** As qn_log(), for what a packet can cause: at most QN_LOG_LIMIT_COUNT lines a span here. */
#define qn_log_limited(level, subsystem, ...)                                  \
	do {                                                                   \
		static struct qn_log_limit qn_limit_here;                      \
		qn_log_through(&qn_limit_here, level, subsystem, __VA_ARGS__); \
	} while (0)
