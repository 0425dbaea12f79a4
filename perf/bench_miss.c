/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a miss costs the worker, and what an answer costs the cache.
 *
 * A real shard resolves names that it does not know; the authorities are a function in the
 * same process (tests/support/stand.h), and time is virtual. Counted is the time inside the
 * shard's calls, which is all that a worker would be busy with, apart from moving packets; the
 * authorities and the wire run between the calls. The best of some rounds is printed, as others'
 * work on the machine only ever adds; each round has a cache of its own.
 *
 *   miss.known_us          another name in a zone whose servers are known: one query
 *   miss.cold_us           a name in a zone never heard of: a referral, then the answer
 *   cache.bytes_per_entry  by which the cache grows with each name of the first kind: answer,
 *                          RRset, and their part of the index
 *
 *     bench_miss [QUESTIONS]      so many a round, default 20000; memory is with 1000000
 */
#include "bench.h"
#include "cache/cache.h"
#include "support/stand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS        5
#define QUESTIONS     20000u
#define MEMORY_COUNT  1000000u
#define ASKED_AT_ONCE 32u
#define DELAY_US      1000
#define TTL_S         86400u
#define CACHE_BYTES   (64u << 20)
#define MEMORY_BYTES  (1024u << 20)
#define MESSAGE_MAX   512

/* Servers by the last octet of their address. */
enum server {
	SERVER_ROOT = 1,
	SERVER_TEST = 2, /* Authority of "test." and "known.test." */
	SERVER_ZONE = 3, /* Authority of all "zoneN.test." */
};

struct bench {
	struct stand *stand;
	uint64_t ticks; /* Inside the shard. */
	uint64_t began;
	uint64_t answer_count;
	uint64_t query_count;
};

static struct qn_name
name_of(const char *text)
{
	struct qn_name name;

	if (!qn_name_from_text(&name, text, strlen(text)))
		abort();
	return name;
}

static struct qn_address
address_of(uint8_t server)
{
	return qn_address_ipv4((const uint8_t[]){198, 51, 100, server});
}

/* --- Authorities ------------------------------------------------------------------------ */

struct reply {
	struct qn_writer writer;
	uint16_t counts[QN_SECTION_COUNT];
};

static void
add(struct reply *reply, enum qn_section section, const struct qn_name *owner, uint16_t type,
    struct qn_view rdata)
{
	qn_write_record(&reply->writer, owner, type, QN_CLASS_IN, TTL_S, rdata);
	reply->counts[section]++;
}

static void
add_address(
    struct reply *reply, enum qn_section section, const struct qn_name *owner, uint8_t server)
{
	const struct qn_address address = address_of(server);

	add(reply, section, owner, QN_TYPE_A, (struct qn_view){address.octets, 4});
}

/* A referral to "ns" in `zone`, with its address. */
static void
refer(struct reply *reply, const struct qn_name *zone, uint8_t server)
{
	struct qn_name ns = {.len = (uint8_t)(3 + zone->len), .octets = {2, 'n', 's'}};

	memcpy(ns.octets + 3, zone->octets, zone->len);
	add(reply, QN_SECTION_AUTHORITY, zone, QN_TYPE_NS, qn_name_view(&ns));
	add_address(reply, QN_SECTION_ADDITIONAL, &ns, server);
}

/* What the server says: its own names have addresses, others are referred. */
static uint16_t
reply_fill(struct reply *reply, uint8_t server, const struct qn_question *question)
{
	const struct qn_name *name = &question->name;
	const unsigned labels = qn_name_label_count(name);
	struct qn_name zone;

	if (server == SERVER_ROOT && labels > 0) {
		qn_name_suffix(&zone, name, 1);
		refer(reply, &zone, SERVER_TEST);
		return 0;
	}
	if (server == SERVER_TEST && labels > 1) {
		const struct qn_name known = name_of("known.test");

		qn_name_suffix(&zone, name, 2);
		if (!qn_name_equal(&zone, &known)) {
			refer(reply, &zone, SERVER_ZONE);
			return 0;
		}
	}
	if (question->type == QN_TYPE_A)
		add_address(reply, QN_SECTION_ANSWER, name, SERVER_ZONE);
	return QN_FLAG_AA;
}

static void
on_query(void *context, const struct stand_query *query)
{
	struct bench *bench = context;
	uint8_t room[MESSAGE_MAX];
	struct reply reply = {.writer = qn_writer_of((struct qn_span){room, sizeof(room)})};
	const struct qn_question *question = &query->message->question;

	qn_write_header(&reply.writer, query->message->id, QN_FLAG_QR, 1);
	qn_write_question(&reply.writer, question);
	const uint16_t flags = reply_fill(&reply, query->server.address.octets[3], question);

	qn_write_edns_end(
	    &reply.writer, qn_write_edns_begin(&reply.writer, QN_EDNS_UDP_BUFFER, 0, false));
	reply.counts[QN_SECTION_ADDITIONAL]++;
	qn_write_u16_at(&reply.writer, 2, QN_FLAG_QR | flags);
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&reply.writer, i, reply.counts[i]);
	if (query->tcp || reply.writer.overflowed)
		abort();
	bench->query_count++;
	stand_send(bench->stand, &query->server, &query->from,
	    (struct qn_view){room, reply.writer.at}, DELAY_US);
}

