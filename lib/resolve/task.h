/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The inside of the iterator: tasks, what they wait for, and who waits for them.
 *
 * Only the files of lib/resolve include this. task.c makes, joins and ends tasks;
 * iterate.c takes them from step to step; nameservers.c finds whom to ask; upstream.c and hedge.c
 * keep their queries; resolver.c turns events into steps; trace.c writes them down.
 */
#include "base/pool.h"
#include "base/random.h"
#include "base/wheel.h"
#include "resolve/quota.h"
#include "resolve/reply.h"
#include "resolve/resolver.h"
#include "resolve/trace.h"

#define QN_PAGE_SMALL_LEN 4096u
#define QN_PAGE_LARGE_LEN 65535u
#define QN_PAGE_LARGE_MAX 16u

/** What a timer of the resolver's wheel is for. */
enum qn_timed_kind {
	QN_TIMED_TASK,
	QN_TIMED_UPSTREAM,
};

struct qn_timed {
	struct qn_timer timer;
	enum qn_timed_kind kind;
};

/** What a client question and all tasks it causes may spend. */
struct qn_budget {
	uint32_t refs;        /* Tasks that hold it. */
	uint16_t query_left;  /* Upstream queries. */
	uint16_t lookup_left; /* Tasks for nameserver addresses. */
	struct qn_mono deadline;
};

enum qn_task_state {
	QN_TASK_RUNNING,  /* In the table: others may join. */
	QN_TASK_FINISHED, /* Has its answer; kept until its askers have fetched it. */
};

/** One question being resolved. */
struct qn_task {
	struct qn_list table_link;
	struct qn_list queue_link; /* In `ready` or in `finished`, or in neither. */
	struct qn_timed timed;
	struct qn_question question;
	uint32_t hash;
	enum qn_task_state state;
	uint8_t depth;
	uint16_t query_count;
	uint32_t network; /* Of the client who caused it, see quota.h. */
	struct qn_budget *budget;

	struct qn_list askers; /* Clients, in the order of their deadlines. */
	uint16_t asker_count;
	struct qn_list parents; /* struct qn_wait: tasks that wait for this one. */
	struct qn_list waits;   /* struct qn_wait: tasks that this one waits for. */

	/* Where the walk stands. */
	struct qn_name name; /* The question's, or what its aliases have led to. */
	uint8_t alias_count;
	uint8_t known_labels;    /* Of `name`: the longest ending that is no unknown zone cut. */
	uint8_t minimized_count; /* Queries with a shortened name, for this `name`. */
	bool minimize;
	bool refresh;            /* Asks again although the cache knows: what it knows ends soon. */
	bool foreign_glue_used;  /* See nameservers.c, last resorts. */
	uint8_t lookups_started; /* For nameservers of `zone`. */
	uint8_t lookups_failed;  /* Of these: have ended, for reasons of their own, without any. */
	bool lookups_refused;    /* Some could not be started, or not be carried through. */
	bool probe_due;          /* With the next reply another of its servers may be measured. */
	bool last_resort;        /* Takes answers that are not authoritative. */
	bool zone_known;         /* Whether `zone` has been looked up for this `name`. */
	struct qn_delegation zone;
	struct qn_list follow_link;   /* In `followers` of another's query, or in no list. */
	uint16_t zone_slot;           /* In `zones` of the resolver; QN_QUOTA_SLOT_NONE: in none. */
	uint16_t server_slot;         /* In `servers`: the first that it has asked of this zone. */
	struct qn_list upstreams;     /* Its queries, the oldest first: at most QN_TASK_OPEN_MAX. */
	uint64_t zone_hash;           /* Of the zone's name, for the ledger. */
	struct qn_mono patient_until; /* Silent servers are asked again and again until then. */

	/*
	 * Something other than its own servers kept the task from its answer: the limits of the
	 * task that started it, or pools that were empty. That says nothing about the name.
	 */
	bool starved;

	uint32_t trace_number; /* Of the trace that it is part of, which may be over; 0: of none. */

	/* What the servers that answered uselessly said. */
	bool seen_refused;
	bool seen_other;

