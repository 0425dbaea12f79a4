/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/broken.h"
#include "resolve/minimize.h"
#include "resolve/task.h"

/* --- Following what is known ------------------------------------------------------------ */

/*
 * Begins anew with another name: nothing learned about the old one's zone counts, and nothing
 * may be added to the new one's servers that was looked up for the old one's.
 */
static void
task_set_name(struct qn_resolver *resolver, struct qn_task *task, const struct qn_name *name)
{
	qn_task_leave_zone(resolver, task);
	qn_name_copy(&task->name, name);
	task->zone_known = false;
	task->seen_refused = false;
	task->seen_other = false;
}

enum followed {
	FOLLOWED, /* The name has changed. */
	NOTHING,  /* Nothing is known. */
	ENDED,    /* The task is finished or failed: hands off. */
};

/* Appends an alias that stands in one record and goes on with its target. */
static enum followed
follow_alias(struct qn_resolver *resolver, struct qn_task *task, const struct qn_rrset *alias,
    struct qn_now now)
{
	struct qn_view rest = alias->rdatas;
	struct qn_view rdata;
	struct qn_name target;

	if (task->alias_count == QN_ALIAS_MAX) {
		qn_counter_add(&resolver->counters.task_alias_limit, 1);
		qn_task_fail(resolver, task, QN_EDE_OTHER, now);
		return ENDED;
	}
	task->alias_count++;
	if (!qn_rdatas_next(&rest, &rdata) || !qn_rdata_name(&target, rdata) ||
	    !qn_task_append(resolver, task, alias, QN_SECTION_ANSWER)) {
		qn_task_fail(resolver, task, QN_EDE_INVALID_DATA, now);
		return ENDED;
	}
	task_set_name(resolver, task, &target);
	return FOLLOWED;
}

static void
finish_positive(struct qn_resolver *resolver, struct qn_task *task, const struct qn_rrset *rrset,
    struct qn_now now)
{
	if (qn_task_append(resolver, task, rrset, QN_SECTION_ANSWER))
		qn_task_finish(resolver, task, QN_RCODE_NOERROR, now);
	else
		qn_task_fail(resolver, task, QN_EDE_OTHER, now);
}

static void
finish_negative(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_negative *negative, struct qn_now now)
{
	if (negative->has_soa &&
	    !qn_task_append(resolver, task, &negative->soa, QN_SECTION_AUTHORITY)) {
		qn_task_fail(resolver, task, QN_EDE_OTHER, now);
		return;
	}
	if (!negative->has_soa && task->ttl_s > negative->ttl_s)
		task->ttl_s = negative->ttl_s;
	qn_task_finish(resolver, task, negative->rcode, now);
}

/* Follows an alias that nobody had to be asked for. */
static enum followed
follow_known_alias(struct qn_resolver *resolver, struct qn_task *task, enum qn_trace_kind source,
    const struct qn_rrset *alias, struct qn_now now)
{
	struct qn_trace_event *event = qn_trace_known(resolver, task, source, QN_REPLY_ALIAS, now);
	const enum followed followed = follow_alias(resolver, task, alias, now);

	if (event != NULL && followed == FOLLOWED)
		qn_name_copy(&event->target, &task->name);
	return followed;
}

/* Takes one link out of the cache: the answer, its absence, or an alias. */
static enum followed
follow_cache(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_store *store = &resolver->store;
	struct qn_rrset *rrset = &resolver->reply.sets[0];
	struct qn_negative *negative = &resolver->reply.negative;
	const struct qn_route *route = qn_route_find(resolver->config, &task->name);
	/* What the public tree denies may well exist where the operator leads. */
	const struct qn_name *top = route != NULL ? &route->zone : &qn_name_root;

	if (qn_store_get_rrset(store, &task->name, task->question.type, now, rrset)) {
		qn_trace_known(resolver, task, QN_TRACE_CACHE, QN_REPLY_ANSWER, now);
		finish_positive(resolver, task, rrset, now);
		return ENDED;
	}
	if (qn_store_get_negative(store, &task->name, task->question.type, now, negative) ||
	    qn_store_get_nxdomain_above(store, &task->name, top, now, negative)) {
		qn_trace_known(resolver, task, QN_TRACE_CACHE, QN_REPLY_NEGATIVE, now);
		finish_negative(resolver, task, negative, now);
		return ENDED;
	}
	if (task->question.type != QN_TYPE_CNAME &&
	    qn_store_get_rrset(store, &task->name, QN_TYPE_CNAME, now, rrset))
		return follow_known_alias(resolver, task, QN_TRACE_CACHE, rrset, now);
	return NOTHING;
}

