/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The form of rdata: where names stand in it, and what else makes it valid.
 *
 * Types without a row in the table here are opaque bytes (RFC 3597), never an error.
 * Classes other than IN are opaque too: they may give a type another form.
 * Names are taken compressed in every type that has them, as old senders do (RFC 3597 s4);
 * in memory they are always in full; they are sent compressed in the types of RFC 1035 only.
 */
#include "wire/message.h"

/** Longest rdata in memory, where compressed names have grown to their full length. */
#define QN_RDATA_MAX 65535

/**
 * Copies the rdata of `record` to `out` with its names in full; returns its length.
 * 0 with `*fits` false when `out` is too small or the rdata would be over QN_RDATA_MAX (an
 * empty rdata is 0 with `*fits` true). The record must be one that is valid, as all are that
 * a walk gives.
 */
size_t qn_rdata_expand(
    struct qn_view message, const struct qn_record *record, struct qn_span out, bool *fits);

/** Checks the rdata of `record` inside `message` against the form of its type. */
QN_MUST_USE bool qn_rdata_valid(struct qn_view message, const struct qn_record *record);

/** The same on the way through a message: its names count among those of `reader`. */
QN_MUST_USE bool qn_rdata_check(struct qn_reader *reader, const struct qn_record *record);

/** The name that is all of in-memory rdata of NS, CNAME, DNAME, PTR; false when it is not one. */
QN_MUST_USE bool qn_rdata_name(struct qn_name *name, struct qn_view rdata);

/** MINIMUM of valid SOA rdata, in memory or in a message, in seconds (RFC 2308 s4). */
uint32_t qn_rdata_soa_minimum(struct qn_view rdata);

/**
 * Writes valid in-memory rdata of class IN, compressing the names where RFC 3597 s4 lets a
 * sender do so.
 */
void qn_write_rdata(struct qn_writer *writer, uint16_t type, struct qn_view rdata);
