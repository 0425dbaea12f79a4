/* SPDX-License-Identifier: BSD-2-Clause */
#include "attacks/net.h"

#include "attacks/reply.h"
#include "cache/cache.h"
#include "net/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_BYTES (64u << 20)

#define MTU           1500
#define FRAME_MAX     2048
#define CLIENT_PORT   40000
#define DNS_PORT      53
#define UDP_MAX       1232
#define COMPLAINT_MAX 256

/* Longer than the node works on anything (resolve/resolver.h). */
#define REST_US (20 * QN_US_PER_S)

/* Something on its way to the node. */
struct event {
	struct event *next;
	struct qn_mono at;
	bool is_stream;
	uint64_t token; /* Of a stream. */
	size_t len;
	uint8_t bytes[]; /* A frame, or a message over TCP. */
};

struct net {
	struct qn_now now;
	struct qn_shard *shard;
	struct qn_link *gateway;
	struct qn_shard_config config;
	struct qn_shard_limits limits;
	struct qn_shard_shared shared;
	struct qn_span shard_block;
	struct qn_span cache_block;
	struct qn_span link_block;
	struct qn_span gateway_block;
	struct qn_span port_block;
	struct meter meter;
	struct event *events; /* In the order of their time. */
	net_authority *evil;
	net_authority *victim;
	uint32_t state;
	struct net_cost cost;
	struct net_answer answer; /* The last. */
	struct qn_mono asked;     /* When its question was. */
	uint16_t id;
	struct reply reply;
	char complaint[COMPLAINT_MAX]; /* Empty: none. */
};

static const uint8_t node_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 2};
static const uint8_t gateway_mac[QN_MAC_OCTETS] = {2, 0, 0, 0, 0, 1};

/* --- Names and addresses ---------------------------------------------------------------- */

struct qn_name
net_name(const char *format, ...)
{
	char text[QN_NAME_TEXT_MAX];
	struct qn_name name;
	va_list arguments;

	va_start(arguments, format);
	const int len = vsnprintf(text, sizeof(text), format, arguments);

	va_end(arguments);
	if (!qn_name_from_text(&name, text, (size_t)len)) {
		fprintf(stderr, "attacks: %s is not a name\n", text);
		abort();
	}
	return name;
}

struct qn_address
net_address(uint8_t server)
{
	const uint8_t octets[4] = {198, 51, 100, server};

	return qn_address_ipv4(octets);
}

/* Clients have a /24 each, as far as 10.0.0.0/8 goes round. */
static struct qn_endpoint
client_endpoint(uint32_t client)
{
	const uint8_t octets[4] = {10, (uint8_t)(client >> 8), (uint8_t)client, 1};

	return (struct qn_endpoint){
	    qn_address_ipv4(octets), (uint16_t)(CLIENT_PORT + (client >> 16))};
}

static struct qn_prefix
prefix(const char *text)
{
	struct qn_prefix read;

	if (!qn_prefix_from_text(&read, text))
		abort();
	return read;
}

/* --- Building --------------------------------------------------------------------------- */

static bool
block_take(struct qn_span *block, size_t len)
{
	const size_t whole = (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1);

	*block = (struct qn_span){aligned_alloc(QN_ARENA_ALIGN, whole), len};
	return block->data != NULL;
}

static void
config_fill(struct qn_shard_config *config)
{
	const struct qn_prefix clients = prefix("10.0.0.0/8");
	struct qn_hint *hint = &config->resolve.hints[0];

	*config = (struct qn_shard_config){.service_count = 1};
	config->service[0] = prefix("172.16.0.2").address;
	if (!qn_prefix_map_add(&config->access, &clients, QN_ACCESS_ALLOW))
		abort();
	hint->name = net_name("ns.root-servers.");
	hint->addresses[0] = net_address(NET_ROOT);
	hint->address_count = 1;
	config->resolve.hint_count = 1;
	/* Both families, though all servers have one: their names are asked for in both. */
	config->resolve.use_ipv4 = true;
	config->resolve.use_ipv6 = true;
}

struct net *
net_create(void)
{
	struct net *net = calloc(1, sizeof(*net));

	if (net == NULL)
		return NULL;
	net->limits = (struct qn_shard_limits){
	    .worker_count = 1,
	    .link_count = 1,
	    .client_max = NET_CLIENT_MAX,
	    .task_max = NET_TASK_MAX,
	    .upstream_max = NET_UPSTREAM_MAX,
	    .tcp = true,
	};
	config_fill(&net->config);
	if (meter_create(&net->meter, &net->limits) &&
	    block_take(&net->shard_block, qn_shard_size(&net->limits)) &&
	    block_take(&net->cache_block, qn_cache_size(CACHE_BYTES)) &&
	    block_take(&net->link_block, qn_link_size()) &&
	    block_take(&net->gateway_block, qn_link_size()) &&
	    block_take(&net->port_block, qn_port_table_size()))
		return net;
	net_destroy(net);
	return NULL;
}

