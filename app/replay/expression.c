/* SPDX-License-Identifier: BSD-2-Clause */
#include "expression.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16

/* Where the working out stands. */
struct evaluation {
	const struct expression_context *context;
	const char *at;
	unsigned depth;
	char error[EXPRESSION_MAX];
};

/* Text that is put together piece by piece, cut off when there is too much of it. */
struct buffer {
	char text[EXPRESSION_MAX];
	size_t len;
};

static void
buffer_add(struct buffer *buffer, const char *text, size_t len)
{
	if (len > sizeof(buffer->text) - 1 - buffer->len)
		len = sizeof(buffer->text) - 1 - buffer->len;
	memcpy(buffer->text + buffer->len, text, len);
	buffer->len += len;
	buffer->text[buffer->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static bool
fail(struct evaluation *e, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(e->error, sizeof(e->error), format, arguments);
	va_end(arguments);
	return false;
}

static void
buffer_add_number(struct buffer *buffer, double number)
{
	char text[64];

	buffer_add(buffer, text, (size_t)snprintf(text, sizeof(text), "%.12g", number));
}

/* Takes a number off the front of `*text`; false when there is none. */
static bool
take_number(const char **text, double *number)
{
	char *end;

	*number = strtod(*text, &end);
	if (end == *text)
		return false;
	*text = end + strspn(end, " \t");
	return true;
}

static bool
calculate(struct evaluation *e, const char *text, struct buffer *out)
{
	const char *at = text;
	double sum, operand;

	if (!take_number(&at, &sum))
		return fail(e, "\"%.60s\" is no number.", text);
	while (*at != '\0') {
		const char sign = *at++;

		if (!take_number(&at, &operand))
			return fail(e, "\"%.60s\" cannot be worked out.", text);
		switch (sign) {
		case '+':
			sum += operand;
			break;
		case '-':
			sum -= operand;
			break;
		case '*':
			sum *= operand;
			break;
		case '/':
			sum /= operand;
			break;
		default:
			return fail(e, "\"%c\" is none of + - * and /.", sign);
		}
	}
	buffer_add_number(out, sum);
	return true;
}

static bool
check_range(struct evaluation *e, const char *text, struct buffer *out)
{
	const char *at = text;
	double least, value, most;

	if (!take_number(&at, &least) || !take_number(&at, &value) || !take_number(&at, &most))
		return fail(e, "range takes three numbers.");
	if (value < least || value > most)
		return fail(e, "%.12g is not from %.12g to %.12g.", value, least, most);
	buffer_add_number(out, value);
	return true;
}

/* Works out what stood inside of "${}", its own variables and braces replaced already. */
static bool
apply(struct evaluation *e, const char *text, struct buffer *out)
{
	text += strspn(text, " \t");
	if (strcmp(text, "time") == 0) {
		buffer_add_number(out, e->context->time_s);
		return true;
	}
	if (strcmp(text, "timeout") == 0) {
		buffer_add_number(out, e->context->timeout_s);
		return true;
	}
	if (strncmp(text, "range ", 6) == 0)
		return check_range(e, text + 6, out);
	return calculate(e, text, out);
}

static bool
add_variable(struct evaluation *e, struct buffer *out)
{
	size_t len = 0;

	while (isalnum((unsigned char)e->at[len]) || e->at[len] == '_')
		len++;
	for (const struct variable *v = e->context->variables; v != NULL; v = v->next)
		if (strlen(v->name) == len && memcmp(v->name, e->at, len) == 0) {
			buffer_add(out, v->value, strlen(v->value));
			e->at += len;
			return true;
		}
	return fail(e, "the variable \"%.*s\" has no value.", (int)(len < 40 ? len : 40), e->at);
}

/* Works out text up to the end, or up to the closing brace when inside of one. */
static bool
expand(struct evaluation *e, struct buffer *out)
{
	struct buffer inner = {{0}, 0};

	if (e->depth == DEPTH_MAX)
		return fail(e, "braces are nested too deep.");
	e->depth++;
	while (*e->at != '\0' && !(e->depth > 1 && *e->at == '}')) {
		if (strncmp(e->at, "${", 2) == 0) {
			e->at += 2;
			inner = (struct buffer){{0}, 0};
			if (!expand(e, &inner) || !apply(e, inner.text, out))
				return false;
			if (*e->at != '}')
				return fail(e, "a brace is not closed.");
			e->at++;
		} else if (*e->at == '$') {
			e->at++;
			if (!add_variable(e, out))
				return false;
		} else {
			buffer_add(out, e->at++, 1);
		}
	}
	e->depth--;
	return true;
}

bool
expression_value(
    const struct expression_context *context, const char *text, char value[EXPRESSION_MAX])
{
	struct evaluation e = {.context = context, .at = text};
	struct buffer out = {{0}, 0};
	const bool worked_out = expand(&e, &out);

	memcpy(value, worked_out ? out.text : e.error, EXPRESSION_MAX);
	return worked_out;
}

bool
expression_number(const struct expression_context *context, const char *text,
    char error[EXPRESSION_MAX], double *number)
{
	char value[EXPRESSION_MAX];
	const char *at = value;

	if (!expression_value(context, text, value)) {
		memcpy(error, value, EXPRESSION_MAX);
		return false;
	}
	if (!take_number(&at, number) || *at != '\0') {
		snprintf(error, EXPRESSION_MAX, "\"%.60s\" is no number.", value);
		return false;
	}
	return true;
}
