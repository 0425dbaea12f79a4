/* SPDX-License-Identifier: BSD-2-Clause */
#include "fitness.h"
#include "support/test.h"

static const struct fitness_rules rules = {.after_us = 10 * QN_US_PER_S};

static struct fitness_facts
good(void)
{
	return (struct fitness_facts){
	    .turn_age_us = 1000,
	    .ports_up = true,
	    .kernel_whole = true,
	    .gateway_answers = true,
	    .buffers_free_percent = 80,
	    .probe_count = 3,
	};
}

static struct qn_mono
at_ms(uint64_t ms)
{
	return (struct qn_mono){1000 * QN_US_PER_S + ms * QN_US_PER_MS};
}

/* Facts that stay the same from `from_ms` to `to_ms`, looked at every 50 ms; the last word. */
static bool
decide_for(
    struct fitness *fitness, const struct fitness_facts *facts, uint64_t from_ms, uint64_t to_ms)
{
	bool announced = fitness->announced;

	for (uint64_t ms = from_ms; ms < to_ms; ms += 50)
		announced = fitness_decide(fitness, facts, &rules, at_ms(ms));
	return announced;
}

#define assert_judged(facts, fault) assert_int_equal(fitness_judge(&(facts), &rules), fault)

TEST(fitness_names_each_fault)
{
	struct fitness_facts facts = good();

	assert_judged(facts, FITNESS_FIT);
	facts.buffers_free_percent = 4;
	assert_judged(facts, FITNESS_BUFFERS);
	facts.gateway_answers = false;
	assert_judged(facts, FITNESS_GATEWAY);
	facts.kernel_whole = false;
	assert_judged(facts, FITNESS_KERNEL);
	facts.ports_up = false;
	assert_judged(facts, FITNESS_PORT);
	facts.silent = true;
	assert_judged(facts, FITNESS_SILENT);
	facts.turn_age_us = 100001;
	assert_judged(facts, FITNESS_WORKER);
	facts.draining = true;
	assert_judged(facts, FITNESS_DRAINING);
}

TEST(fitness_survives_one_failing_domain)
{
	struct fitness_facts facts = good();

	facts.probe_failed_count = 1;
	assert_judged(facts, FITNESS_FIT);
	facts.probe_failed_count = 2;
	assert_judged(facts, FITNESS_FIT);
	/* A flood of questions for a domain that nobody answers for. */
	facts.probe_failed_count = 1;
	facts.question_count = 100000;
	facts.question_failed_count = 100000;
	assert_judged(facts, FITNESS_FIT);
	/* Nor where there are no more than two probes, be the second one still untried. */
	facts.probe_count = 2;
	assert_judged(facts, FITNESS_FIT);
	/* Nor without any probe. */
	facts.probe_failed_count = 0;
	facts.probe_count = 0;
	assert_judged(facts, FITNESS_FIT);
}

TEST(fitness_sees_that_nothing_is_resolved)
{
	const struct fitness_rules last = {.after_us = 1, .last_resort = true};
	struct fitness_facts facts = good();

	facts.probe_failed_count = 3;
	assert_judged(facts, FITNESS_UPSTREAM);
	assert_int_equal(fitness_judge(&facts, &last), FITNESS_FIT);
	facts.probe_failed_count = 2;
	facts.question_count = 100;
	facts.question_failed_count = 91;
	assert_judged(facts, FITNESS_UPSTREAM);
	facts.question_failed_count = 90;
	assert_judged(facts, FITNESS_FIT);
	facts.question_count = facts.question_failed_count = 99;
	assert_judged(facts, FITNESS_FIT);
	facts.probe_count = 2;
	assert_judged(facts, FITNESS_UPSTREAM);
	/* Half of them are not most of them. */
	facts.probe_count = 4;
	facts.question_count = facts.question_failed_count = 100;
	assert_judged(facts, FITNESS_FIT);
	facts.probe_failed_count = 3;
	assert_judged(facts, FITNESS_UPSTREAM);
}

TEST(fitness_announces_after_its_time)
{
	const struct fitness_facts facts = good();
	struct fitness fitness = {0};

	assert_false(decide_for(&fitness, &facts, 0, 10000));
	assert_true(fitness_decide(&fitness, &facts, &rules, at_ms(10000)));
}

TEST(fitness_withdraws_within_a_second_and_not_for_a_moment)
{
	struct fitness_facts facts = good();
	struct fitness fitness = {0};

	assert_true(decide_for(&fitness, &facts, 0, 11000));
	facts.ports_up = false;
	assert_true(decide_for(&fitness, &facts, 11000, 11400));
	facts.ports_up = true;
	assert_true(decide_for(&fitness, &facts, 11400, 12000));
	/* Another fault takes over from the first, and none of them lasts for long. */
	facts.ports_up = false;
	assert_true(decide_for(&fitness, &facts, 12000, 12200));
	facts.silent = true;
	assert_true(decide_for(&fitness, &facts, 12200, 12400));
	assert_false(decide_for(&fitness, &facts, 12400, 12450));
	/* The time begins when the fault ends; a moment's fault does not start it anew. */
	facts.silent = false;
	assert_false(decide_for(&fitness, &facts, 12450, 15000));
	facts = good();
	assert_false(decide_for(&fitness, &facts, 15000, 20000));
	facts.turn_age_us = 200000;
	assert_false(decide_for(&fitness, &facts, 20000, 20300));
	facts = good();
	assert_false(decide_for(&fitness, &facts, 20300, 24950));
	assert_true(decide_for(&fitness, &facts, 24950, 25050));
}

TEST(fitness_drains_at_once)
{
	struct fitness_facts facts = good();
	struct fitness fitness = {0};

	assert_true(decide_for(&fitness, &facts, 0, 11000));
	facts.draining = true;
	assert_false(fitness_decide(&fitness, &facts, &rules, at_ms(11000)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fitness_names_each_fault),
	    cmocka_unit_test(fitness_survives_one_failing_domain),
	    cmocka_unit_test(fitness_sees_that_nothing_is_resolved),
	    cmocka_unit_test(fitness_announces_after_its_time),
	    cmocka_unit_test(fitness_withdraws_within_a_second_and_not_for_a_moment),
	    cmocka_unit_test(fitness_drains_at_once),
	};

	return cmocka_run_group_tests_name("fitness", tests, NULL, NULL);
}
