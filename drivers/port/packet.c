/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of frames between devices and workers.
 */
#include "base/endian.h"
#include "port/partial.h"
#include "port/state.h"

#include <rte_ethdev.h>
#include <rte_prefetch.h>
#include <string.h>

#define ETHERNET_LEN       14u
#define ETHERNET_SOURCE_AT 6u
#define ETHERNET_TYPE_AT   12u
#define ETHERNET_TYPE_VLAN 0x8100
#define VLAN_LEN           4u

/* Octets that a frame which starts with this header may have. */
static uint32_t
frame_len_max(const struct qn_port *port, const uint8_t *frame)
{
	const bool tagged = qn_load_be16(frame + ETHERNET_TYPE_AT) == ETHERNET_TYPE_VLAN;

	return port->mtu + ETHERNET_LEN + (tagged ? VLAN_LEN : 0);
}

/* The reason to drop a received frame; QN_PORT_RX_PACKETS when there is none. */
static enum qn_port_counter
frame_judge(const struct qn_port *port, const struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	if (mbuf->data_len < ETHERNET_LEN)
		return QN_PORT_RX_DROP_RUNT;
	if (mbuf->pkt_len > frame_len_max(port, frame))
		return QN_PORT_RX_DROP_OVERSIZED;
	if (mbuf->nb_segs != 1)
		return QN_PORT_RX_DROP_SEGMENTS;
	/* The kernel's own transmissions on an interface that we share come back to us. */
	if (port->shares_interface &&
	    memcmp(frame + ETHERNET_SOURCE_AT, port->mac, sizeof(port->mac)) == 0)
		return QN_PORT_RX_DROP_OWN_MAC;
	return QN_PORT_RX_PACKETS;
}

static struct qn_packet
packet_of(struct rte_mbuf *mbuf, uint32_t len_max)
{
	const uint32_t room = (uint32_t)mbuf->buf_len - mbuf->data_off;

	return (struct qn_packet){
	    .data = rte_pktmbuf_mtod(mbuf, uint8_t *),
	    .len = mbuf->data_len,
	    .capacity = RTE_MIN(room, len_max),
	    .buffer = mbuf,
	};
}

uint32_t
qn_port_receive(struct qn_port *port, uint16_t queue, struct qn_packet *packets, uint32_t count_max)
{
	struct rte_mbuf *mbufs[QN_PORT_BURST_MAX];
	qn_counter *counters = port->queues[queue].counters;
	const uint16_t room = (uint16_t)RTE_MIN(count_max, RTE_DIM(mbufs));
	const uint16_t received = rte_eth_rx_burst(port->id, queue, mbufs, room);
	uint64_t octets = 0;
	uint32_t count = 0;

	for (uint16_t i = 0; i < received; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
	for (uint16_t i = 0; i < received; i++) {
		const enum qn_port_counter reason = frame_judge(port, mbufs[i]);

		if (reason != QN_PORT_RX_PACKETS) {
			qn_counter_add(&counters[reason], 1);
			rte_pktmbuf_free(mbufs[i]);
			continue;
		}
		packets[count] =
		    packet_of(mbufs[i], frame_len_max(port, rte_pktmbuf_mtod(mbufs[i], uint8_t *)));
		if (port->shares_interface &&
		    qn_partial_fill(packets[count].data, packets[count].len))
			qn_counter_add(&counters[QN_PORT_RX_CHECKSUM_FILLED], 1);
		octets += packets[count++].len;
	}
	qn_counter_add(&counters[QN_PORT_RX_PACKETS], count);
	qn_counter_add(&counters[QN_PORT_RX_BYTES], octets);
	return count;
}

/* A frame as DPDK sends it: whatever was done to the packet is put into its buffer's head. */
static struct rte_mbuf *
mbuf_of(const struct qn_packet *packet)
{
	struct rte_mbuf *mbuf = packet->buffer;

	mbuf->data_off = (uint16_t)(packet->data - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)packet->len;
	mbuf->pkt_len = packet->len;
	return mbuf;
}

static bool
packet_fits(const struct qn_port *port, const struct qn_packet *packet)
{
	qn_assert(packet->len >= ETHERNET_LEN);
	return packet->len <= frame_len_max(port, packet->data);
}

/* Frees the first `count` packets that do not fit; returns how many. */
static uint32_t
packets_drop_oversized(const struct qn_port *port, const struct qn_packet *packets, uint32_t count)
{
	uint32_t dropped = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (packet_fits(port, &packets[i]))
			continue;
		qn_port_free(&packets[i]);
		dropped++;
	}
	return dropped;
}

uint32_t
qn_port_transmit(
    struct qn_port *port, uint16_t queue, const struct qn_packet *packets, uint32_t count)
{
	struct rte_mbuf *mbufs[QN_PORT_BURST_MAX];
	uint32_t places[QN_PORT_BURST_MAX]; /* Of each buffer among `packets`. */
	qn_counter *counters = port->queues[queue].counters;
	uint16_t fit = 0;
	uint16_t sent;
	uint32_t taken;
	uint64_t octets = 0;

	qn_assert(count <= QN_PORT_BURST_MAX);
	for (uint32_t i = 0; i < count; i++) {
		if (!packet_fits(port, &packets[i]))
			continue;
		places[fit] = i;
		mbufs[fit++] = mbuf_of(&packets[i]);
	}
	sent = rte_eth_tx_burst(port->id, queue, mbufs, fit);
	taken = sent == fit ? count : places[sent];
	if (fit < count)
		qn_counter_add(&counters[QN_PORT_TX_DROP_OVERSIZED],
		    packets_drop_oversized(port, packets, taken));
	for (uint16_t i = 0; i < sent; i++)
		octets += packets[places[i]].len;
	qn_counter_add(&counters[QN_PORT_TX_PACKETS], sent);
	qn_counter_add(&counters[QN_PORT_TX_BYTES], octets);
	qn_counter_add(&counters[QN_PORT_TX_REFUSED], count - taken);
	return taken;
}

bool
qn_port_alloc(struct qn_port *port, uint16_t queue, struct qn_packet *packet)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->queues[queue].pool);

	if (mbuf == NULL) {
		qn_counter_add(&port->queues[queue].counters[QN_PORT_ALLOC_FAILED], 1);
		return false;
	}
	*packet = packet_of(mbuf, port->mtu + ETHERNET_LEN);
	return true;
}

void
qn_port_free(const struct qn_packet *packet)
{
	rte_pktmbuf_free(packet->buffer);
}

void
qn_port_free_bulk(const struct qn_packet *packets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		qn_port_free(&packets[i]);
}
