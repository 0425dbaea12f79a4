/* SPDX-License-Identifier: BSD-2-Clause */
#include "health.h"

#include "host/log.h"
#include "kernel/kernel.h"
#include "node.h"
#include "port/port.h"

#include <string.h>

#define SECOND_US      QN_US_PER_S
#define DRAIN_LOOK_US  (200 * QN_US_PER_MS)
#define DRAIN_LEAST_US (1 * QN_US_PER_S) /* Routers need a moment to send traffic elsewhere. */
#define DRAIN_QUIET_OF 100               /* One of so many questions is as good as none. */

/* Sums over all workers. */

static uint64_t
figure_sum(const struct node *node, const char *name)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < qn_shard_figure_count(); i++) {
		const struct qn_shard_figure figure = qn_shard_figure(i);

		if (figure.prefix[0] != '\0' || strcmp(figure.name, name) != 0)
			continue;
		for (uint16_t w = 0; w < node->config.fixed.worker_count; w++)
			sum += qn_shard_figure_value(node->workers[w].shard, i);
	}
	return sum;
}

/* Facts. */

static uint64_t
turn_age_us(struct health *health, const struct node *node, struct qn_mono now)
{
	uint64_t most_us = 0;

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		const uint64_t turns = worker_turns(&node->workers[i]);
		uint64_t age_us;

		if (turns != health->turns[i])
			health->turned[i] = now;
		health->turns[i] = turns;
		age_us = qn_mono_since_us(health->turned[i], now);
		most_us = age_us > most_us ? age_us : most_us;
	}
	return most_us;
}

static bool
ports_up(const struct node *node)
{
	for (uint16_t i = 0; i < node->port_count; i++)
		if (!qn_port_link_up(node->ports[i]))
			return false;
	return true;
}

static bool
has_gateway(const struct qn_link *link, uint8_t family)
{
	const struct qn_link_config *config = qn_link_config_of(link);

	for (uint16_t i = 0; i < config->gateway_count; i++)
		if (config->gateways[i].family == family)
			return true;
	return false;
}

/* One gateway on any port is a way out. */
static bool
gateway_answers(const struct node *node, uint8_t family, struct qn_now now)
{
	bool any = false;

	for (uint16_t i = 0; i < node->port_count; i++) {
		const struct qn_link *link = node->shared.links[i];

		if (!has_gateway(link, family))
			continue;
		if (qn_link_gateway_resolved(link, family, now))
			return true;
		any = true;
	}
	return !any;
}

static uint32_t
buffers_free_percent(const struct node *node)
{
	uint32_t least = 100;

	for (uint16_t i = 0; i < node->port_count; i++)
		for (uint16_t queue = 0; queue < node->config.fixed.worker_count; queue++) {
			struct qn_port_pool_stats stats;
			uint32_t percent;

			qn_port_pool_stats_read(node->ports[i], queue, &stats);
			percent = (stats.size - stats.used) * 100 / stats.size;
			least = percent < least ? percent : least;
		}
	return least;
}

/* Questions that came to an end. */

static void
window_tick(struct health_window *window, const struct node *node, struct fitness_facts *facts,
    struct qn_mono now)
{
	const uint64_t failed = figure_sum(node, "tasks_failed");
	const uint64_t ended = failed + figure_sum(node, "tasks_answered");
	const uint8_t oldest = window->next;

	if (qn_mono_since_us(window->at, now) < SECOND_US)
		return;
	facts->question_count = (uint32_t)(ended - window->ended[oldest]);
	facts->question_failed_count = (uint32_t)(failed - window->failed[oldest]);
	window->at = now;
	window->ended[oldest] = ended;
	window->failed[oldest] = failed;
	window->next = (uint8_t)((oldest + 1) % (sizeof(window->ended) / sizeof(uint64_t)));
}

static void
rate_tick(struct health *health, const struct node *node, struct qn_mono now)
{
	const uint64_t age_us = qn_mono_since_us(health->rate_at, now);
	const uint64_t queries = figure_sum(node, "client_queries");

	if (age_us < SECOND_US)
		return;
	health->rate = (queries - health->rate_from) * SECOND_US / age_us;
	health->rate_from = queries;
	health->rate_at = now;
}

/* Draining. */

void
health_drain(struct health *health, struct node *node, struct qn_now now)
{
	if (health->drain.wanted)
		return;
	health->drain = (struct health_drain){
	    .wanted = true,
	    .since = now.mono,
	    .rate_before = health->rate,
	    .looked = now.mono,
	    .queries = figure_sum(node, "client_queries"),
	};
	health_tick(health, node, now);
}

