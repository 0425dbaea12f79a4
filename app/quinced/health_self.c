/* SPDX-License-Identifier: BSD-2-Clause */
#include "health_self.h"

#include "node.h"
#include "wire/message.h"

#include <string.h>

#define SELF_EVERY_US  (1 * QN_US_PER_S)
#define SELF_WITHIN_US (500 * QN_US_PER_MS) /* A worker that turns does it in a few turns. */

/* Whom the node asks as: nobody has these (RFC 5737, RFC 3849). */
#define ASKER_IPV4 "192.0.2.1"
#define ASKER_IPV6 "2001:db8::1"
#define ASKER_PORT 5353
#define ASKER_MAC                      \
	{                              \
		0x02, 0, 0, 0, 0, 0x53 \
	}

/* In the cache or not, without recursion it is answered in the same turn. */
static size_t
write_question(const struct config *config, struct qn_span payload)
{
	struct qn_writer writer = qn_writer_of(payload);
	struct qn_question question = {.type = QN_TYPE_A, .class = QN_CLASS_IN};
	const bool ok = qn_name_from_text(&question.name, "localhost.", strlen("localhost."));

	qn_assert(ok);
	if (config->fixed.announce.probe_count > 0)
		question.name = config->fixed.announce.probes[0];
	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
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
	const bool ok = qn_address_from_text(&self->asker, ipv6 ? ASKER_IPV6 : ASKER_IPV4);
	const struct qn_endpoint asker = {self->asker, ASKER_PORT};
	size_t len;

	qn_assert(ok);
	memcpy(path.source_mac, asker_mac, sizeof(asker_mac));
	memcpy(path.destination_mac, link->mac, sizeof(link->mac));
	len = write_question(&node->config, (struct qn_span){frame.data + at, frame.len - at});
	self->frame_len = qn_frame_build_udp(frame, &path, &asker, &service, (uint16_t)len);
}

static bool
self_on_worker(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct health_self *self = (struct health_self *)command;
	uint8_t room[1518];
	struct qn_packet packet = {.data = room, .len = self->frame_len, .capacity = sizeof(room)};
	enum qn_shard_verdict verdict;

	memcpy(room, self->frame, self->frame_len);
	verdict = qn_shard_input(shard, 0, &packet, now).verdict;
	/* What is not cached is for its home worker to answer, which is asked as well. */
	if (verdict != QN_SHARD_SEND && verdict != QN_SHARD_HANDOVER)
		atomic_fetch_add_explicit(&self->unanswered, 1, memory_order_relaxed);
	return true;
}

/* Whether we would get a reply at all: an operator may have all strangers dropped. */
static bool
self_is_heard(const struct health_self *self, const struct node *node)
{
	return qn_prefix_map_find(&node->config.live.access, &self->asker) != QN_ACCESS_DROP;
}

void
health_self_tick(struct health_self *self, struct node *node, struct qn_mono now)
{
	const uint64_t age_us = qn_mono_since_us(self->sent, now);

	if (self->running && command_is_done(&self->command)) {
		self->running = false;
		self->failed = atomic_load_explicit(&self->unanswered, memory_order_relaxed) > 0;
	} else if (self->running && age_us >= SELF_WITHIN_US) {
		self->failed = true;
	}
	if (self->running || age_us < SELF_EVERY_US)
		return;
	if (!self_is_heard(self, node)) {
		self->failed = false;
		return;
	}
	atomic_store_explicit(&self->unanswered, 0, memory_order_relaxed);
	self->command.run = self_on_worker;
	self->sent = now;
	self->running = true;
	node_command(node, &self->command);
}
