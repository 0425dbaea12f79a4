/* SPDX-License-Identifier: BSD-2-Clause */
#include "handover.h"

#include "port/port.h"

void
handover_flush(struct handover *handover)
{
	uint32_t sent;

	if (handover->count == 0)
		return;
	sent = qn_mailbox_send(handover->to, handover->mails, handover->count);
	worker_count(handover->counters, COUNT_worker_handover_sent, sent);
	worker_count(handover->counters, COUNT_worker_handover_drop, handover->count - sent);
	for (uint32_t i = sent; i < handover->count; i++)
		qn_port_free(&handover->mails[i].packet);
	handover->count = 0;
}

void
handover_add(struct handover *handover, const struct qn_mail *mail)
{
	handover->mails[handover->count++] = *mail;
	if (handover->count == QN_MAILBOX_BURST_MAX)
		handover_flush(handover);
}
