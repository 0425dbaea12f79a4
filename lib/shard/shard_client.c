/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/shard_state.h"

/* Of so many queries for an answer that ends soon, the home worker gets one. */
#define TELL_HOME_OF 64

/* The part of all places to wait in that clients of one network may have. */
#define NETWORK_SHARE 16

/* Answers that live shorter than this are not asked for again before their end. */
#define REFRESH_LEAST_S 10u

/* A question's way here, and where its reply goes when there is one at once. */
struct arrival {
	const struct qn_address *client;
	/* Over UDP: the frame, whose buffer takes the reply. */
	uint16_t link;
	struct qn_packet *packet;
	const struct qn_frame *frame;
	/* Over a stream, else NULL: whose it is, and room for the reply. */
	const struct qn_shard_stream_client *stream;
	struct qn_span *reply;
	bool has_our_cookie;
	bool parked; /* The reply comes later. */
	/* What is resolved: the question, or what aliases in local data have it come to. */
	const struct qn_question *asked;
	uint32_t asked_hash;
	const struct qn_answer *aliases; /* Those, or NULL. */
};

void
qn_shard_count_reply(struct qn_shard *shard, uint16_t rcode)
{
	struct qn_shard_counters *counters = &shard->counters;

	qn_counter_add(&counters->client_replies, 1);
	switch (rcode) {
	case QN_RCODE_NOERROR:
		qn_counter_add(&counters->rcode_noerror, 1);
		break;
	case QN_RCODE_SERVFAIL:
		qn_counter_add(&counters->rcode_servfail, 1);
		break;
	case QN_RCODE_NXDOMAIN:
		qn_counter_add(&counters->rcode_nxdomain, 1);
		break;
	case QN_RCODE_REFUSED:
		qn_counter_add(&counters->rcode_refused, 1);
		break;
	default:
		qn_counter_add(&counters->rcode_other, 1);
		break;
	}
}

/* Writes the reply to `query` into `payload` and counts it: the one place where replies are made. */
static uint16_t
client_reply(struct qn_shard *shard, struct qn_span payload, const struct qn_client_query *query,
    const struct qn_answer *answer, uint32_t age_s)
{
	bool truncated;
	const size_t len = qn_client_reply(
	    payload, query, answer, age_s, shard->config->node_id, shard->scratch, &truncated);

	qn_shard_count_reply(shard, answer->rcode);
	if (truncated)
		qn_counter_add(&shard->counters.client_truncated, 1);
	return (uint16_t)len;
}

/* Replies in the buffer that the query came in, or in the room that came with it. */
static struct qn_shard_result
client_reply_here(struct qn_shard *shard, const struct arrival *arrival,
    const struct qn_client_query *query, const struct qn_answer *answer, uint32_t age_s)
{
	struct qn_packet *packet = arrival->packet;
	const struct qn_frame *frame = arrival->frame;
	struct qn_answer joined;

	if (arrival->aliases != NULL) {
		qn_answer_join(&shard->join, &query->question, arrival->aliases,
		    &arrival->asked->name, answer, age_s, &joined);
		answer = &joined;
		age_s = 0;
	}
	if (arrival->stream != NULL) {
		arrival->reply->len = client_reply(shard, *arrival->reply, query, answer, age_s);
		return qn_shard_result_of(QN_SHARD_SEND);
	}
	const struct qn_span payload = {
	    packet->data + frame->payload_at, packet->capacity - frame->payload_at};
	const uint16_t len = client_reply(shard, payload, query, answer, age_s);

	packet->len = qn_frame_reply_udp(qn_packet_span(packet), frame, len);
	return qn_shard_result_of(QN_SHARD_SEND);
}

static struct qn_shard_result
client_reply_empty(struct qn_shard *shard, const struct arrival *arrival,
    const struct qn_client_query *query, uint16_t rcode, uint16_t ede)
{
	const struct qn_answer answer = {.rcode = rcode, .ede = ede};

	return client_reply_here(shard, arrival, query, &answer, 0);
}

