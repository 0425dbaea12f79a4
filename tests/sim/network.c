/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/network.h"

#include "base/arena.h"
#include "sim/reach.h"
#include "sim/server.h"
#include "sim/sim.h"

#include <stdlib.h>

#define EVENTS_FIRST        1024
#define NEIGHBOUR_US        200 /* The gateway is one switch away. */
#define DUPLICATE_SPREAD_US (500 * QN_US_PER_MS)
#define MTU                 1500
#define CONNECT_US          (4 * QN_US_PER_S) /* Until a connection to nobody is given up. */

/* --- Events ----------------------------------------------------------------------------- */

static bool
event_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at.us != b->at.us ? a->at.us < b->at.us : a->order < b->order;
}

static void
heap_swap(struct sim_event **heap, uint32_t a, uint32_t b)
{
	struct sim_event *event = heap[a];

	heap[a] = heap[b];
	heap[b] = event;
}

static void
heap_push(struct sim_network *network, struct sim_event *event)
{
	struct sim_event **heap = network->heap;
	uint32_t at = network->event_count++;

	heap[at] = event;
	for (; at > 0 && event_before(heap[at], heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap_swap(heap, at, (at - 1) / 2);
}

static struct sim_event *
heap_pop(struct sim_network *network)
{
	struct sim_event **heap = network->heap;
	struct sim_event *first = heap[0];
	uint32_t at = 0;

	heap[0] = heap[--network->event_count];
	for (;;) {
		uint32_t least = at;

		for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < network->event_count && event_before(heap[child], heap[least]))
				least = child;
		if (least == at)
			return first;
		heap_swap(heap, at, least);
		at = least;
	}
}

/* A new event with room for `len` octets; running out of memory ends the program. */
static struct sim_event *
event_add(struct sim *sim, enum sim_event_kind kind, struct qn_mono at, uint32_t len)
{
	struct sim_network *network = &sim->network;
	struct sim_event *event = malloc(sizeof(*event) + len);

	if (network->event_count == network->event_max) {
		network->event_max *= 2;
		network->heap = realloc(network->heap, network->event_max * sizeof(*network->heap));
	}
	qn_assert(event != NULL && network->heap != NULL);
	event->at = at;
	event->order = network->order++;
	event->kind = kind;
	event->set_count = 0;
	event->len = len;
	heap_push(network, event);
	return event;
}

struct qn_mono
sim_network_next(const struct sim *sim)
{
	return sim->network.event_count > 0 ? sim->network.heap[0]->at
	                                    : (struct qn_mono){UINT64_MAX};
}

struct sim_event *
sim_network_take(struct sim *sim, struct qn_mono until)
{
	struct sim_network *network = &sim->network;

	if (network->event_count == 0 || !qn_mono_reached(network->heap[0]->at, until))
		return NULL;
	return heap_pop(network);
}

void
sim_network_give_back(struct sim_event *event)
{
	free(event);
}

void
sim_network_plan_round(struct sim *sim, struct qn_mono at)
{
	(void)event_add(sim, SIM_EVENT_ROUND, at, 0);
}

/* --- Building --------------------------------------------------------------------------- */

bool
sim_network_create(struct sim_network *network)
{
	network->event_max = EVENTS_FIRST;
	network->heap = malloc(EVENTS_FIRST * sizeof(*network->heap));
	network->gateway_block.len = qn_link_size();
	network->gateway_block.data = aligned_alloc(QN_ARENA_ALIGN,
	    (network->gateway_block.len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1));
	return network->heap != NULL && network->gateway_block.data != NULL;
}

static void
drop_events(struct sim_network *network)
{
	while (network->event_count > 0)
		free(network->heap[--network->event_count]);
}

void
sim_network_destroy(struct sim_network *network)
{
	drop_events(network);
	free(network->heap);
	free(network->gateway_block.data);
}

/* The gateway answers ARP and neighbour solicitations as any router does. */
static void
gateway_start(struct sim_network *network)
{
	struct qn_link_config config = {.mtu = MTU};

	memcpy(config.mac, sim_gateway_mac, QN_MAC_OCTETS);
	for (unsigned i = 0; i < 2; i++) {
		config.addresses[i] = sim_node_networks[i];
		config.addresses[i].address = sim_gateways[i];
	}
	config.address_count = 2;
	network->gateway = qn_link_init(network->gateway_block, &config);
}

void
sim_network_start(struct sim *sim)
{
	struct sim_network *network = &sim->network;

	drop_events(network);
	network->order = 0;
	sim_draw_init(&network->random, sim->seed, SIM_STREAM_NETWORK);
	gateway_start(network);
}

/* --- To the node ------------------------------------------------------------------------ */

void
sim_network_send_frame(struct sim *sim, struct qn_view frame, uint64_t delay_us)
{
	struct sim_event *event = event_add(
	    sim, SIM_EVENT_FRAME, qn_mono_after_us(sim->now.mono, delay_us), (uint32_t)frame.len);

	memcpy(event->bytes, frame.data, frame.len);
}

void
sim_network_send(struct sim *sim, const struct sim_datagram *datagram)
{
	struct qn_path path = {.tagged = false};
	uint8_t frame[QN_FRAME_HEADER_LEN_MAX + SIM_RESPONSE_MAX];

	memcpy(path.source_mac, sim_gateway_mac, QN_MAC_OCTETS);
	memcpy(path.destination_mac, sim_node_mac, QN_MAC_OCTETS);
	if (datagram->payload.len > 0)
		memcpy(frame + qn_frame_payload_at(&path, datagram->source.address.family),
		    datagram->payload.data, datagram->payload.len);
	const uint32_t len = qn_frame_build_udp((struct qn_span){frame, sizeof(frame)}, &path,
	    &datagram->source, &datagram->destination, (uint16_t)datagram->payload.len);
	struct sim_event *event = event_add(
	    sim, SIM_EVENT_FRAME, qn_mono_after_us(sim->now.mono, datagram->delay_us), len);

	memcpy(event->bytes, frame, len);
	for (; event->set_count < datagram->set_count; event->set_count++)
		event->sets[event->set_count] = datagram->sets[event->set_count];
}

/* --- From the node ---------------------------------------------------------------------- */

static void
tell_response(struct sim *sim, const struct sim_server *server, const struct sim_response *response)
{
	sim_tell(sim, "  %s will answer in %u us, %zu octets, flags %04x, records %u/%u/%u",
	    sim_address_text(&server->address), (unsigned)response->delay_us, response->len,
	    qn_load_be16(response->bytes + 2), qn_load_be16(response->bytes + 6),
	    qn_load_be16(response->bytes + 8), qn_load_be16(response->bytes + 10));
}

/* Has a server answer, and puts its reply on the way, once or twice. */
static void
server_receive(struct sim *sim, struct sim_server *server, const struct qn_frame *frame,
    const struct qn_message *query)
{
	struct sim_response response;
	struct qn_random *random = &sim->network.random;

	if (!sim_server_respond(
		&response, &sim->world, server, query, false, random, sim->now.mono))
		return;
	struct sim_datagram datagram = {
	    .source = frame->destination,
	    .destination = frame->source,
	    .payload = {response.bytes, response.len},
	    .delay_us = response.delay_us,
	    .sets = response.sets,
	    .set_count = response.set_count,
	};

	tell_response(sim, server, &response);
	sim_network_send(sim, &datagram);
	if (sim_chance(random, server->duplicate_percent)) {
		datagram.delay_us += qn_random_below(random, DUPLICATE_SPREAD_US);
		sim_network_send(sim, &datagram);
	}
}

/*
 * Whether the flags of a query are right. RD is for servers to which the operator forwards,
 * and for those that offer recursion, when no authority of the zone is left.
 */
static bool
flags_right(struct sim *sim, const struct sim_server *server, const struct qn_message *query)
{
	const struct sim_zone *route = sim_reach_route(&sim->world, &query->question.name);

	if (route != NULL && route->route == SIM_ROUTE_FORWARD)
		return query->flags == QN_FLAG_RD;
	return query->flags == 0 ||
	       (query->flags == QN_FLAG_RD && server != NULL && server->manner == SIM_RECURSING);
}

/* Reads a query of the node and looks at whom it goes to; NULL when that is a breach. */
static struct sim_server *
query_read(struct sim *sim, const struct qn_endpoint *to, uint16_t port, struct qn_view payload,
    struct qn_message *query)
{
	const struct qn_address *address = &to->address;
	struct sim_server *server = sim_world_server(&sim->world, address);

	if (qn_message_read(query, payload) != QN_MESSAGE_OK || query->question_count != 1 ||
	    !flags_right(sim, server, query)) {
		sim_breach(sim, "a malformed query, or one with wrong flags, went to %s: %s",
		    sim_address_text(address), sim_name_text(&query->question.name));
		return NULL;
	}
	if (server == NULL && sim_reach_is_wild(&sim->world, &query->question.name) &&
	    !sim_address_is_poison(address))
		return NULL; /* A wild zone may delegate to anywhere. */
	if (server == NULL || to->port != server->port) {
		sim_breach(sim, "a query went to %s port %u, where %s", sim_address_text(address),
		    to->port, sim_address_is_poison(address) ? "only lies lead" : "nobody is");
		return NULL;
	}
	sim_tell(sim, "node asks %s (%s) for %s %s, id %u, %s %u%s", sim_address_text(address),
	    sim_name_text(&sim->world.hosts[server->host].name),
	    sim_name_text(&query->question.name), sim_type_text(query->question.type), query->id,
	    port == 0 ? "TCP" : "UDP port", port, query->edns.present ? "" : ", without EDNS");
	sim_watch_query(sim, port, query, server);
	return server;
}

static void
query_receive(struct sim *sim, const struct qn_frame *frame, struct qn_view payload)
{
	struct qn_message query;
	struct sim_server *server =
	    query_read(sim, &frame->destination, frame->source.port, payload, &query);

	if (server == NULL)
		return;
	sim_forger_see(sim, frame, &query);
	server_receive(sim, server, frame, &query);
}

/* TCP takes a round trip to connect and one for the query; silence is noticed late, or never. */
void
sim_network_receive_stream(
    struct sim *sim, uint16_t worker, const struct qn_shard_stream *stream, struct qn_view message)
{
	const struct qn_hash_key key = {sim->digest, sim->now.mono.us};
	struct sim_response response = {.len = 0};
	struct qn_message query;
	struct sim_server *server = query_read(sim, &stream->server, 0, message, &query);

	sim->digest = qn_hash(&key, message);
	if (server == NULL)
		return;
	const bool answers =
	    !server->without_tcp && sim_server_respond(&response, &sim->world, server, &query, true,
					&sim->network.random, sim->now.mono);
	const uint64_t delay_us = answers                        ? 2 * response.delay_us
	                          : server->manner == SIM_SILENT ? CONNECT_US
	                                                         : server->delay_us;
	struct sim_event *event =
	    event_add(sim, answers ? SIM_EVENT_STREAM : SIM_EVENT_STREAM_FAILED,
		qn_mono_after_us(sim->now.mono, delay_us), (uint32_t)response.len);

	event->worker = worker;
	event->token = stream->token;
	memcpy(event->bytes, response.bytes, response.len);
	memcpy(event->sets, response.sets, response.set_count * sizeof(*response.sets));
	event->set_count = response.set_count;
	if (answers)
		tell_response(sim, server, &response);
}

static bool
is_client(const struct qn_address *address)
{
	for (unsigned i = 0; i < 2; i++)
		if (qn_prefix_contains(&sim_client_networks[i], address) ||
		    qn_prefix_contains(&sim_outsider_networks[i], address))
			return true;
	return false;
}

/* Frames for the gateway itself: it answers as any neighbour does. */
static void
gateway_receive(struct sim *sim, struct qn_packet *packet, const struct qn_frame *frame)
{
	struct qn_link *gateway = sim->network.gateway;

	if (!qn_link_accepts(gateway, frame)) {
		sim_breach(sim, "a frame was for no station on the link");
		return;
	}
	const struct qn_link_result result = qn_link_input(
	    gateway, (struct qn_span){packet->data, packet->capacity}, frame, sim->now);

	if (result.verdict == QN_LINK_REPLY)
		sim_network_send_frame(
		    sim, (struct qn_view){packet->data, result.len}, NEIGHBOUR_US);
}

void
sim_network_receive(struct sim *sim, struct qn_packet *packet)
{
	const struct qn_hash_key key = {sim->digest, sim->now.mono.us};
	struct qn_frame frame;

	sim->digest = qn_hash(&key, qn_packet_view(packet));
	switch (qn_frame_read(&frame, qn_packet_view(packet))) {
	case QN_FRAME_ARP:
	case QN_FRAME_ND:
	case QN_FRAME_ECHO:
		gateway_receive(sim, packet, &frame);
		return;
	case QN_FRAME_UDP:
		break;
	case QN_FRAME_OTHER:
	case QN_FRAME_DROP:
		sim_breach(sim, "the node sent a frame that is dropped: %s",
		    qn_frame_drop_name(frame.drop));
		return;
	}
	const struct qn_view payload = {packet->data + frame.payload_at, frame.payload_len};

	if (is_client(&frame.destination.address))
		sim_clients_receive(sim, &frame, payload);
	else
		query_receive(sim, &frame, payload);
}
