/* SPDX-License-Identifier: BSD-2-Clause */
#include "snapshot.h"

#include "base/list.h"
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <urcu/urcu-qsbr.h>

struct snapshot {
	struct rcu_head head;
	struct qn_shard_config config;
};

static void
snapshot_free(struct rcu_head *head)
{
	struct snapshot *snapshot = qn_container_of(head, struct snapshot, head);

	config_free_local(&snapshot->config);
	free(snapshot);
}

int
snapshot_publish(snapshot_slot *slot, const struct qn_shard_config *config)
{
	struct snapshot *next = NULL;
	struct snapshot *old;

	if (config != NULL) {
		next = malloc(sizeof(*next));
		if (next == NULL)
			return -ENOMEM;
		next->config = *config;
	}
	old = rcu_xchg_pointer(slot, next);
	if (old != NULL) {
		/* The control thread is offline as a rule: it blocks nobody's grace period. */
		urcu_qsbr_thread_online();
		urcu_qsbr_call_rcu(&old->head, snapshot_free);
		urcu_qsbr_thread_offline();
	}
	return 0;
}

const struct qn_shard_config *
snapshot_read(const snapshot_slot *slot)
{
	return &rcu_dereference(*slot)->config;
}
