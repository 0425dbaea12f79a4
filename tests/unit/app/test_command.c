/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to workers: each runs on each worker, slice by slice, in order, and is done only then.
 */
#include "command.h"
#include "support/test.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define COMMAND_COUNT 5000
#define WORKER_COUNT  2

struct counted {
	struct command command;
	_Atomic uint32_t run_count;
};

static bool
count_run(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct counted *counted = (struct counted *)command;

	(void)shard;
	(void)now;
	atomic_fetch_add(&counted->run_count, 1);
	return true;
}

static void
send_to_all(struct command_box *boxes, struct counted *counted)
{
	counted->command.run = count_run;
	atomic_store(&counted->command.left, WORKER_COUNT);
	for (unsigned i = 0; i < WORKER_COUNT; i++)
		command_send(&boxes[i], &counted->command);
}

TEST(is_done_when_the_last_worker_has_run_it)
{
	struct command_box boxes[WORKER_COUNT] = {0};
	struct counted counted = {0};

	assert_int_equal(command_run_all(&boxes[0], NULL, test_now_us(0)), 0);
	send_to_all(boxes, &counted);
	assert_false(command_is_done(&counted.command));
	assert_int_equal(command_run_all(&boxes[0], NULL, test_now_us(0)), 1);
	assert_int_equal(command_run_all(&boxes[0], NULL, test_now_us(0)), 0);
	assert_false(command_is_done(&counted.command));
	assert_int_equal(command_run_all(&boxes[1], NULL, test_now_us(0)), 1);
	assert_true(command_is_done(&counted.command));
	assert_int_equal(counted.run_count, 2);
}

static unsigned order[COMMAND_BOX_MAX];
static unsigned order_count;

struct numbered {
	struct command command;
	unsigned number;
};

static bool
note_number(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	(void)shard;
	(void)now;
	order[order_count++] = ((struct numbered *)command)->number;
	return true;
}

TEST(a_full_box_runs_in_order)
{
	struct command_box box = {0};
	struct numbered commands[COMMAND_BOX_MAX];

	/* Twice, to go round the end of the ring. */
	for (unsigned round = 0; round < 2; round++) {
		order_count = 0;
		for (unsigned i = 0; i < COMMAND_BOX_MAX; i++) {
			commands[i] = (struct numbered){{.run = note_number, .left = 1}, i};
			command_send(&box, &commands[i].command);
		}
		assert_int_equal(command_run_all(&box, NULL, test_now_us(0)), COMMAND_BOX_MAX);
		for (unsigned i = 0; i < COMMAND_BOX_MAX; i++)
			assert_int_equal(order[i], i);
	}
}

struct sliced {
	struct command command;
	unsigned slices_left;
};

static bool
run_slice(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct sliced *sliced = (struct sliced *)command;

	(void)shard;
	(void)now;
	return --sliced->slices_left == 0;
}

TEST(what_takes_long_holds_up_only_its_like)
{
	struct command_box box = {0};
	struct sliced first = {{.run = run_slice, .left = 1, .sliced = true}, 4};
	struct sliced second = {{.run = run_slice, .left = 1, .sliced = true}, 2};
	struct numbered behind[2] = {
	    {{.run = note_number, .left = 1}, 0}, {{.run = note_number, .left = 1}, 1}};

	order_count = 0;
	command_send(&box, &first.command);
	command_send(&box, &second.command);
	command_send(&box, &behind[0].command);
	command_send(&box, &behind[1].command);
	assert_int_equal(command_run_all(&box, NULL, test_now_us(0)), 1);
	assert_int_equal(order_count, 0);
	for (unsigned i = 0; i < COUNT_OF(behind); i++) {
		assert_int_equal(command_run_all(&box, NULL, test_now_us(0)), 2);
		assert_int_equal(order_count, i + 1);
		assert_int_equal(order[i], i);
		assert_true(command_is_done(&behind[i].command));
	}
	/* A slice each turn all the while, and none of the second one before the first is through. */
	assert_int_equal(first.slices_left, 1);
	assert_int_equal(second.slices_left, 2);
	assert_int_equal(command_run_all(&box, NULL, test_now_us(0)), 2);
	assert_true(command_is_done(&first.command));
	assert_false(command_is_done(&second.command));
	assert_int_equal(command_run_all(&box, NULL, test_now_us(0)), 1);
	assert_true(command_is_done(&second.command));
	assert_int_equal(command_run_all(&box, NULL, test_now_us(0)), 0);
}

struct worker_thread {
	struct command_box *box;
	uint32_t count;
};

static void *
work(void *argument)
{
	struct worker_thread *thread = argument;

	while (thread->count < COMMAND_COUNT) {
		thread->count += command_run_all(thread->box, NULL, test_now_us(0));
		sched_yield(); /* There may be fewer cores than threads. */
	}
	return NULL;
}

TEST(threads_lose_none)
{
	struct command_box boxes[WORKER_COUNT] = {0};
	struct worker_thread threads[WORKER_COUNT] = {{&boxes[0], 0}, {&boxes[1], 0}};
	pthread_t ids[WORKER_COUNT];
	struct counted counted = {0};

	for (unsigned i = 0; i < WORKER_COUNT; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, work, &threads[i]), 0);
	for (unsigned i = 0; i < COMMAND_COUNT; i++) {
		send_to_all(boxes, &counted);
		while (!command_is_done(&counted.command))
			sched_yield();
	}
	for (unsigned i = 0; i < WORKER_COUNT; i++)
		assert_int_equal(pthread_join(ids[i], NULL), 0);
	assert_int_equal(counted.run_count, WORKER_COUNT * COMMAND_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_done_when_the_last_worker_has_run_it),
	    cmocka_unit_test(a_full_box_runs_in_order),
	    cmocka_unit_test(what_takes_long_holds_up_only_its_like),
	    cmocka_unit_test(threads_lose_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
