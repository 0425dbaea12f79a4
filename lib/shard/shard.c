/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/trace.h"
#include "shard/shard_state.h"

/* Echo replies a second and worker: enough to watch a node, too few to matter in a flood. */
#define ECHO_PER_SECOND 1000

/* How often to look whether the next hop of a held query has become known. */
#define HELD_RETRY_US (1 * QN_US_PER_MS)

/* How long after its end an answer may still be served when no better is to be had. */
#define STALE_MOST_S 86400u

/* Answers that live shorter than this are not asked for again before their end. */
#define REFRESH_LEAST_S 10u

/* Authority addresses whose statistics a worker keeps. */
#define SERVER_MAX 16384

static struct qn_shard_result
result_of(enum qn_shard_verdict verdict)
{
	return (struct qn_shard_result){.verdict = verdict};
}

/* --- Building --------------------------------------------------------------------------- */

/* Takes all parts of a shard from `arena`; NULL while measuring. */
static struct qn_shard *
shard_build(struct qn_arena *arena, const struct qn_shard_limits *limits,
    const struct qn_shard_shared *shared, const struct qn_shard_config *config,
    const uint8_t seed[QN_RANDOM_SEED_LEN], struct qn_now now)
{
	const struct qn_resolver_limits resolver_limits = {
	    .task_max = limits->task_max,
	    .upstream_max = limits->upstream_max,
	    .server_max = SERVER_MAX,
	};
	struct qn_shard *shard = qn_arena_take(arena, sizeof(*shard));
	uint8_t seeds[2][QN_RANDOM_SEED_LEN] = {{0}, {0}};
	struct qn_transport_table transport;
	struct qn_random random;
	struct qn_pool parked;

	/* One seed came in; each part that draws numbers gets one of its own made from it. */
	qn_random_init(&random, seed);
	qn_random_fill(&random, (struct qn_span){seeds[0], sizeof(seeds)});

	qn_pool_init(&parked, arena, limits->client_max, sizeof(struct qn_parked));
	qn_transport_init(&transport, arena, limits->upstream_max, limits->worker,
	    shared != NULL ? shared->ports : NULL, seeds[0]);
	if (shard == NULL) {
		const struct qn_hash_key no_key = {0, 0};

		(void)qn_resolver_init(arena, &resolver_limits, NULL, &no_key, NULL, seeds[1], now);
		return NULL;
	}
	shard->limits = *limits;
	shard->shared = *shared;
	shard->config = config;
	shard->parked = parked;
	shard->transport = transport;
	qn_list_init(&shard->transport.held);
	qn_list_init(&shard->transport.streams);
	shard->resolver = qn_resolver_init(arena, &resolver_limits, shared->caches[limits->worker],
	    &shard->shared.hash_key, &config->resolve, seeds[1], now);
	return shard;
}

size_t
qn_shard_size(const struct qn_shard_limits *limits)
{
	static const uint8_t no_seed[QN_RANDOM_SEED_LEN];
	struct qn_arena arena = qn_arena_measure();

	(void)shard_build(&arena, limits, NULL, NULL, no_seed, (struct qn_now){{0}, {0}});
	return arena.used;
}

struct qn_shard *
qn_shard_init(struct qn_span block, const struct qn_shard_limits *limits,
    const struct qn_shard_shared *shared, const struct qn_shard_config *config,
    const uint8_t seed[QN_RANDOM_SEED_LEN], struct qn_now now)
{
	struct qn_arena arena = qn_arena_over(block);

	qn_assert(limits->worker < limits->worker_count);
	qn_assert(limits->worker_count <= QN_SHARD_WORKER_MAX);
	qn_assert(limits->link_count <= QN_SHARD_LINK_MAX);
	return shard_build(&arena, limits, shared, config, seed, now);
}

void
qn_shard_configure(struct qn_shard *shard, const struct qn_shard_config *config)
{
	shard->config = config;
	qn_resolver_configure(shard->resolver, &config->resolve);
}

