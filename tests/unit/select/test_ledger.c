/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/ledger.h"
#include "support/test.h"

#include <string.h>

static _Alignas(QN_ARENA_ALIGN) uint8_t memory[1u << 20];

static struct qn_ledger
ledger_new(uint32_t server_count)
{
	struct qn_arena arena = qn_arena_over((struct qn_span){memory, sizeof(memory)});
	struct qn_ledger ledger;

	qn_ledger_init(&ledger, &arena, server_count, (struct qn_hash_key){3, 4});
	return ledger;
}

static struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return address;
}

/* Address number `number`, of either family. */
static struct qn_address
address_number(uint32_t number)
{
	const uint8_t octets[16] = {
	    10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return number % 2 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
}

static struct qn_now
at_s(uint64_t s)
{
	return test_now_us(s * QN_US_PER_S);
}

static const struct qn_server *
replied(struct qn_ledger *ledger, const struct qn_address *address, uint32_t rtt_us)
{
	qn_ledger_replied(ledger, address, rtt_us, at_s(1));
	return qn_ledger_find(ledger, address);
}

/* RFC 6298 s2.2 and s2.3. */
TEST(ledger_smooths_round_trips)
{
	struct qn_ledger ledger = ledger_new(64);
	const struct qn_address address = address_of("192.0.2.1");
	struct qn_random random = test_random(1);
	double srtt = 80000;
	double rttvar = 40000;

	assert_null(qn_ledger_find(&ledger, &address));
	const struct qn_server *server = replied(&ledger, &address, 80000);

	assert_true(server->measured);
	assert_int_equal(server->srtt_us, 80000);
	assert_int_equal(server->rttvar_us, 40000);
	for (unsigned i = 0; i < 2000; i++) {
		const uint32_t rtt_us = 1000 + qn_random_below(&random, i < 1000 ? 200000 : 5000);
		const double off = srtt > rtt_us ? srtt - rtt_us : rtt_us - srtt;

		rttvar = rttvar * 3 / 4 + off / 4;
		srtt = srtt * 7 / 8 + rtt_us / 8.0;
		server = replied(&ledger, &address, rtt_us);
		assert_true(server->srtt_us > srtt - 20 && server->srtt_us < srtt + 20);
		assert_true(server->rttvar_us > rttvar - 40 && server->rttvar_us < rttvar + 40);
	}
}

TEST(ledger_takes_any_round_trip)
{
	static const uint32_t rtts[] = {0, UINT32_MAX, 0, 1, UINT32_MAX, UINT32_MAX};
	struct qn_ledger ledger = ledger_new(64);
	const struct qn_address address = address_of("2001:db8::1");
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t i = 0; i < COUNT_OF(rtts); i++) {
		const struct qn_server *server = replied(&ledger, &address, rtts[i]);

		least = rtts[i] < least ? rtts[i] : least;
		most = rtts[i] > most ? rtts[i] : most;
		assert_in_range(server->srtt_us, least, most);
	}
}

