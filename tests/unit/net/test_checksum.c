/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/checksum.h"
#include "packets.h"

#include "base/endian.h"
#include "base/random.h"

#define LEN_MAX 300

static struct qn_random random_source;

static uint16_t
fast_sum(struct qn_view bytes)
{
	return __builtin_bswap16(qn_checksum_fold(qn_checksum_add(0, bytes.data, bytes.len)));
}

TEST(checksum_is_that_of_rfc_1071)
{
	/* The example of RFC 1071 s3. */
	const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(fast_sum((struct qn_view){bytes, sizeof(bytes)}), 0xddf2);
}

TEST(checksum_agrees_with_the_naive_one_at_any_length_and_place)
{
	uint8_t bytes[LEN_MAX + 8];

	for (size_t len = 0; len <= LEN_MAX; len++)
		for (size_t at = 0; at < 8; at++) {
			const struct qn_view view = {bytes + at, len};

			qn_random_fill(&random_source, (struct qn_span){bytes, sizeof(bytes)});
			assert_int_equal(fast_sum(view), naive_sum(view));
		}
}

TEST(checksum_carries_out_of_every_word)
{
	uint8_t bytes[9216];
	const struct qn_view view = {bytes, sizeof(bytes)};

	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(fast_sum(view), 0xffff);
	bytes[sizeof(bytes) - 1] = 0xfe;
	assert_int_equal(fast_sum(view), naive_sum(view));
}

TEST(checksum_folds_any_sum)
{
	assert_int_equal(qn_checksum_fold(0), 0);
	assert_int_equal(qn_checksum_fold(0xffff), 0xffff);
	assert_int_equal(qn_checksum_fold(0x10000), 1);
	assert_int_equal(qn_checksum_fold(0xffffffffu), 0xffff);
	assert_int_equal(qn_checksum_fold(0xffffffffffffull), 0xffff);
	assert_int_equal(qn_checksum_fold(UINT64_MAX), 0xffff);
}

TEST(checksum_can_be_taken_in_parts)
{
	uint8_t bytes[64];
	const struct qn_view view = {bytes, sizeof(bytes)};

	qn_random_fill(&random_source, (struct qn_span){bytes, sizeof(bytes)});
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 2) {
		uint64_t sum = qn_checksum_add(0, bytes, cut);

		sum = qn_checksum_add(sum, bytes + cut, sizeof(bytes) - cut);
		assert_int_equal(__builtin_bswap16(qn_checksum_fold(sum)), naive_sum(view));
	}
}

TEST(checksum_stored_makes_the_sum_right)
{
	uint8_t bytes[20];

	qn_random_fill(&random_source, (struct qn_span){bytes, sizeof(bytes)});
	qn_store_be16(bytes + 10, 0);
	qn_checksum_store(bytes + 10, qn_checksum_add(0, bytes, sizeof(bytes)));
	assert_int_equal(naive_sum((struct qn_view){bytes, sizeof(bytes)}), QN_CHECKSUM_RIGHT);
}

int
main(void)
{
	const uint8_t seed[QN_RANDOM_SEED_LEN] = {7};
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checksum_is_that_of_rfc_1071),
	    cmocka_unit_test(checksum_agrees_with_the_naive_one_at_any_length_and_place),
	    cmocka_unit_test(checksum_carries_out_of_every_word),
	    cmocka_unit_test(checksum_folds_any_sum),
	    cmocka_unit_test(checksum_can_be_taken_in_parts),
	    cmocka_unit_test(checksum_stored_makes_the_sum_right),
	};

	qn_random_init(&random_source, seed);
	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