static struct qn_shard_result
client_reply_value(struct qn_shard *shard, const struct arrival *arrival,
    const struct qn_client_query *query, size_t value_len)
{
	const struct qn_view value = {shard->value, value_len};
	struct qn_answer answer;
	const bool whole = qn_answer_open(&answer, value);

	qn_assert(whole);
	return client_reply_here(shard, arrival, query, &answer, 0);
}

/* The upper bits of a hash whose lower ones place the question in a cache. */
uint16_t
qn_shard_home_of(uint32_t hash, uint16_t worker_count)
{
	return (uint16_t)((uint64_t)hash * worker_count >> 32);
}

uint16_t
qn_shard_home(const struct qn_shard *shard, uint32_t hash)
{
	return qn_shard_home_of(hash, shard->limits.worker_count);
}

/*
 * Looks the question up in a worker's cache of ready-made answers, into shard->value. An
 * answer too old even for RFC 8767 counts as none.
 */
static enum qn_cache_found
client_lookup(struct qn_shard *shard, uint16_t worker, const struct qn_cache_key *key,
    struct qn_now now, struct qn_answer *answer, struct qn_cache_item *item)
{
	const enum qn_cache_found found =
	    qn_cache_get(shard->shared.caches[worker], key, now, shard->value, item);

	if (found == QN_CACHE_MISS ||
	    !qn_answer_open(answer, (struct qn_view){shard->value, item->value_len}))
		return QN_CACHE_MISS;
	if (found == QN_CACHE_STALE && item->age_s - item->ttl_s >= shard->config->stale.age_max_s)
		return QN_CACHE_MISS;
	return found;
}

/* Whether a fresh answer is in the last tenth of its life: what is still asked for then is popular. */
bool
qn_shard_ends_soon(const struct qn_cache_item *item)
{
	return item->ttl_s >= REFRESH_LEAST_S && item->age_s >= item->ttl_s - item->ttl_s / 10;
}

/* Marks an answer as stale, for the reply (RFC 8767 s4, RFC 8914 s4.4 and s4.20). */
static void
answer_mark_stale(struct qn_shard *shard, struct qn_answer *answer)
{
	answer->ede =
	    answer->rcode == QN_RCODE_NXDOMAIN ? QN_EDE_STALE_NXDOMAIN : QN_EDE_STALE_ANSWER;
	answer->stale_ttl_s = shard->config->stale.ttl_s;
	qn_counter_add(&shard->counters.client_stale, 1);
}

/* Keyed hash of the network a client comes from. */
static uint32_t
network_hash(const struct qn_shard *shard, const struct qn_address *client)
{
	return (uint32_t)qn_hash(&shard->shared.hash_key, qn_address_client_network(client));
}

/*
 * Whether a network with so many parked clients has had its share: of the places to wait in
 * always, of those to resolve in as soon as half of them are taken.
 */
static bool
network_has_share(const struct qn_shard *shard, uint32_t parked_count)
{
	const uint32_t task_max = shard->limits.task_max;

	if (parked_count > shard->parked.capacity / NETWORK_SHARE)
		return true;
	return parked_count > task_max / NETWORK_SHARE &&
	       qn_resolver_gauges(shard->resolver).tasks > task_max / 2;
}

/* A place for a client to wait in; NULL when there is none, or its network has its share. */
static struct qn_parked *
parked_take(struct qn_shard *shard, const struct qn_address *client)
{
	const uint32_t network = network_hash(shard, client);
	const uint16_t slot = (uint16_t)(network % QN_PARKED_SLOT_COUNT);
	struct qn_parked *parked;

	if (network_has_share(shard, shard->parked_by_network[slot]))
		return NULL;
	parked = qn_pool_take(&shard->parked);
	if (parked == NULL)
		return NULL;
	parked->network_slot = slot;
	parked->asker.network = network;
	shard->parked_by_network[slot]++;
	qn_counter_add(&shard->parked_gauge, 1);
	return parked;
}

