/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/client.h"

#include "resolve/resolver.h"
#include "sim/oracle.h"
#include "sim/question.h"
#include "sim/sim.h"

#include <stdlib.h>

#define DNS_PORT       53
#define PORT_FIRST     2000 /* The client of query 0. */
#define PAYLOAD_MAX    2048
#define BURST_MOST     40
#define BURST_US       (300 * QN_US_PER_MS)
#define UDP_SIZE_MOST  1232
#define UDP_SIZE_PLAIN 512

/* Percentages. */
#define ASK_AGAIN   30
#define ASK_ODDLY   8
#define WITH_EDNS   70
#define OVER_IPV6   30
#define BY_OUTSIDER 2
#define WITHOUT_RD  3
#define WITH_COOKIE 25
#define OPERATOR    4

bool
sim_clients_create(struct sim_clients *clients)
{
	clients->queries = malloc(SIM_QUERY_MAX * sizeof(*clients->queries));
	return clients->queries != NULL;
}

void
sim_clients_destroy(struct sim_clients *clients)
{
	free(clients->queries);
}

void
sim_clients_start(struct sim *sim)
{
	struct sim_clients *clients = &sim->clients;

	sim_draw_init(&clients->random, sim->seed, SIM_STREAM_CLIENTS);
	clients->query_count = 0;
	clients->oldest = 0;
	clients->round = 0;
	clients->last = sim->now.mono;
	clients->round_planned = false;
}

/* --- Sending ---------------------------------------------------------------------------- */

/* An address in one of the smaller networks inside `network`: many, lest one have too many. */
static struct qn_address
draw_client_address(struct qn_random *random, const struct qn_prefix *network)
{
	struct qn_address address = network->address;

	address.octets[address.family == QN_FAMILY_IPV6 ? 5 : 2] = (uint8_t)qn_random_u32(random);
	address.octets[qn_family_octets(address.family) - 1] = (uint8_t)sim_between(random, 1, 250);
	return address;
}

/* A new query of a client that nobody else is. */
static struct sim_query *
query_add(struct sim *sim)
{
	struct sim_clients *clients = &sim->clients;
	struct qn_random *random = &clients->random;
	struct sim_query *query = &clients->queries[clients->query_count];
	const unsigned family = sim_chance(random, OVER_IPV6);
	const bool outsider = sim_chance(random, BY_OUTSIDER);
	const struct qn_prefix *network =
	    outsider ? &sim_outsider_networks[family] : &sim_client_networks[family];

	*query = (struct sim_query){
	    .client.port = (uint16_t)(PORT_FIRST + clients->query_count),
	    .service = {sim_node_networks[family].address, DNS_PORT},
	    .udp_size = UDP_SIZE_PLAIN,
	    .due = outsider ? SIM_DUE_RCODE : SIM_DUE_ANSWER,
	    .rcode = QN_RCODE_REFUSED,
	    .state = SIM_QUERY_WAITING,
	};
	query->client.address = draw_client_address(random, network);
	query->id = (uint16_t)qn_random_u32(random);
	query->flags = QN_FLAG_RD;
	if (sim_chance(random, WITHOUT_RD)) {
		query->flags = 0;
		query->due = outsider ? SIM_DUE_RCODE : SIM_DUE_CACHED;
	}
	if (sim_chance(random, 10))
		query->flags |= QN_FLAG_CD;
	query->has_edns = sim_chance(random, WITH_EDNS);
	clients->query_count++;
	return query;
}

/* Eight octets that only this client has. */
static uint64_t
client_cookie(const struct sim_query *query)
{
	return 0x1020304050607080u + query->client.port;
}

static void
write_edns(struct qn_writer *writer, struct qn_random *random, struct sim_query *query)
{
	static const uint16_t sizes[] = {0, 512, 600, 1232, 1232, 1232, 4096, 65535};
	const uint16_t size = SIM_PICK(random, sizes);
	const bool dnssec_ok = sim_chance(random, 20);
	const size_t opt_at = qn_write_edns_begin(writer, size, QN_RCODE_NOERROR, dnssec_ok);

	query->has_cookie = sim_chance(random, WITH_COOKIE);
	if (query->has_cookie) {
		const uint64_t cookie = client_cookie(query);

		qn_write_edns_option(writer, QN_EDNS_COOKIE,
		    (struct qn_view){(const uint8_t *)&cookie, sizeof(cookie)});
	}
	if (sim_chance(random, 10))
		qn_write_edns_option(writer, QN_EDNS_NSID, (struct qn_view){NULL, 0});
	if (sim_chance(random, 10))
		qn_write_edns_option(
		    writer, 65001, (struct qn_view){(const uint8_t *)"unknown", 7});
	qn_write_edns_end(writer, opt_at);
	qn_write_section_count(writer, QN_SECTION_ADDITIONAL, 1);
	if (size > UDP_SIZE_PLAIN)
		query->udp_size = size < UDP_SIZE_MOST ? size : UDP_SIZE_MOST;
}

