/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * DNS cookies: a cheap proof that the other side can receive what is sent to its address.
 *
 * Towards clients this node makes server cookies that every node with the same secret
 * accepts, which anycast needs. Towards authorities it makes client cookies, another one for
 * each server address.
 * Time:   wall time, in the cookie itself: nodes have to agree on it within minutes.
 * RFC:    7873, 9018 (the interoperable server cookie).
 */
#include "base/address.h"
#include "base/hash.h"
#include "base/time.h"

#define QN_COOKIE_CLIENT_LEN 8
#define QN_COOKIE_SERVER_LEN 16 /* As made here; others' are 8 to 32 octets (RFC 7873 s4.2). */
#define QN_COOKIE_SERVER_MIN 8
#define QN_COOKIE_SERVER_MAX 32

/** A whole COOKIE option: the client's part, and the server's if there is one yet. */
struct qn_cookie {
	uint8_t octets[QN_COOKIE_CLIENT_LEN + QN_COOKIE_SERVER_MAX];
	uint8_t len; /* 0: none; 8: client part only; 16 to 40: both. */
};

/** Takes the data of a COOKIE option; false when its length is none that is allowed. */
QN_MUST_USE bool qn_cookie_read(struct qn_cookie *cookie, struct qn_view data);

/** Makes the client cookie for a server address (RFC 7873 s6). */
void qn_cookie_for_server(
    struct qn_cookie *cookie, const struct qn_hash_key *secret, const struct qn_address *server);

/** Whether the server part was made with `secret` for `client`, and not too long ago. */
QN_MUST_USE bool qn_cookie_is_ours(const struct qn_cookie *cookie, const struct qn_hash_key *secret,
    const struct qn_address *client, struct qn_wall now);

/**
 * Puts our server cookie behind the client part of `cookie`: a new one, or the one that it
 * has where that is ours and younger than half an hour (RFC 9018 s4.3).
 */
void qn_cookie_renew(struct qn_cookie *cookie, const struct qn_hash_key *secret,
    const struct qn_address *client, struct qn_wall now);