static void
parked_put(struct qn_shard *shard, struct qn_parked *parked)
{
	shard->parked_by_network[parked->network_slot]--;
	qn_pool_put(&shard->parked, parked);
	qn_counter_sub(&shard->parked_gauge, 1);
}

/* Keeps what is needed to find the client again. */
static void
parked_keep_way(struct qn_parked *parked, const struct arrival *arrival)
{
	parked->stream = arrival->stream != NULL;
	parked->led = arrival->aliases != NULL;
	parked->asked_hash = arrival->asked_hash;
	if (parked->stream) {
		parked->client.address = *arrival->client;
		parked->token = arrival->stream->token;
		return;
	}
	parked->path = qn_frame_path_back(arrival->frame);
	parked->client = arrival->frame->source;
	parked->service = arrival->frame->destination;
	parked->link = arrival->link;
}

/*
 * Turns a question away for which there is no place. Over UDP nothing is said, for whoever asked
 * may not be who he says; on a stream he would wait, and is told to try elsewhere.
 */
static struct qn_shard_result
client_shed(
    struct qn_shard *shard, const struct arrival *arrival, const struct qn_client_query *query)
{
	qn_counter_add(&shard->counters.client_shed, 1);
	if (arrival->stream == NULL)
		return qn_shard_result_of(QN_SHARD_DONE);
	return client_reply_empty(shard, arrival, query, QN_RCODE_SERVFAIL, QN_EDE_NOT_READY);
}

/* Parks the client and hands its question to the iterator; false when there is no place. */
static bool
client_park(struct qn_shard *shard, struct arrival *arrival, const struct qn_client_query *query,
    uint64_t wait_us, struct qn_now now)
{
	struct qn_parked *parked = parked_take(shard, arrival->client);

	if (parked == NULL)
		return false;
	parked->query = *query;
	parked_keep_way(parked, arrival);
	if (qn_resolver_ask(shard->resolver, arrival->asked, &parked->asker, wait_us, now) ==
	    QN_ASK_SHED) {
		parked_put(shard, parked);
		return false;
	}
	qn_counter_add(&shard->counters.cache_misses, 1);
	arrival->parked = true;
	return true;
}

/*
 * Answers a client for whom there is only an answer past its time. It waits a little for a better
 * one; where there is no place to wait in, or nobody is to wait, it gets the old one at once.
 */
static struct qn_shard_result
client_reply_stale(struct qn_shard *shard, struct arrival *arrival,
    const struct qn_client_query *query, struct qn_answer *answer, uint32_t age_s,
    struct qn_now now)
{
	const uint32_t wait_ms = shard->config->stale.wait_ms;

	if (wait_ms == 0)
		qn_resolver_refresh(shard->resolver, arrival->asked, now);
	else if (client_park(shard, arrival, query, wait_ms * QN_US_PER_MS, now))
		return qn_shard_result_of(QN_SHARD_DONE);
	answer_mark_stale(shard, answer);
	return client_reply_here(shard, arrival, query, answer, age_s);
}

/* Answers a question whose last attempt failed a moment ago (RFC 9520), as best as possible. */
static bool
client_known_failure(struct qn_shard *shard, const struct qn_question *asked,
    enum qn_cache_found found, struct qn_answer *answer, struct qn_now now)
{
	struct qn_store store = {
	    shard->shared.caches[shard->limits.worker], &shard->shared.hash_key, shard->scratch};
	struct qn_failure failure;

	if (!qn_store_get_failure(&store, &asked->name, asked->type, now, &failure))
		return false;
	if (found == QN_CACHE_STALE) {
		answer_mark_stale(shard, answer);
		return true;
	}
	*answer = (struct qn_answer){.rcode = failure.rcode, .ede = failure.ede};
	return true;
}

/* Counts a question that stays here: what is handed over is counted by who gets it. */
static void
client_count(struct qn_shard *shard, const struct arrival *arrival)
{
	qn_counter_add(&shard->counters.client_queries, 1);
	qn_counter_add(&shard->counters.client_cookie, arrival->has_our_cookie);
}

