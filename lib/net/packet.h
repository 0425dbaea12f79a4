/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A frame in a buffer that a port lent us.
 *
 * Owner:  whoever holds the structure; a port gives it out and takes it back.
 * Memory: `data` is linear: no segments, whatever the device does inside.
 */
#include "base/span.h"

struct qn_packet {
	uint8_t *data;     /* First octet of the Ethernet header. */
	uint32_t len;      /* Octets of the frame. */
	uint32_t capacity; /* Octets the buffer has room for, from `data` on. */
	void *buffer;      /* The port's own handle; nobody else looks inside. */
};

static inline struct qn_view
qn_packet_view(const struct qn_packet *packet)
{
	return (struct qn_view){packet->data, packet->len};
}

/** The whole buffer of a packet, to write into. */
static inline struct qn_span
qn_packet_span(const struct qn_packet *packet)
{
	return (struct qn_span){packet->data, packet->capacity};
}
