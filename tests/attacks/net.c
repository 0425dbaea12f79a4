/* SPDX-License-Identifier: BSD-2-Clause */
#include "attacks/net.h"

#include "attacks/reply.h"
#include "support/stand.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_BYTES  (64u << 20)
#define STANDING_MAX 65536

#define CLIENT_PORT   40000
#define UDP_MAX       1232
#define COMPLAINT_MAX 256

/* Longer than the node works on anything (resolve/resolver.h). */
#define REST_US (20 * QN_US_PER_S)

struct net {
	struct stand *stand;
	struct meter meter;
	uint64_t call_begin;
	net_authority *evil;
	net_authority *victim;
	uint32_t state;
	struct net_cost cost;
	struct net_answer answer; /* The last. */
	struct qn_mono asked;     /* When its question was. */
	uint16_t id;
	struct reply reply;
	char complaint[COMPLAINT_MAX]; /* Empty: none. */
};

/* --- Names and addresses ---------------------------------------------------------------- */

struct qn_name
net_name(const char *format, ...)
{
	char text[QN_NAME_TEXT_MAX];
	struct qn_name name;
	va_list arguments;

	va_start(arguments, format);
	const int len = vsnprintf(text, sizeof(text), format, arguments);

	va_end(arguments);
	if (!qn_name_from_text(&name, text, (size_t)len)) {
		fprintf(stderr, "attacks: %s is not a name\n", text);
		abort();
	}
	return name;
}

struct qn_address
net_address(uint8_t server)
{
	const uint8_t octets[4] = {198, 51, 100, server};

	return qn_address_ipv4(octets);
}

/* Clients have a /24 each, as far as 10.0.0.0/8 goes round. */
static struct qn_endpoint
client_endpoint(uint32_t client)
{
	const uint8_t octets[4] = {10, (uint8_t)(client >> 8), (uint8_t)client, 1};

	return (struct qn_endpoint){
	    qn_address_ipv4(octets), (uint16_t)(CLIENT_PORT + (client >> 16))};
}

static bool
is_bystander(const struct qn_endpoint *client)
{
	const uint8_t *octets = client->address.octets;

	return (uint32_t)octets[1] << 8 >= NET_BYSTANDER_FIRST;
}

/* --- Building --------------------------------------------------------------------------- */

static void query_came(void *context, const struct stand_query *query);
static void answer_came(
    void *context, const struct qn_endpoint *client, const struct qn_message *message);

static void
shard_called(void *context, bool begin)
{
	struct net *net = context;

	if (begin)
		net->call_begin = meter_begin();
	else
		meter_end(&net->meter, net->call_begin);
}

struct net *
net_create(void)
{
	const struct qn_hint hint = {
	    .name = net_name("ns.root-servers."),
	    .addresses = {net_address(NET_ROOT)},
	    .address_count = 1,
	};
	/* Both families, though all servers have one: their names are asked for in both. */
	const struct qn_resolve_config resolve = {.hints = {hint},
	    .hint_count = 1,
	    .zone_rate = NET_RATE,
	    .server_rate = NET_RATE,
	    .use_ipv4 = true,
	    .use_ipv6 = true};
	struct net *net = calloc(1, sizeof(*net));
	const struct stand_config config = {
	    .limits =
		{
		    .worker_count = 1,
		    .link_count = 1,
		    .client_max = NET_CLIENT_MAX,
		    .task_max = NET_TASK_MAX,
		    .upstream_max = NET_UPSTREAM_MAX,
		    .tcp = true,
		},
	    .cache_bytes = CACHE_BYTES,
	    .standing_max = STANDING_MAX,
	    .resolve = &resolve,
	    .ends = {net, query_came, answer_came, shard_called},
	};

	if (net == NULL || !meter_create(&net->meter, &config.limits)) {
		free(net);
		return NULL;
	}
	net->stand = stand_create(&config);
	return net;
}

void
net_destroy(struct net *net)
{
	stand_destroy(net->stand);
	meter_destroy(&net->meter);
	free(net);
}

void
net_start(struct net *net, net_authority *evil, net_authority *victim)
{
	static const char *const known[] = {"www.victim.", "known.evil.", "known.evil2."};

	stand_start(net->stand, 1);
	net->evil = evil;
	net->victim = victim;
	net->state = 0;
	net->complaint[0] = '\0';
	net_measure(net);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const struct qn_name name = net_name("%s", known[i]);

		net_ask(net, &name, QN_TYPE_A);
	}
	net_measure(net);
}

uint32_t *
net_state(struct net *net)
{
	return &net->state;
}

struct qn_mono
net_now(const struct net *net)
{
	return stand_now(net->stand).mono;
}

/* --- Measuring -------------------------------------------------------------------------- */

void
net_forget_times(struct net *net)
{
	meter_forget(&net->meter);
}

void
net_measure(struct net *net)
{
	memset(&net->cost, 0, sizeof(net->cost));
	meter_start(&net->meter, stand_shard(net->stand));
}

struct net_cost
net_cost(const struct net *net)
{
	return net->cost;
}

struct meter_reading
net_reading(const struct net *net)
{
	return meter_read(&net->meter);
}

uint64_t
net_figure(const struct net *net, const char *name)
{
	return stand_figure(net->stand, name);
}

