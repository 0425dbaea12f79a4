/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/task.h"

#include "base/broken.h"

/* Tasks looked at in search of a cycle before it is taken for granted. */
#define CYCLE_SEARCH_MAX 64

/* For how long a nameserver's address is looked up at silent servers: there may be others. */
#define LOOKUP_PATIENCE_US (2500 * QN_US_PER_MS)

/* The part of all tasks that one zone may hold when places become rare. */
#define ZONE_SHARE 16

static uint32_t
question_hash(const struct qn_resolver *resolver, const struct qn_question *question)
{
	struct qn_cache_key key;

	qn_cache_key_init(
	    &key, resolver->store.hash_key, QN_CACHE_ANSWER, &question->name, question->type);
	return key.hash;
}

static struct qn_task *
task_find(const struct qn_resolver *resolver, const struct qn_question *question, uint32_t hash)
{
	const struct qn_list *bucket = &resolver->table[hash & resolver->table_mask];

	for (struct qn_list *link = bucket->next; link != bucket; link = link->next) {
		struct qn_task *task = qn_list_entry(link, struct qn_task, table_link);

		if (!QN_BREAK(join) && task->hash == hash &&
		    task->question.type == question->type &&
		    qn_name_equal(&task->question.name, &question->name))
			return task;
	}
	return NULL;
}

/* --- Budgets and pages ------------------------------------------------------------------ */

static struct qn_budget *
budget_take(struct qn_resolver *resolver, struct qn_task *parent, struct qn_now now)
{
	if (parent != NULL) {
		parent->budget->refs++;
		return parent->budget;
	}
	struct qn_budget *budget = qn_pool_take(&resolver->parts.budgets);

	qn_assert(budget != NULL); /* As many as tasks. */
	*budget = (struct qn_budget){
	    .refs = 1,
	    .query_left = QN_RESOLVE_TREE_QUERY_MAX,
	    .lookup_left = QN_RESOLVE_TREE_LOOKUP_MAX,
	    .deadline = qn_mono_after_us(now.mono, QN_RESOLVE_TASK_US),
	};
	return budget;
}

static void
budget_put(struct qn_resolver *resolver, struct qn_budget *budget)
{
	if (--budget->refs == 0)
		qn_pool_put(&resolver->parts.budgets, budget);
}

static void
page_put(struct qn_resolver *resolver, struct qn_span page)
{
	if (page.len == QN_PAGE_SMALL_LEN) {
		qn_pool_put(&resolver->parts.small_pages, page.data);
		return;
	}
	qn_pool_put(&resolver->parts.large_pages, page.data);
	qn_counter_sub(&resolver->large_gauge, 1);
}

/* Moves what has been written to a large page; false when the task has one, or none is left. */
static bool
page_grow(struct qn_resolver *resolver, struct qn_task *task, size_t used)
{
	if (task->page.len == QN_PAGE_LARGE_LEN)
		return false;
	uint8_t *data = qn_pool_take(&resolver->parts.large_pages);

	if (data == NULL) {
		qn_counter_add(&resolver->counters.tasks_shed, 1);
		task->starved = true;
		return false;
	}
	qn_counter_add(&resolver->large_gauge, 1);
	memcpy(data, task->page.data, used);
	page_put(resolver, task->page);
	task->page = (struct qn_span){data, QN_PAGE_LARGE_LEN};
	task->writer.data = data;
	task->writer.cap = QN_PAGE_LARGE_LEN;
	return true;
}

/* Starts the answer: a header and the question, which later names are compressed against. */
static void
answer_begin(struct qn_task *task)
{
	task->writer = qn_writer_of(task->page);
	qn_write_header(&task->writer, 0, 0, 1);
	qn_write_question(&task->writer, &task->question);
	task->record_counts[0] = 0;
	task->record_counts[1] = 0;
	task->ttl_s = UINT32_MAX;
}

bool
qn_task_append(struct qn_resolver *resolver, struct qn_task *task, const struct qn_rrset *rrset,
    enum qn_section section)
{
	const struct qn_writer_mark mark = qn_writer_mark(&task->writer);
	uint16_t count = qn_write_rrset(&task->writer, rrset, rrset->ttl_s, 0);

	if (task->writer.overflowed) {
		qn_writer_rewind(&task->writer, mark);
		if (!page_grow(resolver, task, mark.at))
			return false;
		count = qn_write_rrset(&task->writer, rrset, rrset->ttl_s, 0);
		if (task->writer.overflowed) {
			qn_writer_rewind(&task->writer, mark);
			return false;
		}
	}
	task->record_counts[section] = (uint16_t)(task->record_counts[section] + count);
	qn_write_section_count(&task->writer, section, task->record_counts[section]);
	if (rrset->ttl_s < task->ttl_s)
		task->ttl_s = rrset->ttl_s;
	return true;
}

