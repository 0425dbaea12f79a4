/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/cookie.h"

#include "base/endian.h"

/* RFC 9018 s4.3: accepted for an hour, and five minutes ahead; renewed after half an hour. */
#define ACCEPT_PAST_S   3600
#define ACCEPT_FUTURE_S 300
#define RENEW_S         1800

/* Behind the client cookie: version, three reserved octets, time, hash (RFC 9018 s4). */
#define VERSION    1
#define VERSION_AT QN_COOKIE_CLIENT_LEN
#define TIME_AT    (VERSION_AT + 4)
#define HASH_AT    (TIME_AT + 4)
#define COOKIE_LEN (QN_COOKIE_CLIENT_LEN + QN_COOKIE_SERVER_LEN)
#define HASHED_MAX (HASH_AT + 16)

bool
qn_cookie_read(struct qn_cookie *cookie, struct qn_view data)
{
	if (data.len != QN_COOKIE_CLIENT_LEN &&
	    (data.len < QN_COOKIE_CLIENT_LEN + QN_COOKIE_SERVER_MIN ||
		data.len > sizeof(cookie->octets)))
		return false;
	memcpy(cookie->octets, data.data, data.len);
	cookie->len = (uint8_t)data.len;
	return true;
}

void
qn_cookie_for_server(
    struct qn_cookie *cookie, const struct qn_hash_key *secret, const struct qn_address *server)
{
	const uint64_t hash = qn_siphash24(
	    secret, (struct qn_view){server->octets, qn_family_octets(server->family)});

	memcpy(cookie->octets, &hash, QN_COOKIE_CLIENT_LEN);
	cookie->len = QN_COOKIE_CLIENT_LEN;
}

/* The hash over everything in front of it, and the client's address (RFC 9018 s4.4). */
static uint64_t
cookie_hash(const struct qn_cookie *cookie, const struct qn_hash_key *secret,
    const struct qn_address *client)
{
	uint8_t hashed[HASHED_MAX];
	const size_t octets = qn_family_octets(client->family);

	memcpy(hashed, cookie->octets, HASH_AT);
	memcpy(hashed + HASH_AT, client->octets, octets);
	return qn_siphash24(secret, (struct qn_view){hashed, HASH_AT + octets});
}

/* Seconds since the cookie was made, modulo 2^32 (RFC 1982 arithmetic). */
static int32_t
cookie_age_s(const struct qn_cookie *cookie, struct qn_wall now)
{
	return (int32_t)((uint32_t)now.s - qn_load_be32(cookie->octets + TIME_AT));
}

bool
qn_cookie_is_ours(const struct qn_cookie *cookie, const struct qn_hash_key *secret,
    const struct qn_address *client, struct qn_wall now)
{
	if (cookie->len != COOKIE_LEN || cookie->octets[VERSION_AT] != VERSION)
		return false;
	const int32_t age_s = cookie_age_s(cookie, now);
	const uint64_t hash = cookie_hash(cookie, secret, client);
	uint64_t given;

	memcpy(&given, cookie->octets + HASH_AT, sizeof(given));
	return given == hash && age_s <= ACCEPT_PAST_S && age_s >= -ACCEPT_FUTURE_S;
}

void
qn_cookie_renew(struct qn_cookie *cookie, const struct qn_hash_key *secret,
    const struct qn_address *client, struct qn_wall now)
{
	uint64_t hash;

	if (qn_cookie_is_ours(cookie, secret, client, now) && cookie_age_s(cookie, now) <= RENEW_S)
		return;
	memset(cookie->octets + VERSION_AT, 0, QN_COOKIE_SERVER_LEN);
	cookie->octets[VERSION_AT] = VERSION;
	qn_store_be32(cookie->octets + TIME_AT, (uint32_t)now.s);
	hash = cookie_hash(cookie, secret, client);
	memcpy(cookie->octets + HASH_AT, &hash, sizeof(hash));
	cookie->len = COOKIE_LEN;
}