/* --- Asking ----------------------------------------------------------------------------- */

/* Labels of the name that the next query shows. */
static unsigned
shown_labels(const struct qn_task *task)
{
	const unsigned labels = qn_name_label_count(&task->name);

	return task->minimize ? qn_minimize_next(labels, task->known_labels, task->minimized_count)
	                      : labels;
}

/*
 * Passes over endings of the name that are known to be no zone cut, because their zone has
 * answered for them: what was learned for one name spares the next one a query.
 */
static void
minimize_from_cache(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const unsigned labels = qn_name_label_count(&task->name);

	for (unsigned shown = shown_labels(task); shown < labels && shown <= QN_STORE_LABEL_MAX;
	     shown = shown_labels(task)) {
		struct qn_name ending;

		qn_name_suffix(&ending, &task->name, shown);
		if (!qn_store_has_name(&resolver->store, &ending, now))
			return;
		task->known_labels = (uint8_t)shown;
	}
}

/* RFC 9156 s2.3. */
bool
qn_task_question(const struct qn_task *task, struct qn_question *question)
{
	const unsigned shown = shown_labels(task);

	question->class = QN_CLASS_IN;
	if (shown == qn_name_label_count(&task->name)) {
		qn_name_copy(&question->name, &task->name);
		question->type = task->question.type;
		return false;
	}
	/* What is asked for stays hidden, but for NS: that is what the step is about anyway. */
	qn_name_suffix(&question->name, &task->name, shown);
	question->type = task->question.type == QN_TYPE_NS ? QN_TYPE_NS : QN_TYPE_A;
	return true;
}

struct qn_upstream *
qn_task_ask(struct qn_resolver *resolver, struct qn_task *task, uint32_t index, struct qn_now now)
{
	const struct qn_manners *manners =
	    qn_manners_find(&resolver->parts.manners, &task->zone.candidates[index].address);

	return qn_upstream_ask(
	    resolver, task, (uint8_t)index, QN_TRANSPORT_UDP, qn_manners_edns(manners, now), now);
}

/* Marks all that must not be asked now. Mostly the best one may, and nobody else is looked at. */
static void
candidates_mark_busy(const struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	for (uint32_t i = 0; i < task->zone.candidate_count; i++) {
		struct qn_candidate *candidate = &task->zone.candidates[i];

		candidate->busy =
		    !qn_upstream_server_allowed(resolver, task, &candidate->address, now);
	}
}

uint32_t
qn_task_select(struct qn_resolver *resolver, struct qn_task *task, qn_select_fn select,
    uint32_t other, bool *busy, struct qn_now now)
{
	struct qn_choice choice = {
	    .candidates = task->zone.candidates,
	    .candidate_count = task->zone.candidate_count,
	    .other = other,
	    .zone_hash = task->zone_hash,
	    .ledger = &resolver->parts.ledger,
	    .random = &resolver->random,
	    .now = now,
	};
	uint32_t index;

	*busy = false;
	for (uint32_t i = 0; i < choice.candidate_count; i++)
		choice.candidates[i].busy = false;
	index = select(&choice);
	if (index != QN_SELECT_NONE &&
	    !qn_upstream_server_allowed(resolver, task, &choice.candidates[index].address, now)) {
		*busy = true;
		candidates_mark_busy(resolver, task, now);
		index = select(&choice);
	}
	if (select == qn_select_next)
		task->probe_due = choice.probe_due;
	return index;
}