static void
lookups_reset(struct qn_task *task)
{
	task->lookups_started = 0;
	task->lookups_failed = 0;
	task->lookups_refused = false;
}

/* --- Opening ---------------------------------------------------------------------------- */

static struct qn_task *
task_create(struct qn_resolver *resolver, const struct qn_question *question, uint32_t hash,
    struct qn_task *parent, struct qn_now now)
{
	struct qn_task *task = qn_pool_take(&resolver->parts.tasks);

	if (task == NULL)
		return NULL;
	uint8_t *page = qn_pool_take(&resolver->parts.small_pages);

	qn_assert(page != NULL); /* As many as tasks. */
	task->hash = hash;
	task->state = QN_TASK_RUNNING;
	task->depth = parent != NULL ? (uint8_t)(parent->depth + 1) : 0;
	task->query_count = 0;
	task->network = parent != NULL ? parent->network : QN_QUOTA_NETWORK_NONE;
	task->budget = budget_take(resolver, parent, now);
	task->question.type = question->type;
	task->question.class = QN_CLASS_IN;
	qn_name_copy(&task->question.name, &question->name);
	qn_name_copy(&task->name, &question->name);
	task->alias_count = 0;
	task->zone_known = false;
	task->refresh = false;
	task->patient_until = qn_mono_after_us(
	    now.mono, task->depth == 0 ? QN_RESOLVE_CLIENT_US : LOOKUP_PATIENCE_US);
	task->trace_number = parent != NULL ? parent->trace_number : 0;
	qn_list_init(&task->upstreams);
	qn_list_init(&task->follow_link);
	task->zone_slot = QN_QUOTA_SLOT_NONE;
	task->server_slot = QN_QUOTA_SLOT_NONE;
	lookups_reset(task);
	task->starved = false;
	task->seen_refused = false;
	task->seen_other = false;
	task->asker_count = 0;
	qn_list_init(&task->askers);
	qn_list_init(&task->parents);
	qn_list_init(&task->waits);
	qn_list_init(&task->queue_link);
	task->page = (struct qn_span){page, QN_PAGE_SMALL_LEN};
	answer_begin(task);

	task->timed.kind = QN_TIMED_TASK;
	qn_timer_init(&task->timed.timer);
	qn_wheel_start(&resolver->wheel, &task->timed.timer, task->budget->deadline);
	qn_list_append(&resolver->table[hash & resolver->table_mask], &task->table_link);
	qn_counter_add(&resolver->task_gauge, 1);
	qn_counter_add(&resolver->counters.tasks_started, 1);
	qn_task_ready(resolver, task);
	qn_trace_add(resolver, task, QN_TRACE_QUESTION, now);
	return task;
}

struct qn_task *
qn_task_open(struct qn_resolver *resolver, const struct qn_question *question,
    struct qn_task *parent, struct qn_now now)
{
	const uint32_t hash = question_hash(resolver, question);
	struct qn_task *task = task_find(resolver, question, hash);

	return task != NULL ? task : task_create(resolver, question, hash, parent, now);
}

struct qn_task *
qn_task_begin(struct qn_resolver *resolver, const struct qn_question *question, struct qn_now now)
{
	return task_create(resolver, question, question_hash(resolver, question), NULL, now);
}

void
qn_task_promote(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	if (task->depth == 0)
		return;
	budget_put(resolver, task->budget);
	task->budget = budget_take(resolver, NULL, now);
	task->network = QN_QUOTA_NETWORK_NONE;
	task->depth = 0;
}

void
qn_task_refresh(struct qn_resolver *resolver, const struct qn_question *question, struct qn_now now)
{
	const uint32_t hash = question_hash(resolver, question);
	struct qn_failure failure;
	struct qn_task *task;

	if (task_find(resolver, question, hash) != NULL ||
	    qn_store_get_failure(&resolver->store, &question->name, question->type, now, &failure))
		return;
	task = task_create(resolver, question, hash, NULL, now);
	if (task == NULL)
		return;
	task->refresh = true;
	qn_counter_add(&resolver->counters.refreshes, 1);
}

void
qn_task_ready(struct qn_resolver *resolver, struct qn_task *task)
{
	qn_assert(task->state == QN_TASK_RUNNING);
	if (qn_list_empty(&task->queue_link))
		qn_list_append(&resolver->ready, &task->queue_link);
}

