/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The client side of the protocol: reading a query, writing its reply.
 *
 * Every reply, from the cache or from the iterator, is written by the same function, so
 * that the two cannot differ.
 * RFC:     1035 s4.1, 6891 s6.1.1 and s7, 5001 (NSID), 7873 (cookies), 8914 (EDE), 8482
 *          (ANY), 7828 (keepalive), 8467 s4.1 (padding).
 */
#include "cache/answer.h"
#include "policy/cookie.h"

/** Largest reply over UDP, whatever the client offers (semantics rule 17). */
#define QN_CLIENT_UDP_MAX QN_EDNS_UDP_BUFFER

/** Smallest buffer that every client has (RFC 1035 s4.2.1). */
#define QN_CLIENT_UDP_MIN 512

/** What is kept of a query to answer it. */
struct qn_client_query {
	struct qn_question question; /* The name as sent: the reply echoes its letter case. */
	uint16_t id;
	uint16_t flags;
	uint16_t size_max; /* What the client takes: over UDP, within the limits above. */
	uint16_t idle_ds;  /* What keepalive is answered with, in 0.1 s; set by the shard. */
	bool has_question;
	bool has_edns;
	bool dnssec_ok;
	bool wants_nsid;
	bool wants_keepalive;    /* The idle timeout of its stream (RFC 7828). */
	bool wants_padding;      /* A reply of a length that says little (RFC 7830). */
	struct qn_cookie cookie; /* As it came; the shard puts our part in before the reply. */
};

/** What to do with a query. */
enum qn_client_verdict {
	QN_CLIENT_RESOLVE,   /* A question to answer from the cache or the iterator. */
	QN_CLIENT_RUNT,      /* Drop: no header to reply to. */
	QN_CLIENT_NOT_QUERY, /* Drop: a response; replying could loop. */
	QN_CLIENT_FORMERR,
	QN_CLIENT_NOTIMP,
	QN_CLIENT_BADVERS,
	QN_CLIENT_COOKIE, /* No question, but a cookie: to be answered with one. */
	QN_CLIENT_ANY,    /* To be answered as RFC 8482 s4.2 has it. */
	QN_CLIENT_CHAOS,  /* Class CH: about this server itself. */
};

/** Whether a question is resolved, rather than answered out of hand or refused. */
bool qn_client_resolves(uint16_t type, uint16_t class);

/** What a client takes that offers to take `offered` octets: within the limits above. */
static inline uint16_t
qn_client_udp_size(uint16_t offered)
{
	if (offered < QN_CLIENT_UDP_MIN)
		return QN_CLIENT_UDP_MIN;
	return offered < QN_CLIENT_UDP_MAX ? offered : QN_CLIENT_UDP_MAX;
}

/** Padded replies have a multiple of so many octets (RFC 8467 s4.1). */
#define QN_CLIENT_PADDING_BLOCK 468

/** Reads a client's message and decides what it is. */
QN_MUST_USE enum qn_client_verdict qn_client_read(
    struct qn_client_query *query, struct qn_view datagram);

/** Space for cutting a reply down: one whole DNS message. */
#define QN_CLIENT_SCRATCH_LEN 65535

/**
 * Writes the reply with `answer` aged by `age_s` into `payload`, within the client's limit;
 * what does not fit is left off by whole RRsets and TC set. `node_id` goes out as NSID where
 * asked for. Returns its length; `*truncated` says whether TC is set.
 */
size_t qn_client_reply(struct qn_span payload, const struct qn_client_query *query,
    const struct qn_answer *answer, uint32_t age_s, const char *node_id, uint8_t *scratch,
    bool *truncated);

/**
 * Makes the answer to a class CH question into `value`; returns its length. id.server and
 * hostname.bind give `node_id` (RFC 4892), version.bind and version.server `version`; what is
 * empty, and everything else, is refused.
 */
size_t qn_client_chaos(struct qn_span value, const struct qn_question *question,
    const char *node_id, const char *version);

/** Makes the answer to a question of type ANY into `value` (RFC 8482 s4.2); returns its length. */
size_t qn_client_any(struct qn_span value, const struct qn_question *question);
