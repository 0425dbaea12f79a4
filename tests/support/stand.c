/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/stand.h"

#include "cache/cache.h"
#include "net/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU         1500
#define FRAME_MAX   2048
#define EVENT_FIRST 1024

#define QUESTION_MAX (QN_HEADER_LEN + QN_NAME_MAX + 4)

/* Something on its way to the node. */
struct event {
	struct qn_mono at;
	uint64_t order; /* Of two that are due at the same time. */
	bool is_stream;
	uint16_t worker; /* Of a stream. */
	uint64_t token;  /* The same. */
	size_t len;
	uint8_t bytes[]; /* A frame, or a message over TCP. */
};

struct stand {
	struct stand_config config;
	struct qn_shard_config shard_config;
	struct qn_now now;
	struct qn_shard *shards[QN_SHARD_WORKER_MAX];
	uint16_t worker_count;
	struct qn_link *gateway;
	struct qn_shard_shared shared;
	struct qn_span shard_blocks[QN_SHARD_WORKER_MAX];
	struct qn_span cache_blocks[QN_SHARD_WORKER_MAX];
	struct qn_span link_block;
	struct qn_span gateway_block;
	struct qn_span port_block;
	struct qn_span nsdb_block;
	struct qn_nsdb *nsdb;
	struct qn_mono fold_due;
	struct event **events; /* A heap: the earliest first. */
	size_t event_count;
	size_t event_max;
	uint64_t order;
};

const struct qn_address stand_service = {{172, 16, 0, 2}, QN_FAMILY_IPV4};

static const uint8_t node_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 2};
static const uint8_t gateway_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 1};

_Noreturn static void
give_up(const char *why)
{
	fprintf(stderr, "stand: %s\n", why);
	abort();
}

/* --- Building --------------------------------------------------------------------------- */

static struct qn_span
block_take(size_t len)
{
	const size_t whole = (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);
	const struct qn_span block = {aligned_alloc(QN_ARENA_ALIGN, whole), len};

	if (block.data == NULL)
		give_up("out of memory");
	return block;
}

static struct qn_prefix
prefix(const char *text)
{
	struct qn_prefix read;

	if (!qn_prefix_from_text(&read, text))
		give_up("not a prefix");
	return read;
}

struct stand *
stand_create(const struct stand_config *config)
{
	const struct qn_prefix clients = prefix("10.0.0.0/8");
	struct stand *stand = calloc(1, sizeof(*stand));

	if (stand == NULL)
		give_up("out of memory");
	stand->config = *config;
	stand->shard_config =
	    (struct qn_shard_config){.service_count = 1, .resolve = *config->resolve};
	stand->shard_config.service[0] = stand_service;
	if (!qn_prefix_map_add(&stand->shard_config.access, &clients, QN_ACCESS_ALLOW))
		give_up("clients cannot be let in");
	stand->worker_count = config->limits.worker_count;
	for (uint16_t i = 0; i < stand->worker_count; i++) {
		stand->shard_blocks[i] = block_take(qn_shard_size(&config->limits));
		stand->cache_blocks[i] =
		    block_take(qn_cache_size(config->cache_bytes / stand->worker_count));
	}
	stand->link_block = block_take(qn_link_size());
	stand->gateway_block = block_take(qn_link_size());
	stand->port_block = block_take(qn_port_table_size());
	if (config->standing_max > 0)
		stand->nsdb_block = block_take(qn_nsdb_size(config->standing_max));
	return stand;
}

static void
events_drop(struct stand *stand)
{
	while (stand->event_count > 0)
		free(stand->events[--stand->event_count]);
}

void
stand_destroy(struct stand *stand)
{
	events_drop(stand);
	free(stand->events);
	for (uint16_t i = 0; i < stand->worker_count; i++) {
		free(stand->shard_blocks[i].data);
		free(stand->cache_blocks[i].data);
	}
	free(stand->link_block.data);
	free(stand->gateway_block.data);
	free(stand->port_block.data);
	free(stand->nsdb_block.data);
	free(stand);
}

/* Either end of the wire: its addresses, and for the node the way out. */
static struct qn_link *
link_build(struct qn_span block, const uint8_t mac[QN_MAC_OCTETS], const char *const networks[2],
    const char *const gateways[2])
{
	struct qn_link_config config = {.mtu = MTU, .address_count = 2, .hash_key = {5, 7}};

	memcpy(config.mac, mac, QN_MAC_OCTETS);
	for (unsigned i = 0; i < 2; i++) {
		config.addresses[i] = prefix(networks[i]);
		if (gateways != NULL)
			config.gateways[config.gateway_count++] = prefix(gateways[i]).address;
	}
	return qn_link_init(block, &config);
}

