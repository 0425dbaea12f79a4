/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Lines and words of a text, cut apart in place.
 *
 * Memory: the caller's buffer, into which zeros are written; lines and words point into it.
 */
#include <stdbool.h>

struct text {
	char *rest;    /* Behind the current line; NULL when that was the last. */
	unsigned line; /* Number of the current line, from 1. */
	bool again;    /* The current line is to be given once more. */
	char *current;
};

/** What begins a comment, outside quotes. */
enum text_comments {
	TEXT_COMMENTS_ENTRY,    /* ";" anywhere; "'" quotes nothing. */
	TEXT_COMMENTS_SETTINGS, /* "#" or ";" at the start of a word. */
};

/** Starts with the first line of `buffer`, which ends with a zero. */
struct text text_of(char *buffer);

/** The next line that is not empty, without comment and blanks around it; NULL at the end. */
char *text_line(struct text *text, enum text_comments comments);

/** Makes text_line() give the current line once more. */
void text_again(struct text *text);

/**
 * Cuts the next word off the front of `*rest`; NULL when there is none. Quotes, single or
 * double, around a word go, and blanks inside of them stay.
 */
char *text_word(char **rest);

/** Cuts the blanks off both ends; returns the new start. */
char *text_trim(char *line);

/** Whether `line` begins with the whole word `word`. */
bool text_begins(const char *line, const char *word);
