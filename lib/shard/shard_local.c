/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/trace.h"
#include "shard/shard_state.h"

/* --- Views ------------------------------------------------------------------------------ */

const struct qn_shard_view *
qn_shard_view_of(const struct qn_shard_config *config, const struct qn_address *client)
{
	const uint16_t number = qn_prefix_map_find(&config->view_of, client);

	return number == 0 ? NULL : &config->views[number - 1];
}

const struct qn_zones *
qn_shard_local_of(const struct qn_shard_config *config, const struct qn_address *client)
{
	const struct qn_shard_view *view = qn_shard_view_of(config, client);

	return view == NULL ? config->local : view->local;
}

/* --- Answers ---------------------------------------------------------------------------- */

enum qn_zone_verdict
qn_shard_local_answer(struct qn_shard *shard, const struct qn_address *client,
    const struct qn_question *question, struct qn_answer *answer, struct qn_question *led)
{
	const struct qn_zones *local = qn_shard_local_of(shard->config, client);

	if (local == NULL)
		return QN_ZONE_RESOLVE;
	led->type = question->type;
	led->class = question->class;
	return qn_zones_answer(local, question,
	    (struct qn_span){shard->local, sizeof(shard->local)},
	    (struct qn_span){shard->scratch, sizeof(shard->scratch)}, answer, &led->name);
}

/* --- Traces ----------------------------------------------------------------------------- */

bool
qn_shard_trace(struct qn_shard *shard, struct qn_trace *trace, struct qn_now now)
{
	const struct qn_question *asked = &trace->question;
	struct qn_cache_key key;
	struct qn_question led;
	struct qn_answer local;
	const enum qn_zone_verdict verdict =
	    qn_shard_local_answer(shard, &trace->client, &trace->question, &local, &led);

	if (verdict == QN_ZONE_LEAD)
		asked = &led;
	qn_cache_key_init(
	    &key, &shard->shared.hash_key, QN_CACHE_ANSWER, &asked->name, asked->type);
	if (qn_shard_home(shard, key.hash) != shard->limits.worker ||
	    atomic_exchange_explicit(&trace->taken, true, memory_order_relaxed))
		return true;
	switch (verdict) {
	case QN_ZONE_RESOLVE:
		break;
	case QN_ZONE_LEAD:
		qn_trace_led(trace, &led.name, now);
		break;
	case QN_ZONE_REPLY:
		qn_trace_local(trace, &local, now);
		return true;
	case QN_ZONE_DROP:
		qn_trace_local(trace, NULL, now);
		return true;
	}
	return qn_resolver_trace(shard->resolver, trace, asked, now);
}
