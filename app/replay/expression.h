/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The small language of ASSIGN and TIME_PASSES EVAL.
 *
 * "$name" stands for the value of a variable, "${...}" for that of what is inside: "time" (the
 * clock, in seconds), "timeout" (seconds until the resolver's next timer), "range a x b" (x,
 * which has to be from a to b), or numbers with + - * / between them, worked out from left to
 * right. Everything else stands for itself.
 */
#include "region.h"

#include <stdbool.h>

/** Room for a value or for the sentence about an error, the final zero included. */
#define EXPRESSION_MAX 256

struct variable {
	struct variable *next;
	const char *name;
	const char *value;
};

struct expression_context {
	const struct variable *variables;
	double time_s;
	double timeout_s;
};

/** Works out `text` into `value`; false with a sentence in `value` when that fails. */
bool expression_value(
    const struct expression_context *context, const char *text, char value[EXPRESSION_MAX]);

/** Works out `text`, which has to be a number. */
bool expression_number(const struct expression_context *context, const char *text,
    char error[EXPRESSION_MAX], double *number);
