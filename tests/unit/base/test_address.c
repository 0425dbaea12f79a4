/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/address.h"
#include "base/random.h"
#include "support/test.h"

#include <string.h>

static struct qn_address
address(const char *text)
{
	struct qn_address parsed;

	if (!qn_address_from_text(&parsed, text))
		fail_msg("not an address: %s", text);
	return parsed;
}

static struct qn_prefix
prefix(const char *text)
{
	struct qn_prefix parsed;

	if (!qn_prefix_from_text(&parsed, text))
		fail_msg("not a prefix: %s", text);
	return parsed;
}

/* What is read is written in the one form of RFC 5952. */
TEST(address_texts)
{
	static const char *const texts[][2] = {
	    {"0.0.0.0", "0.0.0.0"},
	    {"192.0.2.1", "192.0.2.1"},
	    {"255.100.99.10", "255.100.99.10"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"1::", "1::"},
	    {"0:0:0:0:0:0:0:0", "::"},
	    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},   /* RFC 5952 s4.2.3 */
	    {"2001:0db8::0001", "2001:db8::1"},              /* s4.1 */
	    {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},       /* s4.2.1 */
	    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* s4.2.2 */
	    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},         /* s4.2.3 */
	    {"2001:DB8::ABCD", "2001:db8::abcd"},            /* s4.3 */
	    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
	    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	    {"fe80::10:100:1000", "fe80::10:100:1000"},
	    {"::ffff:192.0.2.128", "::ffff:192.0.2.128"}, /* s5 */
	    {"::ffff:c000:280", "::ffff:192.0.2.128"},
	    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
	    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
	    {"::1.2.3.4", "::102:304"},
	};
	char text[QN_ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct qn_address parsed = address(texts[i][0]);

		assert_int_equal(qn_address_to_text(&parsed, text), strlen(texts[i][1]));
		assert_string_equal(text, texts[i][1]);
	}
}

TEST(address_refuses_other_texts)
{
	static const char *const texts[] = {
	    "",
	    ".",
	    "1.2.3",
	    "1.2.3.",
	    "1.2.3.4.",
	    "1.2.3.4.5",
	    "1.2.3.256",
	    "1.2.3.1000",
	    "1.2.3.99999999999999999999",
	    "01.2.3.4",
	    "1.2.3.00",
	    "1..2.3",
	    "-1.2.3.4",
	    "1.2.3.4 ",
	    " 1.2.3.4",
	    "0x1.2.3.4",
	    ":",
	    ":::",
	    ":1",
	    "1:",
	    "1:2",
	    "1:::2",
	    "1::2::3",
	    "::1::",
	    "1:2:3:4:5:6:7",
	    "1:2:3:4:5:6:7:",
	    "1:2:3:4:5:6:7:8:",
	    "1:2:3:4:5:6:7:8:9",
	    "1:2:3:4:5:6:7:8::",
	    "::1:2:3:4:5:6:7:8",
	    "12345::",
	    "00001::",
	    "g::",
	    "1:2:3:4:5:6:7:1.2.3.4",
	    "1:2:3:4:5:1.2.3.4",
	    "::1.2.3.4:5",
	    "::1.2.3",
	    "::1.2.3.256",
	    "fe80::1%eth0",
	    "[::1]",
	    "::/0",
	};
	struct qn_address parsed;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (qn_address_from_text(&parsed, texts[i]))
			fail_msg("taken for an address: %s", texts[i]);
}

/* Random addresses, rich in zeros, come back the same through their text. */
TEST(address_round_trips)
{
	static const uint8_t seed[QN_RANDOM_SEED_LEN] = {3};
	struct qn_random random;

	qn_random_init(&random, seed);
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t octets[16];
		char text[QN_ADDRESS_TEXT_MAX];
		const uint32_t zeros = qn_random_u32(&random);

		qn_random_fill(&random, (struct qn_span){octets, sizeof(octets)});
		for (unsigned at = 0; at < sizeof(octets); at++)
			if (zeros >> at & 1 || zeros >> (16 + at / 2) & 1)
				octets[at] = 0;
		const struct qn_address one =
		    i % 4 == 0 ? qn_address_ipv4(octets) : qn_address_ipv6(octets);
		const size_t len = qn_address_to_text(&one, text);
		const struct qn_address other = address(text);

		assert_int_equal(len, strlen(text));
		assert_true(qn_address_equal(&one, &other));
	}
}

