/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/nd.h"

#include "net/headers.h"

#define OPTION_SOURCE_STATION 1
#define OPTION_TARGET_STATION 2
#define OPTION_STATION_LEN    8

#define FLAG_SOLICITED 0x40
#define FLAG_OVERRIDE  0x20

/* Octets of a solicited-node group that every such group shares: ff02::1:ff00:0/104. */
static const uint8_t solicited_prefix[] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};

#define SOLICITED_PREFIX_OCTETS sizeof(solicited_prefix)

/* A message taken apart. */
struct message {
	uint8_t type;
	uint8_t flags;
	struct qn_address target;
	const uint8_t *mac; /* Of the option that belongs to the type; NULL without one. */
};

static bool
is_group(const struct qn_address *address)
{
	return address->octets[0] == 0xff;
}

static bool
is_unspecified(const struct qn_address *address)
{
	static const uint8_t unspecified[16];

	return memcmp(address->octets, unspecified, sizeof(unspecified)) == 0;
}

static bool
is_solicited_group(const struct qn_address *address)
{
	return memcmp(address->octets, solicited_prefix, SOLICITED_PREFIX_OCTETS) == 0;
}

/* The group that the owner of `address` listens to (RFC 4291 s2.7.1). */
static struct qn_address
solicited_group(const struct qn_address *address)
{
	struct qn_address group = *address;

	memcpy(group.octets, solicited_prefix, SOLICITED_PREFIX_OCTETS);
	return group;
}

/* Where frames to an IPv6 group go (RFC 2464 s7). */
static void
group_mac(const struct qn_address *group, uint8_t mac[QN_MAC_OCTETS])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, group->octets + 12, 4);
}

bool
qn_nd_is_solicited_group(const uint8_t *mac, const struct qn_address *address)
{
	return address->family == QN_FAMILY_IPV6 && mac[0] == 0x33 && mac[1] == 0x33 &&
	       mac[2] == 0xff && memcmp(mac + 3, address->octets + SOLICITED_PREFIX_OCTETS, 3) == 0;
}

/*
 * Finds the station in the first option of `type`; others are passed over. False when an
 * option is longer than what is left or empty, or the station cannot be one.
 */
static bool
read_options(struct qn_view options, uint8_t type, const uint8_t **mac)
{
	*mac = NULL;
	while (options.len > 0) {
		const size_t len = options.len < 2 ? 0 : (size_t)options.data[1] * 8;

		if (len == 0 || len > options.len)
			return false;
		if (options.data[0] == type && *mac == NULL) {
			if (len != OPTION_STATION_LEN || !qn_mac_is_station(options.data + 2))
				return false;
			*mac = options.data + 2;
		}
		options = (struct qn_view){options.data + len, options.len - len};
	}
	return true;
}

static bool
read_message(struct message *message, const uint8_t *data, const struct qn_frame *frame)
{
	const uint8_t *at = data + frame->l4_at;
	const size_t len = ICMP_LEN + (size_t)frame->payload_len;

	message->type = at[0];
	message->flags = at[ND_FLAGS_AT];
	message->target = qn_address_ipv6(at + ND_TARGET_AT);
	return !is_group(&message->target) &&
	       read_options((struct qn_view){at + ND_LEN, len - ND_LEN},
		   at[0] == ICMPV6_SOLICITATION ? OPTION_SOURCE_STATION : OPTION_TARGET_STATION,
		   &message->mac);
}

/* Behind qn_headers_write_ip(): a message with our station as its one option. */
static uint32_t
write_message(uint8_t *data, const struct qn_path *path, const struct qn_ip_header *ip,
    const struct message *message)
{
	uint8_t *at = data + qn_headers_write_ip(data, path, ip);
	uint8_t *option = at + ND_LEN;

	memset(at, 0, ND_LEN);
	at[0] = message->type;
	at[ND_FLAGS_AT] = message->flags;
	memcpy(at + ND_TARGET_AT, message->target.octets, 16);
	option[0] =
	    message->type == ICMPV6_SOLICITATION ? OPTION_SOURCE_STATION : OPTION_TARGET_STATION;
	option[1] = OPTION_STATION_LEN / 8;
	memcpy(option + 2, message->mac, QN_MAC_OCTETS);
	qn_checksum_store(at + ICMP_CHECKSUM_AT,
	    qn_checksum_add(qn_headers_sum_start(ip), at, QN_ND_MESSAGE_LEN));
	return (uint32_t)(option + OPTION_STATION_LEN - data);
}

static bool
is_service(const struct qn_link *link, const struct qn_address *address)
{
	for (uint32_t i = 0; i < link->config.service_count; i++)
		if (qn_address_equal(&link->config.services[i], address))
			return true;
	return false;
}

