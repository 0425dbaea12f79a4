/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A resolver on a stage: the test plays its clients, its servers and the clock.
 *
 * The resolver forwards nothing and knows one root server, 192.0.2.1, which the stage itself
 * primes; `stage_delegate` gives it a zone whose servers the test plays.
 */
#include "resolve/resolver.h"
#include "support/message.h"

#define STAGE_ASKER_MAX 8192

struct stage {
	struct qn_resolve_config config;
	struct qn_resolver *resolver;
	struct qn_cache *cache;
	struct qn_standings standings; /* What other workers know of servers: nothing. */
	void *memory;
	uint64_t now_us;
	struct qn_asker askers[STAGE_ASKER_MAX];
	uint32_t asker_count;
	uint32_t network; /* Where the next client comes from. */
	uint32_t answered; /* Askers that got an answer. */
	uint16_t rcode;    /* Of the last one. */
	uint16_t ede;
};

extern struct stage stage;

/** Sets the stage with so many places for tasks and for queries. */
void stage_open(uint32_t task_max, uint32_t upstream_max);

/** Frees it. For the teardown of a test, which gives it a state that it does not need. */
int stage_close(void **state);

struct qn_now stage_now(void);

/** Lets time pass, in steps of a millisecond, with all timers that become due. */
void stage_wait_ms(uint64_t duration_ms);

/** Makes `zone` one whose only nameserver has these IPv4 addresses, listed up to NULL. */
void stage_delegate(const char *zone, const char *const *addresses);

/** Makes `zone` one with these nameservers, listed up to NULL, none of whose addresses is known. */
void stage_delegate_names(const char *zone, const char *const *names);

/** A client asks "NAME TYPE"; false when the question was refused. */
bool stage_ask(const char *question);

/** Takes the next query; false when there is none. */
bool stage_take(struct qn_upstream_query *query);

/** Takes the next query, which has to go to `server`; its slot. */
uint32_t stage_sent(const char *server, const char *question);

/** Fails the test unless there is nothing to send. */
void stage_silent(void);

/** The server of the query in `slot` replies. */
void stage_reply(uint32_t slot, const char *const *lines);

#define STAGE_REPLY(slot, question, ...) \
	stage_reply(slot, TEST_LINES("question " question, __VA_ARGS__))

/** Whether it is remembered that the question has just failed. */
bool stage_remembers_failure(const char *question);

/** Takes all answers that are ready; how many there were. */
uint32_t stage_answers(void);

/** The counter of this name in qn_resolve_counters. */
#define STAGE_COUNTER(name) qn_counter_get(&qn_resolver_counters(stage.resolver)->name)
