/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cycles that one worker spends on a cache hit: bursts of 32 ready-made queries, the counter
 * read around the burst alone. Prints one line a result: name, value, unit.
 *
 *     bench_hit [ENTRIES ...]     default: 1000 1000000
 */
#include "shard/shard.h"

#include "cache/answer.h"
#include "cache/cache.h"
#include "host/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <x86intrin.h>

#define BURST     32
#define BURSTS    20000
#define FRAME_MAX 2048
#define ROUNDS    5

/* What one query and its answer take of the cache, generously. */
#define BYTES_PER_ENTRY 256

static const uint8_t node_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 2};

static struct qn_span
block_of(size_t len)
{
	void *data = mmap(
	    NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (data == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(data, len, MADV_HUGEPAGE);
	return (struct qn_span){data, len};
}

struct bench {
	struct qn_shard *shard;
	struct qn_cache *cache;
	struct qn_hash_key hash_key;
	struct qn_now now;
	uint32_t entry_count;
};

static struct qn_question
question_of(uint32_t number)
{
	struct qn_question question = {.type = QN_TYPE_A, .class = QN_CLASS_IN};
	char text[64];
	const int len = snprintf(text, sizeof(text), "host%u.example.com", number);

	if (!qn_name_from_text(&question.name, text, (size_t)len))
		abort();
	return question;
}

static void
cache_fill(struct bench *bench)
{
	uint8_t message[512];
	uint8_t value[512];

	for (uint32_t i = 0; i < bench->entry_count; i++) {
		const struct qn_question question = question_of(i);
		struct qn_writer writer = qn_writer_of((struct qn_span){message, sizeof(message)});
		const uint8_t rdata[4] = {192, 0, 2, (uint8_t)i};
		struct qn_cache_key key;

		qn_write_header(&writer, 0, 0, 1);
		qn_write_question(&writer, &question);
		qn_write_record(&writer, &question.name, QN_TYPE_A, QN_CLASS_IN, 86400,
		    (struct qn_view){rdata, sizeof(rdata)});
		qn_write_section_count(&writer, QN_SECTION_ANSWER, 1);
		const size_t len = qn_answer_encode((struct qn_span){value, sizeof(value)},
		    (struct qn_view){message, writer.at}, QN_RCODE_NOERROR, QN_EDE_NONE);

		qn_cache_key_init(
		    &key, &bench->hash_key, QN_CACHE_ANSWER, &question.name, question.type);
		qn_cache_put(bench->cache, &key, 86400, (struct qn_view){value, len}, bench->now);
	}
}

static void
bench_build(struct bench *bench)
{
	static struct qn_shard_config config;
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {1};
	const struct qn_shard_limits limits = {
	    .worker_count = 1,
	    .link_count = 1,
	    .client_max = 64,
	    .task_max = 64,
	    .upstream_max = 64,
	};
	struct qn_link_config link = {.mtu = 1500, .address_count = 1};
	const struct qn_prefix everybody = {{{0}, QN_FAMILY_IPV4}, 0};
	struct qn_shard_shared shared = {.hash_key = {11, 13}};

	bench->hash_key = shared.hash_key;
	bench->now = (struct qn_now){.mono = {1000000}, .wall = {1}};
	memcpy(link.mac, node_mac, sizeof(node_mac));
	if (!qn_prefix_from_text(&link.addresses[0], "10.0.0.1/24") ||
	    !qn_prefix_map_add(&config.access, &everybody, QN_ACCESS_ALLOW))
		abort();
	config.service[0] = link.addresses[0].address;
	config.service_count = 1;
	bench->cache = qn_cache_init(
	    block_of(((size_t)bench->entry_count * BYTES_PER_ENTRY + (4u << 20)) & ~63ull),
	    bench->now);
	shared.caches[0] = bench->cache;
	shared.links[0] = qn_link_init(block_of(qn_link_size()), &link);
	shared.ports = (struct qn_port_table *)block_of(qn_port_table_size()).data;
	qn_port_table_init(shared.ports);
	bench->shard = qn_shard_init(
	    block_of(qn_shard_size(&limits)), &limits, &shared, &config, seed, bench->now);
	cache_fill(bench);
}

static void
query_write(struct qn_packet *packet, uint32_t number)
{
	const struct qn_question question = question_of(number);
	struct qn_path path = {0};
	struct qn_endpoint client = {.port = (uint16_t)(1024 + number % 60000)};
	struct qn_endpoint service = {.port = 53};
	const uint16_t payload_at = qn_frame_payload_at(&path, QN_FAMILY_IPV4);
	struct qn_writer writer =
	    qn_writer_of((struct qn_span){packet->data + payload_at, FRAME_MAX - payload_at});

	memcpy(path.source_mac, client_mac, 6);
	memcpy(path.destination_mac, node_mac, 6);
	if (!qn_address_from_text(&client.address, "10.0.0.9") ||
	    !qn_address_from_text(&service.address, "10.0.0.1"))
		abort();
	qn_write_header(&writer, (uint16_t)number, QN_FLAG_RD, 1);
	qn_write_question(&writer, &question);
	qn_write_edns_end(&writer, qn_write_edns_begin(&writer, 1232, 0, false));
	qn_write_section_count(&writer, QN_SECTION_ADDITIONAL, 1);
	packet->len = qn_frame_build_udp((struct qn_span){packet->data, FRAME_MAX}, &path, &client,
	    &service, (uint16_t)writer.at);
}

static double
bench_round(struct bench *bench, struct qn_packet *packets)
{
	uint64_t cycles = 0;
	uint32_t random = 12345;

	for (unsigned burst = 0; burst < BURSTS; burst++) {
		for (unsigned i = 0; i < BURST; i++) {
			random = random * 1664525u + 1013904223u;
			query_write(
			    &packets[i], (uint32_t)((uint64_t)random * bench->entry_count >> 32));
		}
		const uint64_t start = __rdtsc();

		for (unsigned i = 0; i < BURST; i++)
			qn_shard_prefetch(bench->shard, &packets[i]);
		for (unsigned i = 0; i < BURST; i++)
			if (qn_shard_input(bench->shard, 0, &packets[i], bench->now).verdict !=
			    QN_SHARD_SEND) {
				fprintf(stderr, "bench_hit: a query was not a hit\n");
				exit(1);
			}
		cycles += __rdtsc() - start;
	}
	return (double)cycles / BURSTS / BURST;
}

static void
bench_run(uint32_t entry_count)
{
	struct bench bench = {.entry_count = entry_count};
	struct qn_packet packets[BURST];
	double best = 0;

	bench_build(&bench);
	for (unsigned i = 0; i < BURST; i++)
		packets[i] =
		    (struct qn_packet){.data = block_of(FRAME_MAX).data, .capacity = FRAME_MAX};
	for (unsigned round = 0; round < ROUNDS; round++) {
		const double cycles = bench_round(&bench, packets);

		if (round == 0 || cycles < best)
			best = cycles;
	}
	const struct qn_cache_figures figures = qn_cache_figures(bench.cache);

	printf("hit.cycles_per_query.%u %.0f cycles\n", entry_count, best);
	printf("cache.bytes_per_entry.%u %.0f bytes\n", entry_count,
	    64.0 * (double)figures.block_used / (double)figures.entry_count);
}

int
main(int argc, char **argv)
{
	if (argc == 1) {
		bench_run(1000);
		bench_run(1000000);
	}
	for (int i = 1; i < argc; i++)
		bench_run((uint32_t)strtoul(argv[i], NULL, 10));
	return 0;
}