static void
drop_events(struct net *net)
{
	while (net->events != NULL) {
		struct event *event = net->events;

		net->events = event->next;
		free(event);
	}
}

void
net_destroy(struct net *net)
{
	drop_events(net);
	free(net->shard_block.data);
	free(net->cache_block.data);
	free(net->link_block.data);
	free(net->gateway_block.data);
	free(net->port_block.data);
	meter_destroy(&net->meter);
	free(net);
}

/* Either end of the wire: its address, and for the node the way out. */
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
build(struct net *net)
{
	static const char *const node_networks[] = {"172.16.0.2/24", "fd00:1::2/64"};
	static const char *const gateway_networks[] = {"172.16.0.1/24", "fd00:1::1/64"};
	static const char *const gateways[] = {"172.16.0.1", "fd00:1::1"};
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1, 2, 3};

	net->now = (struct qn_now){.mono = {QN_US_PER_S}, .wall = {1700000000}};
	net->gateway = link_build(net->gateway_block, gateway_mac, gateway_networks, NULL);
	net->shared.hash_key = (struct qn_hash_key){11, 13};
	net->shared.links[0] = link_build(net->link_block, node_mac, node_networks, gateways);
	net->shared.ports = (struct qn_port_table *)(void *)net->port_block.data;
	qn_port_table_init(net->shared.ports);
	net->shared.caches[0] = qn_cache_init(net->cache_block, net->now);
	net->shard = qn_shard_init(
	    net->shard_block, &net->limits, &net->shared, &net->config, seed, net->now);
}

void
net_start(struct net *net, net_authority *evil, net_authority *victim)
{
	static const char *const known[] = {"www.victim.", "known.evil.", "known.evil2."};

	drop_events(net);
	build(net);
	net->evil = evil;
	net->victim = victim;
	net->state = 0;
	net->complaint[0] = '\0';
	net_measure(net);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const struct qn_name name = net_name("%s", known[i]);

		net_ask(net, &name, QN_TYPE_A);
	}
	net_measure(net);
}

uint32_t *
net_state(struct net *net)
{
	return &net->state;
}

struct qn_mono
net_now(const struct net *net)
{
	return net->now.mono;
}

/* --- Measuring -------------------------------------------------------------------------- */

void
net_forget_times(struct net *net)
{
	meter_forget(&net->meter);
}

void
net_measure(struct net *net)
{
	memset(&net->cost, 0, sizeof(net->cost));
	meter_start(&net->meter, net->shard);
}

struct net_cost
net_cost(const struct net *net)
{
	return net->cost;
}

struct meter_reading
net_reading(const struct net *net)
{
	return meter_read(&net->meter);
}

uint64_t
net_figure(const struct net *net, const char *name)
{
	return qn_shard_figure_value(net->shard, meter_figure(name));
}