/* --- Clients ---------------------------------------------------------------------------- */

static void
count_rcode(struct qn_shard *shard, uint16_t rcode)
{
	struct qn_shard_counters *counters = &shard->counters;

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

	qn_counter_add(&shard->counters.client_replies, 1);
	count_rcode(shard, answer->rcode);
	if (truncated)
		qn_counter_add(&shard->counters.client_truncated, 1);
	return (uint16_t)len;
}

/* Replies in the buffer that the query came in. */
static struct qn_shard_result
client_reply_here(struct qn_shard *shard, struct qn_packet *packet, const struct qn_frame *frame,
    const struct qn_client_query *query, const struct qn_answer *answer, uint32_t age_s)
{
	const struct qn_span payload = {
	    packet->data + frame->payload_at, packet->capacity - frame->payload_at};
	const uint16_t len = client_reply(shard, payload, query, answer, age_s);

	packet->len =
	    qn_frame_reply_udp((struct qn_span){packet->data, packet->capacity}, frame, len);
	return result_of(QN_SHARD_SEND);
}

static struct qn_shard_result
client_reply_empty(struct qn_shard *shard, struct qn_packet *packet, const struct qn_frame *frame,
    const struct qn_client_query *query, uint16_t rcode, uint16_t ede)
{
	const struct qn_answer answer = {.rcode = rcode, .ede = ede};

	return client_reply_here(shard, packet, frame, query, &answer, 0);
}

static struct qn_shard_result
client_reply_value(struct qn_shard *shard, struct qn_packet *packet, const struct qn_frame *frame,
    const struct qn_client_query *query, size_t value_len)
{
	const struct qn_view value = {shard->value, value_len};
	struct qn_answer answer;
	const bool whole = qn_answer_open(&answer, value);

	qn_assert(whole);
	return client_reply_here(shard, packet, frame, query, &answer, 0);
}

static bool
client_allowed(const struct qn_shard *shard, const struct qn_address *address)
{
	for (uint16_t i = 0; i < shard->config->allow_count; i++)
		if (qn_prefix_contains(&shard->config->allow[i], address))
			return true;
	return false;
}

/* The worker that resolves a question: the upper bits of a hash whose lower ones place it. */
static uint16_t
home_worker(const struct qn_shard *shard, uint32_t hash)
{
	return (uint16_t)((uint64_t)hash * shard->limits.worker_count >> 32);
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
	if (found == QN_CACHE_STALE && item->age_s - item->ttl_s >= STALE_MOST_S)
		return QN_CACHE_MISS;
	return found;
}

/* Whether a fresh answer is in the last tenth of its life: what is still asked for then is popular. */
static bool
ends_soon(const struct qn_cache_item *item)
{
	return item->ttl_s >= REFRESH_LEAST_S && item->age_s >= item->ttl_s - item->ttl_s / 10;
}

/* Marks an answer as stale, for the reply (RFC 8767 s4, RFC 8914 s4.4 and s4.20). */
static void
answer_mark_stale(struct qn_shard *shard, struct qn_answer *answer, uint32_t *age_s)
{
	answer->ede =
	    answer->rcode == QN_RCODE_NXDOMAIN ? QN_EDE_STALE_NXDOMAIN : QN_EDE_STALE_ANSWER;
	*age_s = QN_ANSWER_STALE;
	qn_counter_add(&shard->counters.client_stale, 1);
}