static void
shards_build(struct stand *stand, uint8_t seed)
{
	struct qn_shard_limits limits = stand->config.limits;

	for (uint16_t i = 0; i < stand->worker_count; i++)
		stand->shared.caches[i] = qn_cache_init(stand->cache_blocks[i], stand->now);
	for (uint16_t i = 0; i < stand->worker_count; i++) {
		const uint8_t seeds[QN_RANDOM_SEED_LEN] = {seed, 2, 3, (uint8_t)i};

		limits.worker = i;
		stand->shards[i] = qn_shard_init(stand->shard_blocks[i], &limits, &stand->shared,
		    &stand->shard_config, seeds, stand->now);
	}
}

void
stand_start(struct stand *stand, uint8_t seed)
{
	static const char *const node_networks[] = {"172.16.0.2/24", "fd00:1::2/64"};
	static const char *const gateway_networks[] = {"172.16.0.1/24", "fd00:1::1/64"};
	static const char *const gateways[] = {"172.16.0.1", "fd00:1::1"};

	events_drop(stand);
	stand->now = (struct qn_now){.mono = {QN_US_PER_S}, .wall = {1700000000}};
	stand->gateway = link_build(stand->gateway_block, gateway_mac, gateway_networks, NULL);
	stand->shared.hash_key = (struct qn_hash_key){11, 13};
	if (stand->config.standing_max > 0) {
		stand->nsdb = qn_nsdb_init(stand->nsdb_block, stand->config.standing_max,
		    stand->shared.hash_key, QN_NSDB_NOBODY);
		stand->shared.standings = qn_nsdb_standings(stand->nsdb);
	}
	stand->fold_due = stand->now.mono;
	stand->shared.links[0] = link_build(stand->link_block, node_mac, node_networks, gateways);
	stand->shared.ports = (struct qn_port_table *)(void *)stand->port_block.data;
	qn_port_table_init(stand->shared.ports);
	shards_build(stand, seed);
}

struct qn_now
stand_now(const struct stand *stand)
{
	return stand->now;
}

const struct qn_shard *
stand_shard(const struct stand *stand)
{
	return stand->shards[0];
}

/* --- What is known of servers ------------------------------------------------------------ */

static void
fold(struct stand *stand)
{
	struct qn_sample_ring *rings[QN_SHARD_WORKER_MAX];

	for (uint16_t i = 0; i < stand->worker_count; i++)
		rings[i] = qn_shard_samples(stand->shards[i]);
	stand->fold_due = qn_mono_after_us(stand->now.mono, STAND_FOLD_EVERY_US);
	while (qn_nsdb_fold(stand->nsdb, rings, stand->worker_count) > 0)
		;
}

struct qn_nsdb *
stand_nsdb(struct stand *stand)
{
	qn_assert(stand->nsdb != NULL);
	fold(stand);
	return stand->nsdb;
}

struct qn_server_stats
stand_standing(struct stand *stand, const struct qn_address *address)
{
	const struct qn_standings *standings = qn_nsdb_standings(stand_nsdb(stand));
	const struct qn_standing_key key = qn_standing_key(standings, address);
	const struct qn_standing *row = qn_standings_find(standings, &key);

	return row == NULL ? (struct qn_server_stats){.measured = false} : row->stats;
}

/* --- On its way ------------------------------------------------------------------------- */

static bool
event_before(const struct event *a, const struct event *b)
{
	return a->at.us != b->at.us ? a->at.us < b->at.us : a->order < b->order;
}

static void
heap_put(struct stand *stand, struct event *event)
{
	size_t at = stand->event_count++;

	for (; at > 0 && event_before(event, stand->events[(at - 1) / 2]); at = (at - 1) / 2)
		stand->events[at] = stand->events[(at - 1) / 2];
	stand->events[at] = event;
}

static struct event *
heap_take(struct stand *stand)
{
	struct event *first = stand->events[0];
	struct event *last = stand->events[--stand->event_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < stand->event_count &&
		    event_before(stand->events[child + 1], stand->events[child]))
			child++;
		if (child >= stand->event_count || !event_before(stand->events[child], last))
			break;
		stand->events[at] = stand->events[child];
		at = child;
	}
	stand->events[at] = last;
	return first;
}