	/* The answer as far as it is known: a message with the question in front. */
	struct qn_span page;
	struct qn_writer writer;
	uint16_t record_counts[2]; /* Answer, authority. */
	uint32_t ttl_s;            /* The lowest of its records. */
	struct qn_answer answer;   /* Once finished: views into the page. */
};

/** One task waits for the address of a nameserver from another. */
struct qn_wait {
	struct qn_list parent_link; /* In the waiting task's `waits`. */
	struct qn_list child_link;  /* In the other's `parents`. */
	struct qn_task *parent;
	struct qn_task *child;
	uint8_t server; /* Whose address: an index into the parent's zone. */
};

/**
 * Queries of one task that may be answered at a time. Each is one more chance for whoever
 * forges replies (RFC 5452 s5).
 */
#define QN_TASK_OPEN_MAX 2

enum qn_upstream_state {
	QN_UPSTREAM_QUEUED, /* In `sends`. */
	QN_UPSTREAM_WAITED, /* Sent, and its task waits for the reply. */
	QN_UPSTREAM_LATE,   /* Its time is up; its task goes on, but still takes the reply. */
	QN_UPSTREAM_SPARE,  /* Sent, and nobody waits: the reply only says how the server does. */
	QN_UPSTREAM_OVER,   /* In `releases`. */
};

/** One query to an authority. */
struct qn_upstream {
	struct qn_list link;      /* In `sends`, `late` or `releases`, or in none of them. */
	struct qn_list task_link; /* In `upstreams` of its task. */
	struct qn_timed timed;
	struct qn_list flight_link; /* In `flights` of the resolver. */
	struct qn_list followers;   /* struct qn_task: wait for what becomes of this query. */
	unsigned follower_count;
	enum qn_upstream_state state;
	struct qn_task *task; /* NULL: nobody waits for it. */
	uint64_t zone_hash;   /* Of the zone that was asked. */
	uint8_t candidate;
	uint16_t server_slot; /* In `servers` of the resolver, while its reply is waited for. */
	uint8_t kind;         /* enum qn_sample_kind */
	uint8_t zone_labels;  /* Of the question's name: the zone that was asked. */
	bool forwarded;       /* The server resolves for us. */
	bool counted;         /* In `server_slot`. */
	bool lingers;         /* In `late`. */
	bool overdue; /* When a reply could have been expected has passed, or matters not. */
	bool edns;
	bool minimized;
	bool last_resort;    /* To a server that is no authority, as it has said before. */
	bool cookie_renewed; /* Sent again with the cookie that the server asked for. */
	bool edns_given_up;  /* Sent again in plain DNS, as the server asked for. */
	bool hearsay;        /* Sent this way because of what a forger may have said. */
	enum qn_transport transport;
	struct qn_endpoint server;
	struct qn_question question;
	struct qn_mono sent;
	uint64_t hedge_us; /* Another may be asked so long after `sent`. */
	uint64_t timeout_us;
	uint32_t trace_number; /* Of the trace that it stands in; 0: in none. */
	struct qn_trace_event *trace_event;
};

/** What is as large as the limits say. */
struct qn_resolver_parts {
	struct qn_pool tasks;
	struct qn_pool budgets;
	struct qn_pool waits;
	struct qn_pool upstreams;
	struct qn_pool small_pages;
	struct qn_pool large_pages;
	struct qn_ledger ledger;
	struct qn_manners_table manners;
};

/** What a zone has spent on hedges and probes beyond what its own replies have brought in. */
struct qn_debt {
	uint16_t hedge;
	uint16_t probe;
};

/** Queries in flight are found by a keyed hash of their question. */
#define QN_FLIGHT_SLOT_COUNT 1024u

struct qn_resolver {
	const struct qn_resolve_config *config;
	struct qn_store store;
	struct qn_random random;
	struct qn_hash_key cookie_secret; /* Makes client cookies (RFC 7873). */
	struct qn_wheel wheel;
	struct qn_resolver_parts parts;
	qn_counter task_gauge;
	qn_counter upstream_gauge;
	qn_counter spare_gauge;
	qn_counter large_gauge;

