/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whether the workers answer: each is asked a question by the node itself, once a second, in a
 * frame as a client would send it.
 *
 * A worker answers it in the same turn, out of the cache alone. That there is nothing will do, too,
 * unless the cache is seen to hold records for it: then they have to be in the reply. As an operator
 * may have the cache forget them at that moment, it takes two replies without them, one after the
 * other, before the workers count as silent.
 * Owner: the control thread.
 */
#include "command.h"
#include "wire/message.h"

struct node;

/** The question of a node to itself, and which workers have answered it. */
struct health_self {
	struct command command;
	struct qn_question question;
	uint8_t frame[512];
	uint32_t frame_len;
	_Atomic uint32_t empty; /* Workers whose reply had no records. */
	bool cached;            /* When it was asked, the cache had records for it. */
	uint8_t missed_count;   /* In a row, replies without the records that were cached. */
	bool running;
	bool failed; /* The last time. */
	struct qn_mono sent;
};

/** Writes the question that will be asked: the first probe name, or localhost. */
void health_self_prepare(struct health_self *self, const struct node *node);

/** Asks when it is time, and takes note of what came of it. */
void health_self_tick(struct health_self *self, struct node *node, struct qn_now now);
