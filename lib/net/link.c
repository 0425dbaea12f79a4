/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/link.h"

#include "base/arena.h"
#include "base/endian.h"
#include "net/arp.h"
#include "net/icmp.h"
#include "net/link_state.h"
#include "net/nd.h"

#define VLAN_ID_MASK 0x0fff

#define MTU_MIN 576 /* RFC 791 s3.2: what every host takes. */

static const char *const ignored_names[] = {
    [QN_LINK_IGNORED_NONE] = "none",
    [QN_LINK_IGNORED_NOT_OURS] = "not_ours",
    [QN_LINK_IGNORED_STRANGER] = "stranger",
    [QN_LINK_IGNORED_NOT_ASKED] = "not_asked",
    [QN_LINK_IGNORED_TOO_SOON] = "too_soon",
    [QN_LINK_IGNORED_CONFLICT] = "conflict",
    [QN_LINK_IGNORED_MALFORMED] = "malformed",
    [QN_LINK_IGNORED_TOO_LONG] = "too_long",
};

_Static_assert(
    sizeof(ignored_names) / sizeof(*ignored_names) == QN_LINK_IGNORED_COUNT, "a name for each");

const char *
qn_link_ignored_name(enum qn_link_ignored ignored)
{
	qn_assert(ignored < QN_LINK_IGNORED_COUNT);
	return ignored_names[ignored];
}

/* fe80::/64 and the MAC with ff:fe in its middle and a bit turned (RFC 4291 appendix A). */
static struct qn_address
link_local_of(const uint8_t *mac)
{
	struct qn_address address = {{0xfe, 0x80, [11] = 0xff, [12] = 0xfe}, QN_FAMILY_IPV6};

	memcpy(address.octets + 8, mac, 3);
	memcpy(address.octets + 13, mac + 3, 3);
	address.octets[8] ^= 2;
	return address;
}

static bool
is_link_local(const struct qn_address *address)
{
	static const struct qn_prefix link_local = {{{0xfe, 0x80}, QN_FAMILY_IPV6}, 10};

	return qn_prefix_contains(&link_local, address);
}

/* The smallest of our networks that holds `address`; NULL when none does. */
static const struct qn_prefix *
network_of(const struct qn_link *link, const struct qn_address *address)
{
	const struct qn_prefix *best = NULL;

	for (uint32_t i = 0; i < link->config.address_count; i++) {
		const struct qn_prefix *network = &link->config.addresses[i];

		if (qn_prefix_contains(network, address) &&
		    (best == NULL || network->len_bits > best->len_bits))
			best = network;
	}
	return best;
}

/* Our first address of a family from which one may speak to the world; NULL without one. */
static const struct qn_address *
first_address(const struct qn_link *link, uint8_t family)
{
	for (uint32_t i = 0; i < link->config.address_count; i++) {
		const struct qn_address *address = &link->config.addresses[i].address;

		if (address->family == family && !is_link_local(address))
			return address;
	}
	return NULL;
}

/* Where datagrams that leave through `neighbour` come from; NULL when we have no address. */
static const struct qn_address *
source_towards(const struct qn_link *link, const struct qn_address *neighbour)
{
	const struct qn_prefix *network = network_of(link, neighbour);

	if (network != NULL && !is_link_local(neighbour))
		return &network->address;
	return first_address(link, neighbour->family);
}

struct qn_address
qn_link_source(const struct qn_link *link, const struct qn_address *neighbour)
{
	const struct qn_address *source = source_towards(link, neighbour);

	if (is_link_local(neighbour))
		return link->link_local;
	qn_assert(source != NULL); /* Or route() would not have wanted the neighbour. */
	return *source;
}

struct qn_path
qn_link_path(const struct qn_link *link, const uint8_t *mac)
{
	struct qn_path path = {.tagged = link->config.tagged, .vlan_tci = link->config.vlan_id};

	memcpy(path.source_mac, link->config.mac, QN_MAC_OCTETS);
	memcpy(path.destination_mac, mac, QN_MAC_OCTETS);
	return path;
}