/* --- The node --------------------------------------------------------------------------- */

static void
on_answer(void *context, const struct qn_endpoint *client, const struct qn_message *message)
{
	struct bench *bench = context;

	(void)client;
	if (qn_message_rcode(message) != QN_RCODE_NOERROR || message->record_counts[0] != 1) {
		fprintf(stderr, "bench_miss: a question was not answered\n");
		exit(1);
	}
	bench->answer_count++;
}

static void
on_call(void *context, bool begin)
{
	struct bench *bench = context;

	if (begin)
		bench->began = bench_ticks();
	else
		bench->ticks += bench_ticks() - bench->began;
}

static void
bench_open(struct bench *bench, size_t cache_bytes)
{
	struct qn_resolve_config resolve = {.hint_count = 1, .use_ipv4 = true};

	resolve.hints[0].name = name_of("ns.root-servers");
	resolve.hints[0].addresses[0] = address_of(SERVER_ROOT);
	resolve.hints[0].address_count = 1;
	*bench = (struct bench){0};
	bench->stand = stand_create(&(struct stand_config){
	    .limits = {.worker_count = 1,
		.link_count = 1,
		.client_max = 4096,
		.task_max = 4096,
		.upstream_max = 4096},
	    .cache_bytes = cache_bytes,
	    .resolve = &resolve,
	    .ends = {bench, on_query, on_answer, on_call},
	});
	stand_start(bench->stand, 1);
}

/* Lets time pass until `count` more questions than before have been answered. */
static void
wait_for(struct bench *bench, uint64_t count)
{
	const struct qn_mono until =
	    qn_mono_after_us(stand_now(bench->stand).mono, 10 * QN_US_PER_S);

	while (bench->answer_count < count && stand_step(bench->stand, until))
		;
	if (bench->answer_count < count) {
		fprintf(stderr, "bench_miss: answers are missing\n");
		exit(1);
	}
}

/* Asks for `pattern` with the numbers from `first` on, some at once. */
static void
ask(struct bench *bench, const char *pattern, uint32_t first, uint32_t count)
{
	const uint64_t before = bench->answer_count;

	for (uint32_t i = 0; i < count; i++) {
		/* Each in a network of its own, so that none has more than its share. */
		const struct qn_endpoint client = {
		    qn_address_ipv4((const uint8_t[]){10, (uint8_t)(i >> 8), (uint8_t)i, 1}), 4000};
		struct qn_question question = {.type = QN_TYPE_A, .class = QN_CLASS_IN};
		char text[64];

		snprintf(text, sizeof(text), pattern, first + i);
		question.name = name_of(text);
		stand_ask(bench->stand, &client, (uint16_t)i, &question);
		if (i % ASKED_AT_ONCE == ASKED_AT_ONCE - 1 || i + 1 == count)
			wait_for(bench, before + i + 1);
	}
}

/* Microseconds of the worker a question, in a node that has seen the zones above. */
static double
round_us(const char *pattern, uint32_t count, double tsc_hz, uint64_t queries_each)
{
	struct bench bench;

	bench_open(&bench, CACHE_BYTES);
	ask(&bench, pattern, count, 100);
	bench.ticks = 0;
	bench.query_count = 0;
	ask(&bench, pattern, 0, count);
	if (bench.query_count != queries_each * count) {
		fprintf(stderr, "bench_miss: %llu queries for %u questions\n",
		    (unsigned long long)bench.query_count, count);
		exit(1);
	}
	stand_destroy(bench.stand);
	return (double)bench.ticks / tsc_hz * 1e6 / count;
}

static void
report_best(const char *name, const char *pattern, uint32_t count, uint64_t queries_each)
{
	const double tsc_hz = bench_tsc_hz();
	double best = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const double us = round_us(pattern, count, tsc_hz, queries_each);

		best = i == 0 || us < best ? us : best;
	}
	bench_report(name, best, "us");
}

/* Growth of the cache, the index counted by the part of the blocks that are in use. */
static void
report_memory(void)
{
	struct bench bench;

	bench_open(&bench, MEMORY_BYTES);
	ask(&bench, "host%06u.known.test", MEMORY_COUNT, 100);
	const uint64_t before = stand_figure(bench.stand, "cache_bytes");

	ask(&bench, "host%06u.known.test", 0, MEMORY_COUNT);
	const uint64_t grown = stand_figure(bench.stand, "cache_bytes") - before;
	const double whole = (double)qn_cache_size(MEMORY_BYTES) /
	                     (double)stand_figure(bench.stand, "cache_bytes_max");

	bench_report("cache.bytes_per_entry", (double)grown * whole / MEMORY_COUNT, "bytes");
	stand_destroy(bench.stand);
}

int
main(int argc, char **argv)
{
	const uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : QUESTIONS;

	bench_pin(1);
	report_best("miss.known_us", "host%06u.known.test", count, 1);
	report_best("miss.cold_us", "www.zone%06u.test", count, 2);
	if (argc == 1)
		report_memory();
	return 0;
}