static struct event *
event_add(struct stand *stand, uint64_t delay_us, struct qn_view bytes)
{
	struct event *event = malloc(sizeof(*event) + bytes.len);

	if (stand->event_count == stand->event_max) {
		stand->event_max = stand->event_max == 0 ? EVENT_FIRST : 2 * stand->event_max;
		stand->events = realloc(stand->events, stand->event_max * sizeof(*stand->events));
	}
	if (event == NULL || stand->events == NULL)
		give_up("out of memory");
	*event = (struct event){
	    .at = qn_mono_after_us(stand->now.mono, delay_us),
	    .order = stand->order++,
	    .len = bytes.len,
	};
	memcpy(event->bytes, bytes.data, bytes.len);
	heap_put(stand, event);
	return event;
}

void
stand_send(struct stand *stand, const struct qn_endpoint *source,
    const struct qn_endpoint *destination, struct qn_view payload, uint64_t delay_us)
{
	struct qn_path path = {.tagged = false};
	uint8_t frame[FRAME_MAX];

	memcpy(path.source_mac, gateway_mac, QN_MAC_OCTETS);
	memcpy(path.destination_mac, node_mac, QN_MAC_OCTETS);
	memcpy(
	    frame + qn_frame_payload_at(&path, source->address.family), payload.data, payload.len);
	const uint32_t len = qn_frame_build_udp((struct qn_span){frame, sizeof(frame)}, &path,
	    source, destination, (uint16_t)payload.len);

	event_add(stand, delay_us, (struct qn_view){frame, len});
}

void
stand_reply_stream(
    struct stand *stand, const struct stand_query *query, struct qn_view message, uint64_t delay_us)
{
	struct event *event = event_add(stand, delay_us, message);

	event->is_stream = true;
	event->worker = query->worker;
	event->token = query->token;
}

/* A question as clients write it. */
static struct qn_view
question_write(struct qn_span room, uint16_t id, const struct qn_question *question)
{
	struct qn_writer writer = qn_writer_of(room);

	qn_write_header(&writer, id, QN_FLAG_RD, 1);
	qn_write_question(&writer, question);
	return (struct qn_view){writer.data, writer.at};
}

void
stand_ask(struct stand *stand, const struct qn_endpoint *client, uint16_t id,
    const struct qn_question *question)
{
	const struct qn_endpoint service = {stand_service, STAND_DNS_PORT};
	uint8_t buffer[QUESTION_MAX];

	stand_send(stand, client, &service,
	    question_write((struct qn_span){buffer, sizeof(buffer)}, id, question), 0);
}

uint16_t
stand_home(const struct stand *stand, const struct qn_question *question)
{
	uint8_t buffer[QUESTION_MAX];

	return qn_shard_stream_home(&stand->shared, stand->worker_count,
	    question_write((struct qn_span){buffer, sizeof(buffer)}, 0, question));
}

bool
stand_quiet(const struct stand *stand)
{
	return stand->event_count == 0;
}

/* --- What the node sends ---------------------------------------------------------------- */

static void
call_begin(const struct stand *stand)
{
	if (stand->config.ends.call != NULL)
		stand->config.ends.call(stand->config.ends.context, true);
}

static void
call_end(const struct stand *stand)
{
	if (stand->config.ends.call != NULL)
		stand->config.ends.call(stand->config.ends.context, false);
}

static void
receive_message(
    struct stand *stand, uint16_t worker, const struct qn_frame *frame, struct qn_view payload)
{
	const struct stand_ends *ends = &stand->config.ends;
	struct qn_message message;

	if (qn_message_read(&message, payload) != QN_MESSAGE_OK || message.question_count != 1)
		give_up("the node sent a message that cannot be read");
	if (frame->destination.port != STAND_DNS_PORT) {
		ends->answer(ends->context, &frame->destination, &message);
		return;
	}
	const struct stand_query query = {.worker = worker,
	    .from = frame->source,
	    .server = frame->destination,
	    .message = &message};

	ends->query(ends->context, &query);
}

static void
receive_frame(struct stand *stand, uint16_t worker, struct qn_packet *packet)
{
	struct qn_frame frame;

	if (qn_frame_read(&frame, qn_packet_view(packet)) == QN_FRAME_UDP) {
		receive_message(stand, worker, &frame,
		    (struct qn_view){packet->data + frame.payload_at, frame.payload_len});
		return;
	}
	const struct qn_link_result result =
	    qn_link_input(stand->gateway, qn_packet_span(packet), &frame, stand->now);

	if (result.verdict == QN_LINK_REPLY)
		event_add(stand, 0, (struct qn_view){packet->data, result.len});
}