/* A gateway of a family that we have no address of leads nowhere. */
static void
add_gateways(struct qn_link *link)
{
	for (uint32_t i = 0; i < link->config.gateway_count; i++) {
		const struct qn_address *gateway = &link->config.gateways[i];
		const uint32_t family = qn_link_family_index(gateway->family);
		struct qn_neighbours *neighbours = &link->neighbours[family];

		if (source_towards(link, gateway) == NULL)
			continue;
		qn_neighbours_add_gateway(neighbours, gateway);
		link->gateways[family][neighbours->gateway_count - 1] = *gateway;
	}
}

size_t
qn_link_size(void)
{
	struct qn_arena arena = qn_arena_measure();

	qn_arena_take(&arena, sizeof(struct qn_link));
	return arena.used;
}

struct qn_link *
qn_link_init(struct qn_span block, const struct qn_link_config *config)
{
	struct qn_arena arena = qn_arena_over(block);
	struct qn_link *link = qn_arena_take(&arena, sizeof(struct qn_link));

	qn_assert(config->address_count <= QN_LINK_ADDRESS_MAX);
	qn_assert(config->service_count <= QN_LINK_SERVICE_MAX);
	qn_assert(config->gateway_count <= 2 * QN_LINK_GATEWAY_MAX);
	qn_assert(config->mtu >= MTU_MIN && config->vlan_id <= VLAN_ID_MASK);
	link->config = *config;
	link->link_local = link_local_of(config->mac);
	qn_neighbours_init(&link->neighbours[0], QN_FAMILY_IPV4, &config->hash_key);
	qn_neighbours_init(&link->neighbours[1], QN_FAMILY_IPV6, &config->hash_key);
	add_gateways(link);
	return link;
}

bool
qn_link_owns(const struct qn_link *link, const struct qn_address *address)
{
	const struct qn_link_config *config = &link->config;

	for (uint32_t i = 0; i < config->address_count; i++)
		if (qn_address_equal(&config->addresses[i].address, address))
			return true;
	for (uint32_t i = 0; i < config->service_count; i++)
		if (qn_address_equal(&config->services[i], address))
			return true;
	return qn_address_equal(&link->link_local, address);
}

bool
qn_link_is_near(const struct qn_link *link, const struct qn_address *address)
{
	return is_link_local(address) || network_of(link, address) != NULL;
}

const struct qn_link_config *
qn_link_config_of(const struct qn_link *link)
{
	return &link->config;
}

