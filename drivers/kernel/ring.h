/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A ring of frames from one thread to another: the frames themselves, not pointers to them.
 *
 * A copy a frame is what it costs that the kernel, however slow, never holds a packet buffer.
 * Owner:  one thread writes, one reads.
 * Memory: fixed at create: 2 KiB a place; a full ring has no room, nobody waits.
 */
#include "base/span.h"

#include <stdint.h>

/** Octets of the longest frame: an MTU of 1500, its Ethernet header and a tag. */
#define QN_RING_FRAME_MAX 1518

/** One place. */
struct qn_ring_frame {
	uint16_t port; /* Of the node: where it came from, or is to leave. */
	uint16_t at;   /* The frame's first octet in `octets`. */
	uint16_t len;
	uint8_t octets[QN_RING_FRAME_MAX + 4]; /* Room for a tag to be put in front. */
};

struct qn_ring;

/** A ring of `count` places, a power of two; NULL when memory is short. */
struct qn_ring *qn_ring_create(uint32_t count);
void qn_ring_destroy(struct qn_ring *ring);

/** Where the writer may put the next frame; NULL when the ring is full. */
struct qn_ring_frame *qn_ring_room(struct qn_ring *ring);

/** Lets the reader have what was written there. */
void qn_ring_push(struct qn_ring *ring);

/** The oldest frame, for the reader; NULL when there is none. */
const struct qn_ring_frame *qn_ring_front(struct qn_ring *ring);

/** Gives its place back. */
void qn_ring_pop(struct qn_ring *ring);
