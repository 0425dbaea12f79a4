/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/ledger.h"
#include "support/test.h"

#define S      QN_US_PER_S
#define ZONE_A 11
#define ZONE_B 12

/* A ledger, and the table that it shares with others where there is one. */
struct books {
	struct qn_ledger ledger;
	struct qn_standings shared;
	struct qn_standing shared_row;
	struct qn_address address;
};

static void
books_init(struct books *books, bool sharing)
{
	static _Alignas(QN_ARENA_ALIGN) uint8_t memory[1u << 20];
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	const struct qn_hash_key hash_key = {3, 4};

	*books = (struct books){.address = qn_address_ipv4((const uint8_t[]){192, 0, 2, 1})};
	qn_standings_init(&books->shared, &arena, 64, hash_key);
	qn_ledger_init(&books->ledger, &arena, 64, sharing ? &books->shared : NULL, hash_key);
}

static void
tell(struct books *books, uint64_t zone_hash, enum qn_outcome outcome, uint32_t rtt_us,
    uint64_t when_us)
{
	const struct qn_sample sample = {
	    .address = books->address,
	    .outcome = (uint8_t)outcome,
	    .rtt_us = rtt_us,
	    .zone_hash = zone_hash,
	    .when = {when_us},
	};

	qn_ledger_tell(&books->ledger, &sample);
}

static struct qn_server_stats
stats(const struct books *books)
{
	return *qn_ledger_look(&books->ledger, &books->address, ZONE_A).stats;
}

static struct qn_zone_quality
quality(const struct books *books, uint64_t zone_hash)
{
	return *qn_ledger_look(&books->ledger, &books->address, zone_hash).quality;
}

/* Has the folding thread publish a round trip, and take `count` samples off the ring. */
static void
publish(struct books *books, uint32_t srtt_us, uint32_t count)
{
	const struct qn_standing_key key = qn_standing_key(&books->shared, &books->address);

	books->shared_row = (struct qn_standing){
	    .address = books->address, .stats = {.measured = true, .srtt_us = srtt_us}};
	qn_standings_put(
	    &books->shared, qn_standings_slot(&books->shared, &key), &books->shared_row, key.hash);
	qn_sample_ring_release(books->ledger.ring, count);
}

TEST(ledger_knows_nothing_at_first)
{
	for (unsigned sharing = 0; sharing < 2; sharing++) {
		struct books books;

		books_init(&books, sharing);
		assert_false(stats(&books).measured);
		assert_int_equal(stats(&books).timeouts, 0);
		assert_true(quality(&books, ZONE_A).avoid_until.us == 0);
	}
}

TEST(ledger_alone_believes_itself)
{
	struct books books;

	books_init(&books, false);
	tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, S);
	tell(&books, ZONE_A, QN_OUTCOME_TIMED_OUT, 0, S);
	assert_int_equal(stats(&books).srtt_us, 8000);
	assert_int_equal(stats(&books).timeouts, 1);
	/* Nobody takes samples off the ring, so none are put into it. */
	assert_int_equal(qn_sample_ring_head(books.ledger.ring), 0);
}

/* For one zone only; a useful reply takes it back. */
TEST(ledger_keeps_zones_apart)
{
	struct books books;

	books_init(&books, false);
	tell(&books, ZONE_B, QN_OUTCOME_USEFUL, 8000, S);
	tell(&books, ZONE_A, QN_OUTCOME_REFUSED, 8000, S);
	assert_int_equal(quality(&books, ZONE_A).avoid_until.us, 2 * S);
	assert_int_equal(quality(&books, ZONE_B).avoid_until.us, 0);
	/* A refusal is a reply like any other for the round trip. */
	assert_int_equal(stats(&books).replies, 2);
	tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, S);
	assert_int_equal(quality(&books, ZONE_A).avoid_until.us, 0);
}

/* Only who was useless has a row: useful replies for a million zones take no room. */
TEST(ledger_remembers_only_the_useless)
{
	struct books books;
	struct qn_address other = qn_address_ipv4((const uint8_t[]){192, 0, 2, 2});

	books_init(&books, false);
	tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, S);
	for (uint64_t zone_hash = 1; zone_hash < 10000; zone_hash++) {
		const struct qn_sample sample = {.address = other,
		    .outcome = QN_OUTCOME_USEFUL,
		    .zone_hash = zone_hash,
		    .when = {2 * S}};

		qn_ledger_tell(&books.ledger, &sample);
	}
	assert_int_equal(stats(&books).srtt_us, 8000);
}

TEST(ledger_believes_what_all_know)
{
	struct books books;

	books_init(&books, true);
	publish(&books, 25000, 0);
	assert_int_equal(stats(&books).srtt_us, 25000);
}

/* What it has just seen counts on top of that, until the others know, too. */
TEST(ledger_adds_what_it_has_just_seen)
{
	struct books books;

	books_init(&books, true);
	publish(&books, 25000, 0);
	tell(&books, ZONE_A, QN_OUTCOME_USEFUL, QN_RTT_NONE, S);
	tell(&books, ZONE_A, QN_OUTCOME_SERVFAIL, QN_RTT_NONE, S);
	tell(&books, ZONE_A, QN_OUTCOME_TIMED_OUT, 0, 2 * S);
	assert_int_equal(stats(&books).srtt_us, 25000);
	assert_int_equal(stats(&books).timeouts, 1);
	assert_int_equal(quality(&books, ZONE_A).failures, 1);
	assert_int_equal(qn_sample_ring_peek(books.ledger.ring, 2)->when.us, 2 * S);
	/* Two of three samples have been folded: the third is still news. */
	publish(&books, 26000, 2);
	assert_int_equal(stats(&books).timeouts, 1);
	/* That row goes on until all has been folded. */
	assert_int_equal(stats(&books).srtt_us, 25000);
	publish(&books, 27000, 1);
	assert_int_equal(stats(&books).srtt_us, 27000);
	assert_int_equal(stats(&books).timeouts, 0);
	/* The next evidence goes on top of what all know now. */
	tell(&books, ZONE_A, QN_OUTCOME_TIMED_OUT, 0, 3 * S);
	assert_int_equal(stats(&books).srtt_us, 27000);
	assert_int_equal(stats(&books).timeouts, 1);
}

