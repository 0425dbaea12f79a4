/* SPDX-License-Identifier: BSD-2-Clause */
#include "health_probe.h"

#include "node.h"
#include "tracing.h"

#include <stdlib.h>

#define PROBE_EVERY_US    (2 * QN_US_PER_S)
#define PROBE_PATIENCE_US (2 * QN_US_PER_S) /* Longer than clients wait before they ask again. */

static bool
probe_failed(const struct tracing *tracing)
{
	const struct qn_trace *trace = &tracing->trace;

	return trace->dropped ||
	       (trace->rcode != QN_RCODE_NOERROR && trace->rcode != QN_RCODE_NXDOMAIN);
}

/* Takes note of how a probe ended; one that the worker had no place for says nothing. */
static void
probe_end(struct health_probe *probe, uint8_t probe_count, struct qn_now now)
{
	const enum tracing_state state = tracing_state(probe->tracing, now);

	if (state == TRACING_RUNS)
		return;
	if (state != TRACING_REFUSED)
		probe->failed[probe->next] = state == TRACING_LATE || probe_failed(probe->tracing);
	tracing_end(probe->tracing);
	probe->running = false;
	probe->next = (uint8_t)((probe->next + 1) % probe_count);
}

void
health_probe_tick(struct health_probe *probe, struct node *node, struct qn_now now)
{
	const struct config_announce *config = &node->config.fixed.announce;
	const struct qn_question question = {
	    .name = config->probes[probe->next],
	    .type = QN_TYPE_A,
	    .class = QN_CLASS_IN,
	};
	const struct qn_address nobody = {.family = QN_FAMILY_NONE};

	if (config->probe_count == 0)
		return;
	if (probe->running)
		probe_end(probe, config->probe_count, now);
	if (probe->running ||
	    qn_mono_since_us(probe->asked, now.mono) < PROBE_EVERY_US / config->probe_count)
		return;
	probe->asked = now.mono;
	probe->running = tracing_begin(node, &probe->tracing, &question, &nobody, PROBE_PATIENCE_US,
			     now) == NULL;
}

void
health_probe_free(struct health_probe *probe)
{
	free(probe->tracing);
}