/* Writes the query as a careful client would; returns its length. */
static size_t
query_write(struct sim *sim, struct sim_query *query, struct qn_span payload)
{
	struct qn_writer writer = qn_writer_of(payload);

	qn_write_header(&writer, query->id, query->flags, 1);
	qn_write_question(&writer, &query->question);
	if (query->has_edns)
		write_edns(&writer, &sim->clients.random, query);
	qn_assert(!writer.overflowed);
	return writer.at;
}

static void
query_send(struct sim *sim, struct sim_query *query, struct qn_view payload, uint64_t delay_us)
{
	const struct sim_datagram datagram = {
	    .source = query->client,
	    .destination = query->service,
	    .payload = payload,
	    .delay_us = delay_us,
	};

	query->sent = qn_mono_after_us(sim->now.mono, delay_us);
	sim->clients.last = query->sent;
	sim_network_send(sim, &datagram);
}

static void
name_shuffle_case(struct qn_random *random, struct qn_name *name)
{
	if (sim_chance(random, 50))
		return;
	for (unsigned i = 0; i < name->len; i++) {
		const uint8_t lower = qn_octet_lower(name->octets[i]);

		if (lower >= 'a' && lower <= 'z' && sim_chance(random, 50))
			name->octets[i] ^= 0x20;
	}
}

static void
ask(struct sim *sim, const struct qn_question *question, uint64_t delay_us)
{
	struct sim_query *query = query_add(sim);
	uint8_t payload[PAYLOAD_MAX];

	query->question = *question;
	name_shuffle_case(&sim->clients.random, &query->question.name);
	const size_t len = query_write(sim, query, (struct qn_span){payload, sizeof(payload)});

	sim_tell(sim, "client %u asks for %s %s%s", (unsigned)(query - sim->clients.queries),
	    sim_name_text(&query->question.name), sim_type_text(query->question.type),
	    query->flags & QN_FLAG_RD ? "" : ", RD=0");
	query_send(sim, query, (struct qn_view){payload, len}, delay_us);
}

/* --- Odd queries ------------------------------------------------------------------------ */

/* Says what is due for a query with one thing wrong with it, and does that to its bytes. */
static size_t
spoil(struct sim *sim, struct sim_query *query, uint8_t *payload, size_t len)
{
	struct qn_random *random = &sim->clients.random;
	const bool outsider = query->due == SIM_DUE_RCODE;

	query->due = SIM_DUE_RCODE;
	switch (qn_random_below(random, 8)) {
	case 0: /* Too short for a header. */
		query->due = SIM_DUE_SILENCE;
		return qn_random_below(random, QN_HEADER_LEN);
	case 1: /* A reply. */
		query->due = SIM_DUE_SILENCE;
		payload[2] |= 0x80;
		return len;
	case 2: /* Ends inside its question. */
		query->due = SIM_DUE_HEADER;
		query->rcode = outsider ? QN_RCODE_REFUSED : QN_RCODE_FORMERR;
		query->has_edns = false;
		return QN_HEADER_LEN + qn_random_below(random, query->question.name.len + 4u);
	case 3: /* Octets behind the end. */
		query->rcode = outsider ? QN_RCODE_REFUSED : QN_RCODE_FORMERR;
		query->has_edns = false;
		query->udp_size = UDP_SIZE_PLAIN;
		payload[len] = 0;
		return len + 1;
	case 4: /* An opcode that is not served. */
		query->due = SIM_DUE_HEADER;
		query->rcode = outsider ? QN_RCODE_REFUSED : QN_RCODE_NOTIMP;
		query->flags |= QN_OPCODE_NOTIFY << 11;
		query->has_cookie = false;
		payload[2] = (uint8_t)(payload[2] | QN_OPCODE_NOTIFY << 3);
		return len;
	case 5: /* No question. */
		query->due = SIM_DUE_HEADER;
		query->rcode = outsider ? QN_RCODE_REFUSED : QN_RCODE_FORMERR;
		query->has_edns = false;
		qn_store_be16(payload + 4, 0);
		return len;
	case 6: /* A class that is not served. */
		query->rcode = outsider ? QN_RCODE_REFUSED : QN_RCODE_NOTIMP;
		query->question.class = QN_CLASS_NONE;
		qn_store_be16(
		    payload + QN_HEADER_LEN + query->question.name.len + 2, QN_CLASS_NONE);
		return len;
	default: /* All types at once: an answer of the node's own. */
		query->due = outsider ? SIM_DUE_RCODE : SIM_DUE_ANY;
		query->question.type = QN_TYPE_ANY;
		qn_store_be16(payload + QN_HEADER_LEN + query->question.name.len, QN_TYPE_ANY);
		return len;
	}
}

