/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The iterator: what happens between a cache miss and an answer.
 *
 * Events go in (ask, reply, unsent, expire), effects come out when asked for (take_send,
 * take_release, take_answer). A question being resolved is a *task*; identical questions
 * share one. A task walks from the deepest known delegation towards the name, follows
 * aliases, and starts tasks of its own for nameserver addresses. All tasks that one client
 * question causes draw on one budget that nothing refills.
 *
 * Owner:   one worker.
 * Memory:  lives in the arena given to init; every pool has a fixed size, and what finds
 *          its pool empty is refused, not delayed.
 * Time:    reads no clock; every event takes `now`.
 * Bounds:  50 upstream queries a task; 200, and 24 lookups of nameserver addresses, a client
 *          question with all its tasks; nesting 8, 11 aliases; 5 s until a client is told
 *          SERVFAIL, 10 s until the task ends; two queries of a task open to replies at a
 *          time, a quarter of all slots to late ones. An event runs at most 16 steps of tasks,
 *          a call of expire 64: what is left goes on with the next one.
 * Trust:   a reply that is wrong in its id or letter case, but comes from the right peer and
 *          port, is evidence of nothing: the same server is asked again over TCP.
 * RFC:     1034 s5.3.3, 2308, 9156, 9520.
 */
#include "base/list.h"
#include "base/time.h"
#include "cache/answer.h"
#include "policy/cookie.h"
#include "resolve/config.h"
#include "resolve/counters.h"
#include "resolve/delegation.h"
#include "select/ledger.h"

#define QN_RESOLVE_QUERY_MAX       50  /* Upstream queries of one task. */
#define QN_RESOLVE_TREE_QUERY_MAX  200 /* Of a client question and all that it causes. */
#define QN_RESOLVE_TREE_LOOKUP_MAX 24  /* Questions for nameserver addresses that it causes. */
#define QN_RESOLVE_DEPTH_MAX       8
#define QN_RESOLVE_ASKER_MAX       1000 /* Clients waiting for one question. */
#define QN_RESOLVE_CLIENT_US       (5 * QN_US_PER_S)
#define QN_RESOLVE_TASK_US         (10 * QN_US_PER_S)

struct qn_resolver;

struct qn_resolver_limits {
	uint32_t task_max;     /* Questions being resolved at once. */
	uint32_t upstream_max; /* Upstream queries in flight, below 2^24. */
	uint32_t server_max;   /* Authority addresses remembered. */
};

/** A client waiting for an answer: a member of whatever the caller parks. */
struct qn_asker {
	struct qn_list link;
	struct qn_mono deadline;
	uint32_t network; /* The caller's to set: a keyed hash of the client's network. */
	bool expired;     /* Its deadline has come before the answer. */
};

enum qn_ask_result {
	QN_ASK_WAIT, /* take_answer will give the asker back. */
	QN_ASK_SHED, /* No place: the asker was not taken. */
};

enum qn_transport {
	QN_TRANSPORT_UDP,
	QN_TRANSPORT_TCP,
};

/** One query for the transport to send: it adds port, id and letter case. */
struct qn_upstream_query {
	uint32_t slot; /* Names the query until it is released: 0 to upstream_max - 1. */
	struct qn_endpoint server;
	enum qn_transport transport;
	bool edns;
	bool recursion_desired;
	struct qn_cookie cookie;            /* With EDNS: its client part has to come back. */
	bool mix_case;                      /* Letter case at random, to be matched in the reply. */
	const struct qn_question *question; /* Stays valid until the slot is released. */
};

/**
 * Adds the parts of a resolver to `arena`; NULL while measuring. `standings` is what all
 * workers know of authorities (lib/nsdb), or NULL: then each knows what it sees itself.
 */
struct qn_resolver *qn_resolver_init(struct qn_arena *arena,
    const struct qn_resolver_limits *limits, struct qn_cache *cache,
    const struct qn_standings *standings, const struct qn_hash_key *hash_key,
    const struct qn_resolve_config *config, const uint8_t seed[QN_RANDOM_SEED_LEN],
    struct qn_now now);