/* Answers from the cache of the question's home worker, or takes it there. */
static struct qn_shard_result
client_resolve(struct qn_shard *shard, struct arrival *arrival, const struct qn_client_query *query,
    struct qn_now now)
{
	const struct qn_question *asked = arrival->asked;
	struct qn_cache_item item = {0}; /* As it stays when a failure is all that is known. */
	struct qn_cache_key key;
	struct qn_answer answer;

	qn_cache_key_init(
	    &key, &shard->shared.hash_key, QN_CACHE_ANSWER, &asked->name, asked->type);
	arrival->asked_hash = key.hash;
	const uint16_t home = qn_shard_home(shard, key.hash);
	const enum qn_cache_found found = client_lookup(shard, home, &key, now, &answer, &item);
	/* Streams ask the home worker; should one ask another, that one does it all itself. */
	const bool at_home = home == shard->limits.worker || arrival->stream != NULL;
	const bool refresh =
	    found == QN_CACHE_FRESH && (query->flags & QN_FLAG_RD) && qn_shard_ends_soon(&item);

	/* The home worker hears now and then of what others answer out of its cache. */
	if (!at_home && (found != QN_CACHE_FRESH || (refresh && query->id % TELL_HOME_OF == 0))) {
		qn_counter_add(&shard->counters.frame_handed_over, 1);
		return (struct qn_shard_result){QN_SHARD_HANDOVER, home};
	}
	client_count(shard, arrival);
	if (refresh && at_home)
		qn_resolver_refresh(shard->resolver, asked, now);
	if (found == QN_CACHE_FRESH || client_known_failure(shard, asked, found, &answer, now)) {
		qn_counter_add(&shard->counters.cache_hits, 1);
		return client_reply_here(shard, arrival, query, &answer, item.age_s);
	}
	if (!(query->flags & QN_FLAG_RD)) {
		qn_counter_add(&shard->counters.client_cache_only, 1);
		return client_reply_empty(
		    shard, arrival, query, QN_RCODE_REFUSED, QN_EDE_NOT_AUTHORITATIVE);
	}
	if (found == QN_CACHE_STALE)
		return client_reply_stale(shard, arrival, query, &answer, item.age_s, now);
	if (!client_park(shard, arrival, query, QN_RESOLVE_CLIENT_US, now))
		return client_shed(shard, arrival, query);
	return qn_shard_result_of(QN_SHARD_DONE);
}

/* Local data have the first word, whatever the cache holds; what they leave is resolved. */
static struct qn_shard_result
client_question(struct qn_shard *shard, struct arrival *arrival,
    const struct qn_client_query *query, struct qn_now now)
{
	struct qn_question led;
	struct qn_answer local;

	arrival->asked = &query->question;
	const enum qn_zone_verdict verdict =
	    qn_shard_local_answer(shard, arrival->client, &query->question, &local, &led);

	if (verdict == QN_ZONE_LEAD) {
		arrival->asked = &led;
		arrival->aliases = &local;
	}
	if (verdict == QN_ZONE_LEAD || verdict == QN_ZONE_RESOLVE)
		return client_resolve(shard, arrival, query, now);
	client_count(shard, arrival);
	qn_counter_add(&shard->counters.client_local, 1);
	return verdict == QN_ZONE_DROP ? qn_shard_result_of(QN_SHARD_DONE)
	                               : client_reply_here(shard, arrival, query, &local, 0);
}

/* Gives a client that sent a cookie the server's part, which proves its address next time. */
static void
client_cookie(const struct qn_shard *shard, struct arrival *arrival, struct qn_client_query *query,
    struct qn_now now)
{
	const struct qn_hash_key *secret = &shard->config->cookie_secret;

	if (query->cookie.len == 0)
		return;
	arrival->has_our_cookie =
	    qn_cookie_is_ours(&query->cookie, secret, arrival->client, now.wall);
	qn_cookie_renew(&query->cookie, secret, arrival->client, now.wall);
}

