/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"
#include "support/test.h"

struct vector {
	uint64_t k0, k1;
	size_t len; /* The input is the octets 0, 1, 2 and so on. */
	uint64_t hash;
};

/*
 * CPython's hash() of bytes objects is SipHash-1-3 since 3.11. These are its results under
 * PYTHONHASHSEED 0 (a zero key), 1 and 4242 (keys from its documented linear generator).
 */
static const struct vector cpython[] = {
    {0, 0, 1, 0x68a914128e01e473ull},
    {0, 0, 7, 0x2f098ab0c751325aull},
    {0, 0, 8, 0xead411e67ebe2eeaull},
    {0, 0, 9, 0x75927f9d95124362ull},
    {0, 0, 255, 0x5dc1f93ea135eb43ull},
    {0xaed66ce184be2329ull, 0xebe9bbf1f1499052ull, 1, 0xecd3e5afcecda4b9ull},
    {0xaed66ce184be2329ull, 0xebe9bbf1f1499052ull, 8, 0xc0b5739e7e28dd01ull},
    {0xaed66ce184be2329ull, 0xebe9bbf1f1499052ull, 15, 0xfa87985f39e97a53ull},
    {0xaed66ce184be2329ull, 0xebe9bbf1f1499052ull, 63, 0x542052345bc68274ull},
    {0xaed66ce184be2329ull, 0xebe9bbf1f1499052ull, 255, 0x523ab5ebe2e15f94ull},
    {0x41f6394f25dd9b43ull, 0xc64ae48da2032d08ull, 1, 0x0be90115f17947fcull},
    {0x41f6394f25dd9b43ull, 0xc64ae48da2032d08ull, 63, 0xa76bcb2b3279e9a8ull},
    {0x41f6394f25dd9b43ull, 0xc64ae48da2032d08ull, 255, 0xdbf688c2bd73bb00ull},
};

static void
octets_count_up(uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)i;
}

TEST(hash_agrees_with_cpython)
{
	uint8_t octets[256];

	octets_count_up(octets, sizeof(octets));
	for (size_t i = 0; i < COUNT_OF(cpython); i++) {
		const struct qn_hash_key key = {cpython[i].k0, cpython[i].k1};
		const uint64_t hash = qn_hash(&key, (struct qn_view){octets, cpython[i].len});

		assert_int_equal(hash, cpython[i].hash);
	}
}

/* CPython does not hash empty bytes; this is from a separate implementation of the paper. */
TEST(hash_of_nothing)
{
	const struct qn_hash_key key = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};

	assert_int_equal(qn_hash(&key, (struct qn_view){NULL, 0}), 0xabac0158050fc4dcull);
}

TEST(hash_of_words_is_that_of_their_octets)
{
	const struct qn_hash_key key = {1, 2};
	uint64_t words[33];

	octets_count_up((uint8_t *)words, sizeof(words));
	for (size_t count = 0; count <= COUNT_OF(words); count++)
		assert_int_equal(qn_hash_words(&key, words, count),
		    qn_hash(&key, (struct qn_view){(const uint8_t *)words, 8 * count}));
}

TEST(hash_does_not_depend_on_alignment)
{
	const struct qn_hash_key key = {1, 2};
	uint8_t aligned[64], shifted[64 + 8];

	octets_count_up(aligned, sizeof(aligned));
	for (size_t shift = 1; shift < 8; shift++) {
		octets_count_up(shifted + shift, sizeof(aligned));
		assert_int_equal(qn_hash(&key, (struct qn_view){aligned, sizeof(aligned)}),
		    qn_hash(&key, (struct qn_view){shifted + shift, sizeof(aligned)}));
	}
}

/* Every bit of the input and of the key changes about half of the result. */
TEST(hash_mixes)
{
	uint8_t octets[16] = {0};
	const struct qn_hash_key key = {0, 0};
	const struct qn_view view = {octets, sizeof(octets)};
	const uint64_t base = qn_hash(&key, view);
	unsigned changed = 0;

	for (unsigned bit = 0; bit < 128; bit++) {
		octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
		const unsigned by_input =
		    (unsigned)__builtin_popcountll(base ^ qn_hash(&key, view));

		octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
		const struct qn_hash_key other = {
		    bit < 64 ? 1ull << bit : 0, bit < 64 ? 0 : 1ull << (bit - 64)};
		const unsigned by_key =
		    (unsigned)__builtin_popcountll(base ^ qn_hash(&other, view));

		assert_in_range(by_input, 12, 52);
		assert_in_range(by_key, 12, 52);
		changed += by_input + by_key;
	}
	assert_in_range(changed, 256 * 30, 256 * 34);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hash_agrees_with_cpython),
	    cmocka_unit_test(hash_of_nothing),
	    cmocka_unit_test(hash_of_words_is_that_of_their_octets),
	    cmocka_unit_test(hash_does_not_depend_on_alignment),
	    cmocka_unit_test(hash_mixes),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