/* Ends a task because those it would ask are asked enough. That says nothing about its name. */
static void
task_shed(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	qn_counter_add(&resolver->counters.tasks_shed_rate, 1);
	task->starved = true;
	qn_task_fail(resolver, task, QN_EDE_NOT_READY, now);
}

/*
 * Asks a server once more that has been silent as often as any may be: with nobody else to
 * ask, a slow answer is better than none, as long as the clients wait. False when they do not,
 * or the silence has lasted for so long that nothing can be expected.
 */
static bool
task_persist(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	uint32_t index;
	bool busy;

	if (qn_mono_reached(task->patient_until, now.mono))
		return false;
	index = qn_task_select(resolver, task, qn_select_persist, QN_SELECT_NONE, &busy, now);
	if (index == QN_SELECT_NONE)
		return false;
	qn_counter_add(&resolver->counters.task_persisted, 1);
	qn_task_ask(resolver, task, index, now);
	return true;
}

/* Asks the best address there is; without any, finds more; without hope, fails. */
static void
task_query(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_question question;
	uint32_t index;
	bool busy;

	if (qn_task_waited_count(task) > 0 || !qn_list_empty(&task->follow_link))
		return;
	(void)qn_task_question(task, &question);
	if (task->trace_number == 0 && qn_flight_follow(resolver, task, &question))
		return;

	if (!qn_upstream_zone_allowed(resolver, task, now)) {
		task_shed(resolver, task, now);
		return;
	}
	index = qn_task_select(resolver, task, qn_select_next, QN_SELECT_NONE, &busy, now);
	/* Before anybody is asked a second time, those come in whose addresses are not known yet. */
	if (index != QN_SELECT_NONE && task->zone.candidates[index].tries > 0 &&
	    qn_list_empty(&task->waits))
		(void)!qn_task_lookup_servers(resolver, task, false, now);
	if (index != QN_SELECT_NONE) {
		qn_task_ask(resolver, task, index, now);
		return;
	}
	/* What has only begun does not look for further servers to ask, but makes way. */
	if (busy && (!qn_task_has_asked(task) || qn_list_empty(&task->waits))) {
		task_shed(resolver, task, now);
		return;
	}
	if (!qn_list_empty(&task->waits) || qn_task_lookup_servers(resolver, task, true, now))
		return;
	if (qn_task_last_resort(resolver, task, now)) {
		qn_task_ready(resolver, task);
		return;
	}
	if (task_persist(resolver, task, now))
		return;
	qn_task_unresolved(resolver, task, now);
	qn_counter_add(&resolver->counters.task_unreachable, 1);
	qn_task_fail(resolver, task, QN_EDE_NO_REACHABLE_AUTHORITY, now);
}

/* Takes one link out of what is known without asking anybody. */
static enum followed
follow_known(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	return task->refresh ? NOTHING : follow_cache(resolver, task, now);
}

void
qn_task_step(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	while (!task->zone_known) {
		switch (follow_known(resolver, task, now)) {
		case ENDED:
			return;
		case FOLLOWED:
			break;
		case NOTHING:
			qn_task_find_zone(resolver, task, now);
			break;
		}
	}
	if (task->zone_slot == QN_QUOTA_SLOT_NONE && !qn_task_enter_zone(resolver, task)) {
		qn_counter_add(&resolver->counters.tasks_shed_zone, 1);
		task->starved = true;
		qn_task_fail(resolver, task, QN_EDE_NOT_READY, now);
		return;
	}
	minimize_from_cache(resolver, task, now);
	task_query(resolver, task, now);
}

/* --- Replies ---------------------------------------------------------------------------- */

