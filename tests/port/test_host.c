/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock, entropy and log.
 */
#include "host/clock.h"
#include "host/entropy.h"
#include "host/log.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int saved_stderr;
static char log_path[] = "/tmp/qn_log_XXXXXX";
static char written[4 << 20];

/* Sends standard error to a file until said() is called. */
static void
listen_to_log(void)
{
	const int file = open(log_path, O_RDWR | O_TRUNC | O_APPEND | O_CLOEXEC);

	assert_return_code(file, errno);
	saved_stderr = dup(STDERR_FILENO);
	assert_return_code(dup2(file, STDERR_FILENO), errno);
	close(file);
}

/* What was written to standard error meanwhile. */
static const char *
said(void)
{
	ssize_t len;
	const int file = open(log_path, O_RDONLY | O_CLOEXEC);

	assert_return_code(dup2(saved_stderr, STDERR_FILENO), errno);
	close(saved_stderr);
	len = read(file, written, sizeof(written) - 1);
	assert_return_code((int)len, errno);
	written[len] = '\0';
	close(file);
	return written;
}

TEST(reads_both_clocks)
{
	const struct qn_now first = qn_clock_read();
	const struct qn_now second = qn_clock_read();
	const time_t wall = time(NULL);

	assert_true(second.mono.us >= first.mono.us);
	assert_in_range(second.wall.s, wall - 1, wall + 1);
	usleep(20 * 1000);
	assert_in_range(
	    qn_mono_since_us(second.mono, qn_clock_read().mono), 20 * 1000, 2000 * 1000);
}

