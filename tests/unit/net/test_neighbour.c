/* SPDX-License-Identifier: BSD-2-Clause */
#include "links.h"
#include "net/neighbour.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREAD_COUNT  2
#define TURN_COUNT    20000
#define WAY_COUNT     8    /* Entries that one address may be in. */
#define ADDRESS_COUNT 2000 /* Many more than a table holds. */

static struct qn_neighbours neighbours;

static int
setup(void **state)
{
	(void)state;
	memset(&neighbours, 0, sizeof(neighbours));
	qn_neighbours_init(&neighbours, QN_FAMILY_IPV6, &(struct qn_hash_key){3, 4});
	return 0;
}

/* A station that says which address it belongs to. */
static void
mac_of(uint32_t number, uint8_t mac[6])
{
	mac[0] = 2;
	mac[1] = (uint8_t)(number >> 8);
	mac[2] = (uint8_t)number;
	memcpy(mac + 3, mac, 3);
}

static struct qn_address
address_number(uint32_t number)
{
	struct qn_address address = address_of("fd00::");

	address.octets[14] = (uint8_t)(number >> 8);
	address.octets[15] = (uint8_t)number;
	return address;
}

static uint32_t
number_of(const struct qn_address *address)
{
	return (uint32_t)address->octets[14] << 8 | address->octets[15];
}

static bool
use(uint32_t number, uint64_t ms)
{
	const struct qn_address address = address_number(number);
	uint8_t mac[6], expected[6];
	const bool known = qn_neighbours_use(&neighbours, &address, at_ms(ms), mac).known;

	mac_of(number, expected);
	if (known)
		assert_memory_equal(mac, expected, 6);
	return known;
}

static enum qn_neighbour_learned
learn(uint32_t number, bool answer, uint64_t ms)
{
	uint8_t mac[6];
	const struct qn_neighbour_news news = {
	    .address = address_number(number),
	    .mac = mac,
	    .answer = answer,
	    .override = true,
	};
	uint64_t due_us = QN_NEIGHBOUR_NEVER;

	mac_of(number, mac);
	return qn_neighbours_learn(&neighbours, &news, at_ms(ms), &due_us);
}

/* Takes all requests due; answers those for addresses below `answered`. */
static uint32_t
drain(uint32_t answered, uint64_t ms)
{
	struct qn_neighbour_request request;
	uint64_t due_us = QN_NEIGHBOUR_NEVER;
	uint32_t count = 0;

	while (qn_neighbours_next(&neighbours, at_ms(ms), &request, &due_us)) {
		const uint32_t number = number_of(&request.address);

		if (number < answered)
			assert_int_equal(learn(number, true, ms), QN_NEIGHBOUR_LEARNED);
		count++;
	}
	return count;
}

TEST(neighbour_is_asked_for_while_wanted)
{
	assert_false(use(1, 0));
	assert_int_equal(drain(0, 0), 1);
	assert_int_equal(drain(0, 999), 0);
	assert_int_equal(drain(0, 1000), 1);
	assert_int_equal(drain(0, 2000), 1);
	assert_int_equal(drain(0, 3000), 0); /* Nobody wants it any more. */
	assert_false(use(1, 10000));
	assert_int_equal(drain(0, 10000), 1);
}

TEST(neighbour_is_asked_again_only_when_used)
{
	assert_false(use(1, 0));
	assert_int_equal(drain(100, 0), 1);
	for (uint64_t s = 1; s < 15; s++) {
		assert_true(use(1, 1000 * s));
		assert_int_equal(drain(100, 1000 * s), 0);
	}
	assert_true(use(1, 15000));
	assert_int_equal(drain(100, 15000), 1);
	for (uint64_t s = 16; s < 3600; s++)
		assert_int_equal(drain(100, 1000 * s), 0);
	assert_true(use(1, 3600000)); /* Better than nothing, and asked at once. */
	assert_int_equal(drain(100, 3600000), 1);
}

TEST(neighbour_says_when_the_next_request_is_due)
{
	struct qn_neighbour_request request;
	uint64_t due_us = QN_NEIGHBOUR_NEVER;
	const struct qn_address address = address_number(1);
	struct qn_neighbour_use found;
	uint8_t mac[6];

	found = qn_neighbours_use(&neighbours, &address, at_ms(0), mac);
	assert_false(found.known);
	assert_true(found.due_us == at_ms(0).mono.us);
	assert_true(qn_neighbours_next(&neighbours, at_ms(0), &request, &due_us));
	assert_true(due_us == QN_NEIGHBOUR_NEVER);
	assert_false(qn_neighbours_next(&neighbours, at_ms(1), &request, &due_us));
	assert_true(due_us == at_ms(1000).mono.us);
	found = qn_neighbours_use(&neighbours, &address, at_ms(900), mac);
	assert_true(found.due_us == QN_NEIGHBOUR_NEVER); /* Wanted for longer a moment ago. */
	assert_int_equal(learn(1, true, 900), QN_NEIGHBOUR_LEARNED);
	found = qn_neighbours_use(&neighbours, &address, at_ms(1100), mac);
	assert_true(found.known);
	assert_true(found.due_us == at_ms(15900).mono.us);
}