	uint32_t hedge_credit; /* What may be spent on hedges and probes, see hedge.c. */
	uint32_t probe_credit;
	struct qn_debt debts[QN_QUOTA_SLOT_COUNT]; /* Of zones, by their slot. */
	struct qn_quota zones;                     /* Running tasks. */
	struct qn_quota servers; /* Tasks by whom they asked first, and queries waited for. */
	struct qn_list *table;   /* Running tasks by hash. */
	uint32_t table_mask;

	struct qn_list flights[QN_FLIGHT_SLOT_COUNT]; /* struct qn_upstream */
	struct qn_list ready;                         /* Tasks to step before the event is over. */
	struct qn_list sends;                         /* Effects. */
	struct qn_list releases;
	struct qn_list late; /* struct qn_upstream, late or spare, the oldest first. */
	uint32_t late_count;
	struct qn_list expired;  /* Askers past their deadline. */
	struct qn_list finished; /* Tasks whose askers can fetch the answer. */
	struct qn_task *fetched; /* Its last asker was taken: freed at the next event. */

	struct qn_trace *trace; /* Being written; mostly NULL. */
	uint32_t trace_number;  /* Of this trace, or the last one. */

	struct qn_reply reply; /* Scratch. */
	uint8_t encoded[QN_PAGE_LARGE_LEN];
	uint8_t store_scratch[QN_CACHE_VALUE_MAX];
	struct qn_resolve_counters counters;
};

/* task.c */

/** The running task of `question`, or a new one; NULL when there is no place. */
QN_MUST_USE struct qn_task *qn_task_open(struct qn_resolver *resolver,
    const struct qn_question *question, struct qn_task *parent, struct qn_now now);

/** Starts a task that nobody waits for and that does not look into the cache. */
void qn_task_refresh(
    struct qn_resolver *resolver, const struct qn_question *question, struct qn_now now);

/** Starts a task of its own, whoever else may be asking the same; NULL: no place. */
QN_MUST_USE struct qn_task *qn_task_begin(
    struct qn_resolver *resolver, const struct qn_question *question, struct qn_now now);

/**
 * Frees a task that was started for another one from that one's limits, and from its network's
 * share, because a client asks the same question: what the other may spend is no measure for it.
 */
void qn_task_promote(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now);

/** Makes `parent` wait for `child` on behalf of nameserver `server`; false: no place. */
QN_MUST_USE bool qn_task_wait(
    struct qn_resolver *resolver, struct qn_task *parent, struct qn_task *child, uint8_t server);

/**
 * Ends what a task has to do with its zone: it is not counted there any more, and does not
 * wait for addresses of its servers, which must not become servers of the next zone.
 */
void qn_task_leave_zone(struct qn_resolver *resolver, struct qn_task *task);

/** Whether `task` waits, through others, for `wanted`. A search that gets long says yes. */
bool qn_task_depends_on(const struct qn_task *task, const struct qn_task *wanted);

/**
 * Counts the task under the zone that it has come to. False when that one zone holds a
 * sixteenth of all places and half of all are taken: then it is shed, so that silent servers
 * of one zone cannot keep everybody else's questions out.
 */
QN_MUST_USE bool qn_task_enter_zone(struct qn_resolver *resolver, struct qn_task *task);

/** Whether it has asked any server of the zone that it is in. */
static inline bool
qn_task_has_asked(const struct qn_task *task)
{
	return task->server_slot != QN_QUOTA_SLOT_NONE;
}

/** Queues a task to be stepped before the current event is over. */
void qn_task_ready(struct qn_resolver *resolver, struct qn_task *task);

/** Adds an RRset to the answer; false when it does not fit into the largest page. */
QN_MUST_USE bool qn_task_append(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_rrset *rrset, enum qn_section section);

/** Ends a task with what has been appended; caches the answer, wakes whoever waits. */
void qn_task_finish(
    struct qn_resolver *resolver, struct qn_task *task, uint16_t rcode, struct qn_now now);

/** Ends a task without an answer. */
void qn_task_fail(
    struct qn_resolver *resolver, struct qn_task *task, enum qn_ede ede, struct qn_now now);

