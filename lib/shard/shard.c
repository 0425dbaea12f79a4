/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/shard_state.h"

/* Echo replies a second and worker: enough to watch a node, too few to matter in a flood. */
#define ECHO_PER_SECOND 1000

/* Authority addresses whose statistics a worker keeps. */
#define SERVER_MAX 16384

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

		(void)qn_resolver_init(
		    arena, &resolver_limits, NULL, NULL, &no_key, NULL, seeds[1], now);
		return NULL;
	}
	shard->limits = *limits;
	shard->shared = *shared;
	shard->config = config;
	shard->parked = parked;
	shard->transport = transport;
	qn_list_init(&shard->transport.held);
	qn_list_init(&shard->transport.streams);
	shard->transport.tcp = limits->tcp;
	shard->resolver = qn_resolver_init(arena, &resolver_limits, shared->caches[limits->worker],
	    shared->standings, &shard->shared.hash_key, &config->resolve, seeds[1], now);
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

/* --- Frames ----------------------------------------------------------------------------- */

void
qn_shard_prefetch(const struct qn_packet *packet)
{
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

/*
 * Whether the kernel should see what a link has been told: it has neighbours of its own, asks for
 * them itself, and must hear the replies. Who asks for us is answered here, and once.
 */
static bool
tells_of_neighbour(const struct qn_frame *frame, const struct qn_link_result *result)
{
	if (frame->kind == QN_FRAME_ECHO)
		return false;
	if (result->verdict == QN_LINK_DONE)
		return true;
	return result->ignored == QN_LINK_IGNORED_STRANGER ||
	       result->ignored == QN_LINK_IGNORED_NOT_ASKED ||
	       result->ignored == QN_LINK_IGNORED_TOO_SOON;
}

static struct qn_shard_result
link_input(struct qn_shard *shard, struct qn_link *link, struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	if (frame->kind == QN_FRAME_ECHO && !echo_allowed(shard, now)) {
		qn_counter_add(&shard->counters.echo_limited, 1);
		return qn_shard_result_of(QN_SHARD_DONE);
	}
	const struct qn_link_result result =
	    qn_link_input(link, (struct qn_span){packet->data, packet->capacity}, frame, now);

	switch (result.verdict) {
	case QN_LINK_REPLY:
		packet->len = result.len;
		qn_counter_add(&shard->counters.link_replies, 1);
		return qn_shard_result_of(QN_SHARD_SEND);
	case QN_LINK_IGNORED:
		qn_counter_add(&shard->counters.link_ignored[result.ignored], 1);
		break;
	case QN_LINK_DONE:
		break;
	}
	if (shard->limits.kernel && tells_of_neighbour(frame, &result)) {
		qn_counter_add(&shard->counters.frame_punted, 1);
		return qn_shard_result_of(QN_SHARD_PUNT);
	}
	return qn_shard_result_of(QN_SHARD_DONE);
}

bool
qn_shard_is_service(const struct qn_shard *shard, const struct qn_endpoint *destination)
{
	if (destination->port != QN_DNS_PORT)
		return false;
	for (uint16_t i = 0; i < shard->config->service_count; i++)
		if (qn_address_equal(&shard->config->service[i], &destination->address))
			return true;
	return false;
}

static struct qn_shard_result
datagram_input(struct qn_shard *shard, uint16_t link_index, struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	const struct qn_link *link = shard->shared.links[link_index];

	if (qn_shard_is_service(shard, &frame->destination))
		return qn_shard_client_input(shard, link_index, packet, frame, now);
	if (!qn_link_owns(link, &frame->destination.address)) {
		qn_counter_add(&shard->counters.frame_not_ours, 1);
		return qn_shard_result_of(QN_SHARD_DONE);
	}
	if (!qn_port_kept(shard->shared.ports, frame->destination.port))
		return qn_shard_upstream_input(shard, packet, frame, now);
	qn_counter_add(&shard->counters.frame_punted, 1);
	return qn_shard_result_of(QN_SHARD_PUNT);
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
		return qn_shard_result_of(QN_SHARD_DONE);
	}
	if (!qn_link_accepts(link, &frame)) {
		qn_counter_add(&shard->counters.frame_not_ours, 1);
		return qn_shard_result_of(QN_SHARD_DONE);
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
	return qn_shard_result_of(QN_SHARD_PUNT);
}

/* --- Output ----------------------------------------------------------------------------- */

/* A request of ours for the station of a neighbour. */
static bool
output_link(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	for (uint16_t i = 0; i < shard->limits.link_count; i++) {
		struct qn_link *link = shard->shared.links[i];

		if (!qn_link_has_output(link, now))
			continue;
		packet->len = qn_link_output(link, qn_packet_span(packet), now);
		if (packet->len == 0)
			continue;
		*link_index = i;
		qn_counter_add(&shard->counters.link_requests, 1);
		return true;
	}
	return false;
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
	return output_link(shard, link, packet, now) ||
	       qn_shard_client_output(shard, link, packet, now) ||
	       qn_shard_upstream_output(shard, link, packet, now) ||
	       qn_shard_client_output(shard, link, packet, now);
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
	if (!qn_list_empty(&shard->transport.held) && most_us > QN_HELD_RETRY_US)
		most_us = QN_HELD_RETRY_US;
	return qn_resolver_rest_us(shard->resolver, now, most_us);
}

/* --- Evidence --------------------------------------------------------------------------- */

struct qn_sample_ring *
qn_shard_samples(struct qn_shard *shard)
{
	return qn_resolver_samples(shard->resolver);
}