TEST(neighbour_table_never_gives_away_what_is_in_use)
{
	uint32_t taken_count = 0;

	for (uint32_t i = 0; i < ADDRESS_COUNT; i++)
		(void)use(i, 0);
	for (uint32_t i = 0; i < ADDRESS_COUNT; i++)
		(void)use(i, 1);
	taken_count = drain(ADDRESS_COUNT, 1);
	assert_int_equal(taken_count, QN_NEIGHBOUR_COUNT);
	for (uint32_t i = 0; i < ADDRESS_COUNT; i++)
		taken_count -= use(i, 2);
	assert_int_equal(taken_count, 0);
}

/*
 * Somebody makes us ask for ever new addresses that do not exist: those in use stay, and no
 * more requests go out than there are entries, each second.
 */
TEST(neighbour_table_keeps_those_in_use_through_a_flood)
{
	const uint32_t friend_count = 20;
	uint32_t next = friend_count;

	for (uint32_t i = 0; i < friend_count; i++)
		assert_false(use(i, 0));
	assert_int_equal(drain(friend_count, 0), friend_count);
	for (uint64_t s = 1; s <= 60; s++) {
		for (uint32_t i = 0; i < friend_count; i++)
			assert_true(use(i, 1000 * s));
		for (uint32_t i = 0; i < 1000; i++) {
			(void)use(next, 1000 * s);
			next = next < 60000 ? next + 1 : friend_count;
		}
		assert_in_range(drain(friend_count, 1000 * s), 1, QN_NEIGHBOUR_COUNT);
	}
}

/* The set of entries that an address may be in: found by looking where it goes. */
static uint32_t
set_of_number(uint32_t number)
{
	uint32_t index = 0;

	setup(NULL);
	(void)use(number, 0);
	while (atomic_load(&neighbours.entries[index].wanted_until_us) == 0)
		index++;
	return index / WAY_COUNT;
}

/* Though the known ones were wanted longest ago, they need not be asked for again. */
TEST(neighbour_table_gives_away_the_unresolved_first)
{
	uint32_t numbers[2 * WAY_COUNT + 1], count = 0;

	for (uint32_t number = 0; count < COUNT_OF(numbers); number++)
		if (set_of_number(number) == 0)
			numbers[count++] = number;
	setup(NULL);
	for (uint32_t i = 0; i < 4; i++)
		assert_false(use(numbers[i], 0));
	assert_int_equal(drain(ADDRESS_COUNT, 0), 4);
	for (uint32_t i = 4; i < 8; i++)
		assert_false(use(numbers[i], 5000));
	assert_int_equal(drain(0, 5000), 4);
	for (uint32_t i = 8; i < 12; i++)
		assert_false(use(numbers[i], 10000));
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(learn(numbers[i], false, 10000),
		    i < 4 || i >= 8 ? QN_NEIGHBOUR_LEARNED : QN_NEIGHBOUR_STRANGER);
	for (uint32_t i = 12; i < 17; i++) /* The known go last, and those in use stay. */
		assert_false(use(numbers[i], 10000));
	for (uint32_t i = 0; i < 17; i++)
		assert_int_equal(learn(numbers[i], false, 10000),
		    i >= 8 && i < 16 ? QN_NEIGHBOUR_LEARNED : QN_NEIGHBOUR_STRANGER);
}

TEST(neighbour_is_forgotten_with_its_entry)
{
	assert_false(use(1, 0));
	assert_int_equal(drain(10, 0), 1);
	for (uint32_t i = 100; i < 2000; i++)
		(void)use(i, 10000);
	assert_int_equal(learn(1, false, 10000), QN_NEIGHBOUR_STRANGER);
	assert_false(use(1, 20000));
}

TEST(neighbour_gateways_survive_any_flood)
{
	uint8_t mac[6], expected[6];
	const struct qn_address gateway = address_number(1);

	qn_neighbours_add_gateway(&neighbours, &gateway);
	assert_int_equal(qn_neighbours_gateway(&neighbours, mac), -1);
	assert_int_equal(drain(2, 0), 1);
	for (uint32_t i = 2; i < 60000; i++)
		(void)use(i, 100000 + i);
	assert_int_equal(qn_neighbours_gateway(&neighbours, mac), 0);
	mac_of(1, expected);
	assert_memory_equal(mac, expected, 6);
	assert_int_equal(drain(2, 200000) > 0, true);
	assert_true(qn_neighbours_resolved(&neighbours, at_ms(200000)));
}