/* Takes the alias of a reply: a CNAME, a DNAME and the CNAME made from it, or a DNAME alone. */
static enum followed
take_alias(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;

	for (unsigned i = 0; i < reply->set_count; i++) {
		const struct qn_rrset *set = &reply->sets[i];

		qn_store_put_rrset(&resolver->store, set, reply->rank, now);
		if (set->type != QN_TYPE_DNAME) {
			if (follow_alias(resolver, task, set, now) == ENDED)
				return ENDED;
			continue;
		}
		/* The CNAME made from it comes next and does the renaming. */
		if (!qn_task_append(resolver, task, set, QN_SECTION_ANSWER)) {
			qn_task_fail(resolver, task, QN_EDE_OTHER, now);
			return ENDED;
		}
	}
	return FOLLOWED;
}

/* Takes the root's own word for its servers, unless it names no address that we can reach. */
static void
root_primed(struct qn_resolver *resolver, struct qn_now now)
{
	struct qn_delegation *root = &resolver->reply.delegation;

	qn_delegation_keep_families(root, resolver->config);
	if (root->candidate_count > 0)
		qn_store_put_delegation(&resolver->store, root, now);
}

/*
 * Keeps the RRset that answers, once: what was asked for may be told from the ready-made answer.
 * One of higher rank that has not ended takes its place (RFC 2181 s5.4.1), for what time it has.
 */
static void
keep_answer(struct qn_resolver *resolver, const struct qn_task *task, struct qn_now now)
{
	struct qn_reply *reply = &resolver->reply;
	struct qn_rrset *set = &reply->sets[0];

	if (qn_store_get_better_rrset(
		&resolver->store, &task->name, set->type, reply->rank, now, set))
		return;
	if (qn_store_rrset_is_in_answer(set, reply->rank) &&
	    qn_name_equal(&set->owner, &task->question.name))
		qn_store_remove_rrset(&resolver->store, set);
	else
		qn_store_put_rrset(&resolver->store, set, reply->rank, now);
}

static void
replied_answer(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;

	keep_answer(resolver, task, now);
	if (QN_BREAK(promiscuous_ns) ||
	    (qn_question_is_priming(&task->question) && !task->zone.forwarded))
		root_primed(resolver, now);
	finish_positive(resolver, task, &reply->sets[0], now);
}

static void
replied_negative(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;

	if (take_alias(resolver, task, now) == ENDED)
		return;
	qn_store_put_negative(
	    &resolver->store, &reply->target, task->question.type, &reply->negative, now);
	finish_negative(resolver, task, &reply->negative, now);
}

static void
replied_alias(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	if (take_alias(resolver, task, now) != ENDED)
		qn_task_ready(resolver, task);
}

/* Goes down one zone cut, to the delegation of the reply. */
static void
task_descend(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	qn_task_leave_zone(resolver, task);
	qn_delegation_copy(&task->zone, &resolver->reply.delegation);
	qn_task_zone_prepare(resolver, task, now);
	task->last_resort = false;
	task->foreign_glue_used = false;
	/* What servers of the zone above said instead is not the answer of this one's. */
	task->seen_refused = false;
	task->seen_other = false;
	qn_task_ready(resolver, task);
}

/* Only a reply from above may say where a zone cut is (rule 12). */
static void
replied_referral(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	qn_store_put_delegation(&resolver->store, &resolver->reply.delegation, now);
	qn_store_drop_delegations(
	    &resolver->store, &resolver->reply.delegation.zone, &task->zone.zone);
	task_descend(resolver, task, now);
}

/* Goes on with the full name for good. */
static void
minimize_abandon(struct qn_resolver *resolver, struct qn_task *task)
{
	task->minimize = false;
	qn_counter_add(&resolver->counters.minimization_abandoned, 1);
}

/*
 * Whether a denial of a shortened name is one of all names below it (RFC 8020). Relaxed, only the
 * root is believed that: some servers deny names that have others below them.
 */
static bool
denial_reaches_down(const struct qn_resolver *resolver, const struct qn_upstream *upstream)
{
	return resolver->config->minimization == QN_MINIMIZATION_STRICT ||
	       upstream->zone_labels == 0;
}

