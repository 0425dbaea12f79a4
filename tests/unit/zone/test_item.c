/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths, the order of items, and what can be wrong with them.
 */
#include "local.h"

#include <stdio.h>
#include <string.h>

TEST(path_is_a_name_from_the_root_down)
{
	static const struct {
		const char *name;
		const char *path;
	} cases[] = {
	    {".", ""},
	    {"com", "\3com"},
	    {"WWW.Example.COM", "\3com\7example\3www"},
	    {"a\\.B.c", "\1c\3a.b"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_name name = test_name(cases[i].name);
		uint8_t path[QN_NAME_MAX];
		const size_t len = qn_zone_path(path, &name);
		struct qn_name back;

		assert_int_equal(len, strlen(cases[i].path) + 1);
		assert_memory_equal(path, cases[i].path, len);
		qn_zone_path_name(&back, (struct qn_view){path, len});
		assert_true(qn_name_equal(&back, &name));
	}
}

/* What is below a name comes right behind it, before everything else. */
TEST(order_keeps_names_with_what_is_below)
{
	static const char *const sorted[] = {
	    "zone . static",
	    ". 1 A 192.0.2.1",
	    "a 1 A 192.0.2.1",
	    "x.a 1 A 192.0.2.1",
	    "y.x.a 1 A 192.0.2.1",
	    "b.a 1 A 192.0.2.1",
	    "zone b static",
	    "b 1 A 192.0.2.1",
	    "b 1 A 192.0.2.2",
	    "b 2 A 192.0.2.2",
	    "b 1 MX 1 a",
	    "ab 1 A 192.0.2.1",
	};
	/* All but the order of x.a and b.a, which is the octets' own, has a reason. */
	static const unsigned order[] = {0, 1, 2, 5, 3, 4, 6, 7, 8, 9, 10, 11};
	struct local local = {0};

	for (size_t i = 0; i < COUNT_OF(order); i++)
		local_add(&local, sorted[order[i]]);
	for (size_t i = 0; i < local.count; i++)
		for (size_t k = 0; k < local.count; k++) {
			const int difference =
			    qn_zone_item_compare(&local.items[i], &local.items[k]);

			assert_int_equal((difference > 0) - (difference < 0), (i > k) - (i < k));
		}
	local_free(&local);
}

struct fault_case {
	const char *what;
	const char *data[8];
	struct {
		enum qn_zone_fault fault;
		size_t at; /* In `data`. */
	} faults[4];
};

static const struct fault_case fault_cases[] = {
    {"nothing", {NULL}, {{QN_ZONE_SOUND, 0}}},
    {"sound data", {"zone a static", "a 1 A 192.0.2.1", "a 1 A 192.0.2.2", "b.a 1 CNAME a"},
	{{QN_ZONE_SOUND, 0}}},
    {"the same zone twice", {"zone a static", "zone b static", "zone a refuse"},
	{{QN_ZONE_TWICE, 2}}},
    {"the same record twice", {"a 1 CNAME b", "a 2 CNAME b"}, {{QN_ZONE_SOUND, 0}}},
    {"two aliases", {"a 1 CNAME b", "a 1 CNAME c"}, {{QN_ZONE_SINGLE_TWICE, 1}}},
    {"two SOA records", {"a 1 SOA a b 1 1 1 1 1", "a 1 SOA a b 2 1 1 1 1"},
	{{QN_ZONE_SINGLE_TWICE, 1}}},
    {"an alias beside a lower type", {"a 1 A 192.0.2.1", "a 1 CNAME b"},
	{{QN_ZONE_ALIAS_BESIDE, 1}}},
    {"an alias beside a higher type", {"a 1 CNAME b", "a 1 TXT x"}, {{QN_ZONE_ALIAS_BESIDE, 0}}},
    {"an alias where a zone begins", {"zone a redirect", "a 1 CNAME b"}, {{QN_ZONE_SOUND, 0}}},
    {"an alias with its signature", {"a 1 CNAME b", "a 1 RRSIG \\# 00", "a 1 NSEC \\# 00"},
	{{QN_ZONE_SOUND, 0}}},
    {"more than one fault", {"zone b static", "zone b static", "a 1 CNAME b", "a 1 TXT x"},
	{{QN_ZONE_ALIAS_BESIDE, 2}, {QN_ZONE_TWICE, 1}}},
};

TEST(faults_are_found)
{
	for (size_t i = 0; i < COUNT_OF(fault_cases); i++) {
		struct local local = {0};
		size_t at = 0;

		for (const char *const *line = fault_cases[i].data; *line != NULL; line++)
			local_add(&local, *line);
		local_sort(&local);
		for (size_t k = 0; k < COUNT_OF(fault_cases[i].faults); k++) {
			const enum qn_zone_fault wanted = fault_cases[i].faults[k].fault;
			const enum qn_zone_fault found =
			    qn_zone_items_fault(local.items, local.count, &at);

			if (found != wanted)
				fail_msg(
				    "%s: fault %d, not %d", fault_cases[i].what, found, wanted);
			if (found == QN_ZONE_SOUND)
				break;
			assert_int_equal(local.items[at++].line, fault_cases[i].faults[k].at + 1);
		}
		local_free(&local);
	}
}

/* 256 addresses are the most; a record that stands twice counts once. */
TEST(a_set_has_a_limit)
{
	struct local local = {0};
	char line[64];
	size_t at = 0;

	for (unsigned i = 0; i < 256; i++) {
		snprintf(line, sizeof(line), "a 1 A 192.0.2.%u", i);
		local_add(&local, line);
	}
	local_add(&local, "a 2 A 192.0.2.0");
	local_sort(&local);
	assert_int_equal(qn_zone_items_fault(local.items, local.count, &at), QN_ZONE_SOUND);
	local_add(&local, "a 1 A 192.0.3.0");
	local_sort(&local);
	at = 0;
	assert_int_equal(qn_zone_items_fault(local.items, local.count, &at), QN_ZONE_SET_TOO_LARGE);
	assert_int_equal(at, 0);
	local_free(&local);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(path_is_a_name_from_the_root_down),
	    cmocka_unit_test(order_keeps_names_with_what_is_below),
	    cmocka_unit_test(faults_are_found),
	    cmocka_unit_test(a_set_has_a_limit),
	};

	return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
