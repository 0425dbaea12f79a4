/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries that nobody would have to send: hedges, which spare a client the wait for a server
 * that is late, and probes, which show what servers are worth that clients are not sent to.
 *
 * Both are paid for out of accounts that useful replies fill, so that they stay a small part
 * of all queries, and end when nothing is answered any more: an outage is not amplified. The
 * accounts are common to all zones, so that a new one need not save first; but a zone may spend
 * only so much more than its own replies have brought in, so that no zone spends it all.
 */
#include "resolve/task.h"

/* A useful reply brings one credit. Hedges stay below a tenth of all queries. */
#define HEDGE_COST   10
#define HEDGE_CREDIT (32 * HEDGE_COST)

/* Measuring anew stays below a twentieth; who was never asked is asked once, and soon. */
#define PROBE_COST     20
#define PROBE_NEW_COST 2
#define PROBE_CREDIT   (4 * PROBE_COST)

/* By which a zone may be in debt: half of the account, or all that it takes to measure 40. */
#define HEDGE_DEBT_MAX (HEDGE_CREDIT / 2)
#define PROBE_DEBT_MAX PROBE_CREDIT

static void
credit_earn(uint32_t *credit, uint32_t most, uint16_t *debt)
{
	if (*credit < most)
		(*credit)++;
	if (*debt > 0)
		(*debt)--;
}

/* False when there is not enough, or the zone has had too much. */
static bool
credit_spend(uint32_t *credit, uint32_t cost, uint16_t *debt, uint32_t debt_max)
{
	if (*credit < cost || *debt + cost > debt_max)
		return false;
	*credit -= cost;
	*debt = (uint16_t)(*debt + cost);
	return true;
}

static struct qn_debt *
debt_of(struct qn_resolver *resolver, const struct qn_task *task)
{
	qn_assert(task->zone_slot != QN_QUOTA_SLOT_NONE);
	return &resolver->debts[task->zone_slot];
}

/* --- Hedges ------------------------------------------------------------------------------ */

/* Whether there is room for a query that is not needed: it must not end its task. */
static bool
has_room(const struct qn_resolver *resolver, const struct qn_task *task, struct qn_now now)
{
	const struct qn_pool *upstreams = &resolver->parts.upstreams;

	return upstreams->used < upstreams->capacity / 2 &&
	       task->query_count < QN_RESOLVE_QUERY_MAX && task->budget->query_left > 0 &&
	       qn_upstream_spare_allowed(resolver, task, now);
}

static void
task_hedge(struct qn_resolver *resolver, struct qn_task *task, uint8_t waited, struct qn_now now)
{
	struct qn_upstream *upstream;
	uint32_t index;
	bool busy;

	if (qn_task_waited_count(task) >= QN_TASK_OPEN_MAX || !has_room(resolver, task, now))
		return;
	index = qn_task_select(resolver, task, qn_select_hedge, waited, &busy, now);
	if (index == QN_SELECT_NONE)
		return;
	if (!credit_spend(&resolver->hedge_credit, HEDGE_COST, &debt_of(resolver, task)->hedge,
		HEDGE_DEBT_MAX)) {
		qn_counter_add(&resolver->counters.hedges_withheld, 1);
		return;
	}
	upstream = qn_task_ask(resolver, task, index, now);
	qn_assert(upstream != NULL);
	upstream->kind = QN_SAMPLE_HEDGE;
	qn_counter_add(&resolver->counters.hedges, 1);
}

void
qn_upstream_overdue(struct qn_resolver *resolver, struct qn_upstream *upstream, struct qn_now now)
{
	upstream->overdue = true;
	qn_wheel_start(&resolver->wheel, &upstream->timed.timer,
	    qn_mono_after_us(upstream->sent, upstream->timeout_us));
	qn_upstream_tell(resolver, upstream, QN_OUTCOME_LATE, now);
	if (upstream->task != NULL)
		task_hedge(resolver, upstream->task, upstream->candidate, now);
}

/* --- Probes ------------------------------------------------------------------------------ */

static void
task_probe(struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *answered,
    struct qn_now now)
{
	uint32_t cost = PROBE_COST;
	uint32_t index;
	bool busy;

	index = qn_task_select(resolver, task, qn_select_probe, answered->candidate, &busy, now);
	if (index == QN_SELECT_NONE)
		return;
	if (qn_select_is_new(qn_ledger_look(
		&resolver->parts.ledger, &task->zone.candidates[index].address, task->zone_hash)
				 .stats))
		cost = PROBE_NEW_COST;
	if (!credit_spend(
		&resolver->probe_credit, cost, &debt_of(resolver, task)->probe, PROBE_DEBT_MAX))
		return;
	qn_upstream_probe(resolver, task, (uint8_t)index, answered, now);
	qn_counter_add(&resolver->counters.probes, 1);
}

void
qn_upstream_useful(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	struct qn_debt *debt = debt_of(resolver, task);

	credit_earn(&resolver->hedge_credit, HEDGE_CREDIT, &debt->hedge);
	credit_earn(&resolver->probe_credit, PROBE_CREDIT, &debt->probe);
	if (upstream->kind == QN_SAMPLE_HEDGE)
		qn_counter_add(&resolver->counters.hedges_won, 1);
	if (task->probe_due && resolver->probe_credit >= PROBE_NEW_COST && !task->last_resort &&
	    has_room(resolver, task, now))
		task_probe(resolver, task, upstream, now);
}
