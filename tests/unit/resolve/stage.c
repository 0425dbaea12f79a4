/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage.h"

#include "wire/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LEN (4u << 20)
#define LINE_MAX  512

struct stage stage;

static const struct qn_hash_key hash_key = {5, 6};
static uint8_t store_scratch[QN_CACHE_VALUE_MAX];

struct qn_now
stage_now(void)
{
	return test_now_us(stage.now_us);
}

static void *
memory_of(size_t len)
{
	void *memory = aligned_alloc(
	    QN_ARENA_ALIGN, (len + QN_ARENA_ALIGN - 1) & ~(size_t)(QN_ARENA_ALIGN - 1));

	assert_non_null(memory);
	return memory;
}

void
stage_open(uint32_t task_max, uint32_t upstream_max)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {7};
	const struct qn_resolver_limits limits = {task_max, upstream_max, 4096};
	/* Nobody folds what goes into the ring: a test can look at it. */
	static _Alignas(QN_ARENA_ALIGN) uint8_t shared[4096];
	struct qn_arena shared_arena = qn_arena_over((struct qn_span){shared, sizeof(shared)});
	struct qn_arena arena = qn_arena_measure();

	memset(&stage, 0, sizeof(stage));
	stage.now_us = 1000 * QN_US_PER_S;
	stage.config = (struct qn_resolve_config){
	    .hint_count = 1, .use_ipv4 = true, .minimization = QN_MINIMIZATION_OFF};
	stage.config.hints[0].name = test_name("root.test");
	stage.config.hints[0].address_count = 1;
	assert_true(qn_address_from_text(&stage.config.hints[0].addresses[0], "192.0.2.1"));
	stage.cache = qn_cache_init((struct qn_span){memory_of(CACHE_LEN), CACHE_LEN}, stage_now());
	qn_standings_init(&stage.standings, &shared_arena, 64, hash_key);
	(void)qn_resolver_init(&arena, &limits, NULL, NULL, &hash_key, NULL, seed, stage_now());
	stage.memory = memory_of(arena.used);
	arena = qn_arena_over((struct qn_span){stage.memory, arena.used});
	stage.resolver = qn_resolver_init(&arena, &limits, stage.cache, &stage.standings, &hash_key,
	    &stage.config, seed, stage_now());
}

int
stage_close(void **state)
{
	(void)state;
	free(stage.memory);
	free(stage.cache);
	return 0;
}

void
stage_wait_ms(uint64_t duration_ms)
{
	for (uint64_t i = 0; i < duration_ms; i++) {
		stage.now_us += QN_US_PER_MS;
		(void)qn_resolver_expire(stage.resolver, stage_now(), UINT32_MAX);
	}
}

void
stage_delegate(const char *zone, const char *const *addresses)
{
	struct qn_store store = {stage.cache, &hash_key, store_scratch};
	const struct qn_name name = test_name(zone);
	struct qn_delegation delegation;
	struct qn_address address;

	qn_delegation_init(&delegation, &name);
	delegation.ttl_s = 86400;
	qn_delegation_add_server(&delegation, &name);
	for (; *addresses != NULL; addresses++) {
		assert_true(qn_address_from_text(&address, *addresses));
		qn_delegation_add_address(&delegation, 0, &address);
	}
	qn_store_put_delegation(&store, &delegation, stage_now());
}

void
stage_delegate_names(const char *zone, const char *const *names)
{
	struct qn_store store = {stage.cache, &hash_key, store_scratch};
	const struct qn_name name = test_name(zone);
	struct qn_delegation delegation;

	qn_delegation_init(&delegation, &name);
	delegation.ttl_s = 86400;
	for (; *names != NULL; names++) {
		const struct qn_name server = test_name(*names);

		qn_delegation_add_server(&delegation, &server);
	}
	qn_store_put_delegation(&store, &delegation, stage_now());
}

bool
stage_ask(const char *question)
{
	const struct qn_question asked = test_question(question);

	assert_true(stage.asker_count < STAGE_ASKER_MAX);
	stage.askers[stage.asker_count].network = stage.network;
	return qn_resolver_ask(stage.resolver, &asked, &stage.askers[stage.asker_count++],
		   QN_RESOLVE_CLIENT_US, stage_now()) == QN_ASK_WAIT;
}

bool
stage_take(struct qn_upstream_query *query)
{
	uint32_t slot;

	while (qn_resolver_take_release(stage.resolver, &slot))
		;
	return qn_resolver_take_send(stage.resolver, query, stage_now());
}

uint32_t
stage_sent(const char *server, const char *question)
{
	struct qn_upstream_query query;
	char address[QN_ADDRESS_TEXT_MAX];
	char type[QN_MNEMONIC_MAX];
	char text[LINE_MAX];

	assert_true(stage_take(&query));
	qn_address_to_text(&query.server.address, address);
	assert_string_equal(address, server);
	snprintf(text, sizeof(text), "%s %s", test_name_text(&query.question->name),
	    qn_type_to_text(query.question->type, type));
	assert_string_equal(text, question);
	return query.slot;
}

void
stage_silent(void)
{
	struct qn_upstream_query query;

	assert_false(stage_take(&query));
}

void
stage_reply(uint32_t slot, const char *const *lines)
{
	const struct qn_message message = test_message_read(lines);

	qn_resolver_reply(stage.resolver, slot, &message, true, stage_now());
}

bool
stage_remembers_failure(const char *question)
{
	struct qn_store store = {stage.cache, &hash_key, store_scratch};
	const struct qn_question asked = test_question(question);
	struct qn_failure failure;

	return qn_store_get_failure(&store, &asked.name, asked.type, stage_now(), &failure);
}

uint32_t
stage_answers(void)
{
	struct qn_answer answer;
	uint32_t count = 0;

	while (qn_resolver_take_answer(stage.resolver, &answer) != NULL) {
		stage.rcode = answer.rcode;
		stage.ede = answer.ede;
		count++;
	}
	stage.answered += count;
	return count;
}
