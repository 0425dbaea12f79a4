/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/delegation.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static _Alignas(QN_ARENA_ALIGN) uint8_t memory[256u << 10];
static uint8_t scratch[QN_CACHE_VALUE_MAX];
static const struct qn_hash_key hash_key = {1, 2};
static struct qn_delegation delegation, found;

static struct qn_store
store_new(void)
{
	return (struct qn_store){
	    .cache = qn_cache_init((struct qn_span){memory, sizeof(memory)}, test_now_us(0)),
	    .hash_key = &hash_key,
	    .scratch = scratch,
	};
}

static struct qn_now
at_s(uint64_t s)
{
	return test_now_us(s * QN_US_PER_S);
}

/* Makes `delegation` an empty one; what an earlier one left behind must not matter. */
static void
delegation_begin(const char *zone, uint32_t ttl_s)
{
	const struct qn_name name = test_name(zone);

	memset(&delegation, 0xee, sizeof(delegation));
	qn_delegation_init(&delegation, &name);
	delegation.ttl_s = ttl_s;
}

static void
add_server(const char *text)
{
	const struct qn_name name = test_name(text);

	qn_delegation_add_server(&delegation, &name);
}

static void
add_address(uint8_t server, const char *text)
{
	struct qn_address address;

	assert_true(qn_address_from_text(&address, text));
	qn_delegation_add_address(&delegation, server, &address);
}

static void
assert_candidate(const struct qn_delegation *in, unsigned index, uint8_t server, const char *text)
{
	char address[QN_ADDRESS_TEXT_MAX];

	assert_true(index < in->candidate_count);
	qn_address_to_text(&in->candidates[index].address, address);
	assert_string_equal(address, text);
	assert_int_equal(in->candidates[index].server, server);
	assert_int_equal(in->candidates[index].port, 53);
	assert_int_equal(in->candidates[index].tries, 0);
	assert_false(in->candidates[index].failed);
}

/* Puts a delegation of `zone` with one server, ns.`zone`, at 192.0.2.`octet`. */
static void
put_simple(struct qn_store *store, const char *zone, uint32_t ttl_s, unsigned octet, uint64_t now_s)
{
	char text[QN_NAME_TEXT_MAX];

	delegation_begin(zone, ttl_s);
	snprintf(text, sizeof(text), "ns.%s", strcmp(zone, ".") == 0 ? "" : zone);
	add_server(text);
	snprintf(text, sizeof(text), "192.0.2.%u", octet);
	add_address(0, text);
	qn_store_put_delegation(store, &delegation, at_s(now_s));
}

static bool
get(struct qn_store *store, const char *text, uint64_t now_s)
{
	const struct qn_name name = test_name(text);

	memset(&found, 0xee, sizeof(found));
	return qn_store_get_delegation(store, &name, at_s(now_s), &found);
}

TEST(delegation_takes_each_once)
{
	delegation_begin("example.com", 60);
	add_server("ns1.example.com");
	add_server("NS1.Example.COM");
	add_server("ns2.example.com");
	assert_int_equal(delegation.server_count, 2);
	add_address(0, "192.0.2.1");
	add_address(0, "192.0.2.1");
	add_address(1, "192.0.2.1");
	add_address(1, "2001:db8::1");
	add_address(1, "127.0.0.1");
	add_address(1, "ff02::1");
	assert_int_equal(delegation.candidate_count, 2);
	assert_candidate(&delegation, 0, 0, "192.0.2.1");
	assert_candidate(&delegation, 1, 1, "2001:db8::1");
	assert_int_equal(delegation.servers[0].address_count, 1);
	assert_int_equal(delegation.servers[1].address_count, 1);
	assert_is_bug(add_address(2, "192.0.2.3"));
}

/* Fills `delegation` with more than it takes. */
static void
fill(const char *zone)
{
	char text[300];

	delegation_begin(zone, 60);
	for (unsigned i = 0; i < 20; i++) {
		/* Names of 255 octets, so that the cached form is as long as can be. */
		snprintf(text, sizeof(text), "ns%02u%.*s.%.*s.%.*s.%.*s", i, 57,
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 63,
		    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", 63,
		    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 63,
		    "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww");
		add_server(text);
	}
	for (uint8_t i = 0; i < QN_DELEGATION_SERVER_MAX; i++) {
		for (unsigned k = 0; k < 10; k++) {
			snprintf(text, sizeof(text), "2001:db8::%x:%x", i, k);
			add_address(i, text);
		}
	}
}

