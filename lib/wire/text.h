/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Mnemonics of types and response codes for people to read and write.
 *
 * What has no mnemonic is TYPEnnn (RFC 3597 s5) or RCODEnnn.
 */
#include "base/assert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QN_MNEMONIC_MAX 16

/** Writes the mnemonic of a type with a final zero into `text` and returns `text`. */
const char *qn_type_to_text(uint16_t type, char text[QN_MNEMONIC_MAX]);

/** Reads a type's mnemonic in any letter case or TYPEnnn; false when it is neither. */
QN_MUST_USE bool qn_type_from_text(uint16_t *type, const char *text);

const char *qn_rcode_to_text(uint16_t rcode, char text[QN_MNEMONIC_MAX]);