/* Answers what is not to be resolved. */
static struct qn_shard_result
client_answer_at_once(struct qn_shard *shard, const struct arrival *arrival,
    const struct qn_client_query *query, enum qn_client_verdict verdict)
{
	const struct qn_span value = {shard->value, sizeof(shard->value)};
	struct qn_shard_counters *counters = &shard->counters;

	switch (verdict) {
	case QN_CLIENT_FORMERR:
		qn_counter_add(&counters->client_formerr, 1);
		return client_reply_empty(shard, arrival, query, QN_RCODE_FORMERR, QN_EDE_NONE);
	case QN_CLIENT_BADVERS:
		qn_counter_add(&counters->client_badvers, 1);
		return client_reply_empty(shard, arrival, query, QN_RCODE_BADVERS, QN_EDE_NONE);
	case QN_CLIENT_COOKIE:
		return client_reply_empty(shard, arrival, query, QN_RCODE_NOERROR, QN_EDE_NONE);
	case QN_CLIENT_ANY:
		qn_counter_add(&counters->client_any, 1);
		return client_reply_value(
		    shard, arrival, query, qn_client_any(value, &query->question));
	case QN_CLIENT_CHAOS:
		qn_counter_add(&counters->client_chaos, 1);
		return client_reply_value(shard, arrival, query,
		    qn_client_chaos(
			value, &query->question, shard->config->node_id, shard->config->version));
	case QN_CLIENT_NOTIMP:
	case QN_CLIENT_RESOLVE:
	case QN_CLIENT_RUNT:
	case QN_CLIENT_NOT_QUERY:
		break;
	}
	qn_counter_add(&counters->client_notimp, 1);
	return client_reply_empty(shard, arrival, query, QN_RCODE_NOTIMP, QN_EDE_NONE);
}

/* Strangers get nothing that makes the reply longer than it has to be. */
static struct qn_shard_result
client_refuse(struct qn_shard *shard, const struct arrival *arrival, struct qn_client_query *query)
{
	client_count(shard, arrival);
	qn_counter_add(&shard->counters.client_refused, 1);
	query->wants_nsid = false;
	query->cookie.len = 0;
	return client_reply_empty(shard, arrival, query, QN_RCODE_REFUSED, QN_EDE_PROHIBITED);
}

/* Leaves of what the client wants what its way here allows. */
static void
client_fit_transport(const struct qn_shard *shard, struct qn_client_query *query,
    const struct qn_shard_stream_client *stream)
{
	if (stream == NULL) {
		query->wants_keepalive = false; /* RFC 7828 s3.2.1. */
		query->wants_padding = false;   /* RFC 7830 s6. */
		return;
	}
	query->size_max = QN_SHARD_STREAM_REPLY_LEN;
	query->idle_ds = shard->config->stream_idle_ds;
	if (!stream->encrypted)
		query->wants_padding = false;
}

/* Handles a question, however it came. */
static struct qn_shard_result
client_input(
    struct qn_shard *shard, struct arrival *arrival, struct qn_view message, struct qn_now now)
{
	struct qn_shard_counters *counters = &shard->counters;
	const uint16_t access = qn_prefix_map_find(&shard->config->access, arrival->client);
	struct qn_client_query query;

	if (access == QN_ACCESS_DROP) {
		qn_counter_add(&counters->client_dropped, 1);
		return qn_shard_result_of(QN_SHARD_DONE);
	}
	const enum qn_client_verdict verdict = qn_client_read(&query, message);

	if (verdict == QN_CLIENT_RUNT) {
		qn_counter_add(&counters->client_runts, 1);
		return qn_shard_result_of(QN_SHARD_DONE);
	}
	if (verdict == QN_CLIENT_NOT_QUERY) {
		qn_counter_add(&counters->client_not_query, 1);
		return qn_shard_result_of(QN_SHARD_DONE);
	}
	client_fit_transport(shard, &query, arrival->stream);
	if (access != QN_ACCESS_ALLOW)
		return client_refuse(shard, arrival, &query);
	client_cookie(shard, arrival, &query, now);
	if (verdict == QN_CLIENT_RESOLVE)
		return client_question(shard, arrival, &query, now);
	client_count(shard, arrival);
	return client_answer_at_once(shard, arrival, &query, verdict);
}

