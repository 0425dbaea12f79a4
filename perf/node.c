/* SPDX-License-Identifier: BSD-2-Clause */
#include "node.h"

#include "cache/answer.h"
#include "policy/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one entry takes of the cache, generously; and a cache's least. */
#define ENTRY_BYTES 192u
#define CACHE_MIN   (4u << 20)
#define TTL_S       86400u

static const uint8_t node_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 2};

static struct qn_question
question_of(uint32_t number)
{
	struct qn_question question = {.type = QN_TYPE_A, .class = QN_CLASS_IN};
	char text[64];
	const int len = snprintf(text, sizeof(text), "host%06u.example.com", number);

	if (!qn_name_from_text(&question.name, text, (size_t)len))
		abort();
	return question;
}

/* Puts the answer to entry `number` where its home worker would. */
static void
entry_put(struct node *node, uint32_t number)
{
	const struct qn_question question = question_of(number);
	const uint8_t rdata[4] = {192, 0, 2, (uint8_t)number};
	uint8_t message[512];
	uint8_t value[512];
	struct qn_writer writer = qn_writer_of((struct qn_span){message, sizeof(message)});
	struct qn_cache_key key;

	qn_write_header(&writer, 0, 0, 1);
	qn_write_question(&writer, &question);
	qn_write_record(&writer, &question.name, QN_TYPE_A, QN_CLASS_IN, TTL_S,
	    (struct qn_view){rdata, sizeof(rdata)});
	qn_write_section_count(&writer, QN_SECTION_ANSWER, 1);
	const size_t len = qn_answer_encode((struct qn_span){value, sizeof(value)},
	    (struct qn_view){message, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);

	qn_cache_key_init(
	    &key, &node->shared.hash_key, QN_CACHE_ANSWER, &question.name, question.type);
	const uint64_t home = (uint64_t)key.hash * node->worker_count >> 32;

	qn_cache_put(
	    node->shared.caches[home], &key, TTL_S, (struct qn_view){value, len}, node->now);
}

static struct qn_prefix
prefix(const char *text)
{
	struct qn_prefix read;

	if (!qn_prefix_from_text(&read, text))
		abort();
	return read;
}

static void
shared_build(struct node *node)
{
	const size_t cache_len =
	    (size_t)node->entry_count / node->worker_count * ENTRY_BYTES + CACHE_MIN;
	struct qn_link_config link = {.mtu = 1500, .address_count = 1};

	memcpy(link.mac, node_mac, sizeof(node_mac));
	link.addresses[0] = prefix("10.0.0.1/24");
	node->shared = (struct qn_shard_shared){.hash_key = {11, 13}};
	for (uint16_t i = 0; i < node->worker_count; i++)
		node->shared.caches[i] =
		    qn_cache_init(bench_block(qn_cache_size(cache_len)), node->now);
	node->shared.links[0] = qn_link_init(bench_block(qn_link_size()), &link);
	node->shared.ports = (void *)bench_block(qn_port_table_size()).data;
	qn_port_table_init(node->shared.ports);
}

void
node_build(struct node *node, uint16_t worker_count, uint32_t entry_count)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
	struct qn_shard_limits limits = {
	    .worker_count = worker_count,
	    .link_count = 1,
	    .client_max = 64,
	    .task_max = 64,
	    .upstream_max = 64,
	};

	memset(node, 0, sizeof(*node));
	node->worker_count = worker_count;
	node->entry_count = entry_count;
	node->now = (struct qn_now){.mono = {1000000}, .wall = {1}};
	const struct qn_prefix clients = prefix("10.0.0.0/8");

	if (!qn_prefix_map_add(&node->config.access, &clients, QN_ACCESS_ALLOW))
		abort();
	node->config.service[0] = prefix("10.0.0.1").address;
	node->config.service_count = 1;
	shared_build(node);
	for (limits.worker = 0; limits.worker < worker_count; limits.worker++)
		node->shards[limits.worker] = qn_shard_init(bench_block(qn_shard_size(&limits)),
		    &limits, &node->shared, &node->config, seed, node->now);
	for (uint32_t i = 0; i < entry_count; i++)
		entry_put(node, i);
}

uint64_t
node_cache_bytes(const struct node *node)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < node->worker_count; i++)
		bytes += QN_CACHE_BLOCK_LEN * qn_cache_figures(node->shared.caches[i]).block_used;
	return bytes;
}

void
node_queries_build(struct node_queries *queries, uint32_t count)
{
	const size_t originals_len = count * sizeof(*queries->originals);

	queries->count = count;
	queries->packets = (void *)bench_block(count * sizeof(struct qn_packet)).data;
	queries->originals = (void *)bench_block(originals_len).data;
	const struct qn_span buffers = bench_block((size_t)count * NODE_BUFFER_LEN);

	for (uint32_t i = 0; i < count; i++)
		queries->packets[i] = (struct qn_packet){
		    .data = buffers.data + (size_t)i * NODE_BUFFER_LEN,
		    .capacity = NODE_FRAME_MAX,
		};
}

void
node_query_set(struct node_queries *queries, uint32_t at, uint32_t number)
{
	const struct qn_question question = question_of(number);
	const struct qn_span frame = {
	    queries->originals[at].data, sizeof(queries->originals[at].data)};
	struct qn_endpoint client = {prefix("10.0.0.9").address, (uint16_t)(1024 + number % 60000)};
	struct qn_endpoint service = {prefix("10.0.0.1").address, 53};
	struct qn_path path = {0};
	const uint16_t payload_at = qn_frame_payload_at(&path, QN_FAMILY_IPV4);
	struct qn_writer writer =
	    qn_writer_of((struct qn_span){frame.data + payload_at, frame.len - payload_at});

	memcpy(path.source_mac, client_mac, 6);
	memcpy(path.destination_mac, node_mac, 6);
	qn_write_header(&writer, (uint16_t)number, QN_FLAG_RD, 1);
	qn_write_question(&writer, &question);
	qn_write_edns_end(&writer, qn_write_edns_begin(&writer, 1232, 0, false));
	qn_write_section_count(&writer, QN_SECTION_ADDITIONAL, 1);
	if (writer.overflowed)
		abort();
	queries->originals[at].len =
	    qn_frame_build_udp(frame, &path, &client, &service, (uint16_t)writer.at);
}

void
node_queries_reset(struct node_queries *queries)
{
	for (uint32_t i = 0; i < queries->count; i++) {
		queries->packets[i].len = queries->originals[i].len;
		memcpy(queries->packets[i].data, queries->originals[i].data,
		    queries->originals[i].len);
	}
}
