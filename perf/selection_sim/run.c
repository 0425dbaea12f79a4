/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include "base/endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_RTT_US (10 * QN_US_PER_MS)
#define TTL_S       86400
#define CLIENT_PORT 40000
#define CLIENT_MAX  65536

/* Places of the node, and its cache: as large as nobody needs. */
#define CLIENT_PLACES 100000
#define TASK_PLACES   8192
#define QUERY_PLACES  8192
#define CACHE_BYTES   (256u << 20)
#define STANDING_MAX  262144

/* What happened this long ago is history. */
#define RECENT_US (10 * QN_US_PER_S)

/* Behind the last question, for answers that are still to come. */
#define REST_US (20 * QN_US_PER_S)

/* A server as good as the best one. */
#define AS_GOOD 1.1

/* Longest message that a server writes: 13 nameservers. */
#define REPLY_MAX 1500

/* The root's server, and that of "sim", below which all zones are. */
static const struct qn_address root_address = {{198, 51, 100, 1}, QN_FAMILY_IPV4};
static const struct qn_address top_address = {{198, 51, 100, 2}, QN_FAMILY_IPV4};

static struct qn_name
name_of(const char *text)
{
	struct qn_name name;
	const bool good = qn_name_from_text(&name, text, strlen(text));

	qn_assert(good);
	return name;
}

static struct qn_name
name_numbered(const char *format, unsigned first, unsigned second)
{
	char text[64];

	snprintf(text, sizeof(text), format, first, second);
	return name_of(text);
}

/* The number in a label of a letter and digits; false where there is none. */
static bool
label_number(const uint8_t *label, uint8_t letter, uint32_t *number)
{
	*number = 0;
	if (label[0] < 2 || qn_octet_lower(label[1]) != letter)
		return false;
	for (unsigned i = 2; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9')
			return false;
		*number = *number * 10 + (label[i] - '0');
	}
	return true;
}

/* --- Replies ---------------------------------------------------------------------------- */

struct reply {
	struct qn_writer writer;
	uint16_t counts[QN_SECTION_COUNT];
	uint8_t bytes[REPLY_MAX];
};

static void
reply_begin(struct reply *reply, const struct qn_message *query, uint16_t flags)
{
	memset(reply->counts, 0, sizeof(reply->counts));
	reply->writer = qn_writer_of((struct qn_span){reply->bytes, sizeof(reply->bytes)});
	qn_write_header(&reply->writer, query->id, QN_FLAG_QR | flags, 1);
	qn_write_question(&reply->writer, &query->question);
}

static void
reply_add(struct reply *reply, enum qn_section section, const struct qn_name *owner, uint16_t type,
    struct qn_view rdata)
{
	qn_write_record(&reply->writer, owner, type, QN_CLASS_IN, TTL_S, rdata);
	reply->counts[section]++;
}

static void
reply_add_address(struct reply *reply, enum qn_section section, const struct qn_name *owner,
    const struct qn_address *address)
{
	reply_add(reply, section, owner,
	    address->family == QN_FAMILY_IPV6 ? QN_TYPE_AAAA : QN_TYPE_A,
	    (struct qn_view){address->octets, qn_family_octets(address->family)});
}

static void
reply_add_nothing(struct reply *reply, const struct qn_name *zone)
{
	/* Two names of one octet, and five numbers: the last is the negative TTL. */
	static const uint8_t rdata[2 + 5 * 4] = {[20] = 300 >> 8, [21] = 300 & 0xff};

	reply_add(
	    reply, QN_SECTION_AUTHORITY, zone, QN_TYPE_SOA, (struct qn_view){rdata, sizeof(rdata)});
}

static void
reply_refer_top(struct reply *reply)
{
	const struct qn_name zone = name_of("sim."), server = name_of("ns.sim.");

	reply_add(reply, QN_SECTION_AUTHORITY, &zone, QN_TYPE_NS, qn_name_view(&server));
	reply_add_address(reply, QN_SECTION_ADDITIONAL, &server, &top_address);
}

static void
reply_refer_zone(struct reply *reply, const struct world *world, uint32_t number)
{
	const struct world_zone *zone = &world->zones[number];
	const struct qn_name name = name_numbered("z%u.sim.", number, 0);

	for (uint32_t i = 0; i < zone->server_count; i++) {
		const struct qn_name server = name_numbered("n%u.z%u.sim.", i, number);

		reply_add(reply, QN_SECTION_AUTHORITY, &name, QN_TYPE_NS, qn_name_view(&server));
	}
	for (uint32_t i = 0; i < zone->server_count; i++) {
		const struct qn_name server = name_numbered("n%u.z%u.sim.", i, number);

		reply_add_address(reply, QN_SECTION_ADDITIONAL, &server,
		    &world->servers[zone->server_first + i].address);
	}
}

