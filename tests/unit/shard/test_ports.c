/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/ports.h"
#include "support/test.h"

static struct qn_port_table table;

static uint16_t
claim(struct qn_random *random, uint16_t worker, uint32_t slot)
{
	const uint16_t port = qn_port_claim(&table, random, worker, slot);

	assert_in_range(port, QN_PORT_FIRST, 65535);
	return port;
}

static void
assert_owner(uint16_t port, uint16_t worker, uint32_t slot)
{
	uint16_t found_worker;
	uint32_t found_slot;

	assert_true(qn_port_owner(&table, port, &found_worker, &found_slot));
	assert_int_equal(found_worker, worker);
	assert_int_equal(found_slot, slot);
}

static bool
is_free(uint16_t port)
{
	uint16_t worker;
	uint32_t slot;

	return !qn_port_owner(&table, port, &worker, &slot);
}

TEST(port_is_claimed_and_released)
{
	static const struct {
		uint16_t worker;
		uint32_t slot;
	} owners[] = {{0, 0}, {0, 1}, {63, 0xffffff}, {254, 0xffffff}};
	struct qn_random random = test_random(1);

	qn_port_table_init(&table);
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		assert_true(is_free((uint16_t)port));
	for (size_t i = 0; i < COUNT_OF(owners); i++) {
		const uint16_t port = claim(&random, owners[i].worker, owners[i].slot);

		assert_owner(port, owners[i].worker, owners[i].slot);
		qn_port_release(&table, port, owners[i].worker, owners[i].slot);
		assert_true(is_free(port));
	}
}

TEST(port_belongs_to_its_owner)
{
	struct qn_random random = test_random(1);

	qn_port_table_init(&table);
	const uint16_t port = claim(&random, 1, 2);

	assert_is_bug(qn_port_release(&table, port, 1, 3));
	assert_is_bug(qn_port_release(&table, port, 2, 2));
	assert_owner(port, 1, 2);
	qn_port_release(&table, port, 1, 2);
	assert_is_bug(qn_port_release(&table, port, 1, 2));
	/* These would read as a free port, or as another's. */
	assert_is_bug(claim(&random, 255, 0));
	assert_is_bug(claim(&random, 0, 1u << 24));
}

/* All workers draw from all ports; no port is given out twice, until hardly one is left. */
TEST(port_is_given_out_once)
{
	static uint32_t slots[65536]; /* Plus one; zero: not given out. */
	struct qn_random random = test_random(2);
	uint32_t count = 0;

	qn_port_table_init(&table);
	for (uint32_t slot = 0; slot < 2 * QN_PORT_COUNT; slot++) {
		const uint16_t port = qn_port_claim(&table, &random, slot % 4, slot);

		if (port == 0)
			continue; /* 64 tries met taken ones only. */
		assert_true(port >= QN_PORT_FIRST);
		assert_int_equal(slots[port], 0);
		slots[port] = slot + 1;
		count++;
	}
	/* The last of 64 tries fails with 1 - 1/64512: nearly all have found their port. */
	assert_true(count > QN_PORT_COUNT * 98 / 100);
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		if (slots[port] == 0) {
			assert_true(is_free((uint16_t)port));
			continue;
		}
		const uint32_t slot = slots[port] - 1;

		assert_owner((uint16_t)port, slot % 4, slot);
		qn_port_release(&table, (uint16_t)port, slot % 4, slot);
	}
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		assert_true(is_free((uint16_t)port));
}

TEST(port_claim_says_when_there_is_none)
{
	struct qn_random random = test_random(3);

	for (uint32_t i = 0; i < QN_PORT_COUNT; i++)
		atomic_init(&table.owners[i], 7);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(qn_port_claim(&table, &random, 0, 0), 0);
	/* The last one is still found, now and then. */
	atomic_init(&table.owners[QN_PORT_COUNT - 1], QN_PORT_FREE);
	uint16_t port = 0;

	for (unsigned i = 0; i < 100000 && port == 0; i++)
		port = qn_port_claim(&table, &random, 0, 0);
	assert_int_equal(port, 65535);
}