void
net_expect(struct net *net, bool right, const char *format, ...)
{
	va_list arguments;

	if (right || net->complaint[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(net->complaint, sizeof(net->complaint), format, arguments);
	va_end(arguments);
}

const char *
net_complaint(const struct net *net)
{
	return net->complaint[0] == '\0' ? NULL : net->complaint;
}

/* --- On its way ------------------------------------------------------------------------- */

/* Adds an event of `len` octets behind all that are due at the same time or earlier. */
static struct event *
event_add(struct net *net, uint64_t delay_us, size_t len)
{
	struct event *event = calloc(1, sizeof(*event) + len);
	struct event **place = &net->events;

	if (event == NULL)
		abort();
	event->at = qn_mono_after_us(net->now.mono, delay_us);
	event->len = len;
	while (*place != NULL && (*place)->at.us <= event->at.us)
		place = &(*place)->next;
	event->next = *place;
	*place = event;
	return event;
}

void
net_send(struct net *net, const struct qn_endpoint *source, const struct qn_endpoint *destination,
    struct qn_view payload, uint64_t delay_us)
{
	struct qn_path path = {.tagged = false};
	uint8_t frame[FRAME_MAX];

	memcpy(path.source_mac, gateway_mac, QN_MAC_OCTETS);
	memcpy(path.destination_mac, node_mac, QN_MAC_OCTETS);
	memcpy(
	    frame + qn_frame_payload_at(&path, source->address.family), payload.data, payload.len);
	const uint32_t len = qn_frame_build_udp((struct qn_span){frame, sizeof(frame)}, &path,
	    source, destination, (uint16_t)payload.len);
	struct event *event = event_add(net, delay_us, len);

	memcpy(event->bytes, frame, len);
}

/* --- What the node sends ---------------------------------------------------------------- */

static void
count_query(struct net *net, uint8_t server)
{
	net->cost.query_count++;
	net->cost.queries[server]++;
}

/* Has a server write its reply; false when it says nothing. */
static bool
respond(struct net *net, const struct net_query *query)
{
	net_authority *authority = net->evil;

	if (query->server == NET_SILENT)
		return false;
	if (query->server == NET_ROOT)
		authority = reply_root;
	if (query->server == NET_VICTIM)
		authority = net->victim;
	if (!authority(net, query, &net->reply))
		return false;
	reply_end(&net->reply);
	return true;
}

/* Reads a query; where it went to is known by the last octet of the address. */
static void
query_read(struct net_query *query, struct qn_message *message, const struct qn_endpoint *to,
    struct qn_view payload)
{
	if (qn_message_read(message, payload) != QN_MESSAGE_OK || message->question_count != 1) {
		fprintf(stderr, "attacks: the node sent a query that cannot be read\n");
		abort();
	}
	*query = (struct net_query){
	    .server = to->address.octets[3],
	    .to = *to,
	    .message = message,
	    .name = &message->question.name,
	    .type = message->question.type,
	};
}

static void
receive_query(struct net *net, const struct qn_frame *frame, struct qn_view payload)
{
	struct qn_message message;
	struct net_query query;

	query_read(&query, &message, &frame->destination, payload);
	query.node = frame->source;
	count_query(net, query.server);
	if (!respond(net, &query))
		return;
	if (net->reply.writer.at > UDP_MAX) {
		const uint64_t delay_us = net->reply.delay_us;

		reply_begin(&net->reply, &query, QN_FLAG_TC);
		net->reply.delay_us = delay_us;
	}
	net_send(
	    net, &frame->destination, &frame->source, reply_end(&net->reply), net->reply.delay_us);
}

static void
receive_stream(struct net *net, const struct qn_shard_stream *stream, struct qn_view payload)
{
	struct qn_message message;
	struct net_query query;

	query_read(&query, &message, &stream->server, payload);
	query.tcp = true;
	count_query(net, query.server);
	if (!respond(net, &query))
		return;
	/* A round trip to connect, and one for the query. */
	struct event *event = event_add(net, 2 * net->reply.delay_us, net->reply.writer.at);

	event->is_stream = true;
	event->token = stream->token;
	memcpy(event->bytes, net->reply.bytes, event->len);
}

static void
receive_answer(struct net *net, struct qn_view payload)
{
	struct net_answer *answer = &net->answer;
	struct qn_record_walk walk;
	struct qn_message message;
	enum qn_section section;
	struct qn_record record;

	if (qn_message_read(&message, payload) != QN_MESSAGE_OK) {
		fprintf(stderr, "attacks: the node sent an answer that cannot be read\n");
		abort();
	}
	net->cost.answer_count++;
	*answer = (struct net_answer){
	    .came = true,
	    .rcode = qn_message_rcode(&message),
	    .record_count = message.record_counts[QN_SECTION_ANSWER],
	    .took_us = qn_mono_since_us(net->asked, net->now.mono),
	};
	walk = qn_message_walk(&message);
	while (qn_record_next(&walk, &record, &section) && section == QN_SECTION_ANSWER)
		if (record.type == QN_TYPE_A && answer->address.family == QN_FAMILY_NONE)
			answer->address = qn_address_ipv4(payload.data + record.rdata_at);
}

static void
receive_frame(struct net *net, struct qn_packet *packet)
{
	struct qn_frame frame;

	if (qn_frame_read(&frame, qn_packet_view(packet)) != QN_FRAME_UDP) {
		const struct qn_link_result result = qn_link_input(net->gateway,
		    (struct qn_span){packet->data, packet->capacity}, &frame, net->now);

		if (result.verdict == QN_LINK_REPLY)
			memcpy(event_add(net, 0, result.len)->bytes, packet->data, result.len);
		return;
	}
	const struct qn_view payload = {packet->data + frame.payload_at, frame.payload_len};

	if (frame.destination.port == DNS_PORT)
		receive_query(net, &frame, payload);
	else
		receive_answer(net, payload);
}

/* --- Running ---------------------------------------------------------------------------- */

static void
input(struct net *net, uint8_t *frame, size_t len)
{
	uint8_t buffer[FRAME_MAX];
	struct qn_packet packet = {
	    .data = buffer, .capacity = sizeof(buffer), .len = (uint32_t)len};

	memcpy(buffer, frame, len);
	const uint64_t begin = meter_begin();
	const struct qn_shard_result result = qn_shard_input(net->shard, 0, &packet, net->now);

	meter_end(&net->meter, begin);
	if (result.verdict == QN_SHARD_SEND)
		receive_frame(net, &packet);
}

static void
deliver(struct net *net, struct event *event)
{
	if (!event->is_stream) {
		input(net, event->bytes, event->len);
		return;
	}
	const uint64_t begin = meter_begin();

	qn_shard_stream_reply(
	    net->shard, event->token, (struct qn_view){event->bytes, event->len}, net->now);
	meter_end(&net->meter, begin);
}

static bool
put_out_frame(struct net *net)
{
	uint8_t buffer[FRAME_MAX];
	struct qn_packet packet = {.data = buffer, .capacity = sizeof(buffer)};
	uint16_t link;
	const uint64_t begin = meter_begin();
	const bool sent = qn_shard_output(net->shard, &link, &packet, net->now);

	meter_end(&net->meter, begin);
	if (sent)
		receive_frame(net, &packet);
	return sent;
}

static bool
put_out_stream(struct net *net)
{
	uint8_t buffer[QN_SHARD_STREAM_LEN];
	struct qn_shard_stream stream;
	const uint64_t begin = meter_begin();
	const bool sent =
	    qn_shard_take_stream(net->shard, &stream, (struct qn_span){buffer, sizeof(buffer)});

	meter_end(&net->meter, begin);
	if (sent)
		receive_stream(net, &stream, (struct qn_view){buffer, stream.len});
	return sent;
}

/* A worker's turn without what it receives. */
static void
turn(struct net *net)
{
	uint32_t expired;

	do {
		const uint64_t begin = meter_begin();

		expired = qn_shard_expire(net->shard, net->now, 1);
		meter_end(&net->meter, begin);
	} while (expired > 0);
	while (put_out_frame(net))
		;
	while (put_out_stream(net))
		;
}

/* Goes to the next moment at which something is due, at most to `until`; false there. */
static bool
step(struct net *net, struct qn_mono until)
{
	const uint64_t most_us = qn_mono_since_us(net->now.mono, until);
	uint64_t rest_us = qn_shard_rest_us(net->shard, net->now, most_us);

	if (most_us == 0)
		return false;
	if (net->events != NULL) {
		const uint64_t event_us = qn_mono_since_us(net->now.mono, net->events->at);

		rest_us = event_us < rest_us ? event_us : rest_us;
	}
	net->now.mono = qn_mono_after_us(net->now.mono, rest_us);
	net->now.wall.s = 1700000000 + (int64_t)(net->now.mono.us / QN_US_PER_S);
	while (net->events != NULL && qn_mono_reached(net->events->at, net->now.mono)) {
		struct event *event = net->events;

		net->events = event->next;
		deliver(net, event);
		free(event);
	}
	turn(net);
	return true;
}

void
net_run(struct net *net, uint64_t us)
{
	const struct qn_mono until = qn_mono_after_us(net->now.mono, us);

	turn(net);
	while (step(net, until))
		;
}

static bool
at_rest(const struct net *net)
{
	return net->events == NULL && net_figure(net, "tasks") == 0 &&
	       net_figure(net, "upstream_in_flight") == 0 && net_figure(net, "parked_clients") == 0;
}

void
net_submit(struct net *net, const struct qn_name *name, uint16_t type, uint32_t client)
{
	const struct qn_endpoint service = {net->config.service[0], DNS_PORT};
	const struct qn_endpoint source = client_endpoint(client);
	const struct qn_question question = {*name, type, QN_CLASS_IN};
	uint8_t buffer[QN_HEADER_LEN + QN_NAME_MAX + 4];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});

	qn_write_header(&writer, net->id++, QN_FLAG_RD, 1);
	qn_write_question(&writer, &question);
	net_send(net, &source, &service, (struct qn_view){buffer, writer.at}, 0);
	net->cost.question_count++;
}

