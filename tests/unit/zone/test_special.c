/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The special names, answered as the RFCs want them when nothing else is local.
 */
#include "local.h"

#include "zone/special.h"

#include <stdio.h>
#include <string.h>

/* All of them, each with the SOA and NS that an empty zone has. */
static void
add_specials(struct local *local)
{
	struct qn_zone_special special;
	uint8_t soa[QN_ZONE_SOA_LEN_MAX];

	for (size_t i = 0; qn_zone_special(&special, i); i++) {
		const size_t len = qn_zone_soa(soa, &special.zone, QN_ZONE_SPECIAL_TTL_S);

		local_add_item(local, &special.zone, QN_ZONE_APEX, (uint8_t)special.kind, 0,
		    (struct qn_view){0});
		local_add_item(local, &special.zone, QN_TYPE_SOA, 0, QN_ZONE_SPECIAL_TTL_S,
		    (struct qn_view){soa, len});
		for (size_t k = 0; k < special.record_count; k++) {
			const struct qn_name owner = test_name(special.records[k].owner);

			assert_true(qn_name_within(&owner, &special.zone));
			local_add_item(local, &owner, special.records[k].type, 0,
			    QN_ZONE_SPECIAL_TTL_S, special.records[k].rdata);
		}
	}
	local_build(local);
}

#define NOTHING(zone) "NXDOMAIN\nauthority " zone " 10800 SOA"
#define NO_DATA(zone) "NOERROR\nauthority " zone " 10800 SOA"
#define ZEROS         "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"

TEST(special_names_are_answered)
{
	static const struct {
		const char *question;
		const char *answer;
	} cases[] = {
	    /* RFC 6761 s6.3: localhost and all below it are this host, and nothing else. */
	    {"localhost A", "NOERROR\nlocalhost. 10800 A 127.0.0.1"},
	    {"a.b.localhost AAAA", "NOERROR\na.b.localhost. 10800 AAAA ::1"},
	    {"localhost MX", NO_DATA("localhost.")},
	    {"1.0.0.127.in-addr.arpa PTR", "NOERROR\n1.0.0.127.in-addr.arpa. 10800 PTR localhost."},
	    {"2.0.0.127.in-addr.arpa PTR", NOTHING("127.in-addr.arpa.")},
	    {"1." ZEROS " PTR", "NOERROR\n1." ZEROS ". 10800 PTR localhost."},
	    {"0." ZEROS " PTR", NO_DATA("0." ZEROS ".")},
	    {"2." ZEROS " PTR", "resolve"},
	    /* RFC 6761 s6.2 and s6.4, RFC 6762 s22.1, RFC 7686 s2. */
	    {"www.test A", NOTHING("test.")},
	    {"www.invalid A", NOTHING("invalid.")},
	    {"printer.local A", NOTHING("local.")},
	    {"x.onion A", NOTHING("onion.")},
	    {"example A", "resolve"}, /* RFC 6761 s6.5: not special to a resolver. */
	    /* RFC 8375 s4, RFC 9462 s6.4, RFC 9665. */
	    {"router.home.arpa A", NOTHING("home.arpa.")},
	    {"_dns.resolver.arpa SVCB", NO_DATA("resolver.arpa.")},
	    {"any.thing.resolver.arpa A", NO_DATA("resolver.arpa.")},
	    {"default.service.arpa A", NOTHING("service.arpa.")},
	    {"arpa NS", "resolve"},
	    /* RFC 6303 s4: networks of one's own, and their neighbours that are not. */
	    {"1.2.3.10.in-addr.arpa PTR", NOTHING("10.in-addr.arpa.")},
	    {"1.2.3.11.in-addr.arpa PTR", "resolve"},
	    {"1.1.15.172.in-addr.arpa PTR", "resolve"},
	    {"1.1.16.172.in-addr.arpa PTR", NOTHING("16.172.in-addr.arpa.")},
	    {"1.1.31.172.in-addr.arpa PTR", NOTHING("31.172.in-addr.arpa.")},
	    {"1.1.32.172.in-addr.arpa PTR", "resolve"},
	    {"1.1.168.192.in-addr.arpa PTR", NOTHING("168.192.in-addr.arpa.")},
	    {"1.1.63.100.in-addr.arpa PTR", "resolve"},
	    {"1.1.64.100.in-addr.arpa PTR", NOTHING("64.100.in-addr.arpa.")},
	    {"1.1.99.100.in-addr.arpa PTR", NOTHING("99.100.in-addr.arpa.")},
	    {"1.1.127.100.in-addr.arpa PTR", NOTHING("127.100.in-addr.arpa.")},
	    {"1.1.128.100.in-addr.arpa PTR", "resolve"},
	    {"1.0.0.0.in-addr.arpa PTR", NOTHING("0.in-addr.arpa.")},
	    {"1.1.254.169.in-addr.arpa PTR", NOTHING("254.169.in-addr.arpa.")},
	    {"1.2.0.192.in-addr.arpa PTR", NOTHING("2.0.192.in-addr.arpa.")},
	    {"1.100.51.198.in-addr.arpa PTR", NOTHING("100.51.198.in-addr.arpa.")},
	    {"1.113.0.203.in-addr.arpa PTR", NOTHING("113.0.203.in-addr.arpa.")},
	    {"255.255.255.255.in-addr.arpa PTR", NO_DATA("255.255.255.255.in-addr.arpa.")},
	    {"1.d.f.ip6.arpa PTR", NOTHING("d.f.ip6.arpa.")},
	    {"1.c.f.ip6.arpa PTR", "resolve"},
	    {"0.8.e.f.ip6.arpa PTR", NOTHING("8.e.f.ip6.arpa.")},
	    {"0.9.e.f.ip6.arpa PTR", NOTHING("9.e.f.ip6.arpa.")},
	    {"0.a.e.f.ip6.arpa PTR", NOTHING("a.e.f.ip6.arpa.")},
	    {"0.b.e.f.ip6.arpa PTR", NOTHING("b.e.f.ip6.arpa.")},
	    {"1.8.b.d.0.1.0.0.2.ip6.arpa PTR", NOTHING("8.b.d.0.1.0.0.2.ip6.arpa.")},
	    {"1.9.b.d.0.1.0.0.2.ip6.arpa PTR", "resolve"},
	};
	struct local local = {0};

	add_specials(&local);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(local_ask(&local, cases[i].question), cases[i].answer);
	local_free(&local);
}

TEST(a_made_soa_is_a_valid_one)
{
	const struct qn_name zone = test_name("corp.example");
	uint8_t rdata[QN_ZONE_SOA_LEN_MAX];
	const size_t len = qn_zone_soa(rdata, &zone, 300);
	const struct qn_view view = {rdata, len};
	const struct qn_record record = {
	    .type = QN_TYPE_SOA, .class = QN_CLASS_IN, .rdata_len = (uint16_t)len};
	struct qn_name server, person;
	size_t at;

	assert_true(qn_rdata_valid(view, &record));
	assert_int_equal(qn_rdata_soa_minimum(view), 300);
	at = qn_name_from_wire(&server, view);
	assert_name_text(&server, "corp.example.");
	assert_int_not_equal(qn_name_from_wire(&person, (struct qn_view){rdata + at, len - at}), 0);
	assert_name_text(&person, "nobody.invalid.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(special_names_are_answered),
	    cmocka_unit_test(a_made_soa_is_a_valid_one),
	};

	return cmocka_run_group_tests_name("special", tests, NULL, NULL);
}
