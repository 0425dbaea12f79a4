/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What an authority's reply means for the question it was asked: pure judgement.
 *
 * The caller has matched the reply on address, port, id, question and letter case. Here
 * only data at or below the zone asked is believed, and of that only what the question
 * needs: its RRset or its alias, the SOA of a negative answer, the NS set and glue of a
 * referral.
 *
 * Memory: one reply, reused; RRsets are packed into `bytes`, names in full.
 * Bounds: linear in the length of the message, whatever is in it; of each kind of record but
 *         those asked for, only the first few are looked at.
 * RFC:    1034 s4.3.2, 2181 s5, 2308 s2, 5452 s6, 6672 (DNAME); CVE-2025-11411.
 */
#include "resolve/delegation.h"

/** Links of CNAME and DNAME one question may follow (semantics rule 9). */
#define QN_ALIAS_MAX 11

/** Most RRsets of one reply that matter: a DNAME and the CNAME made from it. */
#define QN_REPLY_SET_MAX 2

/** How long the absence of data counts that no SOA gives a time for. */
#define QN_NEGATIVE_BARE_TTL_S 5

/** Room for RRsets with their names in full; a reply whose RRsets need more is useless. */
#define QN_REPLY_BYTES_MAX (128u << 10)

/** A power of two, at least twice the records that a message can hold. */
#define QN_REPLY_SEEN_MAX 16384u

enum qn_reply_kind {
	QN_REPLY_ANSWER, /* `sets` ends with the RRset asked for; the root's NS are `delegation` too. */
	QN_REPLY_ALIAS,      /* `sets` ends with an alias to `target`, to be asked for itself. */
	QN_REPLY_NEGATIVE,   /* What was asked for does not exist: see `negative`. */
	QN_REPLY_REFERRAL,   /* `delegation` is closer to the name. */
	QN_REPLY_TRUNCATED,  /* Ask again over TCP. */
	QN_REPLY_BAD_COOKIE, /* Wants the cookie that it has sent along (RFC 7873 s5.3). */
	QN_REPLY_NO_EDNS,    /* The server did not understand EDNS. */
	QN_REPLY_REFUSED,
	QN_REPLY_SERVFAIL, /* Or any other response code that helps nobody. */
	QN_REPLY_DOUBTFUL, /* Would be an answer, but not of one that serves the zone. */
	QN_REPLY_LAME,     /* Does not serve the zone. */
};

struct qn_reply {
	enum qn_reply_kind kind;
	enum qn_rank rank;
	uint8_t set_count;
	struct qn_rrset sets[QN_REPLY_SET_MAX];
	struct qn_name target;
	struct qn_negative negative;
	struct qn_delegation delegation;
	size_t byte_count;
	uint8_t bytes[QN_REPLY_BYTES_MAX];
	uint32_t seen[QN_REPLY_SEEN_MAX]; /* Scratch of the judge: finds records that come twice. */
};

/** What was asked of whom. */
struct qn_reply_context {
	const struct qn_question *question;
	const struct qn_name *zone;
	const struct qn_hash_key *hash_key; /* Secret: a server must not choose what collides. */
	bool edns_sent;
	bool forwarded;   /* The server resolves for us: it need not be authoritative. */
	bool last_resort; /* Nobody else is left: what is doubtful will do. */
};

/** Judges `message`, which read gave as OK, and fills `reply`. */
void qn_reply_judge(struct qn_reply *reply, const struct qn_message *message,
    const struct qn_reply_context *context);
