/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Messages in a few words, for people.
 */
#include "base/address.h"

#include <ldns/ldns.h>

/** Room for any of these texts, the final zero included; longer ones are cut off. */
#define DESCRIBE_MAX 192

/** A record on one line, with single blanks. */
const char *describe_record(const ldns_rr *rr, char text[DESCRIBE_MAX]);

/** The first question: "NAME CLASS TYPE", or "nothing". */
const char *describe_question(const ldns_pkt *message, char text[DESCRIBE_MAX]);

/** The question of a query to an authority, in lower case: its letters are in a random one. */
const char *describe_query(const ldns_pkt *message, char text[DESCRIBE_MAX]);

/** The response code with its upper bits out of EDNS. */
unsigned describe_rcode_number(const ldns_pkt *message);
const char *describe_rcode(const ldns_pkt *message, char text[DESCRIBE_MAX]);

/** The flags that are set, a blank in front of each. */
const char *describe_flags(const ldns_pkt *message, char text[DESCRIBE_MAX]);

/** Response code, flags and the numbers of records: "NXDOMAIN QR AA, 0+1+0 records". */
const char *describe_reply(const ldns_pkt *message, char text[DESCRIBE_MAX]);