/** Gives the parts of a finished task back. */
void qn_task_free(struct qn_resolver *resolver, struct qn_task *task);

/* nameservers.c */

/** Whether this is the question that primes the root (RFC 9609 s3). */
QN_MUST_USE bool qn_question_is_priming(const struct qn_question *question);

/** Finds the zone to ask for the task's name: out of the cache, the routes, or the hints. */
void qn_task_find_zone(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now);

/** Readies the zone that has just been put into the task: addresses that need no query. */
void qn_task_zone_prepare(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now);

/**
 * Looks up addresses of nameservers; true when the task waits for at least one. Those that
 * have addresses are looked up only where `glue_failed`: their zone may know others.
 */
QN_MUST_USE bool qn_task_lookup_servers(
    struct qn_resolver *resolver, struct qn_task *task, bool glue_failed, struct qn_now now);

/**
 * Remembers that the nameservers of the task's zone do not resolve, if that is what has left
 * it without anybody to ask.
 */
void qn_task_unresolved(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now);

/** When all else has failed: true when there is somebody to ask after all. */
QN_MUST_USE bool qn_task_last_resort(
    struct qn_resolver *resolver, struct qn_task *task, struct qn_now now);

/* iterate.c */

/** Takes a running task as far as it goes without an event. */
void qn_task_step(struct qn_resolver *resolver, struct qn_task *task, struct qn_now now);

/** Goes on with what came back: judged in `resolver->reply`. */
void qn_task_replied(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now);

/** Goes on with the reply to another task's query for the same question to the same zone. */
void qn_task_share(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now);

/** Asks the same server again, over TCP. */
void qn_task_retry_tcp(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now);

/** Goes on after a query that nobody answered in time. */
void qn_task_silent(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream);

/** The question as much of it as the zone's servers need to see; whether that is not all. */
bool qn_task_question(const struct qn_task *task, struct qn_question *question);

/** Goes on after a query that the transport could not send: it cannot in a moment either. */
void qn_task_unsent(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_upstream *upstream);

/** Tells the ledger what became of a query. */
void qn_upstream_tell(struct qn_resolver *resolver, const struct qn_upstream *upstream,
    enum qn_outcome outcome, struct qn_now now);

/* hedge.c: queries that nobody would have to send. */

/** Goes on when a reply could have been expected and has not come: asks another as well. */
void qn_upstream_overdue(
    struct qn_resolver *resolver, struct qn_upstream *upstream, struct qn_now now);

/**
 * Enters a useful reply into the accounts of hedges and probes, and has another server of the
 * zone measured where that is due. The task must still be in the zone that was asked.
 */
void qn_upstream_useful(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *upstream, struct qn_now now);

/** The rule by which one of several candidates is chosen. */
typedef uint32_t (*qn_select_fn)(struct qn_choice *choice);

/**
 * Whom to ask besides candidate `other`, or QN_SELECT_NONE, of those that may get one more
 * query; `busy` says whether there are any that may not.
 */
QN_MUST_USE uint32_t qn_task_select(struct qn_resolver *resolver, struct qn_task *task,
    qn_select_fn select, uint32_t other, bool *busy, struct qn_now now);

/** Asks a candidate over UDP, in the form that it is known to understand. */
struct qn_upstream *qn_task_ask(
    struct qn_resolver *resolver, struct qn_task *task, uint32_t index, struct qn_now now);

/* trace.c: nothing is written about tasks that the trace is not about. */

/** Begins to write `trace`, about `task`. */
void qn_trace_begin(
    struct qn_resolver *resolver, struct qn_trace *trace, struct qn_task *task, struct qn_now now);

/** Ends the trace: it is its owner's again. */
void qn_trace_end(struct qn_resolver *resolver, const struct qn_answer *answer);

/** Notes a step of a task. The caller fills in what else matters; NULL: nothing was written. */
struct qn_trace_event *qn_trace_add(struct qn_resolver *resolver, const struct qn_task *task,
    enum qn_trace_kind kind, struct qn_now now);