static bool
put_out_frame(struct stand *stand, uint16_t worker)
{
	uint8_t buffer[FRAME_MAX];
	struct qn_packet packet = {.data = buffer, .capacity = sizeof(buffer)};
	uint16_t link;

	call_begin(stand);
	const bool sent = qn_shard_output(stand->shards[worker], &link, &packet, stand->now);

	call_end(stand);
	if (sent)
		receive_frame(stand, worker, &packet);
	return sent;
}

static bool
put_out_stream(struct stand *stand, uint16_t worker)
{
	const struct stand_ends *ends = &stand->config.ends;
	uint8_t buffer[QN_SHARD_STREAM_LEN];
	struct qn_shard_stream stream;
	struct qn_message message;

	call_begin(stand);
	const bool sent = qn_shard_take_stream(
	    stand->shards[worker], &stream, (struct qn_span){buffer, sizeof(buffer)});

	call_end(stand);
	if (!sent)
		return false;
	if (qn_message_read(&message, (struct qn_view){buffer, stream.len}) != QN_MESSAGE_OK ||
	    message.question_count != 1)
		give_up("the node sent a message over TCP that cannot be read");
	const struct stand_query query = {.worker = worker,
	    .tcp = true,
	    .token = stream.token,
	    .server = stream.server,
	    .message = &message};

	ends->query(ends->context, &query);
	return true;
}

/* --- Running ---------------------------------------------------------------------------- */

/* Whichever worker a frame arrives at, it goes on to the one that it belongs to. */
static void
deliver_frame(struct stand *stand, const struct event *event)
{
	uint8_t buffer[FRAME_MAX];
	struct qn_packet packet = {
	    .data = buffer, .capacity = sizeof(buffer), .len = (uint32_t)event->len};
	uint16_t worker = (uint16_t)(event->order % stand->worker_count);
	struct qn_shard_result result;

	memcpy(buffer, event->bytes, event->len);
	do {
		call_begin(stand);
		result = qn_shard_input(stand->shards[worker], 0, &packet, stand->now);
		call_end(stand);
		if (result.verdict == QN_SHARD_HANDOVER)
			worker = result.worker;
	} while (result.verdict == QN_SHARD_HANDOVER);
	if (result.verdict == QN_SHARD_SEND)
		receive_frame(stand, worker, &packet);
}

static void
deliver(struct stand *stand, const struct event *event)
{
	if (!event->is_stream) {
		deliver_frame(stand, event);
		return;
	}
	call_begin(stand);
	qn_shard_stream_reply(stand->shards[event->worker], event->token,
	    (struct qn_view){event->bytes, event->len}, stand->now);
	call_end(stand);
}

/* A worker's turn without what it receives. */
static void
turn(struct stand *stand, uint16_t worker)
{
	uint32_t expired;

	do {
		call_begin(stand);
		expired = qn_shard_expire(stand->shards[worker], stand->now, 1);
		call_end(stand);
	} while (expired > 0);
	while (put_out_frame(stand, worker))
		;
	while (put_out_stream(stand, worker))
		;
}

bool
stand_step(struct stand *stand, struct qn_mono until)
{
	const uint64_t most_us = qn_mono_since_us(stand->now.mono, until);
	uint64_t rest_us = most_us;

	if (most_us == 0)
		return false;
	for (uint16_t i = 0; i < stand->worker_count; i++)
		rest_us = qn_shard_rest_us(stand->shards[i], stand->now, rest_us);
	if (stand->event_count > 0) {
		const uint64_t event_us = qn_mono_since_us(stand->now.mono, stand->events[0]->at);

		rest_us = event_us < rest_us ? event_us : rest_us;
	}
	stand->now.mono = qn_mono_after_us(stand->now.mono, rest_us);
	stand->now.wall.s = 1700000000 + (int64_t)(stand->now.mono.us / QN_US_PER_S);
	while (stand->event_count > 0 && qn_mono_reached(stand->events[0]->at, stand->now.mono)) {
		struct event *event = heap_take(stand);

		deliver(stand, event);
		free(event);
	}
	for (uint16_t i = 0; i < stand->worker_count; i++)
		turn(stand, i);
	if (stand->nsdb != NULL && qn_mono_reached(stand->fold_due, stand->now.mono))
		fold(stand);
	return true;
}

uint64_t
stand_figure(const struct stand *stand, const char *name)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < qn_shard_figure_count(); i++) {
		if (strcmp(qn_shard_figure(i).name, name) != 0)
			continue;
		for (uint16_t worker = 0; worker < stand->worker_count; worker++)
			sum += qn_shard_figure_value(stand->shards[worker], i);
		return sum;
	}
	give_up("a figure is gone");
}