/*
 * Advertises a target of ours to who asked, or to all nodes when who asked has no address
 * yet (RFC 4861 s7.2.4). Another node of the same anycast address may answer too, so that
 * advertisement of a service overrides nothing (s7.2.7).
 */
static uint32_t
write_advertisement(const struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame,
    const struct qn_address *target)
{
	const bool to_all = is_unspecified(&frame->source.address);
	const struct qn_address destination =
	    to_all ? qn_address_ipv6(all_nodes) : frame->source.address;
	const struct qn_ip_header ip = {
	    .source = target,
	    .destination = &destination,
	    .protocol = IP_PROTOCOL_ICMPV6,
	    .hop_limit = ND_HOP_LIMIT,
	    .payload_len = QN_ND_MESSAGE_LEN,
	};
	const struct message message = {
	    .type = ICMPV6_ADVERTISEMENT,
	    .flags = (uint8_t)((to_all ? 0 : FLAG_SOLICITED) |
			       (is_service(link, target) ? 0 : FLAG_OVERRIDE)),
	    .target = *target,
	    .mac = link->config.mac,
	};
	struct qn_path path = qn_frame_path_back(frame);

	memcpy(path.source_mac, link->config.mac, QN_MAC_OCTETS);
	if (to_all)
		group_mac(&destination, path.destination_mac);
	return write_message(buffer.data, &path, &ip, &message);
}

/* Who has no address yet asks the target's group and does not say its station (s7.1.1). */
static bool
is_probe_right(const struct qn_frame *frame, const struct message *message)
{
	return is_solicited_group(&frame->destination.address) && message->mac == NULL;
}

static struct qn_link_result
solicitation(struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame,
    const struct message *message, struct qn_now now)
{
	const struct qn_neighbour_news news = {
	    .address = frame->source.address,
	    .mac = message->mac,
	    .override = true,
	};

	if (is_unspecified(&frame->source.address)) {
		if (!is_probe_right(frame, message))
			return qn_link_ignore(QN_LINK_IGNORED_MALFORMED);
	} else if (qn_link_owns(link, &frame->source.address)) {
		return qn_link_ignore(QN_LINK_IGNORED_CONFLICT);
	}
	if (!qn_link_owns(link, &message->target))
		return qn_link_ignore(QN_LINK_IGNORED_NOT_OURS);
	if (message->mac != NULL)
		(void)qn_link_learn(link, &news, now);
	return qn_link_reply(write_advertisement(link, buffer, frame, &message->target));
}

static struct qn_link_result
advertisement(struct qn_link *link, const struct qn_frame *frame, const struct message *message,
    struct qn_now now)
{
	const bool to_group = is_group(&frame->destination.address);
	const struct qn_neighbour_news news = {
	    .address = message->target,
	    .mac = message->mac,
	    .answer = (message->flags & FLAG_SOLICITED) != 0,
	    .override = (message->flags & FLAG_OVERRIDE) != 0,
	};

	if (is_unspecified(&frame->source.address) || (to_group && news.answer))
		return qn_link_ignore(QN_LINK_IGNORED_MALFORMED);
	if (qn_link_owns(link, &message->target))
		return qn_link_ignore(QN_LINK_IGNORED_CONFLICT);
	if (!to_group && !qn_link_owns(link, &frame->destination.address))
		return qn_link_ignore(QN_LINK_IGNORED_NOT_OURS);
	return qn_link_learn(link, &news, now);
}

struct qn_link_result
qn_nd_input(
    struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame, struct qn_now now)
{
	struct message message;

	if (!read_message(&message, buffer.data, frame))
		return qn_link_ignore(QN_LINK_IGNORED_MALFORMED);
	if (message.type == ICMPV6_SOLICITATION)
		return solicitation(link, buffer, frame, &message, now);
	return advertisement(link, frame, &message, now);
}

uint32_t
qn_nd_request(
    const struct qn_link *link, struct qn_span buffer, const struct qn_neighbour_request *request)
{
	const struct qn_address destination =
	    request->to_station ? request->address : solicited_group(&request->address);
	const struct qn_address source = qn_link_source(link, &request->address);
	const struct qn_ip_header ip = {
	    .source = &source,
	    .destination = &destination,
	    .protocol = IP_PROTOCOL_ICMPV6,
	    .hop_limit = ND_HOP_LIMIT,
	    .payload_len = QN_ND_MESSAGE_LEN,
	};
	const struct message message = {
	    .type = ICMPV6_SOLICITATION,
	    .target = request->address,
	    .mac = link->config.mac,
	};
	uint8_t mac[QN_MAC_OCTETS];
	struct qn_path path;

	group_mac(&destination, mac);
	path = qn_link_path(link, request->to_station ? request->mac : mac);
	return write_message(buffer.data, &path, &ip, &message);
}
