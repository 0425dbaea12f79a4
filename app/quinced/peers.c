/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers.h"

#include <stdlib.h>

/* Several bursts: a worker may be busy with a long turn while others hand packets to it. */
#define MAILBOX_CAPACITY 512

static bool
mailbox_create(struct worker *from, struct worker *to)
{
	struct qn_mailbox *mailbox = qn_mailbox_create(MAILBOX_CAPACITY);

	from->peers[to->index].to = mailbox;
	to->peers[from->index].from = mailbox;
	return mailbox != NULL;
}

static bool
mailboxes_create(struct worker *workers, uint16_t worker_count)
{
	for (uint16_t i = 0; i < worker_count; i++)
		for (uint16_t j = 0; j < worker_count; j++)
			if (i != j && !mailbox_create(&workers[i], &workers[j]))
				return false;
	return true;
}

static bool
handovers_create(struct worker *workers, uint16_t worker_count)
{
	for (uint16_t i = 0; i < worker_count; i++) {
		workers[i].peers = calloc(worker_count, sizeof(*workers[i].peers));
		if (workers[i].peers == NULL)
			return false;
		for (uint16_t j = 0; j < worker_count; j++)
			workers[i].peers[j].counters = &workers[i].counters;
	}
	return true;
}

bool
peers_create(struct worker *workers, uint16_t worker_count)
{
	if (handovers_create(workers, worker_count) && mailboxes_create(workers, worker_count))
		return true;
	peers_destroy(workers, worker_count);
	return false;
}

void
peers_destroy(struct worker *workers, uint16_t worker_count)
{
	for (uint16_t i = 0; i < worker_count; i++) {
		if (workers[i].peers == NULL)
			continue;
		for (uint16_t j = 0; j < worker_count; j++)
			if (workers[i].peers[j].to != NULL)
				qn_mailbox_destroy(workers[i].peers[j].to);
		free(workers[i].peers);
		workers[i].peers = NULL;
	}
}