struct net_answer
net_ask(struct net *net, const struct qn_name *name, uint16_t type)
{
	const struct net_cost before = net->cost;
	const struct qn_mono until = qn_mono_after_us(net->now.mono, REST_US);

	net->answer.came = false;
	net->asked = net->now.mono;
	net_submit(net, name, type, 0);
	while (step(net, until) && !at_rest(net))
		;
	net_expect(net, at_rest(net), "the node is not at rest 20 s after a question");

	const uint32_t query_count = net->cost.query_count - before.query_count;
	const uint32_t victim_count = net->cost.queries[NET_VICTIM] - before.queries[NET_VICTIM];

	if (query_count > net->cost.query_max)
		net->cost.query_max = query_count;
	if (victim_count > net->cost.victim_max)
		net->cost.victim_max = victim_count;
	return net->answer;
}

void
net_ask_fresh(struct net *net, const char *pattern, unsigned count, uint16_t rcode)
{
	for (unsigned i = 0; i < count; i++) {
		const struct qn_name name = net_name(pattern, i);
		const struct net_answer answer = net_ask(net, &name, QN_TYPE_A);

		net_expect(net, answer.came, "a client got no answer");
		net_expect(net, answer.rcode == rcode, "a client got rcode %u instead of %u",
		    answer.rcode, rcode);
	}
}
