/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * DNS messages and records written down as text, so that a test shows what it is about.
 *
 * A message is a list of lines in any order:
 *
 *     id NUMBER
 *     flags WORD ...                          qr aa tc rd ra ad cd, opcode=N, or an rcode
 *     question NAME TYPE [CLASS]
 *     SECTION OWNER TTL [CLASS] TYPE RDATA    answer, authority or additional
 *     edns SIZE [do] [version=N] [option=CODE:HEX] ...
 *
 * RDATA is an address, a name, the fields of MX or SOA, one string (TXT), or "\#" and
 * hexadecimal digits for any type (RFC 3597 s5). Class IN where none is given.
 */
#include "support/test.h"
#include "wire/message.h"
#include "wire/rrset.h"

/** Room for any message. */
#define TEST_MESSAGE_MAX 65535

/** Writes the message that `lines`, ended by NULL, describe; fails the test on a slip in them. */
struct qn_view test_message_lines(struct qn_span room, const char *const *lines);

/** The same, read back: it has to be a sound message. In memory that the next call overwrites. */
struct qn_message test_message_read(const char *const *lines);

#define TEST_LINES(...)   ((const char *const[]){__VA_ARGS__, NULL})
#define TEST_MESSAGE(...) test_message_read(TEST_LINES(__VA_ARGS__))

/** The question that "NAME TYPE [CLASS]" spells. */
struct qn_question test_question(const char *text);

/**
 * The RRset of "OWNER TTL TYPE RDATA" lines ended by NULL: owner, TTL and type are those of
 * the first. Its records are packed into `room`, which has to outlive it.
 */
struct qn_rrset test_rrset_lines(struct qn_span room, const char *const *lines);

#define TEST_RRSET(room, ...) test_rrset_lines(room, TEST_LINES(__VA_ARGS__))

/** "OWNER TTL TYPE RDATA" of record number `index` of `rrset`; names and addresses in full. */
const char *test_rrset_text(const struct qn_rrset *rrset, unsigned index);
