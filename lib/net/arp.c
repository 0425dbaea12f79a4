/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/arp.h"

#include "net/headers.h"

static const uint8_t everybody[QN_MAC_OCTETS] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static bool
is_unspecified(const struct qn_address *address)
{
	return qn_load_be32(address->octets) == 0;
}

/* What is fixed about a packet of ours, and who we are; returns the packet. */
static uint8_t *
write_arp(const struct qn_link *link, uint8_t *data, const struct qn_path *path, uint16_t operation,
    const struct qn_address *sender)
{
	uint8_t *arp = data + qn_headers_write_ethernet(data, path, ETHERNET_TYPE_ARP);

	qn_store_be16(arp, ARP_HARDWARE_ETHERNET);
	qn_store_be16(arp + ARP_PROTOCOL_AT, ETHERNET_TYPE_IPV4);
	arp[ARP_HARDWARE_LEN_AT] = QN_MAC_OCTETS;
	arp[ARP_PROTOCOL_LEN_AT] = 4;
	qn_store_be16(arp + ARP_OPERATION_AT, operation);
	memcpy(arp + ARP_SENDER_MAC_AT, link->config.mac, QN_MAC_OCTETS);
	memcpy(arp + ARP_SENDER_AT, sender->octets, 4);
	return arp;
}

/* Swaps the request's addresses in place; frame->source is the asker, destination is ours. */
static uint32_t
write_reply(const struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame)
{
	struct qn_path path = {.tagged = frame->tagged, .vlan_tci = frame->vlan_tci};
	uint8_t *arp;

	memcpy(path.source_mac, link->config.mac, QN_MAC_OCTETS);
	memcpy(path.destination_mac, buffer.data + frame->l4_at + ARP_SENDER_MAC_AT, QN_MAC_OCTETS);
	arp = write_arp(link, buffer.data, &path, ARP_REPLY, &frame->destination.address);
	memcpy(arp + ARP_TARGET_MAC_AT, path.destination_mac, QN_MAC_OCTETS);
	memcpy(arp + ARP_TARGET_AT, frame->source.address.octets, 4);
	return (uint32_t)frame->l4_at + ARP_LEN;
}

/* Learning comes first and does not decide: who asks us gets an answer (RFC 826). */
static struct qn_link_result
answer(struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame,
    const struct qn_neighbour_news *news, struct qn_now now)
{
	if (!is_unspecified(&frame->source.address))
		(void)qn_link_learn(link, news, now);
	return qn_link_reply(write_reply(link, buffer, frame));
}

struct qn_link_result
qn_arp_input(
    struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame, struct qn_now now)
{
	const uint8_t *arp = buffer.data + frame->l4_at;
	const struct qn_address *sender = &frame->source.address;
	const struct qn_address *target = &frame->destination.address;
	const bool request = qn_load_be16(arp + ARP_OPERATION_AT) == ARP_REQUEST;
	const bool gratuitous = qn_address_equal(sender, target);
	const struct qn_neighbour_news news = {
	    .address = *sender,
	    .mac = arp + ARP_SENDER_MAC_AT,
	    .answer = !request && !gratuitous,
	    .override = true,
	};

	if (!qn_mac_is_station(news.mac) || qn_mac_equal(news.mac, link->config.mac))
		return qn_link_ignore(QN_LINK_IGNORED_MALFORMED);
	if (qn_link_owns(link, sender))
		return qn_link_ignore(QN_LINK_IGNORED_CONFLICT);
	if (gratuitous)
		return qn_link_learn(link, &news, now);
	if (!qn_link_owns(link, target))
		return qn_link_ignore(QN_LINK_IGNORED_NOT_OURS);
	return request ? answer(link, buffer, frame, &news, now) : qn_link_learn(link, &news, now);
}

uint32_t
qn_arp_request(
    const struct qn_link *link, struct qn_span buffer, const struct qn_neighbour_request *request)
{
	const struct qn_path path =
	    qn_link_path(link, request->to_station ? request->mac : everybody);
	const struct qn_address sender = qn_link_source(link, &request->address);
	uint8_t *arp;

	arp = write_arp(link, buffer.data, &path, ARP_REQUEST, &sender);
	memset(arp + ARP_TARGET_MAC_AT, 0, QN_MAC_OCTETS);
	memcpy(arp + ARP_TARGET_AT, request->address.octets, 4);
	return (uint32_t)(arp - buffer.data) + ARP_LEN;
}
