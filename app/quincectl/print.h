/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Replies of the daemon, laid out for people.
 */
#include <jansson.h>
#include <stdio.h>

/** Any reply: a line a value, aligned; lists of objects as tables. */
void print_reply(const json_t *reply, FILE *out);

/** Statistics: a line a counter, a column for the sum and one a worker; zeros left out. */
void print_stats(const json_t *reply, FILE *out);