TEST(address_families_differ)
{
	const struct qn_address four = address("0.0.0.0");
	const struct qn_address six = address("::");

	assert_false(qn_address_equal(&four, &six));
	assert_int_equal(qn_family_octets(four.family), 4);
	assert_int_equal(qn_family_octets(six.family), 16);
}

TEST(prefix_texts)
{
	assert_int_equal(prefix("192.0.2.0/24").len_bits, 24);
	assert_int_equal(prefix("0.0.0.0/0").len_bits, 0);
	assert_int_equal(prefix("192.0.2.1").len_bits, 32);
	assert_int_equal(prefix("192.0.2.77/24").len_bits, 24);
	assert_int_equal(prefix("2001:db8::/32").len_bits, 32);
	assert_int_equal(prefix("::/0").len_bits, 0);
	assert_int_equal(prefix("::1/128").len_bits, 128);
	assert_int_equal(prefix("2001:db8::1").len_bits, 128);
	assert_int_equal(prefix("::ffff:1.2.3.4/96").len_bits, 96);
}

TEST(prefix_refuses_other_texts)
{
	static const char *const texts[] = {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33",
	    "192.0.2.0/-1", "192.0.2.0/024", "192.0.2.0/24 ", "192.0.2/24", "192.0.2.0/24/8",
	    "::/129", "::/1000", "::1.2.3.4/", "2001:db8:/32"};
	struct qn_prefix parsed;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (qn_prefix_from_text(&parsed, texts[i]))
			fail_msg("taken for a prefix: %s", texts[i]);
}

static bool
contains(const char *network, const char *text)
{
	const struct qn_prefix outer = prefix(network);
	const struct qn_address inner = address(text);

	return qn_prefix_contains(&outer, &inner);
}

TEST(prefix_contains_its_addresses)
{
	assert_true(contains("192.0.2.0/24", "192.0.2.0"));
	assert_true(contains("192.0.2.0/24", "192.0.2.255"));
	assert_false(contains("192.0.2.0/24", "192.0.3.0"));
	assert_true(contains("192.0.2.77/24", "192.0.2.1"));
	assert_true(contains("10.0.0.0/9", "10.127.255.255"));
	assert_false(contains("10.0.0.0/9", "10.128.0.0"));
	assert_true(contains("192.0.2.4/31", "192.0.2.5"));
	assert_false(contains("192.0.2.4/31", "192.0.2.6"));
	assert_true(contains("192.0.2.1/32", "192.0.2.1"));
	assert_false(contains("192.0.2.1/32", "192.0.2.0"));
	assert_true(contains("0.0.0.0/0", "255.255.255.255"));
	assert_true(contains("::/0", "ffff::"));
	assert_true(contains("fe80::/10", "febf::1"));
	assert_false(contains("fe80::/10", "fec0::1"));
	assert_true(contains("2001:db8::1/128", "2001:db8::1"));
	assert_false(contains("2001:db8::1/128", "2001:db8::"));
	assert_false(contains("0.0.0.0/0", "::"));
	assert_false(contains("::/0", "0.0.0.0"));
}

TEST(address_reachability)
{
	static const char *const yes[] = {"1.0.0.0", "10.0.0.1", "100.64.0.1", "126.255.255.255",
	    "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.16.0.1", "192.168.1.1",
	    "223.255.255.255", "::2", "2001:db8::1", "fd00::1", "fe7f::1", "fec0::1", "feff::1",
	    "::fffe:1.2.3.4"};
	static const char *const no[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255",
	    "169.254.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	    "::", "::1", "::ffff:192.0.2.1", "fe80::1", "febf::1", "ff00::", "ff02::1"};
	struct qn_address none = {.family = QN_FAMILY_NONE};

	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		const struct qn_address parsed = address(yes[i]);

		if (!qn_address_reachable(&parsed))
			fail_msg("not reachable: %s", yes[i]);
	}
	for (size_t i = 0; i < COUNT_OF(no); i++) {
		const struct qn_address parsed = address(no[i]);

		if (qn_address_reachable(&parsed))
			fail_msg("reachable: %s", no[i]);
	}
	assert_false(qn_address_reachable(&none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(address_texts),
	    cmocka_unit_test(address_refuses_other_texts),
	    cmocka_unit_test(address_round_trips),
	    cmocka_unit_test(address_families_differ),
	    cmocka_unit_test(prefix_texts),
	    cmocka_unit_test(prefix_refuses_other_texts),
	    cmocka_unit_test(prefix_contains_its_addresses),
	    cmocka_unit_test(address_reachability),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