void
net_expect(struct net *net, bool right, const char *format, ...)
{
	va_list arguments;

	if (right || net->complaint[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(net->complaint, sizeof(net->complaint), format, arguments);
	va_end(arguments);
}

const char *
net_complaint(const struct net *net)
{
	return net->complaint[0] == '\0' ? NULL : net->complaint;
}

/* --- What the node sends ---------------------------------------------------------------- */

static void
count_query(struct net *net, uint8_t server)
{
	net->cost.query_count++;
	net->cost.queries[server]++;
}

/* Has a server write its reply; false when it says nothing. */
static bool
respond(struct net *net, const struct net_query *query)
{
	net_authority *authority = net->evil;

	if (query->server == NET_SILENT)
		return false;
	if (query->server == NET_ROOT)
		authority = reply_root;
	if (query->server == NET_VICTIM)
		authority = net->victim;
	if (!authority(net, query, &net->reply))
		return false;
	reply_end(&net->reply);
	return true;
}

static void
query_came(void *context, const struct stand_query *came)
{
	struct net *net = context;
	const struct net_query query = {
	    .server = came->server.address.octets[3],
	    .tcp = came->tcp,
	    .node = came->from,
	    .to = came->server,
	    .message = came->message,
	    .name = &came->message->question.name,
	    .type = came->message->question.type,
	};

	count_query(net, query.server);
	if (!respond(net, &query))
		return;
	if (query.tcp) {
		/* A round trip to connect, and one for the query. */
		stand_reply_stream(
		    net->stand, came, reply_end(&net->reply), 2 * net->reply.delay_us);
		return;
	}
	if (net->reply.writer.at > UDP_MAX) {
		const uint64_t delay_us = net->reply.delay_us;

		reply_begin(&net->reply, &query, QN_FLAG_TC);
		net->reply.delay_us = delay_us;
	}
	net_send(net, &query.to, &query.node, reply_end(&net->reply), net->reply.delay_us);
}

static void
answer_came(void *context, const struct qn_endpoint *client, const struct qn_message *message)
{
	struct net *net = context;
	struct net_answer *answer = &net->answer;
	struct qn_record_walk walk = qn_message_walk(message);
	enum qn_section section;
	struct qn_record record;

	net->cost.answer_count++;
	net->cost.bystander_served +=
	    is_bystander(client) && qn_message_rcode(message) != QN_RCODE_SERVFAIL;
	*answer = (struct net_answer){
	    .came = true,
	    .rcode = qn_message_rcode(message),
	    .record_count = message->record_counts[QN_SECTION_ANSWER],
	    .took_us = qn_mono_since_us(net->asked, net_now(net)),
	};
	while (qn_record_next(&walk, &record, &section) && section == QN_SECTION_ANSWER)
		if (record.type == QN_TYPE_A && answer->address.family == QN_FAMILY_NONE)
			answer->address = qn_address_ipv4(message->bytes.data + record.rdata_at);
}

struct qn_server_stats
net_standing(struct net *net, uint8_t server)
{
	const struct qn_address address = net_address(server);

	return stand_standing(net->stand, &address);
}

struct net_answer
net_last_answer(const struct net *net)
{
	return net->answer;
}

/* --- Running ---------------------------------------------------------------------------- */

void
net_send(struct net *net, const struct qn_endpoint *source, const struct qn_endpoint *destination,
    struct qn_view payload, uint64_t delay_us)
{
	stand_send(net->stand, source, destination, payload, delay_us);
}

void
net_run(struct net *net, uint64_t us)
{
	const struct qn_mono until = qn_mono_after_us(net_now(net), us);

	while (stand_step(net->stand, until))
		;
}

static bool
at_rest(const struct net *net)
{
	return stand_quiet(net->stand) && net_figure(net, "tasks") == 0 &&
	       net_figure(net, "upstream_in_flight") == 0 && net_figure(net, "parked_clients") == 0;
}

void
net_submit(struct net *net, const struct qn_name *name, uint16_t type, uint32_t client)
{
	const struct qn_endpoint source = client_endpoint(client);
	const struct qn_question question = {*name, type, QN_CLASS_IN};

	stand_ask(net->stand, &source, net->id++, &question);
	net->cost.question_count++;
	net->cost.bystander_count += is_bystander(&source);
}

struct net_answer
net_ask(struct net *net, const struct qn_name *name, uint16_t type)
{
	const struct net_cost before = net->cost;
	const struct qn_mono until = qn_mono_after_us(net_now(net), REST_US);

	net->answer.came = false;
	net->asked = net_now(net);
	net_submit(net, name, type, 0);
	while (stand_step(net->stand, until) && !at_rest(net))
		;
	net_expect(net, at_rest(net), "the node is not at rest 20 s after a question");

	const uint32_t query_count = net->cost.query_count - before.query_count;
	const uint32_t victim_count = net->cost.queries[NET_VICTIM] - before.queries[NET_VICTIM];

	if (query_count > net->cost.query_max)
		net->cost.query_max = query_count;
	if (victim_count > net->cost.victim_max)
		net->cost.victim_max = victim_count;
	return net->answer;
}

void
net_ask_fresh(struct net *net, const char *pattern, unsigned count, uint16_t rcode)
{
	for (unsigned i = 0; i < count; i++) {
		const struct qn_name name = net_name(pattern, i);
		const struct net_answer answer = net_ask(net, &name, QN_TYPE_A);

		net_expect(net, answer.came, "a client got no answer");
		net_expect(net, answer.rcode == rcode, "a client got rcode %u instead of %u",
		    answer.rcode, rcode);
	}
}
