/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/pipe.h"

#include <string.h>

/* In front of each record; one that says SKIP leads back to the begin of the block. */
struct head {
	uint64_t len;
	uint64_t unused;
};

#define SKIP UINT64_MAX

_Static_assert(sizeof(struct head) == QN_PIPE_HEAD_LEN, "records stay aligned");

static uint64_t
rounded(size_t len)
{
	return QN_PIPE_HEAD_LEN + ((len + QN_PIPE_HEAD_LEN - 1) & ~(size_t)(QN_PIPE_HEAD_LEN - 1));
}

static void
head_write(struct qn_pipe *pipe, uint64_t at, uint64_t len)
{
	const struct head head = {.len = len};

	memcpy(pipe->data + (at & pipe->mask), &head, sizeof(head));
}

static uint64_t
head_read(const struct qn_pipe *pipe, uint64_t at)
{
	struct head head;

	memcpy(&head, pipe->data + (at & pipe->mask), sizeof(head));
	return head.len;
}

void
qn_pipe_init(struct qn_pipe *pipe, struct qn_span block)
{
	qn_assert(block.len >= QN_PIPE_HEAD_LEN && (block.len & (block.len - 1)) == 0);
	qn_assert((uintptr_t)block.data % QN_PIPE_HEAD_LEN == 0);
	memset(pipe, 0, sizeof(*pipe));
	pipe->data = block.data;
	pipe->mask = block.len - 1;
}

void *
qn_pipe_reserve(struct qn_pipe *pipe, size_t len)
{
	const uint64_t written = atomic_load_explicit(&pipe->written, memory_order_relaxed);
	const uint64_t needed = rounded(len), capacity = pipe->mask + 1;
	const uint64_t to_end = capacity - (written & pipe->mask);
	const uint64_t skip = needed > to_end ? to_end : 0;

	if (written + skip + needed - pipe->released_seen > capacity) {
		pipe->released_seen = atomic_load_explicit(&pipe->released, memory_order_acquire);
		if (written + skip + needed - pipe->released_seen > capacity)
			return NULL;
	}
	pipe->skip = skip;
	return pipe->data + ((written + skip) & pipe->mask) + QN_PIPE_HEAD_LEN;
}

void
qn_pipe_commit(struct qn_pipe *pipe, size_t len)
{
	const uint64_t written = atomic_load_explicit(&pipe->written, memory_order_relaxed);

	if (pipe->skip > 0)
		head_write(pipe, written, SKIP);
	head_write(pipe, written + pipe->skip, len);
	atomic_store_explicit(
	    &pipe->written, written + pipe->skip + rounded(len), memory_order_release);
}

bool
qn_pipe_peek(struct qn_pipe *pipe, struct qn_span *record)
{
	uint64_t released = atomic_load_explicit(&pipe->released, memory_order_relaxed);

	if (released == pipe->written_seen) {
		pipe->written_seen = atomic_load_explicit(&pipe->written, memory_order_acquire);
		if (released == pipe->written_seen)
			return false;
	}
	if (head_read(pipe, released) == SKIP) {
		released += pipe->mask + 1 - (released & pipe->mask);
		atomic_store_explicit(&pipe->released, released, memory_order_release);
	}
	*record = (struct qn_span){
	    .data = pipe->data + (released & pipe->mask) + QN_PIPE_HEAD_LEN,
	    .len = head_read(pipe, released),
	};
	return true;
}

void
qn_pipe_release(struct qn_pipe *pipe)
{
	const uint64_t released = atomic_load_explicit(&pipe->released, memory_order_relaxed);

	atomic_store_explicit(
	    &pipe->released, released + rounded(head_read(pipe, released)), memory_order_release);
}
