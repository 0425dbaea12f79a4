/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <string.h>

static const char blanks[] = " \t\r\v\f";

static bool
is_blank(char c)
{
	return c != '\0' && strchr(blanks, c) != NULL;
}

struct text
text_of(char *buffer)
{
	return (struct text){.rest = buffer};
}

char *
text_trim(char *line)
{
	line += strspn(line, blanks);
	size_t len = strlen(line);

	while (len > 0 && is_blank(line[len - 1]))
		len--;
	line[len] = '\0';
	return line;
}

static bool
begins_comment(const char *line, const char *at, enum text_comments comments)
{
	if (comments == TEXT_COMMENTS_ENTRY)
		return *at == ';';
	return (*at == ';' || *at == '#') && (at == line || is_blank(at[-1]));
}

static bool
is_quote(char c, enum text_comments comments)
{
	return c == '"' || (c == '\'' && comments == TEXT_COMMENTS_SETTINGS);
}

static void
cut_comment(char *line, enum text_comments comments)
{
	char quote = '\0';

	for (char *at = line; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
		} else if (quote != '\0') {
			if (*at == quote)
				quote = '\0';
		} else if (is_quote(*at, comments)) {
			quote = *at;
		} else if (begins_comment(line, at, comments)) {
			*at = '\0';
			return;
		}
	}
}

/* The next line as it stands in the text. */
static char *
cut_line(struct text *text)
{
	char *line = text->rest;
	char *end = strchr(line, '\n');

	text->line++;
	text->rest = end == NULL ? NULL : end + 1;
	if (end != NULL)
		*end = '\0';
	return line;
}

char *
text_line(struct text *text, enum text_comments comments)
{
	if (text->again) {
		text->again = false;
		return text->current;
	}
	while (text->rest != NULL) {
		char *line = cut_line(text);

		cut_comment(line, comments);
		text->current = text_trim(line);
		if (*text->current != '\0')
			return text->current;
	}
	return NULL;
}

void
text_again(struct text *text)
{
	text->again = true;
}

char *
text_word(char **rest)
{
	char *word = *rest + strspn(*rest, blanks);
	char *end;

	if (*word == '\0')
		return NULL;
	if (is_quote(*word, TEXT_COMMENTS_SETTINGS)) {
		end = strchr(word + 1, *word);
		word++;
		if (end == NULL)
			end = word + strlen(word);
	} else {
		end = word + strcspn(word, blanks);
	}
	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word;
}

bool
text_begins(const char *line, const char *word)
{
	const size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && (line[len] == '\0' || is_blank(line[len]));
}
