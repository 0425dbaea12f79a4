/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Frames whose checksum the kernel of this machine has left for a device to finish.
 *
 * A local socket's datagram that comes to us over a veth carries only the sum of its
 * pseudo-header, and nothing in between finishes it; a receiver that checks would drop
 * every query of the machine it runs on. Pure. Used inside drivers/port.
 */
#include <stdbool.h>
#include <stdint.h>

/**
 * Writes the full checksum into a UDP or TCP packet that carries the sum of its
 * pseudo-header only; returns whether it did. Harmless to any other: a right checksum that
 * happens to look partial is written anew as it was. Extension headers and fragments are
 * left alone: a socket makes neither with a partial checksum.
 */
bool qn_partial_fill(uint8_t *frame, uint32_t len);
