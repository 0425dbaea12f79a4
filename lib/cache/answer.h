/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Ready-made answers: the records of a reply as they go out, without header, question, OPT.
 *
 * A hit copies the records behind the client's own question and lowers the TTLs. That works
 * for every client of the same question: names are compressed against a question name whose
 * octets may differ in letter case only, so its length and all offsets are the same.
 * Addresses take turns: a set of them at the end of the answer section begins with another one for
 * each id of a query, so that not all clients of a name go to the same of its hosts.
 * Shape:  rcode (16 bits), extended error (8), addresses that take turns (8), answer count,
 *         authority count (16 bits each, big-endian); for each record the 16-bit offset of its TTL
 *         in what follows; the records.
 */
#include "wire/message.h"

struct qn_answer {
	bool authoritative; /* Out of local data: goes out with AA. Not kept in a value. */
	uint16_t rcode;
	uint16_t ede; /* enum qn_ede: why there is no better answer; QN_EDE_NONE mostly. */
	uint16_t answer_count;
	uint16_t authority_count;
	uint8_t turn_count; /* Last records of the answer section that take turns; 0: none. */
	struct qn_view ttl_places;
	struct qn_view records;
	uint32_t stale_ttl_s; /* Not 0: past its TTL; every record goes out with this one. */
};

/**
 * Turns `message`, built with one question and without OPT, into a ready-made answer in
 * `value`; returns its length, 0 when it does not fit.
 */
QN_MUST_USE size_t qn_answer_encode(
    struct qn_span value, struct qn_view message, uint16_t rcode, uint16_t ede);

/** Opens a value that encode wrote; false when it is not whole. */
QN_MUST_USE bool qn_answer_open(struct qn_answer *answer, struct qn_view value);

/**
 * Appends the records behind the question that `writer` ends with, each TTL lowered by
 * `age_s` but not below 0, or the one that a stale answer goes out with. Which address comes
 * first follows from the id in the header; the counts there are the caller's to set.
 */
void qn_answer_write(struct qn_writer *writer, const struct qn_answer *answer, uint32_t age_s);

/** The first records of an answer. */
struct qn_answer_part {
	size_t len; /* Octets of them. */
	uint16_t record_count;
};

/** Appends no more than `part` of the records, as write does. */
void qn_answer_write_part(struct qn_writer *writer, const struct qn_answer *answer,
    struct qn_answer_part part, uint32_t age_s);