/* Asked again after 15 s, then each second: the sixth request finds it silent. */
TEST(neighbour_gateway_that_falls_silent_is_not_resolved)
{
	const struct qn_address first = address_number(1), second = address_number(2);

	qn_neighbours_add_gateway(&neighbours, &first);
	qn_neighbours_add_gateway(&neighbours, &second);
	assert_int_equal(drain(3, 0), 2);
	for (uint64_t ms = 15000; ms < 20000; ms += 1000) {
		assert_int_equal(drain(0, ms), 2);
		assert_true(qn_neighbours_resolved(&neighbours, at_ms(ms)));
	}
	assert_int_equal(drain(0, 20000), 2);
	assert_false(qn_neighbours_resolved(&neighbours, at_ms(20000)));
	assert_int_equal(learn(2, true, 20500), QN_NEIGHBOUR_LEARNED);
	assert_true(qn_neighbours_resolved(&neighbours, at_ms(20500)));
	/* Without requests, as when nobody turns, the proof is of some use for 30 s. */
	assert_true(qn_neighbours_resolved(&neighbours, at_ms(50499)));
	assert_false(qn_neighbours_resolved(&neighbours, at_ms(50500)));
}

TEST(neighbour_accepts_two_gateways_of_its_family)
{
	const struct qn_address first = address_number(1), second = address_number(2);
	const struct qn_address other_family = address_of("10.0.0.1");

	assert_is_bug(qn_neighbours_add_gateway(&neighbours, &other_family));
	qn_neighbours_add_gateway(&neighbours, &first);
	qn_neighbours_add_gateway(&neighbours, &second);
	assert_is_bug(qn_neighbours_add_gateway(&neighbours, &first));
}

/* What each thread does for a while: use, ask and answer, all over a table too small. */
static void *
worker(void *argument)
{
	uint32_t number = (uint32_t)(uintptr_t)argument;
	uint64_t wrong_count = 0;

	for (uint64_t turn = 0; turn < TURN_COUNT; turn++) {
		const struct qn_now now = at_ms(turn * 10);
		struct qn_neighbour_request request;
		uint64_t due_us = QN_NEIGHBOUR_NEVER;
		struct qn_address address;
		uint8_t mac[6], expected[6];

		number = (number * 1103515245 + 12345) % ADDRESS_COUNT;
		address = address_number(number);
		mac_of(number, expected);
		if (qn_neighbours_use(&neighbours, &address, now, mac).known)
			wrong_count += memcmp(mac, expected, 6) != 0;
		if (turn % 8 == 0 && qn_neighbours_next(&neighbours, now, &request, &due_us))
			(void)learn(number_of(&request.address), true, turn * 10);
	}
	return (void *)(uintptr_t)wrong_count;
}

TEST(neighbour_never_has_the_station_of_another)
{
	pthread_t threads[THREAD_COUNT];

	for (uint32_t i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, worker, (void *)(uintptr_t)(i + 1)), 0);
	for (uint32_t i = 0; i < THREAD_COUNT; i++) {
		void *wrong_count;

		assert_int_equal(pthread_join(threads[i], &wrong_count), 0);
		assert_int_equal((uintptr_t)wrong_count, 0);
	}
}

static void *
take_requests(void *argument)
{
	struct qn_neighbour_request request;
	uint64_t due_us = QN_NEIGHBOUR_NEVER;
	uintptr_t count = 0;

	(void)argument;
	for (uint32_t i = 0; i < QN_NEIGHBOUR_COUNT; i++)
		count += qn_neighbours_next(&neighbours, at_ms(0), &request, &due_us);
	return (void *)count;
}

TEST(neighbour_requests_are_given_out_once)
{
	pthread_t threads[THREAD_COUNT];
	uintptr_t total = 0;
	uint32_t added = 0;

	for (uint32_t i = 0; i < 100; i++)
		(void)use(i, 0);
	for (uint32_t i = 0; i < QN_NEIGHBOUR_COUNT; i++)
		added += (atomic_load(&neighbours.entries[i].wanted_until_us) != 0);
	for (uint32_t i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_requests, NULL), 0);
	for (uint32_t i = 0; i < THREAD_COUNT; i++) {
		void *count;

		assert_int_equal(pthread_join(threads[i], &count), 0);
		total += (uintptr_t)count;
	}
	assert_int_equal(total, added);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(neighbour_is_asked_for_while_wanted, setup),
	    cmocka_unit_test_setup(neighbour_is_asked_again_only_when_used, setup),
	    cmocka_unit_test_setup(neighbour_says_when_the_next_request_is_due, setup),
	    cmocka_unit_test_setup(neighbour_table_never_gives_away_what_is_in_use, setup),
	    cmocka_unit_test_setup(neighbour_table_keeps_those_in_use_through_a_flood, setup),
	    cmocka_unit_test_setup(neighbour_table_gives_away_the_unresolved_first, setup),
	    cmocka_unit_test_setup(neighbour_is_forgotten_with_its_entry, setup),
	    cmocka_unit_test_setup(neighbour_gateways_survive_any_flood, setup),
	    cmocka_unit_test_setup(neighbour_gateway_that_falls_silent_is_not_resolved, setup),
	    cmocka_unit_test_setup(neighbour_accepts_two_gateways_of_its_family, setup),
	    cmocka_unit_test_setup(neighbour_never_has_the_station_of_another, setup),
	    cmocka_unit_test_setup(neighbour_requests_are_given_out_once, setup),
	};

	return cmocka_run_group_tests_name("neighbour", tests, NULL, NULL);
}