/* Parks the client and hands its question to the iterator. */
static struct qn_shard_result
client_park(struct qn_shard *shard, uint16_t link, const struct qn_frame *frame,
    const struct qn_client_query *query, uint64_t wait_us, struct qn_now now)
{
	struct qn_parked *parked = qn_pool_take(&shard->parked);

	if (parked == NULL) {
		qn_counter_add(&shard->counters.client_shed, 1);
		return result_of(QN_SHARD_DONE);
	}
	parked->query = *query;
	parked->path = qn_frame_path_back(frame);
	parked->client = frame->source;
	parked->service = frame->destination;
	parked->link = link;
	if (qn_resolver_ask(shard->resolver, &query->question, &parked->asker, wait_us, now) ==
	    QN_ASK_SHED) {
		qn_pool_put(&shard->parked, parked);
		qn_counter_add(&shard->counters.client_shed, 1);
		return result_of(QN_SHARD_DONE);
	}
	qn_counter_add(&shard->counters.cache_misses, 1);
	qn_counter_add(&shard->parked_gauge, 1);
	return result_of(QN_SHARD_DONE);
}

/* Answers a question whose last attempt failed a moment ago (RFC 9520), as best as possible. */
static bool
client_known_failure(struct qn_shard *shard, const struct qn_client_query *query,
    enum qn_cache_found found, struct qn_answer *answer, uint32_t *age_s, struct qn_now now)
{
	struct qn_store store = {
	    shard->shared.caches[shard->limits.worker], &shard->shared.hash_key, shard->scratch};
	struct qn_failure failure;

	if (!qn_store_get_failure(
		&store, &query->question.name, query->question.type, now, &failure))
		return false;
	if (found == QN_CACHE_STALE) {
		answer_mark_stale(shard, answer, age_s);
		return true;
	}
	*answer = (struct qn_answer){.rcode = failure.rcode, .ede = failure.ede};
	*age_s = 0;
	return true;
}

/* Answers from the cache of the question's home worker, or takes it there. */
static struct qn_shard_result
client_resolve(struct qn_shard *shard, uint16_t link, struct qn_packet *packet,
    const struct qn_frame *frame, const struct qn_client_query *query, struct qn_now now)
{
	struct qn_cache_item item;
	struct qn_cache_key key;
	struct qn_answer answer;

	qn_cache_key_init(&key, &shard->shared.hash_key, QN_CACHE_ANSWER, &query->question.name,
	    query->question.type);
	const uint16_t home = home_worker(shard, key.hash);
	const enum qn_cache_found found = client_lookup(shard, home, &key, now, &answer, &item);
	const bool refresh = found == QN_CACHE_FRESH && ends_soon(&item);

	if ((found != QN_CACHE_FRESH || refresh) && home != shard->limits.worker) {
		qn_counter_add(&shard->counters.frame_handed_over, 1);
		return (struct qn_shard_result){QN_SHARD_HANDOVER, home};
	}
	qn_counter_add(&shard->counters.client_queries, 1);
	if (refresh)
		qn_resolver_refresh(shard->resolver, &query->question, now);
	if (found == QN_CACHE_FRESH ||
	    client_known_failure(shard, query, found, &answer, &item.age_s, now)) {
		qn_counter_add(&shard->counters.cache_hits, 1);
		return client_reply_here(shard, packet, frame, query, &answer, item.age_s);
	}
	if (!(query->flags & QN_FLAG_RD)) {
		qn_counter_add(&shard->counters.client_cache_only, 1);
		return client_reply_empty(
		    shard, packet, frame, query, QN_RCODE_REFUSED, QN_EDE_NOT_AUTHORITATIVE);
	}
	return client_park(shard, link, frame, query,
	    found == QN_CACHE_STALE ? QN_RESOLVE_STALE_US : QN_RESOLVE_CLIENT_US, now);
}

/* Gives a client that sent a cookie the server's part, which proves its address next time. */
static void
client_cookie(struct qn_shard *shard, struct qn_client_query *query, const struct qn_frame *frame,
    struct qn_now now)
{
	const struct qn_hash_key *secret = &shard->config->cookie_secret;
	const struct qn_address *client = &frame->source.address;