struct qn_shard_result
qn_shard_client_input(struct qn_shard *shard, uint16_t link, struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	const struct qn_view datagram = {packet->data + frame->payload_at, frame->payload_len};
	struct arrival arrival = {
	    .client = &frame->source.address, .link = link, .packet = packet, .frame = frame};

	return client_input(shard, &arrival, datagram, now);
}

void
qn_shard_self_answer(struct qn_shard *shard, struct qn_packet *packet, struct qn_now now)
{
	const struct qn_answer none = {.rcode = QN_RCODE_REFUSED, .ede = QN_EDE_NOT_AUTHORITATIVE};
	struct qn_client_query query;
	struct qn_cache_item item = {0};
	struct qn_cache_key key;
	struct qn_answer answer;
	struct qn_frame frame;
	bool truncated;
	const enum qn_frame_kind kind = qn_frame_read(&frame, qn_packet_view(packet));

	qn_assert(kind == QN_FRAME_UDP);
	const struct qn_span payload = {
	    packet->data + frame.payload_at, packet->capacity - frame.payload_at};
	const enum qn_client_verdict verdict =
	    qn_client_read(&query, (struct qn_view){payload.data, frame.payload_len});

	qn_assert(verdict == QN_CLIENT_RESOLVE);
	qn_cache_key_init(&key, &shard->shared.hash_key, QN_CACHE_ANSWER, &query.question.name,
	    query.question.type);
	if (client_lookup(shard, qn_shard_home(shard, key.hash), &key, now, &answer, &item) !=
	    QN_CACHE_FRESH)
		answer = none;
	const size_t len = qn_client_reply(payload, &query, &answer, item.age_s,
	    shard->config->node_id, shard->scratch, &truncated);

	packet->len = qn_frame_reply_udp(qn_packet_span(packet), &frame, (uint16_t)len);
}

/* --- Streams ---------------------------------------------------------------------------- */

uint16_t
qn_shard_stream_home(
    const struct qn_shard_shared *shared, uint16_t worker_count, struct qn_view message)
{
	struct qn_client_query query;
	struct qn_cache_key key;

	if (qn_client_read(&query, message) != QN_CLIENT_RESOLVE)
		return 0;
	qn_cache_key_init(
	    &key, &shared->hash_key, QN_CACHE_ANSWER, &query.question.name, query.question.type);
	return qn_shard_home_of(key.hash, worker_count);
}

enum qn_shard_stream_verdict
qn_shard_stream_ask(struct qn_shard *shard, const struct qn_shard_stream_client *client,
    struct qn_view message, struct qn_span *reply, struct qn_now now)
{
	struct arrival arrival = {.client = &client->address, .stream = client, .reply = reply};

	qn_assert(reply->len >= QN_SHARD_STREAM_REPLY_LEN);
	qn_counter_add(&shard->counters.client_stream, 1);
	switch (client_input(shard, &arrival, message, now).verdict) {
	case QN_SHARD_SEND:
		return QN_SHARD_STREAM_REPLY;
	case QN_SHARD_DONE:
	case QN_SHARD_HANDOVER:
	case QN_SHARD_PUNT:
		break;
	}
	return arrival.parked ? QN_SHARD_STREAM_WAIT : QN_SHARD_STREAM_NONE;
}

/* --- Parked clients --------------------------------------------------------------------- */

/* In place of a failure, the last answer there was, if it is not too old. */
static void
answer_prefer_stale(struct qn_shard *shard, const struct qn_question *asked,
    struct qn_answer *answer, struct qn_now now)
{
	struct qn_cache_item item;
	struct qn_answer stale;
	struct qn_cache_key key;

	if (answer->rcode != QN_RCODE_SERVFAIL && answer->rcode != QN_RCODE_REFUSED)
		return;
	qn_cache_key_init(
	    &key, &shard->shared.hash_key, QN_CACHE_ANSWER, &asked->name, asked->type);
	if (client_lookup(shard, shard->limits.worker, &key, now, &stale, &item) == QN_CACHE_MISS)
		return;
	*answer = stale;
	answer_mark_stale(shard, answer);
}

