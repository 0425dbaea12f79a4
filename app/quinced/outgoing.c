/* SPDX-License-Identifier: BSD-2-Clause */
#include "outgoing.h"

/* A ring that is full for so many tries is a device that cannot keep up, or a cable that is out. */
#define TRANSMIT_TRY_MAX 4

void
outgoing_flush(struct outgoing *outgoing)
{
	uint32_t sent = 0;

	for (unsigned tries = 0; tries < TRANSMIT_TRY_MAX && sent < outgoing->count; tries++)
		sent += qn_port_transmit(outgoing->port, outgoing->queue, outgoing->packets + sent,
		    outgoing->count - sent);
	if (sent < outgoing->count) {
		worker_count(
		    outgoing->counters, COUNT_worker_transmit_drop, outgoing->count - sent);
		qn_port_free_bulk(outgoing->packets + sent, outgoing->count - sent);
	}
	outgoing->count = 0;
}

void
outgoing_add(struct outgoing *outgoing, const struct qn_packet *packet)
{
	outgoing->packets[outgoing->count++] = *packet;
	if (outgoing->count == QN_PORT_BURST_MAX)
		outgoing_flush(outgoing);
}