TEST(fills_with_entropy)
{
	uint8_t bytes[600] = {0}; /* The kernel may give 256 at a time. */
	bool seen[256] = {false};
	int kinds = 0;

	assert_int_equal(qn_entropy_fill((struct qn_span){bytes, sizeof(bytes)}), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		seen[bytes[i]] = true;
	for (int i = 0; i < 256; i++)
		kinds += seen[i];
	assert_true(kinds > 180); /* 231 are expected. */
	;
	assert_int_equal(qn_entropy_fill((struct qn_span){NULL, 0}), 0);
}

TEST(writes_one_line_a_message)
{
	listen_to_log();
	qn_log(QN_LOG_ERROR, "config", "line %d: %s", 3, "no such key");
	qn_log(QN_LOG_WARNING, "port", "slow");
	qn_log(QN_LOG_NOTICE, "main", "ready");
	qn_log(QN_LOG_INFO, "main", "fine");
	assert_string_equal(said(), "error config: line 3: no such key\n"
				    "warning port: slow\n"
				    "notice main: ready\n"
				    "info main: fine\n");
}

TEST(shows_what_the_level_lets_through)
{
	listen_to_log();
	qn_log(QN_LOG_DEBUG, "main", "not at start");
	qn_log_level_set(QN_LOG_DEBUG);
	qn_log(QN_LOG_DEBUG, "main", "shown");
	qn_log_level_set(QN_LOG_ERROR);
	qn_log(QN_LOG_WARNING, "main", "not shown");
	qn_log_limited(QN_LOG_WARNING, "main", "neither");
	qn_log_level_set(QN_LOG_INFO);
	assert_string_equal(said(), "debug main: shown\n");
}

TEST(escapes_what_strangers_write)
{
	listen_to_log();
	qn_log(QN_LOG_INFO, "main", "a\nerror main: forged\t\x1b[2J\x7f\x80\\ end");
	assert_string_equal(
	    said(), "info main: a\\x0aerror main: forged\\x09\\x1b[2J\\x7f\\x80\\\\ end\n");
}

TEST(cuts_long_lines)
{
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	listen_to_log();
	qn_log(QN_LOG_INFO, "main", "%s", text);
	/* Every octet four times as long: no escape is cut in two. */
	memset(text, '\n', sizeof(text) - 1);
	qn_log(QN_LOG_INFO, "main", "%s", text);
	said();
	for (const char *line = written; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n');

		assert_non_null(end);
		assert_in_range(end + 1 - line, QN_LOG_LINE_MAX - 4, QN_LOG_LINE_MAX);
		assert_memory_equal(end - 3, "...", 3);
		if (line[11] == '\\')
			assert_memory_equal(end - 7, "\\x0a", 4);
	}
}

TEST(speaks_to_the_journal_in_priorities)
{
	char stream[64];
	struct stat status;

	listen_to_log();
	assert_return_code(fstat(STDERR_FILENO, &status), errno);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
	    (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	qn_log(QN_LOG_WARNING, "port", "slow");
	/* Inherited from a parent whose standard error was another file. */
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
	    (unsigned long long)status.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	qn_log(QN_LOG_WARNING, "port", "slow");
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(said(), "<4>port: slow\nwarning port: slow\n");
}

TEST(limits_a_call_site)
{
	struct qn_log_limit limit = {0};
	const struct qn_mono start = {77};
	uint32_t missed;

	for (uint32_t i = 0; i < QN_LOG_LIMIT_COUNT; i++) {
		assert_true(qn_log_limit_pass(&limit, start, &missed));
		assert_int_equal(missed, 0);
	}
	for (int i = 0; i < 7; i++)
		assert_false(qn_log_limit_pass(
		    &limit, qn_mono_after_us(start, QN_LOG_LIMIT_SPAN_US - 1), &missed));
	/* A clock read a little earlier by another thread begins no span. */
	assert_false(qn_log_limit_pass(&limit, (struct qn_mono){76}, &missed));
	assert_true(
	    qn_log_limit_pass(&limit, qn_mono_after_us(start, QN_LOG_LIMIT_SPAN_US), &missed));
	assert_int_equal(missed, 8);
	assert_true(
	    qn_log_limit_pass(&limit, qn_mono_after_us(start, 2 * QN_LOG_LIMIT_SPAN_US), &missed));
	assert_int_equal(missed, 0);
}

TEST(limits_call_sites_apart)
{
	uint32_t lines = 0;

	listen_to_log();
	for (int i = 0; i < 100; i++) {
		qn_log_limited(QN_LOG_WARNING, "port", "first %d", i);
		qn_log_limited(QN_LOG_WARNING, "port", "second %d", i);
	}
	said();
	for (const char *at = written; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 2 * QN_LOG_LIMIT_COUNT);
	assert_non_null(strstr(written, "first 4\n"));
	assert_non_null(strstr(written, "second 4\n"));
	assert_null(strstr(written, " 5\n"));
}

enum { LINE_COUNT = 2000 };

static void *
write_lines(void *word)
{
	for (int i = 0; i < LINE_COUNT; i++)
		qn_log(QN_LOG_INFO, "main", "%s %s %s", (char *)word, (char *)word, (char *)word);
	return NULL;
}

TEST(keeps_lines_of_threads_apart)
{
	static char words[3][100];
	pthread_t threads[3];
	uint32_t lines = 0;

	for (int i = 0; i < 3; i++)
		memset(words[i], 'a' + i, sizeof(words[i]) - 1);
	listen_to_log();
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, words[i]), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	said();
	for (char *line = written, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char expected[400];
		const char *word = words[line[11] - 'a'];

		*end = '\0';
		snprintf(expected, sizeof(expected), "info main: %s %s %s", word, word, word);
		assert_string_equal(line, expected);
		lines++;
	}
	assert_int_equal(lines, 3 * LINE_COUNT);
}

static int
make_file(void **state)
{
	const int file = mkstemp(log_path);

	(void)state;
	assert_return_code(file, errno);
	return close(file);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(log_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_both_clocks),
	    cmocka_unit_test(fills_with_entropy),
	    cmocka_unit_test(writes_one_line_a_message),
	    cmocka_unit_test(shows_what_the_level_lets_through),
	    cmocka_unit_test(escapes_what_strangers_write),
	    cmocka_unit_test(cuts_long_lines),
	    cmocka_unit_test(speaks_to_the_journal_in_priorities),
	    cmocka_unit_test(limits_a_call_site),
	    cmocka_unit_test(limits_call_sites_apart),
	    cmocka_unit_test(keeps_lines_of_threads_apart),
	};

	return cmocka_run_group_tests_name("host", tests, make_file, remove_file);
}