/* Finds again where aliases led when the client was parked; false when they do so no more. */
static bool
parked_lead(struct qn_shard *shard, const struct qn_parked *parked, struct qn_answer *aliases,
    struct qn_question *led)
{
	struct qn_cache_key key;

	if (qn_shard_local_answer(shard, &parked->client.address, &parked->query.question, aliases,
		led) != QN_ZONE_LEAD)
		return false;
	qn_cache_key_init(&key, &shard->shared.hash_key, QN_CACHE_ANSWER, &led->name, led->type);
	return key.hash == parked->asked_hash;
}

/* Makes of the answer to what was resolved that to what the client asked. */
static void
parked_finish(struct qn_shard *shard, const struct qn_parked *parked, struct qn_answer *answer,
    struct qn_now now)
{
	const struct qn_answer outdated = {.rcode = QN_RCODE_SERVFAIL, .ede = QN_EDE_OTHER};
	struct qn_answer aliases, joined;
	struct qn_question led;

	if (!parked->led) {
		answer_prefer_stale(shard, &parked->query.question, answer, now);
		return;
	}
	if (!parked_lead(shard, parked, &aliases, &led)) {
		*answer = outdated; /* The configuration has changed meanwhile. */
		return;
	}
	answer_prefer_stale(shard, &led, answer, now);
	qn_answer_join(
	    &shard->join, &parked->query.question, &aliases, &led.name, answer, 0, &joined);
	*answer = joined;
}

/* The next client to be answered, left where it is, if it came over a stream or not, as asked. */
static const struct qn_parked *
next_parked(struct qn_shard *shard, bool stream)
{
	struct qn_asker *asker = qn_resolver_next_asker(shard->resolver);

	if (asker == NULL)
		return NULL;
	const struct qn_parked *parked = qn_list_entry(asker, struct qn_parked, asker);

	return parked->stream == stream ? parked : NULL;
}

/* Takes the client that next_parked() has found; writes the reply and returns its length. */
static struct qn_parked *
parked_reply(struct qn_shard *shard, struct qn_span payload, uint16_t *len, struct qn_now now)
{
	struct qn_answer answer;
	struct qn_asker *asker = qn_resolver_take_answer(shard->resolver, &answer);
	struct qn_parked *parked = qn_list_entry(asker, struct qn_parked, asker);

	parked_finish(shard, parked, &answer, now);
	/* Not those whose time was up for an old answer. */
	if (asker->expired && answer.rcode == QN_RCODE_SERVFAIL)
		qn_counter_add(&shard->counters.client_deadlines, 1);
	*len = client_reply(shard, payload, &parked->query, &answer, 0);
	qn_counter_add(&shard->counters.client_answered, 1);
	return parked;
}

bool
qn_shard_client_output(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	const struct qn_parked *next = next_parked(shard, false);
	uint16_t len;

	if (next == NULL)
		return false;
	const uint16_t payload_at = qn_frame_payload_at(&next->path, next->client.address.family);
	const struct qn_span payload = {packet->data + payload_at, packet->capacity - payload_at};
	struct qn_parked *parked = parked_reply(shard, payload, &len, now);

	packet->len = qn_frame_build_udp(
	    qn_packet_span(packet), &parked->path, &parked->service, &parked->client, len);
	*link_index = parked->link;
	parked_put(shard, parked);
	return true;
}

bool
qn_shard_take_stream_answer(
    struct qn_shard *shard, uint64_t *token, struct qn_span *reply, struct qn_now now)
{
	uint16_t len;

	if (next_parked(shard, true) == NULL)
		return false;
	qn_assert(reply->len >= QN_SHARD_STREAM_REPLY_LEN);
	struct qn_parked *parked = parked_reply(shard, *reply, &len, now);

	reply->len = len;
	*token = parked->token;
	parked_put(shard, parked);
	return true;
}