	if (query->cookie.len == 0)
		return;
	if (qn_cookie_is_ours(&query->cookie, secret, client, now.wall))
		qn_counter_add(&shard->counters.client_cookie, 1);
	qn_cookie_renew(&query->cookie, secret, client, now.wall);
}

static struct qn_shard_result
client_input(struct qn_shard *shard, uint16_t link, struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	const struct qn_view datagram = {packet->data + frame->payload_at, frame->payload_len};
	const struct qn_span value = {shard->value, sizeof(shard->value)};
	struct qn_shard_counters *counters = &shard->counters;
	struct qn_client_query query;
	const enum qn_client_verdict verdict = qn_client_read(&query, datagram);

	if (verdict == QN_CLIENT_RUNT) {
		qn_counter_add(&counters->client_runts, 1);
		return result_of(QN_SHARD_DONE);
	}
	if (verdict == QN_CLIENT_NOT_QUERY) {
		qn_counter_add(&counters->client_not_query, 1);
		return result_of(QN_SHARD_DONE);
	}
	client_cookie(shard, &query, frame, now);
	if (verdict == QN_CLIENT_RESOLVE && client_allowed(shard, &frame->source.address))
		return client_resolve(shard, link, packet, frame, &query, now);

	qn_counter_add(&counters->client_queries, 1);
	if (!client_allowed(shard, &frame->source.address)) {
		qn_counter_add(&counters->client_refused, 1);
		return client_reply_empty(
		    shard, packet, frame, &query, QN_RCODE_REFUSED, QN_EDE_PROHIBITED);
	}
	switch (verdict) {
	case QN_CLIENT_FORMERR:
		qn_counter_add(&counters->client_formerr, 1);
		return client_reply_empty(
		    shard, packet, frame, &query, QN_RCODE_FORMERR, QN_EDE_NONE);
	case QN_CLIENT_BADVERS:
		qn_counter_add(&counters->client_badvers, 1);
		return client_reply_empty(
		    shard, packet, frame, &query, QN_RCODE_BADVERS, QN_EDE_NONE);
	case QN_CLIENT_ANY:
		qn_counter_add(&counters->client_any, 1);
		return client_reply_value(
		    shard, packet, frame, &query, qn_client_any(value, &query.question));
	case QN_CLIENT_CHAOS:
		qn_counter_add(&counters->client_chaos, 1);
		return client_reply_value(shard, packet, frame, &query,
		    qn_client_chaos(value, &query.question, shard->config->node_id));
	case QN_CLIENT_NOTIMP:
	case QN_CLIENT_RESOLVE:
	case QN_CLIENT_RUNT:
	case QN_CLIENT_NOT_QUERY:
		break;
	}
	qn_counter_add(&counters->client_notimp, 1);
	return client_reply_empty(shard, packet, frame, &query, QN_RCODE_NOTIMP, QN_EDE_NONE);
}

/* --- Authorities ------------------------------------------------------------------------ */

static qn_counter *
match_counter(struct qn_shard_counters *counters, enum qn_transport_match match)
{
	switch (match) {
	case QN_MATCH_REPLY:
		return &counters->upstream_replies;
	case QN_MATCH_STRAY:
		return &counters->upstream_stray;
	case QN_MATCH_WRONG_PEER:
		return &counters->upstream_wrong_peer;
	case QN_MATCH_WRONG_ID:
		return &counters->upstream_wrong_id;
	case QN_MATCH_WRONG_QUESTION:
		return &counters->upstream_wrong_question;
	case QN_MATCH_WRONG_CASE:
		return &counters->upstream_wrong_case;
	case QN_MATCH_WRONG_COOKIE:
		return &counters->upstream_wrong_cookie;
	case QN_MATCH_BROKEN:
		break;
	}
	return &counters->upstream_broken;
}

