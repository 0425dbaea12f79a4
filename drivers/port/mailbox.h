/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A ring that hands packets from one worker to another.
 *
 * Owner:  one thread sends, one receives; a node of N workers has N * (N - 1) of them.
 * Memory: fixed at create; a full mailbox refuses, nobody waits.
 */
#include "base/assert.h"
#include "net/packet.h"

#include <stdbool.h>

#define QN_MAILBOX_LINK_MAX 32768

/** A packet on its way to another worker's qn_shard_input(). */
struct qn_mail {
	struct qn_packet packet;
	uint16_t link; /* Index of the link it arrived on, below QN_MAILBOX_LINK_MAX. */
	bool is_query; /* A client's: the first to be shed. */
};

/** Mails that one send or receive handles at most. */
#define QN_MAILBOX_BURST_MAX 64

struct qn_mailbox;

/** A mailbox for at least `capacity` packets, 1 or more; NULL when memory is short. */
struct qn_mailbox *qn_mailbox_create(uint32_t capacity);

/** Frees the packets still inside, too. */
void qn_mailbox_destroy(struct qn_mailbox *mailbox);

/** Sends in order; returns how many were taken, the rest stay the caller's. */
QN_MUST_USE uint32_t qn_mailbox_send(
    struct qn_mailbox *mailbox, const struct qn_mail *mails, uint32_t count);

/** Takes at most `count_max` mails. */
uint32_t qn_mailbox_receive(struct qn_mailbox *mailbox, struct qn_mail *mails, uint32_t count_max);

/** Packets inside; only a hint while the other side is at work. */
uint32_t qn_mailbox_count(const struct qn_mailbox *mailbox);
