/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Between one worker and the thread of the streams: a pipe each way, and the bell that wakes
 * the thread.
 *
 * A worker never sleeps for long and looks into its pipe at every turn. The thread sleeps until
 * something happens; who has written to it rings, which is a system call only when it sleeps.
 */
#include "stream/note.h"
#include "stream/pipe.h"

#include <stdatomic.h>

/** Of the thread; all workers ring the same. */
struct qn_stream_bell {
	int fd; /* eventfd(2) */
	_Atomic bool asleep;
};

/** What clients leave free in a worker's pipe for the replies of servers, which are few. */
#define QN_STREAM_SERVER_ROOM (256u << 10)

struct qn_stream_link {
	struct qn_pipe to_worker;
	struct qn_pipe from_worker;
	struct qn_stream_bell *bell;
	void *memory;
};

/** Makes both pipes; false when memory is short. */
QN_MUST_USE bool qn_stream_link_init(struct qn_stream_link *link, struct qn_stream_bell *bell);

void qn_stream_link_fini(struct qn_stream_link *link);

/** Tells the thread of what has been written to it. Any thread. */
void qn_stream_bell_ring(struct qn_stream_bell *bell);