/** Notes that the cache had the next link. */
struct qn_trace_event *qn_trace_known(struct qn_resolver *resolver, const struct qn_task *task,
    enum qn_trace_kind kind, enum qn_reply_kind verdict, struct qn_now now);

/** Notes that a task waits for an address that is looked up anyway, or does without: `why`. */
void qn_trace_lookup(struct qn_resolver *resolver, const struct qn_task *task,
    const struct qn_question *question, enum qn_trace_kind kind, const char *why,
    struct qn_now now);

/** Notes that a query leaves. */
void qn_trace_sent(struct qn_resolver *resolver, struct qn_upstream *upstream, struct qn_now now);

/** Notes what became of it. */
struct qn_trace_event *qn_trace_outcome(struct qn_resolver *resolver,
    const struct qn_upstream *upstream, enum qn_trace_outcome outcome, struct qn_now now);

/** Notes the reply that has been judged in `resolver->reply`. */
void qn_trace_replied(struct qn_resolver *resolver, const struct qn_upstream *upstream,
    uint16_t rcode, struct qn_now now);

/* flight.c */

/**
 * Has a task wait for the same query of another to the same zone; false when there is none.
 * Many identical queries in flight would be as many chances for a forger (RFC 5452 s5), and
 * as many needless queries.
 */
QN_MUST_USE bool qn_flight_follow(
    struct qn_resolver *resolver, struct qn_task *task, const struct qn_question *question);

/** Offers a query that has just been queued for others to follow. */
void qn_flight_begin(struct qn_resolver *resolver, struct qn_upstream *upstream);

/** Ends the offer, and moves those who followed to `followers`. */
void qn_flight_end(struct qn_upstream *upstream, struct qn_list *followers);

/* upstream.c */

/**
 * Whether the task's zone may be asked once more: not faster than the operator allows, and by
 * each network of clients not for more than its share of that.
 */
QN_MUST_USE bool qn_upstream_zone_allowed(
    const struct qn_resolver *resolver, const struct qn_task *task, struct qn_now now);

/**
 * Whether the address may be asked once more: not when half of all places, of tasks or of
 * queries, are taken and a sixteenth of all by those who ask this address, nor when it is asked
 * as often as the operator allows.
 */
QN_MUST_USE bool qn_upstream_server_allowed(const struct qn_resolver *resolver,
    const struct qn_task *task, const struct qn_address *address, struct qn_now now);

/** Whether the zone has room for a query that nobody would have to send, for it as well. */
QN_MUST_USE bool qn_upstream_spare_allowed(
    const struct qn_resolver *resolver, const struct qn_task *task, struct qn_now now);

/** Queues one query to candidate `index` of the task's zone; NULL when that ended the task. */
struct qn_upstream *qn_upstream_ask(struct qn_resolver *resolver, struct qn_task *task,
    uint8_t index, enum qn_transport transport, bool edns, struct qn_now now);

/**
 * Queues a question that has just been answered, to candidate `index` of the zone that it was
 * asked in: nobody waits for the reply, but it is taken off the task's budget.
 */
void qn_upstream_probe(struct qn_resolver *resolver, struct qn_task *task, uint8_t index,
    const struct qn_upstream *answered, struct qn_now now);

/** How many queries of the task are on their way whose time is not yet up. */
QN_MUST_USE unsigned qn_task_waited_count(const struct qn_task *task);

/**
 * Ends the wait for a query, but leaves its slot open for a late reply: as long as its task
 * has not asked QN_TASK_OPEN_MAX others, and few enough of the resolver's slots are open so.
 */
void qn_upstream_linger(struct qn_resolver *resolver, struct qn_upstream *upstream);

/** Ends a query: its reply is not taken any more and its slot goes to the transport. */
void qn_upstream_release(struct qn_resolver *resolver, struct qn_upstream *upstream);

/**
 * Ends all queries of a task that has the reply to one of them. Those who followed one for the
 * same question as `answered` go to `followers`; others have to ask for themselves. What the
 * servers of the others do is still looked at.
 */
void qn_upstream_release_all(struct qn_resolver *resolver, struct qn_task *task,
    const struct qn_upstream *answered, struct qn_list *followers);