bool
qn_task_enter_zone(struct qn_resolver *resolver, struct qn_task *task)
{
	const struct qn_pool *tasks = &resolver->parts.tasks;

	qn_assert(task->zone_slot == QN_QUOTA_SLOT_NONE);
	task->zone_hash = qn_zone_hash(resolver->store.hash_key, &task->zone.zone);
	task->zone_slot = qn_quota_slot_of((uint32_t)(task->zone_hash >> 32));
	resolver->zones.slots[task->zone_slot].tasks++;
	return tasks->used <= tasks->capacity / 2 ||
	       resolver->zones.slots[task->zone_slot].tasks <= tasks->capacity / ZONE_SHARE;
}

/* --- Waiting ---------------------------------------------------------------------------- */

bool
qn_task_wait(
    struct qn_resolver *resolver, struct qn_task *parent, struct qn_task *child, uint8_t server)
{
	struct qn_wait *wait = qn_pool_take(&resolver->parts.waits);

	if (wait == NULL)
		return false;
	wait->parent = parent;
	wait->child = child;
	wait->server = server;
	qn_list_append(&parent->waits, &wait->parent_link);
	qn_list_append(&child->parents, &wait->child_link);
	return true;
}

static void
wait_end(struct qn_resolver *resolver, struct qn_wait *wait)
{
	qn_list_remove(&wait->parent_link);
	qn_list_remove(&wait->child_link);
	qn_pool_put(&resolver->parts.waits, wait);
}

void
qn_task_leave_zone(struct qn_resolver *resolver, struct qn_task *task)
{
	while (!qn_list_empty(&task->waits))
		wait_end(resolver, qn_list_entry(task->waits.next, struct qn_wait, parent_link));
	while (!qn_list_empty(&task->upstreams))
		qn_upstream_release(
		    resolver, qn_list_entry(task->upstreams.next, struct qn_upstream, task_link));
	if (task->zone_slot != QN_QUOTA_SLOT_NONE)
		resolver->zones.slots[task->zone_slot].tasks--;
	task->zone_slot = QN_QUOTA_SLOT_NONE;
	if (task->server_slot != QN_QUOTA_SLOT_NONE)
		resolver->servers.slots[task->server_slot].tasks--;
	task->server_slot = QN_QUOTA_SLOT_NONE;
	lookups_reset(task);
}

static bool
depends_on(const struct qn_task *task, const struct qn_task *wanted, unsigned *left)
{
	if (task == wanted || *left == 0)
		return true;
	(*left)--;
	for (const struct qn_list *link = task->waits.next; link != &task->waits;
	     link = link->next) {
		const struct qn_wait *wait = qn_list_entry(link, struct qn_wait, parent_link);

		if (depends_on(wait->child, wanted, left))
			return true;
	}
	return false;
}

bool
qn_task_depends_on(const struct qn_task *task, const struct qn_task *wanted)
{
	unsigned left = CYCLE_SEARCH_MAX;

	return depends_on(task, wanted, &left);
}

/* --- Ending ----------------------------------------------------------------------------- */

/* What a nameserver's name turned out to stand for: as many addresses as one may have. */
struct found_addresses {
	struct qn_address addresses[QN_DELEGATION_ADDRESS_MAX];
	unsigned count;
};

static void
find_addresses(const struct qn_task *task, struct found_addresses *found)
{
	const struct qn_view bytes = {task->writer.data, task->writer.at};
	struct qn_record_walk walk;
	struct qn_message message;
	enum qn_section section;
	struct qn_record record;

	found->count = 0;
	if (qn_message_read(&message, bytes) != QN_MESSAGE_OK)
		return;
	walk = qn_message_walk(&message);
	while (
	    found->count < QN_DELEGATION_ADDRESS_MAX && qn_record_next(&walk, &record, &section)) {
		const uint8_t *octets = bytes.data + record.rdata_at;

		if (section != QN_SECTION_ANSWER)
			continue;
		if (record.type == QN_TYPE_A)
			found->addresses[found->count++] = qn_address_ipv4(octets);
		else if (record.type == QN_TYPE_AAAA)
			found->addresses[found->count++] = qn_address_ipv6(octets);
	}
}

/* Gives what was found to all tasks that wait for it. The message is read once for all. */
static void
wake_parents(struct qn_resolver *resolver, struct qn_task *task)
{
	struct found_addresses found;

	if (qn_list_empty(&task->parents))
		return;
	find_addresses(task, &found);
	while (!qn_list_empty(&task->parents)) {
		struct qn_wait *wait =
		    qn_list_entry(task->parents.next, struct qn_wait, child_link);
		struct qn_task *parent = wait->parent;

		for (unsigned i = 0; i < found.count; i++)
			qn_delegation_add_address(&parent->zone, wait->server, &found.addresses[i]);
		if (found.count == 0 && task->starved)
			parent->lookups_refused = true;
		else if (found.count == 0)
			parent->lookups_failed++;
		wait_end(resolver, wait);
		qn_task_ready(resolver, parent);
	}
}

