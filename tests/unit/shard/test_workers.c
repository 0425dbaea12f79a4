/* SPDX-License-Identifier: BSD-2-Clause */
/* What one worker sees of servers, the others know once it has been published. */
#include "support/stand.h"
#include "support/test.h"

#include <stdio.h>

#define WORKER_COUNT 2
#define NEAR_US      (10 * QN_US_PER_MS)
#define FAR_US       (40 * QN_US_PER_MS)
#define STEP_US      (100 * QN_US_PER_MS)
#define LEARN_COUNT  200
#define NOTICE_MOST  20
#define RETURN_MOST  200
#define AFTER_COUNT  10
#define STANDING_MAX 1000

static const struct qn_address near_address = {{198, 51, 100, 1}, QN_FAMILY_IPV4};
static const struct qn_address far_address = {{198, 51, 100, 2}, QN_FAMILY_IPV4};

/* A node whose root has two servers, which have all names. */
struct stage {
	struct stand *stand;
	uint16_t number; /* Of the next question. */
	bool is_near_dead;
	bool is_first;   /* Whether no query has been sent for the last question... */
	bool asked_near; /* ... and where the first went. */
	bool is_answered;
	uint16_t worker; /* Whose question it is. */
};

static void
write_answer(struct qn_writer *writer, const struct qn_message *query)
{
	const uint8_t octets[4] = {192, 0, 2, 1};
	static const struct qn_name server = {4, {2, 'n', 's', 0}};

	qn_write_header(writer, query->id, QN_FLAG_QR | QN_FLAG_AA, 1);
	qn_write_question(writer, &query->question);
	qn_write_section_count(writer, QN_SECTION_ANSWER, 1);
	if (query->question.type == QN_TYPE_NS)
		qn_write_record(writer, &query->question.name, QN_TYPE_NS, QN_CLASS_IN, 86400,
		    qn_name_view(&server));
	else
		qn_write_record(writer, &query->question.name, QN_TYPE_A, QN_CLASS_IN, 86400,
		    (struct qn_view){octets, sizeof(octets)});
}

static void
add_server_addresses(struct qn_writer *writer)
{
	static const struct qn_name server = {4, {2, 'n', 's', 0}};

	qn_write_record(writer, &server, QN_TYPE_A, QN_CLASS_IN, 86400,
	    (struct qn_view){near_address.octets, 4});
	qn_write_record(writer, &server, QN_TYPE_A, QN_CLASS_IN, 86400,
	    (struct qn_view){far_address.octets, 4});
	qn_write_section_count(writer, QN_SECTION_ADDITIONAL, 2);
}

static void
query_came(void *context, const struct stand_query *query)
{
	struct stage *stage = context;
	const bool is_near = qn_address_equal(&query->server.address, &near_address);
	uint8_t room[512];
	struct qn_writer writer = qn_writer_of((struct qn_span){room, sizeof(room)});

	if (stage->is_first) {
		assert_int_equal(query->worker, stage->worker);
		stage->asked_near = is_near;
	}
	stage->is_first = false;
	if (is_near && stage->is_near_dead)
		return;
	write_answer(&writer, query->message);
	if (query->message->question.type == QN_TYPE_NS)
		add_server_addresses(&writer);
	assert_false(writer.overflowed);
	stand_send(stage->stand, &query->server, &query->from, (struct qn_view){room, writer.at},
	    is_near ? NEAR_US : FAR_US);
}

static void
answer_came(void *context, const struct qn_endpoint *client, const struct qn_message *message)
{
	struct stage *stage = context;

	(void)client;
	assert_int_equal(message->record_counts[QN_SECTION_ANSWER], 1);
	stage->is_answered = true;
}

