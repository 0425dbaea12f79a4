/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"

#include "policy/prefix_map.h"

#include <string.h>

#define ROUND_COUNT 200
#define PROBE_COUNT 400

static struct qn_prefix
prefix_of(const char *text)
{
	struct qn_prefix prefix;

	assert_true(qn_prefix_from_text(&prefix, text));
	return prefix;
}

static void
add(struct qn_prefix_map *map, const char *text, uint16_t value)
{
	const struct qn_prefix prefix = prefix_of(text);

	assert_true(qn_prefix_map_add(map, &prefix, value));
}

static uint16_t
find(const struct qn_prefix_map *map, const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return qn_prefix_map_find(map, &address);
}

TEST(an_empty_map_gives_nothing)
{
	static const struct qn_prefix_map map;

	assert_int_equal(find(&map, "0.0.0.0"), 0);
	assert_int_equal(find(&map, "255.255.255.255"), 0);
	assert_int_equal(find(&map, "::"), 0);
	assert_int_equal(find(&map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 0);
}

TEST(the_longest_prefix_counts_in_any_order)
{
	static const char *const prefixes[] = {"10.0.0.0/8", "10.40.0.0/16", "10.40.80.0/24"};
	static const uint8_t orders[][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		struct qn_prefix_map map = {0};

		for (size_t j = 0; j < COUNT_OF(prefixes); j++)
			add(&map, prefixes[orders[i][j]], (uint16_t)(orders[i][j] + 1));
		assert_int_equal(find(&map, "9.255.255.255"), 0);
		assert_int_equal(find(&map, "10.0.0.0"), 1);
		assert_int_equal(find(&map, "10.39.255.255"), 1);
		assert_int_equal(find(&map, "10.40.0.0"), 2);
		assert_int_equal(find(&map, "10.40.79.255"), 2);
		assert_int_equal(find(&map, "10.40.80.0"), 3);
		assert_int_equal(find(&map, "10.40.80.255"), 3);
		assert_int_equal(find(&map, "10.40.81.0"), 2);
		assert_int_equal(find(&map, "10.41.0.0"), 1);
		assert_int_equal(find(&map, "11.0.0.0"), 0);
	}
}

TEST(families_are_apart)
{
	struct qn_prefix_map map = {0};

	add(&map, "::/0", 6);
	assert_int_equal(find(&map, "10.0.0.1"), 0);
	add(&map, "0.0.0.0/0", 4);
	add(&map, "::10.0.0.0/104", 7);
	assert_int_equal(find(&map, "10.0.0.1"), 4);
	assert_int_equal(find(&map, "255.255.255.255"), 4);
	assert_int_equal(find(&map, "::10.0.0.1"), 7);
	assert_int_equal(find(&map, "::ffff:10.0.0.1"), 6);
	assert_int_equal(find(&map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 6);
	assert_int_equal(qn_prefix_map_find(&map, &(struct qn_address){0}), 0);
}

TEST(edges_of_an_address)
{
	struct qn_prefix_map map = {0};

	add(&map, "255.255.255.255", 1);
	add(&map, "0.0.0.0", 2);
	add(&map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 3);
	add(&map, "2001:db8::/64", 4);
	assert_int_equal(find(&map, "255.255.255.254"), 0);
	assert_int_equal(find(&map, "255.255.255.255"), 1);
	assert_int_equal(find(&map, "0.0.0.0"), 2);
	assert_int_equal(find(&map, "0.0.0.1"), 0);
	assert_int_equal(find(&map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 0);
	assert_int_equal(find(&map, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 3);
	assert_int_equal(find(&map, "2001:db8::ffff:ffff:ffff:ffff"), 4);
	assert_int_equal(find(&map, "2001:db8:0:1::"), 0);
}

TEST(bits_behind_the_length_do_not_count)
{
	struct qn_prefix_map map = {0};

	add(&map, "10.1.2.3/8", 1);
	assert_int_equal(find(&map, "10.0.0.0"), 1);
	assert_int_equal(find(&map, "10.255.255.255"), 1);
	assert_int_equal(find(&map, "11.0.0.0"), 0);
}

TEST(the_last_value_of_a_prefix_counts)
{
	struct qn_prefix_map map = {0};

	add(&map, "10.0.0.0/8", 1);
	add(&map, "10.1.0.0/16", 2);
	add(&map, "10.0.0.0/8", 3);
	assert_int_equal(find(&map, "10.0.0.0"), 3);
	assert_int_equal(find(&map, "10.1.0.0"), 2);
}

/* Single addresses with gaps between them: no map needs more ranges. */
TEST(a_full_map)
{
	struct qn_prefix_map map = {0};
	struct qn_prefix prefix = prefix_of("10.0.0.1");

	for (unsigned i = 0; i < QN_PREFIX_MAP_MAX; i++) {
		prefix = prefix_of(i % 2 == 0 ? "10.0.0.1" : "2001:db8::1");
		prefix.address.octets[1] = (uint8_t)(i >> 8);
		prefix.address.octets[2] = (uint8_t)i;
		assert_true(qn_prefix_map_add(&map, &prefix, (uint16_t)(i + 1)));
	}
	const struct qn_prefix_map before = map;

	prefix = prefix_of("192.0.2.1");
	assert_false(qn_prefix_map_add(&map, &prefix, 1));
	assert_memory_equal(&map, &before, sizeof(map));
	for (unsigned i = 0; i < QN_PREFIX_MAP_MAX; i++) {
		prefix = prefix_of(i % 2 == 0 ? "10.0.0.1" : "2001:db8::1");
		prefix.address.octets[1] = (uint8_t)(i >> 8);
		prefix.address.octets[2] = (uint8_t)i;
		assert_int_equal(qn_prefix_map_find(&map, &prefix.address), i + 1);
	}
}

/* Addresses that agree in their first octets, so that prefixes nest. */
static struct qn_address
draw_address(struct qn_random *random, uint8_t family)
{
	struct qn_address address = {.family = family};

	for (size_t i = 0; i < qn_family_octets(family); i++)
		if (qn_random_below(random, 4) == 0)
			address.octets[i] = (uint8_t)qn_random_below(random, 256);
	return address;
}

static uint16_t
find_slowly(const struct qn_prefix *prefixes, unsigned count, const struct qn_address *address)
{
	unsigned bits = 0;
	uint16_t value = 0;

	for (unsigned i = 0; i < count; i++)
		if (qn_prefix_contains(&prefixes[i], address) &&
		    prefixes[i].len_bits + 1u >= bits) {
			bits = prefixes[i].len_bits + 1u;
			value = (uint16_t)(i + 1);
		}
	return value;
}

TEST(agrees_with_a_slow_search)
{
	struct qn_random random = test_random(7);
	struct qn_prefix prefixes[64];

	for (unsigned round = 0; round < ROUND_COUNT; round++) {
		const unsigned count = 1 + qn_random_below(&random, COUNT_OF(prefixes));
		struct qn_prefix_map map = {0};

		for (unsigned i = 0; i < count; i++) {
			const uint8_t family =
			    qn_random_below(&random, 2) ? QN_FAMILY_IPV6 : QN_FAMILY_IPV4;
			const uint32_t bits = (uint32_t)qn_family_octets(family) * 8;

			prefixes[i].address = draw_address(&random, family);
			prefixes[i].len_bits = (uint8_t)qn_random_below(&random, bits + 1);
			assert_true(qn_prefix_map_add(&map, &prefixes[i], (uint16_t)(i + 1)));
		}
		for (unsigned i = 0; i < PROBE_COUNT; i++) {
			const struct qn_address address =
			    draw_address(&random, i % 2 == 0 ? QN_FAMILY_IPV4 : QN_FAMILY_IPV6);

			assert_int_equal(qn_prefix_map_find(&map, &address),
			    find_slowly(prefixes, count, &address));
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_map_gives_nothing),
	    cmocka_unit_test(the_longest_prefix_counts_in_any_order),
	    cmocka_unit_test(families_are_apart),
	    cmocka_unit_test(edges_of_an_address),
	    cmocka_unit_test(bits_behind_the_length_do_not_count),
	    cmocka_unit_test(the_last_value_of_a_prefix_counts),
	    cmocka_unit_test(a_full_map),
	    cmocka_unit_test(agrees_with_a_slow_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