/* What the shared table has no room for, its own evidence has to do for. */
TEST(ledger_falls_back_on_itself)
{
	struct books books;

	books_init(&books, true);
	tell(&books, ZONE_A, QN_OUTCOME_REFUSED, 9000, S);
	qn_sample_ring_release(books.ledger.ring, 1);
	assert_int_equal(stats(&books).srtt_us, 9000);
	assert_int_equal(quality(&books, ZONE_A).failures, 2);
	tell(&books, ZONE_A, QN_OUTCOME_REFUSED, 9000, S);
	assert_int_equal(stats(&books).replies, 2);
	assert_int_equal(quality(&books, ZONE_A).failures, 4);
}

/* Zones that are delegated to an address which does not serve them take nothing off it. */
TEST(ledger_holds_no_strangers_silence_against_an_address)
{
	for (unsigned sharing = 0; sharing < 2; sharing++) {
		struct books books;

		books_init(&books, sharing);
		tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, S);
		for (uint64_t zone_hash = 100; zone_hash < 1000; zone_hash++) {
			tell(&books, zone_hash, QN_OUTCOME_LATE, 0, 2 * S);
			tell(&books, zone_hash, QN_OUTCOME_TIMED_OUT, 0, 3 * S);
			tell(&books, zone_hash, QN_OUTCOME_TIMED_OUT, 0, 4 * S);
		}
		assert_int_equal(stats(&books).timeouts, 0);
		assert_int_equal(stats(&books).late, 0);
		assert_false(stats(&books).deprioritized);
		tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, 5 * S);
		assert_int_equal(stats(&books).loss, 0);
		/* It is they who are avoided there. */
		assert_int_equal(quality(&books, 999).avoid_until.us, 5 * S);
		assert_int_equal(quality(&books, ZONE_A).avoid_until.us, 0);
	}
}

/* Zones that it has answered for before notice its death as ever, all of them together. */
TEST(ledger_notices_a_death)
{
	struct books books;

	books_init(&books, false);
	for (uint64_t zone_hash = 1; zone_hash <= 20; zone_hash++)
		tell(&books, zone_hash, QN_OUTCOME_USEFUL, 8000, S);
	tell(&books, 1, QN_OUTCOME_TIMED_OUT, 0, 2 * S);
	assert_false(stats(&books).deprioritized);
	tell(&books, 20, QN_OUTCOME_TIMED_OUT, 0, 3 * S);
	assert_true(stats(&books).deprioritized);
}

/* So does whoever asks first an address that has never said anything. */
TEST(ledger_notices_who_was_never_there)
{
	struct books books;

	books_init(&books, false);
	tell(&books, ZONE_A, QN_OUTCOME_TIMED_OUT, 0, S);
	tell(&books, ZONE_B, QN_OUTCOME_TIMED_OUT, 0, 2 * S);
	assert_true(stats(&books).deprioritized);
	assert_int_equal(quality(&books, ZONE_A).failures, 0);
}

/* Silence over TCP is the zone's, whoever has answered it over UDP. */
TEST(ledger_takes_silence_for_a_zone_as_such)
{
	struct books books;
	struct qn_sample sample;

	books_init(&books, false);
	tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, S);
	sample = (struct qn_sample){.address = books.address,
	    .outcome = QN_OUTCOME_TIMED_OUT,
	    .zone_only = true,
	    .zone_hash = ZONE_A,
	    .when = {2 * S}};
	for (unsigned i = 0; i < 2; i++)
		qn_ledger_tell(&books.ledger, &sample);
	assert_int_equal(stats(&books).timeouts, 0);
	assert_int_equal(quality(&books, ZONE_A).outcome, QN_OUTCOME_TIMED_OUT);
	assert_int_equal(quality(&books, ZONE_A).avoid_until.us, 3 * S);
}

/* A ring that nobody empties costs the others the news, not the worker. */
TEST(ledger_outlives_a_full_ring)
{
	struct books books;

	books_init(&books, true);
	for (unsigned i = 0; i < 20000; i++)
		tell(&books, ZONE_A, QN_OUTCOME_USEFUL, 8000, S + i);
	assert_true(qn_counter_get(&books.ledger.ring->dropped) > 0);
	assert_int_equal(stats(&books).updated.us, S + 19999);
	assert_int_equal(
	    qn_sample_ring_head(books.ledger.ring) + qn_counter_get(&books.ledger.ring->dropped),
	    20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ledger_knows_nothing_at_first),
	    cmocka_unit_test(ledger_alone_believes_itself),
	    cmocka_unit_test(ledger_keeps_zones_apart),
	    cmocka_unit_test(ledger_remembers_only_the_useless),
	    cmocka_unit_test(ledger_believes_what_all_know),
	    cmocka_unit_test(ledger_adds_what_it_has_just_seen),
	    cmocka_unit_test(ledger_falls_back_on_itself),
	    cmocka_unit_test(ledger_holds_no_strangers_silence_against_an_address),
	    cmocka_unit_test(ledger_notices_a_death),
	    cmocka_unit_test(ledger_notices_who_was_never_there),
	    cmocka_unit_test(ledger_takes_silence_for_a_zone_as_such),
	    cmocka_unit_test(ledger_outlives_a_full_ring),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