/* A near miss: without TCP the wait simply goes on, as after any other wrong datagram. */
static void
upstream_suspect(
    struct qn_shard *shard, uint32_t slot, enum qn_transport_match match, struct qn_now now)
{
	if (shard->limits.tcp)
		qn_resolver_suspect(shard->resolver, slot, match == QN_MATCH_WRONG_CASE, now);
}

static struct qn_shard_result
upstream_input(struct qn_shard *shard, const struct qn_packet *packet, const struct qn_frame *frame,
    struct qn_now now)
{
	const struct qn_view datagram = {packet->data + frame->payload_at, frame->payload_len};
	enum qn_transport_match match = QN_MATCH_STRAY;
	struct qn_message message;
	uint16_t worker;
	uint32_t slot;

	if (qn_port_owner(shard->shared.ports, frame->destination.port, &worker, &slot)) {
		if (worker != shard->limits.worker) {
			qn_counter_add(&shard->counters.frame_handed_over, 1);
			return (struct qn_shard_result){QN_SHARD_HANDOVER, worker};
		}
		match = qn_transport_match(&shard->transport, slot, frame, datagram, &message);
	}
	qn_counter_add(match_counter(&shard->counters, match), 1);
	if (match == QN_MATCH_REPLY)
		qn_resolver_reply(shard->resolver, slot, &message, now);
	else if (match == QN_MATCH_WRONG_ID || match == QN_MATCH_WRONG_CASE)
		upstream_suspect(shard, slot, match, now);
	return result_of(QN_SHARD_DONE);
}

/* --- Frames ----------------------------------------------------------------------------- */

void
qn_shard_prefetch(struct qn_shard *shard, const struct qn_packet *packet)
{
	(void)shard;
	__builtin_prefetch(packet->data);
	__builtin_prefetch(packet->data + 64);
}

static bool
echo_allowed(struct qn_shard *shard, struct qn_now now)
{
	if (qn_mono_reached(shard->echo_until, now.mono)) {
		shard->echo_until = qn_mono_after_us(now.mono, QN_US_PER_S);
		shard->echo_left = ECHO_PER_SECOND;
	}
	if (shard->echo_left == 0)
		return false;
	shard->echo_left--;
	return true;
}

static struct qn_shard_result
link_input(struct qn_shard *shard, struct qn_link *link, struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	if (frame->kind == QN_FRAME_ECHO && !echo_allowed(shard, now)) {
		qn_counter_add(&shard->counters.echo_limited, 1);
		return result_of(QN_SHARD_DONE);
	}
	const struct qn_link_result result =
	    qn_link_input(link, (struct qn_span){packet->data, packet->capacity}, frame, now);

	switch (result.verdict) {
	case QN_LINK_REPLY:
		packet->len = result.len;
		qn_counter_add(&shard->counters.link_replies, 1);
		return result_of(QN_SHARD_SEND);
	case QN_LINK_IGNORED:
		qn_counter_add(&shard->counters.link_ignored[result.ignored], 1);
		break;
	case QN_LINK_DONE:
		break;
	}
	return result_of(QN_SHARD_DONE);
}

static bool
is_service(const struct qn_shard *shard, const struct qn_address *address)
{
	for (uint16_t i = 0; i < shard->config->service_count; i++)
		if (qn_address_equal(&shard->config->service[i], address))
			return true;
	return false;
}

static struct qn_shard_result
datagram_input(struct qn_shard *shard, uint16_t link_index, struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	const struct qn_link *link = shard->shared.links[link_index];

	if (frame->destination.port == QN_DNS_PORT &&
	    is_service(shard, &frame->destination.address))
		return client_input(shard, link_index, packet, frame, now);
	if (!qn_link_owns(link, &frame->destination.address)) {
		qn_counter_add(&shard->counters.frame_not_ours, 1);
		return result_of(QN_SHARD_DONE);
	}
	if (frame->destination.port >= QN_PORT_FIRST)
		return upstream_input(shard, packet, frame, now);
	qn_counter_add(&shard->counters.frame_punted, 1);
	return result_of(QN_SHARD_PUNT);
}

