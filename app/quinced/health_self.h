/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Whether the workers answer: each is asked a question by the node itself, once a second, in a
 * frame as a client would send it.
 *
 * Owner: the control thread.
 */
#include "command.h"

struct node;

/** The question of a node to itself, and which workers have answered it. */
struct health_self {
	struct command command;
	uint8_t frame[512];
	uint32_t frame_len;
	struct qn_address asker;     /* As whom. */
	_Atomic uint32_t unanswered; /* Workers that got no reply out of it. */
	bool running;
	bool failed; /* The last time. */
	struct qn_mono sent;
};

/** Writes the question that will be asked: the first probe name, or localhost. */
void health_self_prepare(struct health_self *self, const struct node *node);

/** Asks when it is time, and takes note of what came of it. */
void health_self_tick(struct health_self *self, struct node *node, struct qn_mono now);
