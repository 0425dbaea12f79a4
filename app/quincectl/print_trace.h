/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The trace of a question as a table: a line a step, from top to bottom in time.
 */
#include <jansson.h>
#include <stdio.h>

/** Prints the reply to "trace". */
void print_trace(const json_t *reply, FILE *out);