TEST(delegation_has_bounds)
{
	fill("example");
	assert_int_equal(delegation.server_count, 13);
	assert_int_equal(delegation.candidate_count, 13 * 6);
	for (unsigned i = 0; i < 13; i++)
		assert_int_equal(delegation.servers[i].address_count, 6);
}

TEST(delegation_largest_comes_back)
{
	struct qn_store store = store_new();

	fill("example");
	assert_int_equal(delegation.servers[0].name.len, QN_NAME_MAX);
	qn_store_put_delegation(&store, &delegation, at_s(0));
	assert_true(get(&store, "www.example", 0));
	assert_int_equal(found.server_count, 13);
	assert_int_equal(found.candidate_count, 13 * 6);
	for (unsigned i = 0; i < 13; i++) {
		assert_true(qn_name_equal(&found.servers[i].name, &delegation.servers[i].name));
		assert_int_equal(found.servers[i].address_count, 6);
		assert_false(found.servers[i].looked_up);
	}
	for (unsigned i = 0; i < 13 * 6; i++) {
		assert_true(qn_address_equal(
		    &found.candidates[i].address, &delegation.candidates[i].address));
		assert_int_equal(found.candidates[i].server, i / 6);
	}
}

TEST(delegation_comes_back)
{
	struct qn_store store = store_new();

	delegation_begin("Example.com", 300);
	add_server("ns1.example.com");
	add_server("ns2.example.net");
	add_server("ns3.example.com");
	add_address(2, "2001:db8::3");
	add_address(0, "192.0.2.1");
	add_address(2, "192.0.2.3");
	/* What has become of one question is not kept. */
	delegation.candidates[0].tries = 2;
	delegation.candidates[1].failed = true;
	delegation.servers[1].looked_up = true;
	qn_store_put_delegation(&store, &delegation, at_s(10));

	assert_true(get(&store, "a.b.EXAMPLE.com", 110));
	assert_int_equal(found.ttl_s, 200);
	assert_false(found.forwarded);
	assert_int_equal(found.zone.len, 13);
	assert_int_equal(found.server_count, 3);
	assert_name_text(&found.servers[1].name, "ns2.example.net.");
	assert_int_equal(found.servers[1].address_count, 0);
	assert_false(found.servers[1].looked_up);
	assert_int_equal(found.candidate_count, 3);
	assert_candidate(&found, 0, 0, "192.0.2.1");
	assert_candidate(&found, 1, 2, "2001:db8::3");
	assert_candidate(&found, 2, 2, "192.0.2.3");
	assert_false(get(&store, "com", 110));
	assert_true(get(&store, "example.com", 309));
	assert_int_equal(found.ttl_s, 1);
	assert_false(get(&store, "example.com", 310));
}

TEST(delegation_found_is_the_deepest)
{
	struct qn_store store = store_new();

	assert_false(get(&store, "www.example.com", 0));
	put_simple(&store, ".", 600, 1, 0);
	put_simple(&store, "com", 300, 2, 0);
	put_simple(&store, "sub.example.com", 100, 3, 0);
	put_simple(&store, "ample.com", 300, 4, 0);

	assert_true(get(&store, "www.sub.example.com", 0));
	assert_name_text(&found.zone, "sub.example.com.");
	assert_candidate(&found, 0, 0, "192.0.2.3");
	assert_true(get(&store, "sub.example.com", 0));
	assert_name_text(&found.zone, "sub.example.com.");
	assert_true(get(&store, "www.example.com", 0));
	assert_name_text(&found.zone, "com.");
	assert_true(get(&store, "www.example.org", 0));
	assert_name_text(&found.zone, ".");
	assert_true(get(&store, ".", 0));
	assert_name_text(&found.zone, ".");
	/* When it has ended the one above counts. */
	assert_true(get(&store, "www.sub.example.com", 100));
	assert_name_text(&found.zone, "com.");
}

