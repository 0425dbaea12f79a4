/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"
#include "support/test.h"

#include <string.h>

#define BUFFER_LEN 512 /* Eight ChaCha20 blocks; the first half of the first is the next key. */
#define KEY_LEN    32

static const uint8_t zero_seed[QN_RANDOM_SEED_LEN];

static struct qn_random
generator(const uint8_t seed[QN_RANDOM_SEED_LEN])
{
	struct qn_random random;

	qn_random_init(&random, seed);
	return random;
}

static void
assert_stream(const uint8_t *octets, const char *hex)
{
	uint8_t room[64];
	const struct qn_view expected = test_hex((struct qn_span){room, sizeof(room)}, hex);

	assert_memory_equal(octets, expected.data, expected.len);
}

/* RFC 8439 A.1, vectors 1 and 2: a zero key, blocks 0 and 1. */
TEST(random_is_chacha20_of_a_zero_key)
{
	struct qn_random random = generator(zero_seed);
	uint8_t octets[96];

	qn_random_fill(&random, (struct qn_span){octets, sizeof(octets)});
	assert_stream(octets, "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
	assert_stream(octets + 32,
	    "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
	    "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

/* RFC 8439 A.1, vector 4: block 2 under a key whose second octet is ff. */
TEST(random_is_chacha20_of_a_nonzero_key)
{
	const uint8_t seed[QN_RANDOM_SEED_LEN] = {0x00, 0xff};
	struct qn_random random = generator(seed);
	uint8_t octets[3 * 64 - KEY_LEN];

	qn_random_fill(&random, (struct qn_span){octets, sizeof(octets)});
	assert_stream(octets + 2 * 64 - KEY_LEN,
	    "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
	    "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096");
}

/* The second buffer is keyed by the unseen front of the first (computed separately). */
TEST(random_takes_its_next_key_from_the_buffer)
{
	struct qn_random random = generator(zero_seed);
	uint8_t octets[2 * (BUFFER_LEN - KEY_LEN)];

	qn_random_fill(&random, (struct qn_span){octets, sizeof(octets)});
	assert_stream(octets + BUFFER_LEN - KEY_LEN,
	    "afbdad2845b93cdbb2fe6463d2fe162adae0f6e676f0494218f5ce0596e79f5c");
	assert_stream(octets + sizeof(octets) - 16, "d5437100330884029d0952ecbe341456");
}

TEST(random_stream_is_the_same_in_any_portions)
{
	struct qn_random whole = generator(zero_seed);
	struct qn_random parts = generator(zero_seed);
	uint8_t expected[3000], got[3000];

	qn_random_fill(&whole, (struct qn_span){expected, sizeof(expected)});
	for (size_t at = 0, part = 1; at < sizeof(got); part = part * 3 % 97 + 1) {
		const size_t len = part < sizeof(got) - at ? part : sizeof(got) - at;

		qn_random_fill(&parts, (struct qn_span){got + at, len});
		at += len;
	}
	assert_memory_equal(got, expected, sizeof(got));
}

/* Whoever reads the state later cannot tell what was given out before. */
TEST(random_wipes_what_it_gave_out)
{
	struct qn_random random = generator(zero_seed);
	uint8_t octets[200];
	static const uint8_t zeros[KEY_LEN + sizeof(octets)];

	qn_random_fill(&random, (struct qn_span){octets, sizeof(octets)});
	assert_int_equal(random.used, KEY_LEN + sizeof(octets));
	assert_memory_equal(random.buffer, zeros, sizeof(zeros));
	assert_memory_not_equal(random.key, zero_seed, KEY_LEN);
}

TEST(random_numbers_are_the_stream)
{
	struct qn_random numbers = generator(zero_seed);
	struct qn_random octets = generator(zero_seed);
	uint8_t expected[12];
	uint32_t u32;
	uint64_t u64;

	qn_random_fill(&octets, (struct qn_span){expected, sizeof(expected)});
	u32 = qn_random_u32(&numbers);
	u64 = qn_random_u64(&numbers);
	assert_memory_equal(&u32, expected, sizeof(u32));
	assert_memory_equal(&u64, expected + sizeof(u32), sizeof(u64));
}

/* Chi-square of `draws` numbers below `bound`. */
static double
chi_square(struct qn_random *random, uint32_t bound, unsigned draws)
{
	unsigned counts[128] = {0};
	const double expected = (double)draws / bound;
	double sum = 0;

	assert_true(bound <= COUNT_OF(counts));
	for (unsigned i = 0; i < draws; i++) {
		const uint32_t value = qn_random_below(random, bound);

		assert_true(value < bound);
		counts[value]++;
	}
	for (uint32_t value = 0; value < bound; value++)
		sum += (counts[value] - expected) * (counts[value] - expected) / expected;
	return sum;
}

/* Limits are the 0.01 % points of the distribution with bound - 1 degrees of freedom. */
TEST(random_below_is_even)
{
	struct qn_random random = generator(zero_seed);

	assert_true(chi_square(&random, 2, 100000) < 15.2);
	assert_true(chi_square(&random, 3, 100000) < 18.5);
	assert_true(chi_square(&random, 10, 100000) < 33.8);
	assert_true(chi_square(&random, 100, 100000) < 160.1);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(qn_random_below(&random, 1), 0);
}

/* Without the rejection, multiples of 3 would come half of the time here instead of a third. */
TEST(random_below_has_no_bias_at_large_bounds)
{
	const uint32_t bound = 3u << 30;
	struct qn_random random = generator(zero_seed);
	unsigned residues[3] = {0};

	for (unsigned i = 0; i < 30000; i++)
		residues[qn_random_below(&random, bound) % 3]++;
	for (unsigned residue = 0; residue < 3; residue++)
		assert_in_range(residues[residue], 9650, 10350);
}

TEST(random_below_zero_is_a_bug)
{
	struct qn_random random = generator(zero_seed);

	assert_is_bug(qn_random_below(&random, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_is_chacha20_of_a_zero_key),
	    cmocka_unit_test(random_is_chacha20_of_a_nonzero_key),
	    cmocka_unit_test(random_takes_its_next_key_from_the_buffer),
	    cmocka_unit_test(random_stream_is_the_same_in_any_portions),
	    cmocka_unit_test(random_wipes_what_it_gave_out),
	    cmocka_unit_test(random_numbers_are_the_stream),
	    cmocka_unit_test(random_below_is_even),
	    cmocka_unit_test(random_below_has_no_bias_at_large_bounds),
	    cmocka_unit_test(random_below_zero_is_a_bug),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