static void
ask_oddly(struct sim *sim, const struct qn_question *question)
{
	struct sim_query *query = query_add(sim);
	uint8_t payload[PAYLOAD_MAX];

	query->question = *question;
	size_t len = query_write(sim, query, (struct qn_span){payload, sizeof(payload)});

	len = spoil(sim, query, payload, len);
	sim_tell(sim, "client %u sends something odd: %zu octets",
	    (unsigned)(query - sim->clients.queries), len);
	query_send(sim, query, (struct qn_view){payload, len}, 0);
}

/* --- Rounds ----------------------------------------------------------------------------- */

static uint64_t
draw_pause_us(struct qn_random *random)
{
	const uint32_t way = qn_random_below(random, 100);

	if (way < 40)
		return qn_random_below(random, 5 * QN_US_PER_MS);
	if (way < 70)
		return qn_random_below(random, 500 * QN_US_PER_MS);
	if (way < 85)
		return qn_random_below(random, 5 * QN_US_PER_S);
	if (way < 96)
		return qn_random_below(random, 60 * QN_US_PER_S);
	return qn_random_below(random, 1000 * QN_US_PER_S);
}

bool
sim_clients_plan(struct sim *sim, bool idle)
{
	struct sim_clients *clients = &sim->clients;

	if (clients->round_planned)
		return true;
	if (clients->round == sim->plan.round_count ||
	    clients->query_count + BURST_MOST > SIM_QUERY_MAX)
		return false;
	if (sim->plan.solo && !(idle && sim->network.event_count == 0))
		return true;
	clients->round_planned = true;
	const uint64_t pause_us = draw_pause_us(&clients->random);

	sim_network_plan_round(sim, qn_mono_after_us(sim->now.mono, pause_us));
	return true;
}

/* Whether some client has been given an answer to this that still lives, with time to spare. */
static bool
is_known(const struct sim *sim, const struct qn_question *question)
{
	const struct qn_mono soon = qn_mono_after_us(sim->now.mono, BURST_US + QN_US_PER_S);
	const struct sim_clients *clients = &sim->clients;

	for (uint32_t i = 0; i < clients->query_count; i++) {
		const struct sim_query *query = &clients->queries[i];

		if (query->fresh_until.us > soon.us && query->question.type == question->type &&
		    qn_name_equal(&query->question.name, &question->name))
			return true;
	}
	return false;
}

void
sim_clients_forget(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->clients.query_count; i++)
		sim->clients.queries[i].fresh_until = (struct qn_mono){0};
}

void
sim_clients_round(struct sim *sim)
{
	struct sim_clients *clients = &sim->clients;
	struct qn_random *random = &clients->random;
	struct qn_question question;

	clients->round_planned = false;
	clients->round++;
	clients->last = sim->now.mono;
	if (sim_chance(random, OPERATOR)) {
		sim_watch_round(sim, NULL, 0, false);
		sim_operator_act(sim);
		return;
	}
	if (clients->query_count > 0 && sim_chance(random, ASK_AGAIN))
		question = clients->queries[qn_random_below(random, clients->query_count)].question;
	else
		sim_question_draw(&question, &sim->world, random);
	if (question.class != QN_CLASS_IN || question.type == QN_TYPE_ANY)
		sim_question_draw(&question, &sim->world, random);
	const bool odd = sim_chance(random, ASK_ODDLY);
	const bool burst = !odd && sim_chance(random, sim->plan.burst_percent);
	const uint32_t count = burst ? sim_between(random, 2, BURST_MOST) : 1;

	sim_watch_round(sim, &question, count, is_known(sim, &question));
	if (odd) {
		ask_oddly(sim, &question);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t delay_us = burst ? qn_random_below(random, BURST_US) : 0;

		ask(sim, &question, delay_us);
	}
}