void
health_drain_to_stop(struct health *health, struct node *node, struct qn_now now)
{
	health_drain(health, node, now);
	health->drain.stopping = true;
	health->drain.since = now.mono;
}

bool
health_undrain(struct health *health)
{
	if (health->drain.stopping)
		return false;
	health->drain = (struct health_drain){0};
	return true;
}

static void
drain_tick(struct health_drain *drain, const struct node *node, struct qn_mono now)
{
	const uint64_t age_us = qn_mono_since_us(drain->looked, now);
	const uint64_t queries = figure_sum(node, "client_queries");
	uint64_t rate;

	if (!drain->wanted || age_us < DRAIN_LOOK_US)
		return;
	rate = (queries - drain->queries) * SECOND_US / age_us;
	drain->quiet = rate * DRAIN_QUIET_OF <= drain->rate_before;
	drain->looked = now;
	drain->queries = queries;
}

bool
health_is_drained(const struct health *health, const struct node *node, struct qn_now now)
{
	const uint64_t age_us = qn_mono_since_us(health->drain.since, now.mono);

	if (!health->announces || age_us >= node->config.fixed.announce.drain_s * QN_US_PER_S)
		return true;
	return age_us >= DRAIN_LEAST_US && health->drain.quiet &&
	       figure_sum(node, "parked_clients") == 0;
}

/* The kernel's side. */

/* Addresses and routes that an interface has lost while it was down come back within a second. */
static bool
kernel_tick(struct health *health, struct node *node, struct qn_mono now)
{
	int result;

	if (node->kernel == NULL)
		return true;
	if (!qn_kernel_is_whole(node->kernel))
		return false;
	if (qn_mono_since_us(health->mended, now) < SECOND_US)
		return true;
	health->mended = now;
	result = qn_kernel_mend(node->kernel);
	if (result != 0)
		qn_log_limited(QN_LOG_ERROR, "kernel",
		    "an interface has lost addresses or routes, which cannot be added: %s.",
		    strerror(-result));
	return true;
}

/* The whole. */

static uint16_t
count_family(const struct qn_address *addresses, uint16_t address_count, uint8_t family)
{
	uint16_t count = 0;

	for (uint16_t i = 0; i < address_count; i++)
		count += addresses[i].family == family;
	return count;
}

static void
families_init(struct health *health, const struct node *node)
{
	static const uint8_t families[HEALTH_FAMILY_COUNT] = {QN_FAMILY_IPV4, QN_FAMILY_IPV6};
	const struct qn_shard_config *live = &node->config.live;

	for (uint8_t i = 0; i < HEALTH_FAMILY_COUNT; i++)
		health->families[i] = (struct health_family){
		    .family = families[i],
		    .served = count_family(live->service, live->service_count, families[i]) > 0,
		    .address_count = count_family(
			health->announce.addresses, health->announce.address_count, families[i]),
		};
}

void
health_start(struct health *health, struct node *node, struct qn_now now)
{
	const struct config_announce *config = &node->config.fixed.announce;
	const struct qn_link_config *link = qn_link_config_of(node->shared.links[0]);
	int result;

	memset(health, 0, sizeof(*health));
	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++)
		health->turned[i] = now.mono;
	health_self_prepare(&health->self, node);
	if (node->kernel != NULL && link->service_count > 0) {
		result =
		    qn_announce_open(&health->announce, qn_kernel_interface_index(node->kernel, 0),
			config->table, link->services, link->service_count);
		health->announces = result == 0;
		if (result != 0)
			qn_log(QN_LOG_ERROR, "announce", "nothing can be announced: %s.",
			    strerror(-result));
	}
	families_init(health, node);
}

void
health_stop(struct health *health)
{
	health_probe_free(&health->probe);
	if (!health->announces)
		return;
	/* Whatever comes of it: the interface goes next. */
	for (uint8_t i = 0; i < HEALTH_FAMILY_COUNT; i++)
		(void)!qn_announce_set(&health->announce, health->families[i].family, false);
	qn_announce_close(&health->announce);
}

/*
 * Says so when that has changed. Routes are added again now and then: the kernel takes them away
 * when somebody takes the interface down, and does not bring them back with it.
 */