/* A shortened name has been answered: the zone reaches further down than was known. */
static void
replied_minimized(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	const struct qn_reply *reply = &resolver->reply;
	const bool nxdomain =
	    reply->kind == QN_REPLY_NEGATIVE && reply->negative.rcode == QN_RCODE_NXDOMAIN;

	if (nxdomain && denial_reaches_down(resolver, upstream)) {
		replied_negative(resolver, task, now);
		return;
	}
	if (nxdomain) {
		minimize_abandon(resolver, task);
	} else {
		task->known_labels = (uint8_t)qn_name_label_count(&upstream->question.name);
		for (unsigned i = 0; i < reply->set_count; i++)
			qn_store_put_rrset(&resolver->store, &reply->sets[i], reply->rank, now);
		if (reply->kind == QN_REPLY_NEGATIVE)
			qn_store_put_negative(&resolver->store, &reply->target,
			    upstream->question.type, &reply->negative, now);
	}
	task->zone.candidates[upstream->candidate].tries = 0;
	qn_task_ready(resolver, task);
}

/* A useless reply: goes on with the full name if it was shortened, else at the next address. */
static void
replied_useless(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	struct qn_candidate *candidate = &task->zone.candidates[upstream->candidate];

	if (upstream->minimized && resolver->config->minimization == QN_MINIMIZATION_RELAXED) {
		minimize_abandon(resolver, task);
		candidate->tries = 0;
	} else {
		candidate->failed = true;
		candidate->doubtful = resolver->reply.kind == QN_REPLY_DOUBTFUL;
		if (resolver->reply.kind == QN_REPLY_REFUSED)
			task->seen_refused = true;
		else
			task->seen_other = true;
	}
	qn_task_ready(resolver, task);
}

/* Its cookie is known now: once more, and over TCP if even that does not please it. */
static void
replied_bad_cookie(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	if (upstream->transport == QN_TRANSPORT_TCP) {
		replied_useless(resolver, task, upstream);
		return;
	}
	if (upstream->cookie_renewed) {
		qn_task_retry_tcp(resolver, task, upstream, now);
		return;
	}
	struct qn_upstream *again = qn_upstream_ask(
	    resolver, task, upstream->candidate, QN_TRANSPORT_UDP, upstream->edns, now);

	if (again != NULL)
		again->cookie_renewed = true;
}

/* Asks once more in plain DNS; whether that is the server's wish is known as well as before. */
static void
replied_no_edns(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	struct qn_upstream *again =
	    qn_upstream_ask(resolver, task, upstream->candidate, upstream->transport, false, now);

	if (again == NULL)
		return;
	again->edns_given_up = true;
	again->hearsay = upstream->hearsay;
}

void
qn_task_replied(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	struct qn_resolve_counters *counters = &resolver->counters;

	switch (resolver->reply.kind) {
	case QN_REPLY_ANSWER:
		qn_counter_add(&counters->reply_answer, 1);
		if (upstream->minimized)
			replied_minimized(resolver, task, upstream, now);
		else
			replied_answer(resolver, task, now);
		return;
	case QN_REPLY_ALIAS:
		qn_counter_add(&counters->reply_alias, 1);
		if (upstream->minimized)
			replied_minimized(resolver, task, upstream, now);
		else
			replied_alias(resolver, task, now);
		return;
	case QN_REPLY_NEGATIVE:
		qn_counter_add(&counters->reply_negative, 1);
		if (upstream->minimized)
			replied_minimized(resolver, task, upstream, now);
		else
			replied_negative(resolver, task, now);
		return;
	case QN_REPLY_REFERRAL:
		qn_counter_add(&counters->reply_referral, 1);
		replied_referral(resolver, task, now);
		return;
	case QN_REPLY_TRUNCATED:
		qn_counter_add(&counters->reply_truncated, 1);
		if (upstream->transport == QN_TRANSPORT_UDP)
			qn_task_retry_tcp(resolver, task, upstream, now);
		else
			replied_useless(resolver, task, upstream);
		return;
	case QN_REPLY_BAD_COOKIE:
		qn_counter_add(&counters->reply_bad_cookie, 1);
		replied_bad_cookie(resolver, task, upstream, now);
		return;
	case QN_REPLY_NO_EDNS:
		qn_counter_add(&counters->reply_no_edns, 1);
		replied_no_edns(resolver, task, upstream, now);
		return;
	case QN_REPLY_REFUSED:
		qn_counter_add(&counters->reply_refused, 1);
		replied_useless(resolver, task, upstream);
		return;
	case QN_REPLY_SERVFAIL:
		qn_counter_add(&counters->reply_servfail, 1);
		replied_useless(resolver, task, upstream);
		return;
	case QN_REPLY_DOUBTFUL:
	case QN_REPLY_LAME:
		qn_counter_add(&counters->reply_lame, 1);
		replied_useless(resolver, task, upstream);
		return;
	}
}