/* Ghost domains: what the parent delegated ends with what the parent was delegated. */
TEST(delegation_ends_with_the_one_above)
{
	struct qn_store store = store_new();

	put_simple(&store, ".", 1000, 1, 0);
	put_simple(&store, "com", 100, 2, 0);
	put_simple(&store, "example.com", 500, 3, 0);
	put_simple(&store, "sub.example.com", 500, 4, 0);
	assert_true(get(&store, "www.sub.example.com", 99));
	assert_name_text(&found.zone, "sub.example.com.");
	assert_true(get(&store, "www.sub.example.com", 100));
	assert_name_text(&found.zone, ".");
	put_simple(&store, "com", 100, 2, 101);
	assert_true(get(&store, "www.sub.example.com", 101));
	assert_name_text(&found.zone, "sub.example.com.");
}

/* A cut that is gone takes with it what was remembered between it and the zone above. */
TEST(delegations_between_are_dropped)
{
	static const char *const zones[] = {".", "com", "b.com", "a.b.com", "x.a.b.com", "c.com"};
	struct qn_store store = store_new();

	for (unsigned i = 0; i < COUNT_OF(zones); i++)
		put_simple(&store, zones[i], 100, i, 0);
	const struct qn_name zone = test_name("x.a.b.com");
	const struct qn_name above = test_name("com");

	qn_store_drop_delegations(&store, &zone, &above);
	assert_true(get(&store, "x.a.b.com", 0));
	assert_name_text(&found.zone, "x.a.b.com.");
	assert_true(get(&store, "y.a.b.com", 0));
	assert_name_text(&found.zone, "com.");
	assert_true(get(&store, "c.com", 0));
	assert_name_text(&found.zone, "c.com.");
}

TEST(delegation_is_copied)
{
	fill("example");
	delegation.ttl_s = 77;
	delegation.candidates[5].tries = 2;
	delegation.servers[3].looked_up = true;
	memset(&found, 0xee, sizeof(found));
	qn_delegation_copy(&found, &delegation);
	assert_int_equal(found.ttl_s, 77);
	assert_name_text(&found.zone, "example.");
	assert_int_equal(found.candidates[5].tries, 2);
	assert_true(found.servers[3].looked_up);
	assert_true(qn_name_equal(&found.servers[12].name, &delegation.servers[12].name));
	assert_memory_equal(
	    found.candidates, delegation.candidates, 78 * sizeof(*found.candidates));
}

TEST(delegation_keeps_families_in_use)
{
	static struct qn_resolve_config config;

	config.use_ipv4 = true;
	config.use_ipv6 = false;
	delegation_begin("example", 60);
	add_server("ns1.example");
	add_server("ns2.example");
	add_address(0, "2001:db8::1");
	add_address(1, "192.0.2.2");
	add_address(1, "2001:db8::2");
	add_address(0, "192.0.2.1");
	qn_delegation_copy(&found, &delegation);
	qn_delegation_keep_families(&delegation, &config);
	assert_int_equal(delegation.candidate_count, 2);
	assert_candidate(&delegation, 0, 1, "192.0.2.2");
	assert_candidate(&delegation, 1, 0, "192.0.2.1");
	assert_int_equal(delegation.servers[0].address_count, 1);
	assert_int_equal(delegation.servers[1].address_count, 1);

	config.use_ipv4 = false;
	qn_delegation_keep_families(&found, &config);
	assert_int_equal(found.candidate_count, 0);
	assert_int_equal(found.servers[0].address_count + found.servers[1].address_count, 0);
}

