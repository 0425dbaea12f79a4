/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Any octets as what a client sends over a stream: whatever pieces they come in, the messages are
 * those that the lengths say; every one that the shard takes gets one reply that reads as a reply
 * to it, at once or in the end, or none.
 *
 * An input is an octet (bit 0: encrypted; above: how long the pieces are) and the stream. The
 * shard reaches no server, and lives on from input to input, as a node's does.
 */
#include "base/endian.h"
#include "cache/cache.h"
#include "fuzz/fuzz.h"
#include "shard/shard.h"
#include "stream/input.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_LEN   (1u << 20)
#define MESSAGE_MAX 600
#define ASK_MAX     64

static struct qn_shard *shard;
static struct qn_now now = {.mono = {QN_US_PER_S}, .wall = {1000000}};
static uint8_t reply_room[QN_SHARD_STREAM_REPLY_LEN];

static void *
block(size_t len)
{
	void *memory = aligned_alloc(
	    QN_ARENA_ALIGN, (len + QN_ARENA_ALIGN - 1) / QN_ARENA_ALIGN * QN_ARENA_ALIGN);

	qn_assert(memory != NULL);
	return memory;
}

static void
shard_make(void)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
	static struct qn_shard_shared shared = {.hash_key = {1, 2}};
	static struct qn_shard_config config = {.stream_idle_ds = 100, .node_id = "fuzz"};
	const struct qn_shard_limits limits = {
	    .worker_count = 1, .client_max = 4096, .task_max = 256, .upstream_max = 256};
	const size_t len = qn_shard_size(&limits);
	struct qn_prefix everybody;

	config.resolve.use_ipv4 = true;
	config.resolve.hint_count = 1;
	config.resolve.hints[0].name = qn_name_root;
	config.resolve.hints[0].address_count = 1;
	qn_assert(qn_prefix_from_text(&everybody, "0.0.0.0/0"));
	qn_assert(qn_prefix_map_add(&config.access, &everybody, QN_ACCESS_ALLOW));
	qn_assert(qn_address_from_text(&config.resolve.hints[0].addresses[0], "192.0.2.53"));
	shared.ports = block(qn_port_table_size());
	qn_port_table_init(shared.ports);
	shared.caches[0] = qn_cache_init((struct qn_span){block(CACHE_LEN), CACHE_LEN}, now);
	shard =
	    qn_shard_init((struct qn_span){block(len), len}, &limits, &shared, &config, seed, now);
}

static void
check_reply(struct qn_span reply, uint16_t id)
{
	struct qn_message message;

	qn_assert(reply.len <= QN_SHARD_STREAM_REPLY_LEN);
	qn_assert(qn_message_read(&message, qn_view_of(reply)) == QN_MESSAGE_OK);
	qn_assert(message.flags & QN_FLAG_QR && message.id == id);
}

/* Asks one message, in memory of exactly its size; true when its reply is to come. */
static bool
ask(struct qn_view message, bool encrypted)
{
	const uint16_t id = message.len >= 2 ? qn_load_be16(message.data) : 0;
	struct qn_shard_stream_client client = {.token = id, .encrypted = encrypted};
	struct qn_span reply = {reply_room, sizeof(reply_room)};
	uint8_t *copy = malloc(message.len);
	enum qn_shard_stream_verdict verdict;

	qn_assert(copy != NULL || message.len == 0);
	qn_assert(qn_address_from_text(&client.address, "10.0.0.1"));
	if (message.len > 0)
		memcpy(copy, message.data, message.len);
	verdict =
	    qn_shard_stream_ask(shard, &client, (struct qn_view){copy, message.len}, &reply, now);
	if (verdict == QN_SHARD_STREAM_REPLY)
		check_reply(reply, id);
	free(copy);
	return verdict == QN_SHARD_STREAM_WAIT;
}

/* Lets the time pass in which all who wait get their reply; `count` of them do. */
static void
wait_for(uint32_t count)
{
	uint8_t frame[2048];
	struct qn_packet packet = {.data = frame, .capacity = sizeof(frame)};
	uint64_t token;
	uint16_t link;

	for (uint32_t second = 0; second < 12 && count > 0; second++) {
		struct qn_span reply = {reply_room, sizeof(reply_room)};

		now.mono = qn_mono_after_us(now.mono, QN_US_PER_S);
		while (qn_shard_expire(shard, now, 1000) > 0)
			;
		while (qn_shard_output(shard, &link, &packet, now))
			;
		while (qn_shard_take_stream_answer(shard, &token, &reply, now)) {
			check_reply(reply, (uint16_t)token);
			reply.len = sizeof(reply_room);
			count--;
		}
	}
	qn_assert(count == 0);
}

/* Cuts the stream into messages, read in pieces of `piece` octets, and asks the first of them. */
static void
run(struct qn_view octets, size_t piece, bool encrypted)
{
	static uint8_t buffer[QN_STREAM_LENGTH_LEN + MESSAGE_MAX];
	struct qn_stream_input input;
	struct qn_view message;
	uint32_t waiting = 0, asked = 0;
	size_t expected_at = 0, at = 0;

	qn_stream_input_init(&input, (struct qn_span){buffer, sizeof(buffer)});
	for (;;) {
		enum qn_stream_input_state state;

		while ((state = qn_stream_input_next(&input, &message)) == QN_STREAM_MESSAGE) {
			const size_t len = qn_load_be16(octets.data + expected_at);

			qn_assert(message.len == len);
			expected_at += QN_STREAM_LENGTH_LEN;
			qn_assert(memcmp(message.data, octets.data + expected_at, len) == 0);
			expected_at += len;
			if (asked++ < ASK_MAX)
				waiting += ask(message, encrypted);
		}
		if (state == QN_STREAM_TOO_LONG) {
			qn_assert(qn_load_be16(octets.data + expected_at) > MESSAGE_MAX);
			break;
		}
		if (at == octets.len)
			break;
		struct qn_span room = qn_stream_input_room(&input);

		qn_assert(room.len > 0);
		if (room.len > piece)
			room.len = piece;
		if (room.len > octets.len - at)
			room.len = octets.len - at;
		memcpy(room.data, octets.data + at, room.len);
		qn_stream_input_filled(&input, room.len);
		at += room.len;
	}
	wait_for(waiting);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (shard == NULL)
		shard_make();
	run((struct qn_view){data + 1, len - 1}, 1u + (data[0] >> 1) * 5u, data[0] & 1);
	return 0;
}
