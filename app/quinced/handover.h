/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What goes between one worker and another: packets both ways, gathered into bursts.
 *
 * Owner:  one worker; the mailboxes are shared with the peer.
 */
#include "port/mailbox.h"
#include "worker_counters.h"

/** The peer as one worker sees it; both mailboxes are NULL for the worker itself. */
struct handover {
	struct qn_mailbox *to;
	struct qn_mailbox *from;
	struct worker_counters *counters;
	uint32_t count;
	struct qn_mail mails[QN_MAILBOX_BURST_MAX];
};

/** Adds a packet, which is the peer's afterwards. */
void handover_add(struct handover *handover, const struct qn_mail *mail);

/** Sends all that wait; what does not fit the peer's mailbox is dropped and counted. */
void handover_flush(struct handover *handover);