/* One silence may be a loss; from the second on it is avoided, longer each time. */
TEST(ledger_avoids_the_silent)
{
	static const uint32_t avoided_s[] = {0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct qn_ledger ledger = ledger_new(64);
	const struct qn_address address = address_of("192.0.2.1");
	const struct qn_server *server;

	for (uint32_t i = 0; i < COUNT_OF(avoided_s); i++) {
		qn_ledger_timed_out(&ledger, &address, at_s(100));
		server = qn_ledger_find(&ledger, &address);
		assert_int_equal(server->timeouts, i + 1);
		assert_false(server->measured);
		assert_int_equal(server->avoid_until.us,
		    avoided_s[i] == 0 ? 0 : at_s(100 + avoided_s[i]).mono.us);
	}
	/* Trusted again at once. */
	server = replied(&ledger, &address, 1000);
	assert_int_equal(server->timeouts, 0);
	assert_true(server->avoid_until.us <= at_s(1).mono.us);
	qn_ledger_timed_out(&ledger, &address, at_s(200));
	assert_true(qn_ledger_find(&ledger, &address)->avoid_until.us < at_s(200).mono.us);
}

TEST(ledger_counts_no_further_than_it_can)
{
	struct qn_ledger ledger = ledger_new(64);
	const struct qn_address address = address_of("192.0.2.1");

	for (uint32_t i = 0; i < 70000; i++)
		qn_ledger_timed_out(&ledger, &address, at_s(1));
	assert_int_equal(qn_ledger_find(&ledger, &address)->timeouts, UINT16_MAX);
	assert_int_equal(qn_ledger_find(&ledger, &address)->avoid_until.us, at_s(61).mono.us);
}

TEST(ledger_remembers_manners)
{
	struct qn_ledger ledger = ledger_new(64);
	const struct qn_address one = address_of("192.0.2.1");
	const struct qn_address two = address_of("192.0.2.2");
	const uint8_t cookie[QN_SERVER_COOKIE_MAX] = {1, 2, 3};
	const struct qn_server *server;

	qn_ledger_set_no_edns(&ledger, &one, at_s(1));
	qn_ledger_set_no_case(&ledger, &two, at_s(1));
	qn_ledger_set_cookie(&ledger, &two, (struct qn_view){cookie, sizeof(cookie)}, at_s(1));
	server = replied(&ledger, &one, 1000);
	assert_true(server->no_edns && !server->no_case && server->cookie_len == 0);
	qn_ledger_timed_out(&ledger, &two, at_s(1));
	server = qn_ledger_find(&ledger, &two);
	assert_true(!server->no_edns && server->no_case && !server->measured);
	assert_int_equal(server->cookie_len, sizeof(cookie));
	assert_memory_equal(server->cookie, cookie, sizeof(cookie));
	/* A shorter one takes its place. */
	qn_ledger_set_cookie(&ledger, &two, (struct qn_view){cookie, 8}, at_s(1));
	assert_int_equal(server->cookie_len, 8);
}

/* The same leading octets in both families are two servers. */
TEST(ledger_tells_families_apart)
{
	struct qn_ledger ledger = ledger_new(64);
	const struct qn_address ipv4 = address_of("192.0.2.1");
	const struct qn_address ipv6 = address_of("c000:201::");

	(void)replied(&ledger, &ipv4, 1000);
	assert_null(qn_ledger_find(&ledger, &ipv6));
	(void)replied(&ledger, &ipv6, 2000);
	assert_int_equal(qn_ledger_find(&ledger, &ipv4)->srtt_us, 1000);
	assert_int_equal(qn_ledger_find(&ledger, &ipv6)->srtt_us, 2000);
}

/* One set of four: who was used longest ago makes room, and leaves nothing to the next. */
TEST(ledger_forgets_the_least_used)
{
	struct qn_ledger ledger = ledger_new(4);

	for (uint32_t i = 0; i < 4; i++) {
		const struct qn_address address = address_number(i);

		qn_ledger_replied(&ledger, &address, 1000 + i, at_s(10 + i));
		qn_ledger_set_no_edns(&ledger, &address, at_s(10 + i));
	}
	const struct qn_address first = address_number(0);
	const struct qn_address second = address_number(1);
	const struct qn_address newcomer = address_number(4);

	qn_ledger_timed_out(&ledger, &first, at_s(20));
	qn_ledger_timed_out(&ledger, &newcomer, at_s(21));
	assert_null(qn_ledger_find(&ledger, &second));
	for (uint32_t i = 0; i <= 4; i++) {
		const struct qn_address address = address_number(i);
		const struct qn_server *server = qn_ledger_find(&ledger, &address);

		assert_int_equal(server != NULL, i != 1);
		if (i == 4)
			assert_true(!server->measured && !server->no_edns && server->timeouts == 1);
	}
}

/* Few addresses are lost before the ledger is full, and the memory is what was promised. */
TEST(ledger_has_room)
{
	static const uint32_t counts[] = {1, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4096};

	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct qn_arena arena = qn_arena_measure();
		struct qn_ledger ledger;

		qn_ledger_init(&ledger, &arena, counts[i], (struct qn_hash_key){3, 4});
		assert_true(arena.used >= counts[i] * sizeof(struct qn_server));
	}
	struct qn_ledger ledger = ledger_new(4096);
	uint32_t found = 0;

	for (uint32_t i = 0; i < 2048; i++) {
		const struct qn_address address = address_number(i);

		qn_ledger_replied(&ledger, &address, i, at_s(1));
	}
	for (uint32_t i = 0; i < 2048; i++) {
		const struct qn_address address = address_number(i);
		const struct qn_server *server = qn_ledger_find(&ledger, &address);

		found += server != NULL;
		assert_true(server == NULL || server->srtt_us == i);
	}
	assert_true(found > 2048 * 9 / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ledger_smooths_round_trips),
	    cmocka_unit_test(ledger_takes_any_round_trip),
	    cmocka_unit_test(ledger_avoids_the_silent),
	    cmocka_unit_test(ledger_counts_no_further_than_it_can),
	    cmocka_unit_test(ledger_remembers_manners),
	    cmocka_unit_test(ledger_tells_families_apart),
	    cmocka_unit_test(ledger_forgets_the_least_used),
	    cmocka_unit_test(ledger_has_room),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