static void
answer_root(struct reply *reply, const struct qn_message *query)
{
	const struct qn_name server = name_of("ns.root-servers.");

	reply_begin(reply, query, query->question.name.len == 1 ? QN_FLAG_AA : 0);
	if (query->question.name.len > 1) {
		reply_refer_top(reply);
		return;
	}
	reply_add(reply, QN_SECTION_ANSWER, &qn_name_root, QN_TYPE_NS, qn_name_view(&server));
	reply_add_address(reply, QN_SECTION_ADDITIONAL, &server, &root_address);
}

/* The label in front of "sim" names the zone. */
static void
answer_top(struct reply *reply, const struct world *world, const struct qn_message *query)
{
	const struct qn_name zone = name_of("sim.");
	const struct qn_name *name = &query->question.name;
	const uint8_t *label = name->octets;
	uint32_t number;

	while (label[0] > 0 && label + 1 + label[0] < name->octets + name->len - zone.len)
		label += 1 + label[0];
	if (label_number(label, 'z', &number) && number < world->zone_count) {
		reply_begin(reply, query, 0);
		reply_refer_zone(reply, world, number);
		return;
	}
	reply_begin(reply, query, QN_FLAG_AA);
	reply_add_nothing(reply, &zone);
}

/* Every name of one label in the zone has an address. */
static void
answer_zone(struct reply *reply, const struct qn_message *query, uint32_t number)
{
	const struct qn_address address = {{192, 0, 2, 1}, QN_FAMILY_IPV4};
	const struct qn_name zone = name_numbered("z%u.sim.", number, 0);

	reply_begin(reply, query, QN_FLAG_AA);
	if (query->question.type == QN_TYPE_A)
		reply_add_address(reply, QN_SECTION_ANSWER, &query->question.name, &address);
	else
		reply_add_nothing(reply, &zone);
}

static void
reply_send(struct run *run, struct reply *reply, const struct stand_query *query, uint64_t delay_us)
{
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&reply->writer, i, reply->counts[i]);
	qn_assert(!reply->writer.overflowed);
	const struct qn_view bytes = {reply->bytes, reply->writer.at};

	if (query->tcp)
		stand_reply_stream(run->stand, query, bytes, 2 * delay_us);
	else
		stand_send(run->stand, &query->server, &query->from, bytes, delay_us);
}

/* --- Queries and answers ---------------------------------------------------------------- */

static enum run_stage
stage_of(const struct world_zone *zone)
{
	if (zone->question_count == 0)
		return RUN_FIRST;
	return zone->question_count <= RUN_KNOWN_AFTER ? RUN_EARLY : RUN_KNOWN;
}

static void
count_query(struct run *run, const struct world_server *server, struct qn_mono now)
{
	const struct world_zone *zone = &run->world.zones[server->zone];
	const double best_us = world_oracle_us(&run->world, zone, now);
	const double this_us = world_server_us(server, now);
	const enum run_stage stage = stage_of(zone);

	run->queries[stage]++;
	if (stage == RUN_KNOWN && this_us > 0 && this_us <= best_us * AS_GOOD)
		run->best_count++;
}

static void
query_came(void *context, const struct stand_query *query)
{
	struct run *run = context;
	const struct qn_mono now = stand_now(run->stand).mono;
	const struct world_server *server;
	struct reply reply;
	uint64_t delay_us;

	world_change(&run->world, now);
	if (qn_address_equal(&query->server.address, &root_address)) {
		answer_root(&reply, query->message);
		reply_send(run, &reply, query, ROOT_RTT_US);
		return;
	}
	if (qn_address_equal(&query->server.address, &top_address)) {
		answer_top(&reply, &run->world, query->message);
		reply_send(run, &reply, query, ROOT_RTT_US);
		return;
	}
	server = world_server_at(&run->world, &query->server.address);
	qn_assert(server != NULL);
	count_query(run, server, now);
	if (!world_reply_us(&run->world, server, now, &delay_us))
		return;
	answer_zone(&reply, query->message, server->zone);
	reply_send(run, &reply, query, delay_us);
}

static void
answer_came(void *context, const struct qn_endpoint *client, const struct qn_message *message)
{
	struct run *run = context;
	uint32_t number;
	const bool ours = label_number(message->question.name.octets, 'q', &number);

	(void)client;
	qn_assert(ours && number < run->question_count);
	struct run_question *question = &run->questions[number];

	qn_assert(!question->answered);
	question->answered = true;
	question->failed = message->record_counts[QN_SECTION_ANSWER] == 0;
	question->wait_us = (float)qn_mono_since_us(question->asked, stand_now(run->stand).mono);
}

/* --- Clients ---------------------------------------------------------------------------- */

