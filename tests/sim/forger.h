/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Attackers off the path: they know of a query all but one thing, and answer it first.
 *
 * RFC:    5452 s3 and s4.
 */
#include "base/random.h"
#include "net/frame.h"
#include "wire/message.h"

struct sim;

struct sim_forger {
	struct qn_random random;
};

void sim_forger_start(struct sim *sim);

/** Forges replies to a query that the node has just sent to a server, or leaves it. */
void sim_forger_see(struct sim *sim, const struct qn_frame *frame, const struct qn_message *query);
