/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"

#include "policy/cookie.h"

#include <string.h>

/* RFC 9018 appendix A: the secret of A.1 and A.2, and that of A.3. */
static const struct qn_hash_key secret = {0x432f6bb2a5e573e9ull, 0};

static struct qn_hash_key
key_of(const char *hex)
{
	struct qn_hash_key key;
	uint8_t octets[16];
	const struct qn_view view = test_hex((struct qn_span){octets, sizeof(octets)}, hex);

	assert_int_equal(view.len, sizeof(octets));
	memcpy(&key.k0, octets, 8);
	memcpy(&key.k1, octets + 8, 8);
	return key;
}

static struct qn_cookie
cookie_of(const char *hex)
{
	struct qn_cookie cookie;
	uint8_t octets[64];

	assert_true(
	    qn_cookie_read(&cookie, test_hex((struct qn_span){octets, sizeof(octets)}, hex)));
	return cookie;
}

static struct qn_address
address_of(const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	return address;
}

static void
assert_cookie(const struct qn_cookie *cookie, const char *hex)
{
	const struct qn_cookie expected = cookie_of(hex);

	assert_int_equal(cookie->len, expected.len);
	assert_memory_equal(cookie->octets, expected.octets, expected.len);
}

/* A.1: a client's first query. */
static void
makes_the_cookie_of_the_standard(void **state)
{
	const struct qn_hash_key key = key_of("e5e973e5a6b2a43f48e7dc849e37bfcf");
	const struct qn_address client = address_of("198.51.100.100");
	struct qn_cookie cookie = cookie_of("2464c4abcf10c957");

	(void)state;
	qn_cookie_renew(&cookie, &key, &client, (struct qn_wall){1559731985});
	assert_cookie(&cookie, "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
	assert_true(qn_cookie_is_ours(&cookie, &key, &client, (struct qn_wall){1559731985}));
}

/* A.2: the same client again, 40 minutes later, gets a new one. */
static void
renews_after_half_an_hour(void **state)
{
	const struct qn_hash_key key = key_of("e5e973e5a6b2a43f48e7dc849e37bfcf");
	const struct qn_address client = address_of("198.51.100.100");
	const char *old = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
	struct qn_cookie cookie = cookie_of(old);

	(void)state;
	qn_cookie_renew(&cookie, &key, &client, (struct qn_wall){1559731985 + 1800});
	assert_cookie(&cookie, old);
	qn_cookie_renew(&cookie, &key, &client, (struct qn_wall){1559734385});
	assert_cookie(&cookie, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
}

/* A.4: over IPv6. */
static void
covers_an_ipv6_address(void **state)
{
	const struct qn_hash_key key = key_of("445536bcd2513298075a5d379663c962");
	const struct qn_address client = address_of("2001:db8:220:1:59de:d0f4:8769:82b8");
	struct qn_cookie cookie = cookie_of("22681ab97d52c298");

	(void)state;
	qn_cookie_renew(&cookie, &key, &client, (struct qn_wall){1559741961});
	assert_cookie(&cookie, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
}

static void
refuses_what_is_not_its_own(void **state)
{
	const struct qn_hash_key key = key_of("e5e973e5a6b2a43f48e7dc849e37bfcf");
	const struct qn_hash_key other = key_of("e5e973e5a6b2a43f48e7dc849e37bfce");
	const struct qn_address client = address_of("198.51.100.100");
	const struct qn_address stranger = address_of("198.51.100.101");
	struct qn_cookie cookie = cookie_of("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
	const int64_t made_s = 1559731985;

	(void)state;
	assert_false(qn_cookie_is_ours(&cookie, &other, &client, (struct qn_wall){made_s}));
	assert_false(qn_cookie_is_ours(&cookie, &key, &stranger, (struct qn_wall){made_s}));
	assert_true(qn_cookie_is_ours(&cookie, &key, &client, (struct qn_wall){made_s + 3600}));
	assert_false(qn_cookie_is_ours(&cookie, &key, &client, (struct qn_wall){made_s + 3601}));
	assert_true(qn_cookie_is_ours(&cookie, &key, &client, (struct qn_wall){made_s - 300}));
	assert_false(qn_cookie_is_ours(&cookie, &key, &client, (struct qn_wall){made_s - 301}));
	for (unsigned i = 0; i < cookie.len; i++) {
		cookie.octets[i] ^= 1;
		assert_false(qn_cookie_is_ours(&cookie, &key, &client, (struct qn_wall){made_s}));
		cookie.octets[i] ^= 1;
	}
}

static void
takes_only_lengths_that_are_allowed(void **state)
{
	static const uint8_t octets[41];
	struct qn_cookie cookie;

	(void)state;
	for (size_t len = 0; len <= sizeof(octets); len++)
		assert_int_equal(qn_cookie_read(&cookie, (struct qn_view){octets, len}),
		    len == 8 || (len >= 16 && len <= 40));
}

static void
gives_each_server_a_cookie_of_its_own(void **state)
{
	const struct qn_address a = address_of("192.0.2.1");
	const struct qn_address b = address_of("192.0.2.2");
	struct qn_cookie first, again, second;

	(void)state;
	qn_cookie_for_server(&first, &secret, &a);
	qn_cookie_for_server(&again, &secret, &a);
	qn_cookie_for_server(&second, &secret, &b);
	assert_int_equal(first.len, QN_COOKIE_CLIENT_LEN);
	assert_memory_equal(first.octets, again.octets, QN_COOKIE_CLIENT_LEN);
	assert_memory_not_equal(first.octets, second.octets, QN_COOKIE_CLIENT_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(makes_the_cookie_of_the_standard),
	    cmocka_unit_test(renews_after_half_an_hour),
	    cmocka_unit_test(covers_an_ipv6_address),
	    cmocka_unit_test(refuses_what_is_not_its_own),
	    cmocka_unit_test(takes_only_lengths_that_are_allowed),
	    cmocka_unit_test(gives_each_server_a_cookie_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
