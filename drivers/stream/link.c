/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/link.h"

#include <stdlib.h>
#include <unistd.h>

/* Towards the worker: some 5000 questions, or 8 of the largest replies. */
#define TO_WORKER_LEN (1u << 20)

/* From the worker: some 10 000 answers, or 60 of the largest. */
#define FROM_WORKER_LEN (4u << 20)

bool
qn_stream_link_init(struct qn_stream_link *link, struct qn_stream_bell *bell)
{
	uint8_t *memory = aligned_alloc(64, TO_WORKER_LEN + FROM_WORKER_LEN);

	if (memory == NULL)
		return false;
	link->memory = memory;
	link->bell = bell;
	qn_pipe_init(&link->to_worker, (struct qn_span){memory, TO_WORKER_LEN});
	qn_pipe_init(&link->from_worker, (struct qn_span){memory + TO_WORKER_LEN, FROM_WORKER_LEN});
	return true;
}

void
qn_stream_link_fini(struct qn_stream_link *link)
{
	free(link->memory);
	link->memory = NULL;
}

void
qn_stream_bell_ring(struct qn_stream_bell *bell)
{
	const uint64_t one = 1;

	/* Either we see that it sleeps, or it sees what we wrote before it does. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&bell->asleep, memory_order_relaxed) &&
	    atomic_exchange_explicit(&bell->asleep, false, memory_order_relaxed))
		/* It cannot fail: the counter is far from full. */
		(void)!write(bell->fd, &one, sizeof(one));
}