static enum run_state
state_of(const struct world_zone *zone, struct qn_mono now)
{
	static const uint8_t after[] = {
	    [WORLD_NOTHING] = RUN_CALM,
	    [WORLD_DEATH] = RUN_AFTER_DEATH,
	    [WORLD_LOSS] = RUN_AFTER_LOSS,
	    [WORLD_ROUTE] = RUN_AFTER_ROUTE,
	};

	if (zone->change != WORLD_NOTHING && qn_mono_since_us(zone->changed, now) < RECENT_US)
		return after[zone->change];
	if (zone->recovered.us > 0 && qn_mono_reached(zone->recovered, now) &&
	    qn_mono_since_us(zone->recovered, now) < RECENT_US)
		return RUN_AFTER_RETURN;
	return RUN_CALM;
}

static void
ask(struct run *run)
{
	const uint32_t number = run->question_count++;
	const uint32_t zone_number = world_draw_zone(&run->world);
	struct world_zone *zone = &run->world.zones[zone_number];
	const struct qn_mono now = stand_now(run->stand).mono;
	const struct qn_endpoint client = {
	    {{10, (uint8_t)(number >> 8), (uint8_t)number, 1}, QN_FAMILY_IPV4}, CLIENT_PORT};
	const struct qn_question question = {
	    name_numbered("q%u.z%u.sim.", number, zone_number), QN_TYPE_A, QN_CLASS_IN};

	run->questions[number] = (struct run_question){
	    .asked = now,
	    .zone = zone_number,
	    .stage = (uint8_t)stage_of(zone),
	    .state = (uint8_t)state_of(zone, now),
	    .oracle_us = (float)world_oracle_us(&run->world, zone, now),
	};
	stand_ask(run->stand, &client, (uint16_t)number, &question);
	zone->question_count++;
}

/* --- The whole -------------------------------------------------------------------------- */

static struct stand *
node_build(struct run *run)
{
	const struct qn_hint hint = {
	    .name = name_of("ns.root-servers."),
	    .addresses = {root_address},
	    .address_count = 1,
	};
	const struct qn_resolve_config resolve = {
	    .hints = {hint}, .hint_count = 1, .use_ipv4 = true, .use_ipv6 = true};
	const struct stand_config config = {
	    .limits =
		{
		    .worker_count = run->plan.worker_count,
		    .link_count = 1,
		    .client_max = CLIENT_PLACES,
		    .task_max = TASK_PLACES,
		    .upstream_max = QUERY_PLACES,
		    .tcp = true,
		},
	    .cache_bytes = CACHE_BYTES,
	    .standing_max = STANDING_MAX,
	    .resolve = &resolve,
	    .ends = {.context = run, .query = query_came, .answer = answer_came},
	};
	struct stand *stand = stand_create(&config);

	stand_start(stand, (uint8_t)run->plan.seed);
	return stand;
}

static void
sum_add(struct run_sum *sum, const struct run_question *question)
{
	sum->count++;
	sum->failed += question->failed;
	sum->wait_us += question->wait_us;
	sum->oracle_us += question->oracle_us;
}

static void
sum_up(struct run *run)
{
	for (uint32_t i = 0; i < run->question_count; i++) {
		const struct run_question *question = &run->questions[i];

		qn_assert(question->answered);
		if (question->oracle_us == 0)
			continue;
		sum_add(&run->stages[question->stage], question);
		if (question->stage == RUN_KNOWN)
			sum_add(&run->states[question->state], question);
	}
}

bool
run_play(struct run *run, const struct run_plan *plan)
{
	const double gap_us = 1e6 / plan->rate;

	*run = (struct run){.plan = *plan};
	run->stand = node_build(run);
	const struct qn_mono start = stand_now(run->stand).mono;
	const struct qn_mono end = qn_mono_after_us(start, plan->length_s * QN_US_PER_S);
	struct qn_mono due = start;

	/* A Poisson stream is this much longer than its mean less than once in a lifetime. */
	run->question_max = plan->length_s * plan->rate * 2 + 1000;
	run->questions = calloc(run->question_max, sizeof(*run->questions));
	if (run->questions == NULL || !world_create(&run->world, plan->rtt_path, plan->zone_count,
					  plan->unrest, plan->seed, start))
		return false;
	while (!qn_mono_reached(end, due) && run->question_count < run->question_max) {
		while (stand_step(run->stand, due))
			;
		flaps_look(&run->flaps, run->stand, &run->world);
		world_change(&run->world, due);
		ask(run);
		due = qn_mono_after_us(due, 1 + world_draw_gap_us(&run->world, gap_us));
	}
	while (stand_step(run->stand, qn_mono_after_us(end, REST_US)))
		;
	sum_up(run);
	return true;
}

void
run_destroy(struct run *run)
{
	if (run->stand != NULL)
		stand_destroy(run->stand);
	world_destroy(&run->world);
	free(run->questions);
}
