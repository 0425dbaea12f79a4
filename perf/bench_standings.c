/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it costs a worker to read the statistics of authorities that all workers share: cycles
 * for each address. "shared row" is the look into the shared table, hash included; "opinion" is
 * all that the worker believes of the address and of it for one zone, its own rows included,
 * with none or all of it just seen by itself. Prints one line a result: what, rows in the table,
 * addresses asked, cycles.
 *
 * Addresses come from the same generator in every run. The best round of 4096 looks counts: it
 * takes less than a slice of processor time, so that it is one that nobody interrupted.
 */
#include "nsdb/nsdb.h"
#include "select/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#define ROW_MAX     32768
#define LOOKS       (1u << 20)
#define ROUND_LOOKS 4096
#define ZONE_HASH   7

static const struct qn_hash_key hash_key = {1, 2};

struct bench {
	struct qn_nsdb *nsdb;
	struct qn_ledger ledger;
	struct qn_address *addresses; /* LOOKS of them, drawn from those in the table. */
};

static void *
memory_of(size_t size)
{
	void *memory = aligned_alloc(QN_ARENA_ALIGN, (size + 63) / 64 * 64);

	if (memory == NULL)
		abort();
	return memory;
}

static struct qn_address
address_number(uint32_t number)
{
	const uint8_t octets[16] = {
	    10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return number % 2 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
}

static void
tell(struct bench *bench, uint32_t number)
{
	qn_ledger_tell(&bench->ledger, &(struct qn_sample){.address = address_number(number),
					   .outcome = QN_OUTCOME_USEFUL,
					   .rtt_us = 1000 + number,
					   .zone_hash = ZONE_HASH,
					   .when = {QN_US_PER_S}});
}

/* Fills the table with `row_count` addresses, and draws whom to ask from `asked` of them. */
static void
bench_init(struct bench *bench, uint32_t row_count, uint32_t asked)
{
	const size_t size = qn_nsdb_size(ROW_MAX);
	struct qn_arena arena = qn_arena_measure();
	uint64_t state = 1;

	bench->nsdb = qn_nsdb_init(
	    (struct qn_span){memory_of(size), size}, ROW_MAX, hash_key, QN_NSDB_NOBODY);
	qn_ledger_init(&bench->ledger, &arena, 16384, NULL, hash_key);
	arena = qn_arena_over((struct qn_span){memory_of(arena.used), arena.used});
	qn_ledger_init(&bench->ledger, &arena, 16384, qn_nsdb_standings(bench->nsdb), hash_key);
	for (uint32_t i = 0; i < row_count; i++) {
		tell(bench, i);
		if (i % 4096 == 4095 || i + 1 == row_count)
			qn_nsdb_fold(bench->nsdb, &bench->ledger.ring, 1);
	}
	bench->addresses = memory_of(LOOKS * sizeof(*bench->addresses));
	for (uint32_t i = 0; i < LOOKS; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		bench->addresses[i] = address_number((uint32_t)(state >> 33) % asked);
	}
}

/* One kind of reading: adds up what it read, so that no compiler leaves it out. */
typedef uint64_t (*read_fn)(const struct bench *bench, uint32_t at);

static uint64_t
read_shared(const struct bench *bench, uint32_t at)
{
	const struct qn_standings *standings = qn_nsdb_standings(bench->nsdb);
	const struct qn_standing_key key = qn_standing_key(standings, &bench->addresses[at]);
	const struct qn_standing *row = qn_standings_find(standings, &key);

	return row == NULL ? 0 : row->stats.srtt_us;
}

static uint64_t
read_opinion(const struct bench *bench, uint32_t at)
{
	const struct qn_opinion opinion =
	    qn_ledger_look(&bench->ledger, &bench->addresses[at], ZONE_HASH);

	return opinion.stats->srtt_us + opinion.quality->avoid_until.us;
}

/* Written, so that the compiler cannot leave the reading out. */
static volatile uint64_t unused;

static double
cycles_of(const struct bench *bench, read_fn read)
{
	uint64_t best = UINT64_MAX, sum = 0;

	for (uint32_t at = 0; at < LOOKS; at += ROUND_LOOKS) {
		const uint64_t start = __rdtsc();

		for (uint32_t i = 0; i < ROUND_LOOKS; i++)
			sum += read(bench, at + i);
		const uint64_t cycles = __rdtsc() - start;

		best = cycles < best ? cycles : best;
	}
	unused = sum;
	return (double)best / ROUND_LOOKS;
}

static void
run(uint32_t row_count, uint32_t asked)
{
	struct bench bench;

	bench_init(&bench, row_count, asked);
	const double shared = cycles_of(&bench, read_shared);
	const double folded = cycles_of(&bench, read_opinion);

	for (uint32_t i = 0; i < asked && i < 8192; i++)
		tell(&bench, i);
	const double fresh = cycles_of(&bench, read_opinion);

	printf("shared row       %6u rows %6u asked %6.1f cycles\n", row_count, asked, shared);
	printf("opinion          %6u rows %6u asked %6.1f cycles\n", row_count, asked, folded);
	printf("opinion, all new %6u rows %6u asked %6.1f cycles\n", row_count, asked, fresh);
}

int
main(void)
{
	run(100, 100);
	run(30000, 1000);
	run(30000, 30000);
	return 0;
}