/* Sum over `bin_count` equal bins of (seen - expected)^2 / expected. */
static double
chi_square(const uint32_t *seen, uint32_t bin_count, double expected)
{
	double sum = 0;

	for (uint32_t i = 0; i < bin_count; i++)
		sum += (seen[i] - expected) * (seen[i] - expected) / expected;
	return sum;
}

/* RFC 5452 s9.2: every port from 1024 to 65535, one as likely as any other. */
TEST(ports_are_drawn_evenly)
{
	static uint32_t seen[QN_PORT_COUNT];
	static uint32_t bins[64];
	struct qn_random random = test_random(4);
	const uint32_t draws = 20 * QN_PORT_COUNT;
	uint32_t never = 0;

	qn_port_table_init(&table);
	for (uint32_t i = 0; i < draws; i++) {
		const uint16_t port = claim(&random, 1, 1);

		seen[port - QN_PORT_FIRST]++;
		bins[(port - QN_PORT_FIRST) / (QN_PORT_COUNT / 64)]++;
		qn_port_release(&table, port, 1, 1);
	}
	for (uint32_t i = 0; i < QN_PORT_COUNT; i++)
		never += seen[i] == 0;
	/* Each is missed with probability e^-20. */
	assert_int_equal(never, 0);
	/* Mean and 6 standard deviations of chi-square with so many degrees of freedom. */
	const double most = QN_PORT_COUNT - 1 + 6 * 359.2;
	const double least = QN_PORT_COUNT - 1 - 6 * 359.2;
	const double fine = chi_square(seen, QN_PORT_COUNT, 20);
	const double coarse = chi_square(bins, 64, draws / 64.0);

	assert_true(fine > least && fine < most);
	assert_true(coarse < 63 + 6 * 11.2);
}

/* With half of the ports taken the others are still drawn evenly. */
TEST(ports_are_drawn_evenly_among_the_free)
{
	static uint32_t bins[64];
	struct qn_random random = test_random(5);
	const uint32_t draws = 640000;

	qn_port_table_init(&table);
	for (uint32_t i = 0; i < QN_PORT_COUNT; i += 2)
		atomic_init(&table.owners[i], 7);
	for (uint32_t i = 0; i < draws; i++) {
		const uint16_t port = claim(&random, 1, 1);

		assert_int_equal(port % 2, 1);
		bins[(port - QN_PORT_FIRST) / (QN_PORT_COUNT / 64)]++;
		qn_port_release(&table, port, 1, 1);
	}
	assert_true(chi_square(bins, 64, draws / 64.0) < 63 + 6 * 11.2);
}

/* What is kept for the kernel is never drawn and nobody's, and what is below the first is kept. */
TEST(port_is_kept_for_others)
{
	struct qn_random random = test_random(6);

	qn_port_table_init(&table);
	for (uint32_t port = QN_PORT_FIRST; port < 65535; port++)
		qn_port_keep(&table, (uint16_t)port);
	assert_is_bug(qn_port_keep(&table, QN_PORT_FIRST - 1));
	assert_true(qn_port_kept(&table, 0));
	assert_true(qn_port_kept(&table, QN_PORT_FIRST - 1));
	assert_true(qn_port_kept(&table, QN_PORT_FIRST));
	assert_false(qn_port_kept(&table, 65535));
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		assert_true(is_free((uint16_t)port));
	for (unsigned i = 0; i < 100000; i++) {
		const uint16_t port = qn_port_claim(&table, &random, 0, 0);

		if (port == 0)
			continue;
		assert_int_equal(port, 65535);
		qn_port_release(&table, port, 0, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(port_is_claimed_and_released),
	    cmocka_unit_test(port_belongs_to_its_owner),
	    cmocka_unit_test(port_is_given_out_once),
	    cmocka_unit_test(port_claim_says_when_there_is_none),
	    cmocka_unit_test(port_is_kept_for_others),
	    cmocka_unit_test(ports_are_drawn_evenly),
	    cmocka_unit_test(ports_are_drawn_evenly_among_the_free),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