/* What a reply to a shortened name says to one who did not ask himself. */
static void
share_minimized(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	const struct qn_reply *reply = &resolver->reply;

	if (reply->kind == QN_REPLY_NEGATIVE && reply->negative.rcode == QN_RCODE_NXDOMAIN)
		minimize_abandon(resolver, task);
	else
		task->known_labels = (uint8_t)qn_name_label_count(&upstream->question.name);
	qn_task_ready(resolver, task);
}

void
qn_task_share(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	const bool relaxed = resolver->config->minimization == QN_MINIMIZATION_RELAXED;
	/* One task's full name may be the shortened name of another. */
	const bool minimized = upstream->question.name.len < task->name.len ||
	                       upstream->question.type != task->question.type;

	switch (resolver->reply.kind) {
	case QN_REPLY_REFERRAL:
		task_descend(resolver, task, now);
		return;
	case QN_REPLY_ANSWER:
		if (!minimized)
			replied_answer(resolver, task, now);
		else
			share_minimized(resolver, task, upstream);
		return;
	case QN_REPLY_ALIAS:
		if (!minimized)
			replied_alias(resolver, task, now);
		else
			share_minimized(resolver, task, upstream);
		return;
	case QN_REPLY_NEGATIVE:
		if (!minimized || (resolver->reply.negative.rcode == QN_RCODE_NXDOMAIN &&
				      denial_reaches_down(resolver, upstream)))
			replied_negative(resolver, task, now);
		else
			share_minimized(resolver, task, upstream);
		return;
	case QN_REPLY_REFUSED:
	case QN_REPLY_SERVFAIL:
	case QN_REPLY_DOUBTFUL:
	case QN_REPLY_LAME:
		if (minimized && relaxed)
			minimize_abandon(resolver, task);
		break;
	case QN_REPLY_TRUNCATED:
	case QN_REPLY_BAD_COOKIE:
	case QN_REPLY_NO_EDNS:
		break; /* Whoever asked asks again, and is followed again. */
	}
	qn_task_ready(resolver, task);
}

void
qn_task_retry_tcp(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now)
{
	struct qn_upstream *again = qn_upstream_ask(
	    resolver, task, upstream->candidate, QN_TRANSPORT_TCP, upstream->edns, now);

	if (again == NULL)
		return;
	again->edns_given_up = upstream->edns_given_up;
	again->hearsay = upstream->hearsay;
}

/* Silence may be loss; twice in a row it may also be a server that a shortened name confuses. */
void
qn_task_silent(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	if (upstream->minimized && task->zone.candidates[upstream->candidate].tries >= 2 &&
	    resolver->config->minimization == QN_MINIMIZATION_RELAXED)
		minimize_abandon(resolver, task);
	qn_task_ready(resolver, task);
}

void
qn_task_unsent(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream)
{
	task->zone.candidates[upstream->candidate].failed = true;
	qn_task_ready(resolver, task);
}
