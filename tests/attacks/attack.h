/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One attack: what it does, and what it may cost at most.
 */
#include "attacks/net.h"

struct attack {
	const char *name;
	/** Starts the net, attacks, and says with net_expect() what has to be true all the same. */
	void (*run)(struct net *net);
	uint32_t query_max;  /* Of one question, all servers together. */
	uint32_t victim_max; /* Of one question, at a server that has no part in it. */
};

extern const struct attack attacks_by_delegations[];
extern const struct attack attacks_by_aliases[];
extern const struct attack attacks_by_lies[];
extern const struct attack attacks_by_bulk[];
extern const struct attack attacks_by_shares[];