/* Encodes the answer, into the cache when it has a TTL and into the page for the askers. */
static void
answer_seal(struct qn_resolver *resolver, struct qn_task *task, uint16_t rcode, uint16_t ede,
    uint32_t ttl_s, struct qn_now now)
{
	const struct qn_span encoded = {resolver->encoded, sizeof(resolver->encoded)};
	struct qn_cache_key key;

	size_t len = qn_answer_encode(
	    encoded, (struct qn_view){task->writer.data, task->writer.at}, rcode, ede);

	if (len > task->page.len && !page_grow(resolver, task, task->writer.at))
		len = 0;
	if (len == 0) {
		/* Too large to be told: an empty failure instead, which always fits. */
		answer_begin(task);
		ttl_s = 0;
		len =
		    qn_answer_encode(encoded, (struct qn_view){task->writer.data, task->writer.at},
			QN_RCODE_SERVFAIL, QN_EDE_OTHER);
	}
	if (ttl_s > 0) {
		qn_cache_key_init(&key, resolver->store.hash_key, QN_CACHE_ANSWER,
		    &task->question.name, task->question.type);
		qn_cache_put(
		    resolver->store.cache, &key, ttl_s, (struct qn_view){encoded.data, len}, now);
	}
	memcpy(task->page.data, encoded.data, len);
	const bool whole = qn_answer_open(&task->answer, (struct qn_view){task->page.data, len});

	qn_assert(whole);
}

static void
task_end(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now)
{
	struct qn_trace_event *event = qn_trace_add(resolver, task, QN_TRACE_END, now);

	if (event != NULL) {
		qn_name_copy(&event->name, &task->question.name);
		event->rcode = task->answer.rcode;
		event->ede = task->answer.ede;
	}
	task->state = QN_TASK_FINISHED;
	qn_wheel_stop(&resolver->wheel, &task->timed.timer);
	qn_list_remove(&task->table_link);
	qn_list_remove(&task->queue_link);
	qn_task_leave_zone(resolver, task);
	qn_list_remove(&task->follow_link);
	if (qn_list_empty(&task->askers))
		qn_task_free(resolver, task);
	else
		qn_list_append(&resolver->finished, &task->queue_link);
}

/* An answer that is good for this once replaces one that might be served stale. */
static void
answer_forget(struct qn_resolver *resolver, const struct qn_task *task)
{
	struct qn_cache_key key;

	qn_cache_key_init(&key, resolver->store.hash_key, QN_CACHE_ANSWER, &task->question.name,
	    task->question.type);
	qn_cache_remove(resolver->store.cache, &key);
}

void
qn_task_finish(
    struct qn_resolver *resolver, struct qn_task *task, uint16_t rcode, struct qn_now now)
{
	qn_counter_add(&resolver->counters.tasks_answered, 1);
	qn_store_clear_failure(&resolver->store, &task->question.name, task->question.type);
	wake_parents(resolver, task);
	if (task->record_counts[0] + task->record_counts[1] > QN_STORE_RECORD_MAX)
		task->ttl_s = 0;
	if (task->ttl_s == 0)
		answer_forget(resolver, task);
	answer_seal(
	    resolver, task, rcode, QN_EDE_NONE, task->ttl_s == UINT32_MAX ? 0 : task->ttl_s, now);
	task_end(resolver, task, now);
}

void
qn_task_fail(struct qn_resolver *resolver, struct qn_task *task, enum qn_ede ede, struct qn_now now)
{
	const uint16_t rcode =
	    task->seen_refused && !task->seen_other ? QN_RCODE_REFUSED : QN_RCODE_SERVFAIL;

	qn_counter_add(&resolver->counters.tasks_failed, 1);
	if (!task->starved)
		qn_store_put_failure(&resolver->store, &task->question.name, task->question.type,
		    rcode, (uint16_t)ede, now);
	answer_begin(task); /* Drops the aliases that led nowhere. */
	wake_parents(resolver, task);
	answer_seal(resolver, task, rcode, (uint16_t)ede, 0, now);
	task_end(resolver, task, now);
}

void
qn_task_free(struct qn_resolver *resolver, struct qn_task *task)
{
	page_put(resolver, task->page);
	budget_put(resolver, task->budget);
	qn_pool_put(&resolver->parts.tasks, task);
	qn_counter_sub(&resolver->task_gauge, 1);
}