/* --- Receiving -------------------------------------------------------------------------- */

static bool
endpoint_equal(const struct qn_endpoint *a, const struct qn_endpoint *b)
{
	return a->port == b->port && qn_address_equal(&a->address, &b->address);
}

static bool
is_outsider(const struct qn_address *address)
{
	return qn_prefix_contains(&sim_outsider_networks[0], address) ||
	       qn_prefix_contains(&sim_outsider_networks[1], address);
}

/*
 * A client that sent a cookie gets it back with the server's behind it; others get none, nor
 * do those that may not ask at all.
 */
static bool
cookie_right(const struct sim_query *query, const struct qn_edns *edns)
{
	const uint64_t cookie = client_cookie(query);
	struct qn_view data;

	if (!query->has_edns || !query->has_cookie || is_outsider(&query->client.address))
		return !edns->present || !qn_edns_option_find(edns, QN_EDNS_COOKIE, &data);
	return qn_edns_option_find(edns, QN_EDNS_COOKIE, &data) &&
	       data.len == SIM_COOKIE_WHOLE_LEN && memcmp(data.data, &cookie, SIM_COOKIE_LEN) == 0;
}

/* Whether header, question and EDNS of a reply are those of a reply to `query`. */
static const char *
find_fault(const struct sim_query *query, const struct qn_message *message, size_t len)
{
	const uint16_t kept = 0x7800u | QN_FLAG_RD | QN_FLAG_CD;
	const bool with_question = query->due != SIM_DUE_HEADER;

	if (message->id != query->id)
		return "another id";
	if (!(message->flags & QN_FLAG_QR) || !(message->flags & QN_FLAG_RA))
		return "no QR or no RA";
	if (message->flags & (QN_FLAG_AA | QN_FLAG_AD))
		return "AA or AD";
	if ((message->flags & kept) != (query->flags & kept))
		return "another opcode, RD or CD";
	if (message->question_count != with_question)
		return "another number of questions";
	if (with_question &&
	    (message->question.type != query->question.type ||
		message->question.class != query->question.class ||
		!qn_name_equal_case(&message->question.name, &query->question.name)))
		return "another question";
	if (message->edns.present != query->has_edns)
		return "EDNS where there was none, or none where there was";
	if (len > query->udp_size)
		return "more octets than the client takes";
	if (!cookie_right(query, &message->edns))
		return "no cookie, or another one";
	return NULL;
}

/*
 * Notes until when an answer just put together need not be asked for again: in the last tenth
 * of its life the node refreshes it. One that came at once is older than its TTL tells. What
 * was cut off may be too much to be kept; stale data has one TTL; an absence without SOA is
 * kept for a time of the node's own.
 */
static void
note_lifetime(struct sim *sim, struct sim_query *query, const struct qn_message *message)
{
	struct qn_record_walk walk = qn_message_walk(message);
	const uint16_t rcode = qn_message_rcode(message);
	enum qn_section section;
	struct qn_record record;
	uint64_t ttl_s = UINT32_MAX;
	bool all_stale = true;
	bool ends_well = false;

	if ((message->flags & QN_FLAG_TC) ||
	    qn_mono_since_us(query->sent, sim->now.mono) <= sim->plan.turn_us ||
	    (rcode != QN_RCODE_NOERROR && rcode != QN_RCODE_NXDOMAIN))
		return;
	while (qn_record_next(&walk, &record, &section)) {
		if (record.ttl_s < ttl_s)
			ttl_s = record.ttl_s;
		all_stale = all_stale && record.ttl_s == SIM_STALE_TTL_S;
		ends_well = record.type == query->question.type || record.type == QN_TYPE_SOA;
	}
	if (!all_stale && ends_well)
		query->fresh_until = qn_mono_after_us(sim->now.mono, ttl_s * QN_US_PER_S * 8 / 10);
}