/** Takes a new snapshot, which stays valid until the next one is given. */
void qn_resolver_configure(struct qn_resolver *resolver, const struct qn_resolve_config *config);

/* Events. */

/** A client wants `question` (class IN, not a meta type) answered within `wait_us`. */
QN_MUST_USE enum qn_ask_result qn_resolver_ask(struct qn_resolver *resolver,
    const struct qn_question *question, struct qn_asker *asker, uint64_t wait_us,
    struct qn_now now);

/**
 * The cached answer to `question` ends soon and is still asked for: has it asked again, in
 * the background, unless that is under way or has just failed.
 */
void qn_resolver_refresh(
    struct qn_resolver *resolver, const struct qn_question *question, struct qn_now now);

struct qn_trace;

/**
 * Has `question` asked anew, whatever the cache holds and whoever else asks it
 * now, and every step written into `trace`, whose `done` is set at the end. Zone cuts and
 * nameservers that the cache knows are made use of, as for any client. False when another
 * trace is being written or there is no place.
 */
QN_MUST_USE bool qn_resolver_trace(struct qn_resolver *resolver, struct qn_trace *trace,
    const struct qn_question *question, struct qn_now now);

/**
 * A reply to the query in `slot`, matched by the transport; `message` read gave as OK.
 * Without `case_kept` the question came back in other letter case than it was sent in, over
 * TCP, where nobody else can have changed it: the server is one that does.
 */
void qn_resolver_reply(struct qn_resolver *resolver, uint32_t slot,
    const struct qn_message *message, bool case_kept, struct qn_now now);

/** The query in `slot` cannot be sent: no route, no port, no connection. */
void qn_resolver_unsent(struct qn_resolver *resolver, uint32_t slot, struct qn_now now);

/**
 * The query in `slot`, sent over UDP, got a reply that only the server or a lucky forger
 * can have sent, with another id or other letter case: finish it over TCP.
 */
void qn_resolver_suspect(struct qn_resolver *resolver, uint32_t slot, struct qn_now now);

/** Runs at most `count_max` timers that are due; returns how many ran. */
uint32_t qn_resolver_expire(struct qn_resolver *resolver, struct qn_now now, uint32_t count_max);

/** How long until something is due: microseconds, at most `most_us`. */
uint64_t qn_resolver_rest_us(
    const struct qn_resolver *resolver, struct qn_now now, uint64_t most_us);

/* Effects. */

/** Takes the next query to send; false when there is none. */
QN_MUST_USE bool qn_resolver_take_send(
    struct qn_resolver *resolver, struct qn_upstream_query *query, struct qn_now now);

/** Takes the next slot whose query is over, so that its port can be given back. */
QN_MUST_USE bool qn_resolver_take_release(struct qn_resolver *resolver, uint32_t *slot);

/**
 * Takes the next asker and its answer, which is valid until the next call of any function
 * here; NULL when there is none.
 */
QN_MUST_USE struct qn_asker *qn_resolver_take_answer(
    struct qn_resolver *resolver, struct qn_answer *answer);

/** The asker that take_answer() would give, left where it is; NULL when there is none. */
struct qn_asker *qn_resolver_next_asker(struct qn_resolver *resolver);

/** Whether any of the three has something to take. */
bool qn_resolver_has_effects(const struct qn_resolver *resolver);

/** What the resolver has seen of authorities, for the thread that folds it for all workers. */
struct qn_sample_ring *qn_resolver_samples(struct qn_resolver *resolver);

/* Figures; may be read from any thread. */
const struct qn_resolve_counters *qn_resolver_counters(const struct qn_resolver *resolver);

struct qn_resolve_gauges {
	uint64_t tasks;
	uint64_t upstream_in_flight;
	uint64_t upstream_spare; /* Of these: nobody waits for the reply. */
	uint64_t large_pages;
};

struct qn_resolve_gauges qn_resolver_gauges(const struct qn_resolver *resolver);
