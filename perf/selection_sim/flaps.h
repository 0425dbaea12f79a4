/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Servers that the node deprioritizes and trusts again, and whether there was a cause.
 */
#include "support/stand.h"
#include "world.h"

/** How often to look: what comes and goes in between has hurt nobody. */
#define FLAPS_EVERY_US (500 * QN_US_PER_MS)

/** A server that is deprioritized so soon after it was last flaps. */
#define FLAPS_WITHIN_US (60 * QN_US_PER_S)

struct flaps {
	struct qn_mono due;
	uint32_t deprioritized; /* Times that a server came to be deprioritized. */
	uint32_t without_cause; /* Of these: it was there, lost nothing and had not moved. */
	uint32_t again;         /* Of those without cause: within a minute of the last time. */
};

/** Looks at all servers, when it is time to. */
void flaps_look(struct flaps *flaps, struct stand *stand, struct world *world);
