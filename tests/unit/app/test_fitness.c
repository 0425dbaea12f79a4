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
	assert_true(decide_for(&fitness, &facts, 11400, 12400));
	/* Another fault takes over from the first, and none of them lasts for long. */
	facts.ports_up = false;
	assert_true(decide_for(&fitness, &facts, 12400, 12600));
	facts.silent = true;
	assert_true(decide_for(&fitness, &facts, 12600, 12800));
	assert_false(decide_for(&fitness, &facts, 12800, 12850));
	/* The time begins when the fault ends, and anew with every moment's fault. */
	facts.silent = false;
	assert_false(decide_for(&fitness, &facts, 12850, 15000));
	facts = good();
	assert_false(decide_for(&fitness, &facts, 15000, 20000));
	facts.turn_age_us = 200000;
	assert_false(decide_for(&fitness, &facts, 20000, 20300));
	facts = good();
	assert_false(decide_for(&fitness, &facts, 20300, 30250));
	assert_true(fitness_decide(&fitness, &facts, &rules, at_ms(30250)));
}

/* Faults of `fault_ms`, each `every_ms` after the one before, until `to_ms`; when it withdraws. */
static uint64_t
withdrawn_at_ms(uint64_t fault_ms, uint64_t every_ms, uint64_t to_ms)
{
	const struct fitness_facts fit = good();
	struct fitness_facts unfit = good();
	struct fitness fitness = {0};

	unfit.turn_age_us = 200000;
	assert_true(decide_for(&fitness, &fit, 0, 11000));
	for (uint64_t ms = 11000; ms < to_ms; ms += 50)
		if (!fitness_decide(&fitness, (ms - 11000) % every_ms < fault_ms ? &unfit : &fit,
			&rules, at_ms(ms)))
			return ms;
	return 0;
}

TEST(fitness_adds_up_what_comes_again)
{
	/* A worker that turns now and then. */
	assert_int_equal(withdrawn_at_ms(350, 450, 20000), 11500);
	/* In moments, but without a second in between. */
	assert_int_equal(withdrawn_at_ms(50, 1000, 30000), 19000);
	/* With one; what was before is over. */
	assert_int_equal(withdrawn_at_ms(350, 1350, 100000), 0);
}

TEST(fitness_stays_withdrawn_as_long_as_moments_of_it_come_again)
{
	const struct fitness_facts fit = good();
	struct fitness_facts unfit = good();
	struct fitness fitness = {0};

	unfit.gateway_answers = false;
	for (uint64_t ms = 0; ms < 100000; ms += 50)
		assert_false(
		    fitness_decide(&fitness, ms % 9000 == 0 ? &unfit : &fit, &rules, at_ms(ms)));
}

/* What it was withdrawn for is forgotten then, however soon that is. */
TEST(fitness_begins_anew_when_it_announces)
{
	const struct fitness_rules at_once = {.after_us = 0};
	struct fitness_facts facts = good();
	struct fitness fitness = {0};

	facts.draining = true;
	assert_false(decide_for(&fitness, &facts, 0, 5000));
	facts = good();
	assert_true(fitness_decide(&fitness, &facts, &at_once, at_ms(5000)));
	facts.ports_up = false;
	for (uint64_t ms = 5050; ms < 5450; ms += 50)
		assert_true(fitness_decide(&fitness, &facts, &at_once, at_ms(ms)));
	assert_false(fitness_decide(&fitness, &facts, &at_once, at_ms(5450)));
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
	    cmocka_unit_test(fitness_adds_up_what_comes_again),
	    cmocka_unit_test(fitness_stays_withdrawn_as_long_as_moments_of_it_come_again),
	    cmocka_unit_test(fitness_begins_anew_when_it_announces),
	    cmocka_unit_test(fitness_drains_at_once),
	};

	return cmocka_run_group_tests_name("fitness", tests, NULL, NULL);
}