/* Broadcast, all nodes, and the groups in which others ask for our addresses. */
static bool
listens_to(const struct qn_link *link, const uint8_t *mac)
{
	static const uint8_t broadcast[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t all_nodes[] = {0x33, 0x33, 0, 0, 0, 1};
	const struct qn_link_config *config = &link->config;

	if (qn_mac_equal(mac, broadcast) || qn_mac_equal(mac, all_nodes))
		return true;
	for (uint32_t i = 0; i < config->address_count; i++)
		if (qn_nd_is_solicited_group(mac, &config->addresses[i].address))
			return true;
	for (uint32_t i = 0; i < config->service_count; i++)
		if (qn_nd_is_solicited_group(mac, &config->services[i]))
			return true;
	return qn_nd_is_solicited_group(mac, &link->link_local);
}

static bool
has_our_tag(const struct qn_link *link, const struct qn_frame *frame)
{
	const uint16_t vlan_id = frame->vlan_tci & VLAN_ID_MASK;

	if (!link->config.tagged)
		return vlan_id == 0;
	return frame->tagged && vlan_id == link->config.vlan_id;
}

bool
qn_link_accepts(const struct qn_link *link, const struct qn_frame *frame)
{
	if (!has_our_tag(link, frame) || !qn_mac_is_station(frame->source_mac) ||
	    qn_mac_equal(frame->source_mac, link->config.mac))
		return false;
	return qn_mac_equal(frame->destination_mac, link->config.mac) ||
	       listens_to(link, frame->destination_mac);
}

uint16_t
qn_link_payload_max(const struct qn_link *link, uint8_t family)
{
	const struct qn_path path = {.tagged = false};

	return (uint16_t)(link->config.mtu -
			  (qn_frame_payload_at(&path, family) - qn_frame_l3_at(false)));
}

/*
 * A request may be due from `due_us` on. Always writes, if only the value that was there:
 * so the scan that takes it sees what was changed before this call.
 */
static void
wake(struct qn_link *link, uint64_t due_us)
{
	uint64_t output_us = atomic_load(&link->output_us);

	while (!atomic_compare_exchange_weak(
	    &link->output_us, &output_us, output_us < due_us ? output_us : due_us))
		;
}

static enum qn_link_ignored
ignored_of(enum qn_neighbour_learned learned)
{
	switch (learned) {
	case QN_NEIGHBOUR_LEARNED:
		return QN_LINK_IGNORED_NONE;
	case QN_NEIGHBOUR_STRANGER:
		return QN_LINK_IGNORED_STRANGER;
	case QN_NEIGHBOUR_NOT_ASKED:
		return QN_LINK_IGNORED_NOT_ASKED;
	case QN_NEIGHBOUR_TOO_SOON:
		return QN_LINK_IGNORED_TOO_SOON;
	case QN_NEIGHBOUR_NO_STATION:
		return QN_LINK_IGNORED_MALFORMED;
	}
	__builtin_unreachable();
}

struct qn_link_result
qn_link_learn(struct qn_link *link, const struct qn_neighbour_news *news, struct qn_now now)
{
	const uint32_t index = qn_link_family_index(news->address.family);
	uint64_t due_us = QN_NEIGHBOUR_NEVER;
	const enum qn_link_ignored ignored =
	    ignored_of(qn_neighbours_learn(&link->neighbours[index], news, now, &due_us));

	if (due_us != QN_NEIGHBOUR_NEVER)
		wake(link, due_us);
	if (ignored != QN_LINK_IGNORED_NONE)
		return qn_link_ignore(ignored);
	return (struct qn_link_result){.verdict = QN_LINK_DONE};
}

static struct qn_link_result
echo_input(const struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame)
{
	if (!qn_link_owns(link, &frame->destination.address))
		return qn_link_ignore(QN_LINK_IGNORED_NOT_OURS);
	if (qn_icmp_reply_len(frame) > link->config.mtu)
		return qn_link_ignore(QN_LINK_IGNORED_TOO_LONG);
	return qn_link_reply(qn_icmp_reply(buffer, frame));
}

struct qn_link_result
qn_link_input(
    struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame, struct qn_now now)
{
	qn_assert(buffer.len >= QN_LINK_BUFFER_MIN);
	switch (frame->kind) {
	case QN_FRAME_ARP:
		return qn_arp_input(link, buffer, frame, now);
	case QN_FRAME_ND:
		return qn_nd_input(link, buffer, frame, now);
	default:
		qn_assert(frame->kind == QN_FRAME_ECHO);
		return echo_input(link, buffer, frame);
	}
}

/* Whether `address` names an IPv4 network itself or all of its hosts (RFC 1122 s3.2.1.3). */
static bool
is_broadcast(const struct qn_prefix *network, const struct qn_address *address)
{
	const uint32_t mask = network->len_bits < 31 ? UINT32_MAX >> network->len_bits : 0;
	const uint32_t host = qn_load_be32(address->octets) & mask;

	return address->family == QN_FAMILY_IPV4 && mask != 0 && (host == 0 || host == mask);
}

static enum qn_link_route
route_on_link(struct qn_link *link, const struct qn_address *destination, struct qn_now now,
    uint8_t mac[QN_MAC_OCTETS])
{
	struct qn_neighbours *neighbours =
	    &link->neighbours[qn_link_family_index(destination->family)];
	const struct qn_neighbour_use use = qn_neighbours_use(neighbours, destination, now, mac);

	if (use.due_us != QN_NEIGHBOUR_NEVER)
		wake(link, use.due_us);
	return use.known ? QN_LINK_READY : QN_LINK_RESOLVING;
}

/* Gateways need not be asked for: they are always wanted. */
static enum qn_link_route
route_by_gateway(const struct qn_link *link, uint8_t family, uint8_t mac[QN_MAC_OCTETS],
    struct qn_address *source)
{
	const uint32_t index = qn_link_family_index(family);
	int gateway;

	if (link->neighbours[index].gateway_count == 0)
		return QN_LINK_NO_ROUTE;
	gateway = qn_neighbours_gateway(&link->neighbours[index], mac);
	if (gateway < 0)
		return QN_LINK_RESOLVING;
	*source = *source_towards(link, &link->gateways[index][gateway]);
	return QN_LINK_READY;
}

enum qn_link_route
qn_link_route(struct qn_link *link, const struct qn_address *destination, struct qn_now now,
    struct qn_path *path, struct qn_address *source)
{
	const struct qn_prefix *network = network_of(link, destination);
	uint8_t mac[QN_MAC_OCTETS] = {0};
	enum qn_link_route route;

	if (!qn_address_reachable(destination) || qn_link_owns(link, destination))
		return QN_LINK_NO_ROUTE;
	if (network == NULL) {
		route = route_by_gateway(link, destination->family, mac, source);
	} else {
		if (is_broadcast(network, destination))
			return QN_LINK_NO_ROUTE;
		route = route_on_link(link, destination, now, mac);
		*source = network->address;
	}
	*path = qn_link_path(link, mac);
	return route;
}

bool
qn_link_has_output(const struct qn_link *link, struct qn_now now)
{
	return atomic_load_explicit(&link->output_us, memory_order_relaxed) <= now.mono.us;
}

static uint32_t
write_request(
    const struct qn_link *link, struct qn_span buffer, const struct qn_neighbour_request *request)
{
	return request->address.family == QN_FAMILY_IPV6 ? qn_nd_request(link, buffer, request)
	                                                 : qn_arp_request(link, buffer, request);
}

/*
 * The time of the next request is withdrawn before the search and put back behind it, so
 * that what becomes due meanwhile is not lost; another worker that looks in between finds
 * nothing to do, and this one does it.
 */
uint32_t
qn_link_output(struct qn_link *link, struct qn_span buffer, struct qn_now now)
{
	struct qn_neighbour_request request;
	uint64_t due_us = QN_NEIGHBOUR_NEVER;

	qn_assert(buffer.len >= QN_LINK_BUFFER_MIN);
	if (!qn_link_has_output(link, now))
		return 0;
	(void)atomic_exchange(&link->output_us, QN_NEIGHBOUR_NEVER);
	for (uint32_t i = 0; i < 2; i++)
		if (qn_neighbours_next(&link->neighbours[i], now, &request, &due_us)) {
			wake(link, now.mono.us); /* There may be more. */
			return write_request(link, buffer, &request);
		}
	wake(link, due_us);
	return 0;
}

bool
qn_link_gateway_resolved(const struct qn_link *link, uint8_t family, struct qn_now now)
{
	return qn_neighbours_resolved(&link->neighbours[family == QN_FAMILY_IPV6], now);
}

bool
qn_link_gateways_resolved(const struct qn_link *link, struct qn_now now)
{
	return qn_link_gateway_resolved(link, QN_FAMILY_IPV4, now) &&
	       qn_link_gateway_resolved(link, QN_FAMILY_IPV6, now);
}