struct qn_shard_result
qn_shard_input(
    struct qn_shard *shard, uint16_t link_index, struct qn_packet *packet, struct qn_now now)
{
	struct qn_link *link = shard->shared.links[link_index];
	struct qn_frame frame;
	const enum qn_frame_kind kind = qn_frame_read(&frame, qn_packet_view(packet));

	qn_counter_add(&shard->counters.frames, 1);
	if (kind == QN_FRAME_DROP) {
		qn_counter_add(&shard->counters.frame_drop[frame.drop], 1);
		return result_of(QN_SHARD_DONE);
	}
	if (!qn_link_accepts(link, &frame)) {
		qn_counter_add(&shard->counters.frame_not_ours, 1);
		return result_of(QN_SHARD_DONE);
	}
	switch (kind) {
	case QN_FRAME_UDP:
		return datagram_input(shard, link_index, packet, &frame, now);
	case QN_FRAME_ARP:
	case QN_FRAME_ND:
	case QN_FRAME_ECHO:
		return link_input(shard, link, packet, &frame, now);
	case QN_FRAME_OTHER:
	case QN_FRAME_DROP:
		break;
	}
	qn_counter_add(&shard->counters.frame_punted, 1);
	return result_of(QN_SHARD_PUNT);
}

/* --- Output ----------------------------------------------------------------------------- */

static struct qn_span
packet_span(const struct qn_packet *packet)
{
	return (struct qn_span){packet->data, packet->capacity};
}

/* A request of ours for the station of a neighbour. */
static bool
output_link(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	for (uint16_t i = 0; i < shard->limits.link_count; i++) {
		struct qn_link *link = shard->shared.links[i];

		if (!qn_link_has_output(link, now))
			continue;
		packet->len = qn_link_output(link, packet_span(packet), now);
		if (packet->len == 0)
			continue;
		*link_index = i;
		qn_counter_add(&shard->counters.link_requests, 1);
		return true;
	}
	return false;
}

/* In place of a failure, the last answer there was, if it is not too old. */
static void
answer_prefer_stale(struct qn_shard *shard, const struct qn_client_query *query,
    struct qn_answer *answer, uint32_t *age_s, struct qn_now now)
{
	struct qn_cache_item item;
	struct qn_answer stale;
	struct qn_cache_key key;

	if (answer->rcode != QN_RCODE_SERVFAIL && answer->rcode != QN_RCODE_REFUSED)
		return;
	qn_cache_key_init(&key, &shard->shared.hash_key, QN_CACHE_ANSWER, &query->question.name,
	    query->question.type);
	if (client_lookup(shard, shard->limits.worker, &key, now, &stale, &item) == QN_CACHE_MISS)
		return;
	*answer = stale;
	answer_mark_stale(shard, answer, age_s);
}

/* The answer to a parked client. */
static bool
output_client(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	struct qn_answer answer;
	uint32_t age_s = 0;
	struct qn_asker *asker = qn_resolver_take_answer(shard->resolver, &answer);

	if (asker == NULL)
		return false;
	struct qn_parked *parked = qn_list_entry(asker, struct qn_parked, asker);
	const uint16_t payload_at =
	    qn_frame_payload_at(&parked->path, parked->client.address.family);

	answer_prefer_stale(shard, &parked->query, &answer, &age_s, now);
	const struct qn_span payload = {packet->data + payload_at, packet->capacity - payload_at};
	const uint16_t len = client_reply(shard, payload, &parked->query, &answer, age_s);

	packet->len = qn_frame_build_udp(
	    packet_span(packet), &parked->path, &parked->service, &parked->client, len);
	*link_index = parked->link;
	qn_pool_put(&shard->parked, parked);
	qn_counter_sub(&shard->parked_gauge, 1);
	qn_counter_add(&shard->counters.client_answered, 1);
	return true;
}

