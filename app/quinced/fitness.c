/* SPDX-License-Identifier: BSD-2-Clause */
#include "fitness.h"

const char *
fitness_text(enum fitness_fault fault)
{
	switch (fault) {
	case FITNESS_FIT:
		return "fit";
	case FITNESS_DRAINING:
		return "draining";
	case FITNESS_WORKER:
		return "a worker does not turn its loop";
	case FITNESS_SILENT:
		return "a question to itself had no answer";
	case FITNESS_PORT:
		return "a link is down";
	case FITNESS_KERNEL:
		return "an interface of the kernel's side is gone or down";
	case FITNESS_GATEWAY:
		return "no gateway answers";
	case FITNESS_BUFFERS:
		return "hardly a packet buffer is free";
	case FITNESS_UPSTREAM:
		break;
	}
	return "nothing can be resolved";
}

static bool
most_questions_fail(const struct fitness_facts *facts)
{
	return facts->question_count >= FITNESS_FAILED_OF &&
	       (uint64_t)facts->question_failed_count * 100 >
	           (uint64_t)facts->question_count * FITNESS_FAILED_MOST;
}

static bool
resolves_nothing(const struct fitness_facts *facts)
{
	if (facts->probe_count == 0)
		return false;
	return facts->probe_failed_count == facts->probe_count ||
	       (most_questions_fail(facts) && facts->probe_failed_count * 2 > facts->probe_count);
}

enum fitness_fault
fitness_judge(const struct fitness_facts *facts, const struct fitness_rules *rules)
{
	if (facts->draining)
		return FITNESS_DRAINING;
	if (facts->turn_age_us > FITNESS_TURN_US)
		return FITNESS_WORKER;
	if (facts->silent)
		return FITNESS_SILENT;
	if (!facts->ports_up)
		return FITNESS_PORT;
	if (!facts->kernel_whole)
		return FITNESS_KERNEL;
	if (!facts->gateway_answers)
		return FITNESS_GATEWAY;
	if (facts->buffers_free_percent < FITNESS_BUFFERS_MIN)
		return FITNESS_BUFFERS;
	return resolves_nothing(facts) && !rules->last_resort ? FITNESS_UPSTREAM : FITNESS_FIT;
}

/* Adds up how long there was a fault; a while without any makes up for it. */
static void
note_time(struct fitness *fitness, enum fitness_fault before, struct qn_mono now)
{
	if (!fitness->known)
		fitness->fault_at = now;
	else if (before != FITNESS_FIT)
		fitness->fault_us += qn_mono_since_us(fitness->seen_at, now);
	if (fitness->fault != FITNESS_FIT)
		fitness->fault_at = now;
	else if (qn_mono_since_us(fitness->fault_at, now) >= FITNESS_CALM_US)
		fitness->fault_us = 0;
	fitness->seen_at = now;
	fitness->known = true;
}

static bool
counts(const struct fitness *fitness)
{
	return fitness->fault == FITNESS_DRAINING ||
	       (fitness->fault != FITNESS_FIT && fitness->fault_us >= FITNESS_PATIENCE_US);
}

bool
fitness_decide(struct fitness *fitness, const struct fitness_facts *facts,
    const struct fitness_rules *rules, struct qn_mono now)
{
	const enum fitness_fault before = fitness->fault;

	fitness->fault = fitness_judge(facts, rules);
	note_time(fitness, before, now);
	if (counts(fitness)) {
		fitness->announced = false;
	} else if (fitness->fault == FITNESS_FIT && !fitness->announced &&
		   qn_mono_since_us(fitness->fault_at, now) >= rules->after_us) {
		fitness->announced = true;
		fitness->fault_us = 0;
	}
	return fitness->announced;
}