static void
stage_create(struct stage *stage, uint32_t standing_max)
{
	const struct qn_hint hint = {
	    .name = {4, {2, 'n', 's', 0}},
	    .addresses = {near_address, far_address},
	    .address_count = 2,
	};
	const struct qn_resolve_config resolve = {
	    .hints = {hint}, .hint_count = 1, .use_ipv4 = true};
	const struct stand_config config = {
	    .limits = {.worker_count = WORKER_COUNT,
		.link_count = 1,
		.client_max = 100,
		.task_max = 100,
		.upstream_max = 100},
	    .cache_bytes = 4 << 20,
	    .standing_max = standing_max,
	    .resolve = &resolve,
	    .ends = {.context = stage, .query = query_came, .answer = answer_came},
	};

	*stage = (struct stage){.stand = stand_create(&config)};
	stand_start(stage->stand, 1);
}

/* A name that nobody has asked for, whose home is the worker. */
static struct qn_question
question_of(struct stage *stage, uint16_t worker)
{
	struct qn_question question = {.type = QN_TYPE_A, .class = QN_CLASS_IN};
	char text[16];

	do {
		snprintf(text, sizeof(text), "q%u", stage->number++);
		question.name = test_name(text);
	} while (stand_home(stage->stand, &question) != worker);
	return question;
}

/* Asks one, and lets time go by until the answer has come; returns where the query went first. */
static bool
asks_near(struct stage *stage, uint16_t worker)
{
	const struct qn_endpoint client = {{{10, 0, 0, 1}, QN_FAMILY_IPV4}, 40000};
	const struct qn_question question = question_of(stage, worker);

	stage->is_first = true;
	stage->is_answered = false;
	stage->worker = worker;
	stand_ask(stage->stand, &client, stage->number, &question);
	do {
		const struct qn_mono until =
		    qn_mono_after_us(stand_now(stage->stand).mono, STEP_US);

		while (stand_step(stage->stand, until))
			;
	} while (!stage->is_answered);
	return stage->asked_near;
}

/* Has both workers measure the servers, until they prefer the near one. */
static void
learn(struct stage *stage)
{
	for (unsigned i = 0; i < LEARN_COUNT; i++)
		(void)asks_near(stage, i % WORKER_COUNT);
	for (uint16_t worker = 0; worker < WORKER_COUNT; worker++)
		assert_true(asks_near(stage, worker));
}

/* The near server dies; the first worker's questions go there until it has noticed. */
static void
notice(struct stage *stage)
{
	unsigned count = 0;

	stage->is_near_dead = true;
	while (asks_near(stage, 0))
		assert_true(++count < NOTICE_MOST);
	assert_true(count > 0);
}

/* --- The tests -------------------------------------------------------------------------- */

/* Each step of asks_near() is longer than it takes until the next publication. */
TEST(workers_know_of_a_death_that_another_has_noticed)
{
	struct stage stage;

	stage_create(&stage, STANDING_MAX);
	learn(&stage);
	notice(&stage);
	for (unsigned i = 0; i < AFTER_COUNT; i++)
		assert_false(asks_near(&stage, 1));
	stand_destroy(stage.stand);
}

TEST(workers_know_of_a_return_that_another_has_noticed)
{
	struct stage stage;
	unsigned count = 0;

	stage_create(&stage, STANDING_MAX);
	learn(&stage);
	notice(&stage);
	stage.is_near_dead = false;
	while (!asks_near(&stage, 0))
		assert_true(++count < RETURN_MOST);
	for (unsigned i = 0; i < AFTER_COUNT; i++)
		assert_true(asks_near(&stage, 1));
	stand_destroy(stage.stand);
}

/* What the others are told is what makes the difference. */
TEST(workers_alone_have_to_notice_themselves)
{
	struct stage stage;

	stage_create(&stage, 0);
	learn(&stage);
	notice(&stage);
	assert_true(asks_near(&stage, 1));
	stand_destroy(stage.stand);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(workers_know_of_a_death_that_another_has_noticed),
	    cmocka_unit_test(workers_know_of_a_return_that_another_has_noticed),
	    cmocka_unit_test(workers_alone_have_to_notice_themselves),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