/* Finds the link and the way to a server: the first link that knows one, or will soon. */
static enum qn_link_route
find_route(struct qn_shard *shard, struct qn_sent *sent, struct qn_now now, uint16_t *link_index,
    struct qn_path *path)
{
	enum qn_link_route best = QN_LINK_NO_ROUTE;

	for (uint16_t i = 0; i < shard->limits.link_count; i++) {
		const enum qn_link_route route = qn_link_route(
		    shard->shared.links[i], &sent->query.server.address, now, path, &sent->local);

		if (route == QN_LINK_READY) {
			*link_index = i;
			return route;
		}
		if (route == QN_LINK_RESOLVING)
			best = route;
	}
	return best;
}

static void
write_query(struct qn_shard *shard, struct qn_packet *packet, const struct qn_sent *sent,
    const struct qn_path *path)
{
	const uint16_t payload_at = qn_frame_payload_at(path, sent->local.family);
	const struct qn_endpoint source = {sent->local, sent->port};
	const size_t len = qn_transport_write(
	    sent, (struct qn_span){packet->data + payload_at, packet->capacity - payload_at});

	packet->len = qn_frame_build_udp(
	    packet_span(packet), path, &source, &sent->query.server, (uint16_t)len);
	qn_counter_add(&shard->counters.upstream_queries, 1);
}

/* A query whose next hop was not known when it was to go out. */
static bool
output_held(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	struct qn_list *held = &shard->transport.held;
	struct qn_path path;

	if (qn_list_empty(held) || !qn_mono_reached(shard->transport.held_try, now.mono))
		return false;
	struct qn_sent *sent = qn_list_entry(held->next, struct qn_sent, link);

	qn_list_remove(&sent->link);
	if (find_route(shard, sent, now, link_index, &path) == QN_LINK_READY) {
		write_query(shard, packet, sent, &path);
		return true;
	}
	qn_list_append(held, &sent->link); /* Its timeout will end it. */
	shard->transport.held_try = qn_mono_after_us(now.mono, HELD_RETRY_US);
	return false;
}

/* Takes one query from the iterator; false when it could not be written into `packet`. */
static bool
send_query(struct qn_shard *shard, const struct qn_upstream_query *query, uint16_t *link_index,
    struct qn_packet *packet, struct qn_now now)
{
	const bool stream = query->transport == QN_TRANSPORT_TCP;
	struct qn_path path;

	if (stream && !shard->limits.tcp) {
		qn_counter_add(&shard->counters.upstream_no_tcp, 1);
		qn_resolver_unsent(shard->resolver, query->slot, now);
		return false;
	}
	struct qn_sent *sent = qn_transport_open(&shard->transport, query);

	if (stream) {
		qn_list_append(&shard->transport.streams, &sent->link);
		return false;
	}

	if (sent == NULL) {
		qn_counter_add(&shard->counters.upstream_no_port, 1);
		qn_resolver_unsent(shard->resolver, query->slot, now);
		return false;
	}
	switch (find_route(shard, sent, now, link_index, &path)) {
	case QN_LINK_READY:
		write_query(shard, packet, sent, &path);
		return true;
	case QN_LINK_RESOLVING:
		qn_counter_add(&shard->counters.upstream_held, 1);
		qn_list_append(&shard->transport.held, &sent->link);
		return false;
	case QN_LINK_NO_ROUTE:
		break;
	}
	qn_counter_add(&shard->counters.upstream_no_route, 1);
	qn_resolver_unsent(shard->resolver, query->slot, now);
	return false;
}

static bool
output_query(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	struct qn_upstream_query query;
	uint32_t slot;

	while (qn_resolver_take_release(shard->resolver, &slot))
		qn_transport_release(&shard->transport, slot);
	while (qn_resolver_take_send(shard->resolver, &query, now)) {
		if (send_query(shard, &query, link_index, packet, now))
			return true;
		/* What could not be sent has been released, and its slot may come again. */
		while (qn_resolver_take_release(shard->resolver, &slot))
			qn_transport_release(&shard->transport, slot);
	}
	return false;
}