static void
announce(struct health *health, struct health_family *family, bool announced, struct qn_mono now)
{
	const char *name = family->family == QN_FAMILY_IPV6 ? "IPv6" : "IPv4";
	const bool changed = announced ? !family->announced : family->routed;
	int result;

	if (!health->announces || family->address_count == 0 ||
	    (!changed && (!announced || qn_mono_since_us(family->announce_at, now) < SECOND_US)))
		return;
	family->announce_at = now;
	family->routed = true; /* Of those added in vain, one may have been the last. */
	result = qn_announce_set(&health->announce, family->family, announced);
	if (result != 0) {
		qn_log_limited(QN_LOG_ERROR, "announce", "the routes of %s cannot be %s: %s.", name,
		    announced ? "added" : "deleted", strerror(-result));
		return;
	}
	family->announced = family->routed = announced;
	if (changed && announced)
		qn_log(QN_LOG_NOTICE, "announce", "%s is announced.", name);
	else if (changed)
		qn_log(QN_LOG_WARNING, "announce", "%s is withdrawn: %s.", name,
		    fitness_text(family->fitness.fault));
}

void
health_tick(struct health *health, struct node *node, struct qn_now now)
{
	const struct config_announce *config = &node->config.fixed.announce;
	const struct fitness_rules rules = {
	    .after_us = config->after_s * QN_US_PER_S,
	    .last_resort = config->last_resort,
	};
	struct fitness_facts *facts = &health->facts;

	health_self_tick(&health->self, node, now);
	health_probe_tick(&health->probe, node, now);
	window_tick(&health->window, node, facts, now.mono);
	rate_tick(health, node, now.mono);
	drain_tick(&health->drain, node, now.mono);
	facts->draining = health->drain.wanted;
	facts->turn_age_us = turn_age_us(health, node, now.mono);
	facts->silent = health->self.failed;
	facts->ports_up = ports_up(node);
	facts->kernel_whole = kernel_tick(health, node, now.mono);
	facts->buffers_free_percent = buffers_free_percent(node);
	facts->probe_count = config->probe_count;
	facts->probe_failed_count = 0;
	for (uint8_t i = 0; i < config->probe_count; i++)
		facts->probe_failed_count += health->probe.failed[i];
	for (uint8_t i = 0; i < HEALTH_FAMILY_COUNT; i++) {
		struct health_family *family = &health->families[i];

		facts->gateway_answers = gateway_answers(node, family->family, now);
		announce(health, family, fitness_decide(&family->fitness, facts, &rules, now.mono),
		    now.mono);
	}
}

static bool
is_fit(const struct health_family *family)
{
	return family->fitness.known && family->fitness.fault == FITNESS_FIT;
}

static json_t *
report_reason(const struct health_family *family)
{
	return is_fit(family) ? json_null() : json_string(fitness_text(family->fitness.fault));
}

json_t *
health_report(const struct health *health, const struct node *node)
{
	const struct fitness_facts *facts = &health->facts;
	const struct health_family *unfit = NULL;
	json_t *families = json_object();
	bool announced = health->announces;
	json_t *report;

	for (uint8_t i = 0; i < HEALTH_FAMILY_COUNT; i++) {
		const struct health_family *family = &health->families[i];

		if (!family->served)
			continue;
		if (unfit == NULL && !is_fit(family))
			unfit = family;
		announced = announced && (family->announced || family->address_count == 0);
		json_object_set_new(families, family->family == QN_FAMILY_IPV6 ? "ipv6" : "ipv4",
		    json_pack("{s:b, s:b, s:o}", "fit", is_fit(family), "announced",
			family->announced, "reason", report_reason(family)));
	}
	report = json_pack("{s:b, s:b, s:b}", "fit", unfit == NULL, "announced", announced,
	    "draining", facts->draining);
	json_object_set_new(report, "reason", unfit == NULL ? json_null() : report_reason(unfit));
	json_object_set_new(report, "families", families);
	json_object_set_new(report, "addresses", json_integer(health->announce.address_count));
	json_object_set_new(report, "kernel_side", json_boolean(node->kernel != NULL));
	json_object_set_new(
	    report, "turn_age_ms", json_integer((json_int_t)(facts->turn_age_us / QN_US_PER_MS)));
	json_object_set_new(report, "probes", json_integer(facts->probe_count));
	json_object_set_new(report, "probes_failed", json_integer(facts->probe_failed_count));
	json_object_set_new(report, "questions", json_integer(facts->question_count));
	json_object_set_new(report, "questions_failed", json_integer(facts->question_failed_count));
	json_object_set_new(
	    report, "buffers_free_percent", json_integer(facts->buffers_free_percent));
	return report;
}