static void
judge(struct sim *sim, struct sim_query *query, const struct qn_message *message)
{
	const uint16_t rcode = qn_message_rcode(message);
	const uint16_t records = message->record_counts[QN_SECTION_ANSWER];

	switch (query->due) {
	case SIM_DUE_ANY:
		return;
	case SIM_DUE_RCODE:
	case SIM_DUE_HEADER:
		if (rcode != query->rcode || records > 0)
			sim_breach(sim, "client %u got %s with %u records instead of %s",
			    (unsigned)(query - sim->clients.queries), sim_rcode_text(rcode),
			    records, sim_rcode_text(query->rcode));
		return;
	case SIM_DUE_SILENCE:
		sim_breach(sim, "client %u got a reply to what deserves none",
		    (unsigned)(query - sim->clients.queries));
		return;
	case SIM_DUE_CACHED:
		if (rcode == QN_RCODE_REFUSED && records == 0)
			return;
		break;
	case SIM_DUE_ANSWER:
		break;
	}
	const struct sim_verdict verdict =
	    sim_oracle_judge(&sim->world, &sim->plan, query, message, sim->now.mono);

	note_lifetime(sim, query, message);
	if (!verdict.right)
		sim_breach(sim, "client %u, which asked for %s %s, got %s: %s",
		    (unsigned)(query - sim->clients.queries), sim_name_text(&query->question.name),
		    sim_type_text(query->question.type), sim_rcode_text(rcode), verdict.reason);
}

void
sim_clients_receive(struct sim *sim, const struct qn_frame *frame, struct qn_view payload)
{
	struct sim_clients *clients = &sim->clients;
	const uint32_t index = (uint32_t)(frame->destination.port - PORT_FIRST);
	struct sim_query *query = &clients->queries[index];
	struct qn_message message;

	if (index >= clients->query_count || !endpoint_equal(&frame->destination, &query->client) ||
	    !endpoint_equal(&frame->source, &query->service)) {
		sim_breach(sim, "a reply went to %s port %u, which did not ask",
		    sim_address_text(&frame->destination.address), frame->destination.port);
		return;
	}
	if (query->state != SIM_QUERY_WAITING) {
		sim_breach(sim, "client %u got a second reply", index);
		return;
	}
	if (qn_message_read(&message, payload) != QN_MESSAGE_OK) {
		sim_breach(sim, "client %u got a malformed reply", index);
		return;
	}
	sim_tell(sim, "client %u gets %s, records %u/%u", index,
	    sim_rcode_text(qn_message_rcode(&message)), message.record_counts[QN_SECTION_ANSWER],
	    message.record_counts[QN_SECTION_AUTHORITY]);
	query->state = SIM_QUERY_DONE;
	const char *fault = find_fault(query, &message, payload.len);

	if (fault != NULL)
		sim_breach(sim, "client %u got a reply with %s", index, fault);
	else
		judge(sim, query, &message);
}

void
sim_clients_shed(struct sim *sim, struct qn_view frame)
{
	struct sim_clients *clients = &sim->clients;
	struct qn_frame read;

	if (qn_frame_read(&read, frame) != QN_FRAME_UDP)
		return;
	const uint32_t index = (uint32_t)(read.source.port - PORT_FIRST);

	if (index >= clients->query_count || clients->queries[index].state != SIM_QUERY_WAITING) {
		sim_breach(sim, "the node shed something that no client had asked");
		return;
	}
	if (!sim->plan.tight)
		sim_breach(sim, "client %u was shed with room to spare", index);
	sim_tell(sim, "client %u is shed", index);
	clients->queries[index].state = SIM_QUERY_SHED;
}

void
sim_clients_check(struct sim *sim)
{
	struct sim_clients *clients = &sim->clients;
	const uint64_t slack_us = SIM_CLIENT_SLACK_US + 2 * sim->plan.turn_us;

	for (; clients->oldest < clients->query_count; clients->oldest++) {
		const struct sim_query *query = &clients->queries[clients->oldest];
		const uint64_t waited_us = qn_mono_since_us(query->sent, sim->now.mono);

		if (query->state == SIM_QUERY_WAITING &&
		    waited_us <= QN_RESOLVE_CLIENT_US + slack_us)
			return;
		if (query->state == SIM_QUERY_WAITING && query->due != SIM_DUE_SILENCE) {
			sim_breach(sim, "client %u got no answer", clients->oldest);
			return;
		}
	}
}