bool
qn_shard_take_stream(struct qn_shard *shard, struct qn_shard_stream *stream, struct qn_span message)
{
	struct qn_list *link = qn_list_pop(&shard->transport.streams);

	if (link == NULL)
		return false;
	const struct qn_sent *sent = qn_list_entry(link, struct qn_sent, link);

	qn_assert(message.len >= QN_SHARD_STREAM_LEN);
	*stream = (struct qn_shard_stream){
	    .token = qn_transport_stream_token(sent),
	    .server = sent->query.server,
	    .len = qn_transport_write(sent, message),
	};
	qn_counter_add(&shard->counters.upstream_streams, 1);
	return true;
}

void
qn_shard_stream_reply(
    struct qn_shard *shard, uint64_t token, struct qn_view bytes, struct qn_now now)
{
	const struct qn_sent *sent = qn_transport_stream(&shard->transport, token);
	struct qn_message message;

	if (sent == NULL) {
		qn_counter_add(&shard->counters.upstream_stray, 1);
		return;
	}
	const enum qn_transport_match match = qn_transport_match_stream(sent, bytes, &message);

	qn_counter_add(match_counter(&shard->counters, match), 1);
	if (match == QN_MATCH_REPLY)
		qn_resolver_reply(shard->resolver, sent->query.slot, &message, now);
	else
		qn_resolver_unsent(shard->resolver, sent->query.slot, now);
}

void
qn_shard_stream_failed(struct qn_shard *shard, uint64_t token, struct qn_now now)
{
	const struct qn_sent *sent = qn_transport_stream(&shard->transport, token);

	if (sent != NULL)
		qn_resolver_unsent(shard->resolver, sent->query.slot, now);
}

bool
qn_shard_has_output(const struct qn_shard *shard, struct qn_now now)
{
	for (uint16_t i = 0; i < shard->limits.link_count; i++)
		if (qn_link_has_output(shard->shared.links[i], now))
			return true;
	return qn_resolver_has_effects(shard->resolver) ||
	       (!qn_list_empty(&shard->transport.held) &&
		   qn_mono_reached(shard->transport.held_try, now.mono));
}

bool
qn_shard_output(struct qn_shard *shard, uint16_t *link, struct qn_packet *packet, struct qn_now now)
{
	return output_link(shard, link, packet, now) || output_client(shard, link, packet, now) ||
	       output_held(shard, link, packet, now) || output_query(shard, link, packet, now) ||
	       output_client(shard, link, packet, now);
}

/* --- Time ------------------------------------------------------------------------------- */

uint32_t
qn_shard_expire(struct qn_shard *shard, struct qn_now now, uint32_t count_max)
{
	return qn_resolver_expire(shard->resolver, now, count_max);
}

uint64_t
qn_shard_rest_us(const struct qn_shard *shard, struct qn_now now, uint64_t most_us)
{
	if (!qn_list_empty(&shard->transport.held) && most_us > HELD_RETRY_US)
		most_us = HELD_RETRY_US;
	return qn_resolver_rest_us(shard->resolver, now, most_us);
}

bool
qn_shard_trace(struct qn_shard *shard, struct qn_trace *trace, struct qn_now now)
{
	struct qn_cache_key key;

	qn_cache_key_init(&key, &shard->shared.hash_key, QN_CACHE_ANSWER, &trace->question.name,
	    trace->question.type);
	return home_worker(shard, key.hash) != shard->limits.worker ||
	       qn_resolver_trace(shard->resolver, trace, now);
}

uint32_t
qn_shard_flush(struct qn_shard *shard, const struct qn_name *name)
{
	return qn_cache_flush(shard->shared.caches[shard->limits.worker], name);
}
