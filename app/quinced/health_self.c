/* SPDX-License-Identifier: BSD-2-Clause */
#include "health_self.h"

#include "cache/answer.h"
#include "node.h"

#include <string.h>

#define SELF_EVERY_US    (1 * QN_US_PER_S)
#define SELF_WITHIN_US   (500 * QN_US_PER_MS) /* A worker that turns does it in a few turns. */
#define SELF_TTL_LEAST_S 3                    /* What ends before the worker looks is not there. */
#define SELF_MISSED_MOST 2                    /* In a row. */

/* Whom the node asks as: nobody has these (RFC 5737, RFC 3849). */
#define ASKER_IPV4 "192.0.2.1"
#define ASKER_IPV6 "2001:db8::1"
#define ASKER_PORT 5353
#define ASKER_MAC                      \
	{                              \
		0x02, 0, 0, 0, 0, 0x53 \
	}

static struct qn_question
question_of(const struct config_announce *config)
{
	struct qn_question question = {.type = QN_TYPE_A, .class = QN_CLASS_IN};
	const bool ok = qn_name_from_text(&question.name, "localhost.", strlen("localhost."));

	qn_assert(ok);
	if (config->probe_count > 0)
		question.name = config->probes[0];
	return question;
}

static size_t
write_question(const struct qn_question *question, struct qn_span payload)
{
	struct qn_writer writer = qn_writer_of(payload);

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, question);
	qn_assert(!writer.overflowed);
	return writer.at;
}

void
health_self_prepare(struct health_self *self, const struct node *node)
{
	static const uint8_t asker_mac[] = ASKER_MAC;
	const struct qn_link_config *link = qn_link_config_of(node->shared.links[0]);
	const struct qn_endpoint service = {node->config.live.service[0], QN_DNS_PORT};
	const bool ipv6 = service.address.family == QN_FAMILY_IPV6;
	struct qn_path path = {.tagged = link->tagged, .vlan_tci = link->vlan_id};
	const struct qn_span frame = {self->frame, sizeof(self->frame)};
	const uint16_t at = qn_frame_payload_at(&path, service.address.family);
	struct qn_endpoint asker = {.port = ASKER_PORT};
	const bool ok = qn_address_from_text(&asker.address, ipv6 ? ASKER_IPV6 : ASKER_IPV4);
	size_t len;

	qn_assert(ok);
	memcpy(path.source_mac, asker_mac, sizeof(asker_mac));
	memcpy(path.destination_mac, link->mac, sizeof(link->mac));
	self->question = question_of(&node->config.fixed.announce);
	len = write_question(&self->question, (struct qn_span){frame.data + at, frame.len - at});
	self->frame_len = qn_frame_build_udp(frame, &path, &asker, &service, (uint16_t)len);
}

/* Too many of them for a reply without EDNS are some. */
static bool
has_records(const struct qn_packet *packet)
{
	struct qn_frame frame;
	struct qn_message reply;

	if (qn_frame_read(&frame, qn_packet_view(packet)) != QN_FRAME_UDP)
		return false;
	const struct qn_view datagram = {packet->data + frame.payload_at, frame.payload_len};

	return qn_message_read(&reply, datagram) == QN_MESSAGE_OK &&
	       qn_message_rcode(&reply) == QN_RCODE_NOERROR &&
	       (reply.record_counts[QN_SECTION_ANSWER] > 0 || (reply.flags & QN_FLAG_TC));
}

static bool
self_on_worker(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct health_self *self = (struct health_self *)command;
	uint8_t room[1518];
	struct qn_packet packet = {.data = room, .len = self->frame_len, .capacity = sizeof(room)};

	memcpy(room, self->frame, self->frame_len);
	qn_shard_self_answer(shard, &packet, now);
	if (!has_records(&packet))
		atomic_fetch_add_explicit(&self->empty, 1, memory_order_relaxed);
	return true;
}

/* Whether the cache of its home has records for the question that are still there in a moment. */
static bool
is_cached(const struct health_self *self, const struct node *node, struct qn_now now)
{
	uint8_t value[QN_CACHE_VALUE_MAX];
	struct qn_cache_item item;
	struct qn_cache_key key;
	struct qn_answer answer;

	qn_cache_key_init(&key, &node->shared.hash_key, QN_CACHE_ANSWER, &self->question.name,
	    self->question.type);
	const uint16_t home = qn_shard_home_of(key.hash, node->config.fixed.worker_count);

	return qn_cache_get(node->shared.caches[home], &key, now, value, &item) == QN_CACHE_FRESH &&
	       qn_answer_open(&answer, (struct qn_view){value, item.value_len}) &&
	       answer.rcode == QN_RCODE_NOERROR && answer.answer_count > 0 &&
	       item.ttl_s - item.age_s >= SELF_TTL_LEAST_S;
}

/* All workers have replied. */
static void
self_end(struct health_self *self)
{
	const uint32_t empty = atomic_load_explicit(&self->empty, memory_order_relaxed);

	if (!self->cached || empty == 0)
		self->missed_count = 0;
	else if (self->missed_count < SELF_MISSED_MOST)
		self->missed_count++;
	self->running = false;
	self->failed = self->missed_count == SELF_MISSED_MOST;
}

void
health_self_tick(struct health_self *self, struct node *node, struct qn_now now)
{
	const uint64_t age_us = qn_mono_since_us(self->sent, now.mono);

	if (self->running && command_is_done(&self->command))
		self_end(self);
	else if (self->running && age_us >= SELF_WITHIN_US)
		self->failed = true;
	if (self->running || age_us < SELF_EVERY_US)
		return;
	atomic_store_explicit(&self->empty, 0, memory_order_relaxed);
	self->cached = is_cached(self, node, now);
	self->command.run = self_on_worker;
	self->sent = now.mono;
	self->running = true;
	node_command(node, &self->command);
}