TEST(delegation_of_the_hints)
{
	static struct qn_resolve_config config;
	char text[64];

	config.hint_count = QN_HINT_MAX;
	for (unsigned i = 0; i < QN_HINT_MAX; i++) {
		struct qn_hint *hint = &config.hints[i];

		snprintf(text, sizeof(text), "%c.root-servers.net", 'a' + i);
		hint->name = test_name(text);
		hint->address_count = 2;
		snprintf(text, sizeof(text), "192.0.2.%u", i + 1);
		assert_true(qn_address_from_text(&hint->addresses[0], text));
		snprintf(text, sizeof(text), "2001:db8::%x", i + 1);
		assert_true(qn_address_from_text(&hint->addresses[1], text));
	}
	memset(&delegation, 0xee, sizeof(delegation));
	qn_delegation_from_hints(&delegation, &config);
	assert_name_text(&delegation.zone, ".");
	assert_int_equal(delegation.ttl_s, 0);
	assert_int_equal(delegation.server_count, QN_HINT_MAX);
	assert_int_equal(delegation.candidate_count, 2 * QN_HINT_MAX);
	assert_candidate(&delegation, 24, 12, "192.0.2.13");
	for (unsigned i = 0; i < QN_HINT_MAX; i++)
		assert_true(delegation.servers[i].looked_up);
}

static struct qn_route
route_of(const char *zone, enum qn_route_kind kind)
{
	struct qn_route route = {.zone = test_name(zone), .kind = (uint8_t)kind};

	route.server_count = QN_ROUTE_SERVER_MAX;
	for (unsigned i = 0; i < QN_ROUTE_SERVER_MAX; i++) {
		const uint8_t octets[4] = {10, 0, 0, (uint8_t)(i + 1)};

		route.servers[i].address = qn_address_ipv4(octets);
		route.servers[i].port = (uint16_t)(5300 + i);
	}
	return route;
}

TEST(delegation_of_a_route)
{
	struct qn_route route = route_of("svc.cluster.local", QN_ROUTE_FORWARD);

	memset(&delegation, 0xee, sizeof(delegation));
	qn_delegation_from_route(&delegation, &route);
	assert_name_text(&delegation.zone, "svc.cluster.local.");
	assert_true(delegation.forwarded);
	assert_int_equal(delegation.ttl_s, 0);
	assert_int_equal(delegation.candidate_count, QN_ROUTE_SERVER_MAX);
	for (unsigned i = 0; i < QN_ROUTE_SERVER_MAX; i++) {
		assert_int_equal(delegation.candidates[i].port, 5300 + i);
		assert_int_equal(delegation.candidates[i].server, 0);
	}
	route = route_of(".", QN_ROUTE_STUB);
	qn_delegation_from_route(&delegation, &route);
	assert_false(delegation.forwarded);
	assert_name_text(&delegation.zone, ".");
}

TEST(routes_are_found_by_the_longest_match)
{
	static struct qn_resolve_config config;
	const struct {
		const char *name;
		int route;
	} cases[] = {
	    {"www.example.com", 1},
	    {"example.com", 1},
	    {"WWW.EXAMPLE.COM", 1},
	    {"a.www.sub.example.com", 2},
	    {"badexample.com", 0},
	    {"com", 0},
	    {"org", -1},
	    {".", -1},
	};

	config.route_count = 3;
	config.routes[0] = route_of("com", QN_ROUTE_FORWARD);
	config.routes[1] = route_of("example.com", QN_ROUTE_STUB);
	config.routes[2] = route_of("sub.example.com", QN_ROUTE_FORWARD);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_name name = test_name(cases[i].name);
		const struct qn_route *route = qn_route_find(&config, &name);

		assert_ptr_equal(route, cases[i].route < 0 ? NULL : &config.routes[cases[i].route]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(delegation_takes_each_once),
	    cmocka_unit_test(delegation_has_bounds),
	    cmocka_unit_test(delegation_largest_comes_back),
	    cmocka_unit_test(delegation_comes_back),
	    cmocka_unit_test(delegation_found_is_the_deepest),
	    cmocka_unit_test(delegation_ends_with_the_one_above),
	    cmocka_unit_test(delegations_between_are_dropped),
	    cmocka_unit_test(delegation_is_copied),
	    cmocka_unit_test(delegation_keeps_families_in_use),
	    cmocka_unit_test(delegation_of_the_hints),
	    cmocka_unit_test(delegation_of_a_route),
	    cmocka_unit_test(routes_are_found_by_the_longest_match),
	};

	return cmocka_run_group_tests_name("delegation", tests, NULL, NULL);
}
