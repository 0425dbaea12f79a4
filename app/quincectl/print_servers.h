/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What is known of nameserver addresses as a table: a line an address, best first.
 */
#include <jansson.h>
#include <stdio.h>

/** Prints the reply to "ns". */
void print_servers(const json_t *reply, FILE *out);
