/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"

#include <string.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
/* 255 octets: three labels of 63, one of 61, the root. */
#define LABEL_61  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"
#define NAME_255  LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61
#define ROOM_WIRE 300

static struct qn_view
name_wire(const char *hex)
{
	static uint8_t room[ROOM_WIRE];

	return test_hex((struct qn_span){room, sizeof(room)}, hex);
}

TEST(name_texts)
{
	static const char *const cases[][3] = {
	    {".", "00", "."},
	    {"com", "03636f6d00", "com."},
	    {"com.", "03636f6d00", "com."},
	    {"WwW.Example.COM", "03577757 074578616d706c65 03434f4d 00", "WwW.Example.COM."},
	    {"a\\.b.c", "03612e62 0163 00", "a\\.b.c."},
	    {"\\\\.x", "015c 0178 00", "\\\\.x."},
	    {"\\065\\066.", "024142 00", "AB."},
	    {"\\000\\255", "0200ff 00", "\\000\\255."},
	    {"a b\\032c", "05612062 2063 00", "a\\032b\\032c."},
	    {"\\\"\\;\\@\\(\\)\\$", "06223b402829 24 00", "\\\"\\;\\@\\(\\)\\$."},
	    {"_sip._udp.*", "045f736970 045f756470 012a 00", "_sip._udp.*."},
	    {"\xc3\xbc", "02c3bc 00", "\\195\\188."},
	    {"\\.", "012e 00", "\\.."},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct qn_name name = test_name(cases[i][0]);

		assert_view_equal(qn_name_view(&name), name_wire(cases[i][1]));
		assert_name_text(&name, cases[i][2]);
	}
}

TEST(name_refuses_other_texts)
{
	static const char *const texts[] = {"", "..", ".com", "a..b", "a...", "com..", "\\", "a\\",
	    "\\1", "\\12", "\\12x", "\\1x2", "\\256", "\\999", "a.\\25", LABEL_63 "x",
	    "\\097" LABEL_63, NAME_255 "x", NAME_255 ".a", "a." NAME_255};
	struct qn_name name;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (qn_name_from_text(&name, texts[i], strlen(texts[i])))
			fail_msg("taken for a name: %s", texts[i]);
}

/* The length counts, not a final zero. */
TEST(name_text_may_hold_zeros)
{
	struct qn_name name;

	assert_true(qn_name_from_text(&name, "a\0b.c", 5));
	assert_name_text(&name, "a\\000b.c.");
	assert_true(qn_name_from_text(&name, "abc.def", 3));
	assert_name_text(&name, "abc.");
}

TEST(name_limits)
{
	const struct qn_name longest = test_name(NAME_255);
	char text[QN_NAME_TEXT_MAX];

	assert_int_equal(longest.len, QN_NAME_MAX);
	assert_int_equal(qn_name_label_count(&longest), 4);
	assert_name_text(&longest, NAME_255 ".");
	assert_int_equal(test_name(LABEL_63).len, 65);

	/* Most labels: 127 of one octet. */
	for (size_t i = 0; i < QN_NAME_LABEL_MAX; i++)
		memcpy(text + 2 * i, "x.", 3);
	const struct qn_name deepest = test_name(text);

	assert_int_equal(deepest.len, QN_NAME_MAX);
	assert_int_equal(qn_name_label_count(&deepest), QN_NAME_LABEL_MAX);
	assert_name_text(&deepest, text);
}

/* The longest text: all octets need an escape of four characters. */
TEST(name_longest_text_fits)
{
	struct qn_name name = test_name(NAME_255);
	struct qn_name back;
	char text[QN_NAME_TEXT_MAX];

	for (size_t at = 0; name.octets[at] != 0; at += name.octets[at] + 1u)
		memset(name.octets + at + 1, 0xff, name.octets[at]);
	const size_t len = qn_name_to_text(&name, text);

	assert_int_equal(len, 4 * (3 * 63 + 61) + 4);
	assert_int_equal(text[len], '\0');
	assert_true(qn_name_from_text(&back, text, len));
	assert_true(qn_name_equal_case(&name, &back));
}

TEST(name_every_octet_round_trips)
{
	for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
		struct qn_name name = {.len = 5, .octets = {3, 'a', (uint8_t)octet, 'b', 0}};
		char text[QN_NAME_TEXT_MAX];
		struct qn_name back;
		const size_t len = qn_name_to_text(&name, text);

		assert_int_equal(len, strlen(text));
		assert_true(qn_name_from_text(&back, text, len));
		assert_true(qn_name_equal_case(&name, &back));
	}
}

TEST(name_from_wire_takes_one_name)
{
	struct qn_name name;

	assert_int_equal(qn_name_from_wire(&name, name_wire("00")), 1);
	assert_true(qn_name_equal(&name, &qn_name_root));
	assert_int_equal(qn_name_from_wire(&name, name_wire("0161 026262 00 ffff")), 6);
	assert_name_text(&name, "a.bb.");
	assert_int_equal(qn_name_from_wire(&name, name_wire("")), 0);
	assert_int_equal(qn_name_from_wire(&name, (struct qn_view){NULL, 0}), 0);
	assert_int_equal(qn_name_from_wire(&name, name_wire("0161")), 0);
	assert_int_equal(qn_name_from_wire(&name, name_wire("0361")), 0);
	assert_int_equal(qn_name_from_wire(&name, name_wire("0161 c000")), 0);
	assert_int_equal(qn_name_from_wire(&name, name_wire("40 00")), 0);
	assert_int_equal(qn_name_from_wire(&name, name_wire("8161 00")), 0);
}

/* Writes labels of `lens`, up to a zero, and the root; returns the octets. */
static size_t
labels_write(uint8_t *wire, const uint8_t *lens)
{
	size_t at = 0;

	for (; *lens != 0; lens++) {
		wire[at] = *lens;
		memset(wire + at + 1, 'x', *lens);
		at += *lens + 1u;
	}
	wire[at] = 0;
	return at + 1;
}

TEST(name_from_wire_length_limits)
{
	uint8_t wire[ROOM_WIRE];
	struct qn_name name;
	size_t len;

	len = labels_write(wire, (const uint8_t[]){63, 63, 63, 61, 0});
	assert_int_equal(len, 255);
	assert_int_equal(qn_name_from_wire(&name, (struct qn_view){wire, sizeof(wire)}), 255);
	assert_int_equal(name.len, 255);
	len = labels_write(wire, (const uint8_t[]){63, 63, 63, 62, 0});
	assert_int_equal(len, 256);
	assert_int_equal(qn_name_from_wire(&name, (struct qn_view){wire, sizeof(wire)}), 0);
	len = labels_write(wire, (const uint8_t[]){63, 63, 63, 61, 1, 0});
	assert_int_equal(len, 257);
	assert_int_equal(qn_name_from_wire(&name, (struct qn_view){wire, sizeof(wire)}), 0);
}

TEST(name_equality_folds_ascii_only)
{
	const struct qn_name lower = test_name("www.example.com");
	const struct qn_name mixed = test_name("wWw.eXample.COM");
	const struct qn_name other = test_name("www.example.con");
	const struct qn_name shorter = test_name("example.com");
	/* Differ in bit 5 as letters do, but are none. */
	const struct qn_name at_sign = test_name("\\064[\\195");
	const struct qn_name grave = test_name("`{\\227");

	assert_true(qn_name_equal(&lower, &mixed));
	assert_false(qn_name_equal_case(&lower, &mixed));
	assert_true(qn_name_equal_case(&mixed, &mixed));
	assert_false(qn_name_equal(&lower, &other));
	assert_false(qn_name_equal(&lower, &shorter));
	assert_false(qn_name_equal_case(&lower, &shorter));
	assert_false(qn_name_equal(&at_sign, &grave));
}

TEST(name_octets_fold)
{
	for (unsigned octet = 0; octet <= UINT8_MAX; octet++) {
		const unsigned expected = octet >= 'A' && octet <= 'Z' ? octet + 32 : octet;

		assert_int_equal(qn_octet_lower((uint8_t)octet), expected);
	}
}

TEST(name_lower_folds_letters_only)
{
	struct qn_name name = test_name("AbZ[\\193.09");

	qn_name_lower(&name);
	assert_name_text(&name, "abz[\\193.09.");
}

static bool
within(const char *name, const char *ancestor)
{
	const struct qn_name a = test_name(name);
	const struct qn_name b = test_name(ancestor);

	return qn_name_within(&a, &b);
}

TEST(name_within_counts_whole_labels)
{
	assert_true(within("www.example.com", "example.com"));
	assert_true(within("example.com", "EXAMPLE.com"));
	assert_true(within("example.com", "."));
	assert_true(within(".", "."));
	assert_false(within(".", "com"));
	assert_false(within("example.com", "www.example.com"));
	assert_false(within("badexample.com", "example.com"));
	assert_false(within("example.org", "example.com"));
	assert_false(within("com.example", "com"));
	/* The octets of "com." end this name, but as part of a label. */
	assert_false(within("x\\003com", "com"));
	assert_true(within("x\\003com", "x\\003com"));
}

/* The order of RFC 4034 s6.1, its own example. */
TEST(name_order_is_canonical)
{
	static const char *const sorted[] = {".", "example", "a.example", "yljkjljk.a.example",
	    "Z.a.example", "zABC.a.EXAMPLE", "z.example", "\\001.z.example", "*.z.example",
	    "\\200.z.example"};

	for (size_t i = 0; i < COUNT_OF(sorted); i++) {
		for (size_t j = 0; j < COUNT_OF(sorted); j++) {
			const struct qn_name a = test_name(sorted[i]);
			const struct qn_name b = test_name(sorted[j]);
			const int order = qn_name_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

TEST(name_order_folds_case)
{
	const struct qn_name a = test_name("Foo.EXAMPLE");
	const struct qn_name b = test_name("fOO.example");
	const struct qn_name upper_b = test_name("B.example");
	const struct qn_name lower_a = test_name("a.example");

	assert_int_equal(qn_name_compare(&a, &b), 0);
	assert_true(qn_name_compare(&lower_a, &upper_b) < 0);
}

TEST(name_suffixes)
{
	const struct qn_name name = test_name("a.b.example.com");
	struct qn_name out;

	qn_name_suffix(&out, &name, 4);
	assert_name_text(&out, "a.b.example.com.");
	qn_name_suffix(&out, &name, 2);
	assert_name_text(&out, "example.com.");
	qn_name_suffix(&out, &out, 1);
	assert_name_text(&out, "com.");
	qn_name_suffix(&out, &name, 0);
	assert_name_text(&out, ".");
	assert_is_bug(qn_name_suffix(&out, &name, 5));
}

TEST(name_parents)
{
	struct qn_name name = test_name("a.example.com");

	assert_true(qn_name_parent(&name, &name));
	assert_name_text(&name, "example.com.");
	assert_true(qn_name_parent(&name, &name));
	assert_true(qn_name_parent(&name, &name));
	assert_name_text(&name, ".");
	assert_false(qn_name_parent(&name, &name));
	assert_name_text(&name, ".");
}

static unsigned
common(const char *one, const char *other)
{
	const struct qn_name a = test_name(one);
	const struct qn_name b = test_name(other);

	assert_int_equal(qn_name_common_labels(&b, &a), qn_name_common_labels(&a, &b));
	return qn_name_common_labels(&a, &b);
}

TEST(name_common_labels)
{
	assert_int_equal(common(".", "com"), 0);
	assert_int_equal(common("com", "COM"), 1);
	assert_int_equal(common("a.example.com", "b.Example.com"), 2);
	assert_int_equal(common("a.example.com", "example.com"), 2);
	assert_int_equal(common("example.org", "example.com"), 0);
	assert_int_equal(common("x.a.com", "x.b.com"), 1);
}

static bool
replace(struct qn_name *out, const char *name, const char *from, const char *to)
{
	const struct qn_name a = test_name(name);
	const struct qn_name b = test_name(from);
	const struct qn_name c = test_name(to);

	return qn_name_replace_suffix(out, &a, &b, &c);
}

/* The table of RFC 6672 s2.2 in parts, and the limit. */
TEST(name_suffix_replacing)
{
	struct qn_name out = test_name("untouched");

	assert_false(replace(&out, "com.", "example.com.", "example.net."));
	assert_false(replace(&out, "example.com.", "example.com.", "example.net."));
	assert_false(replace(&out, "ab.example.com.", "b.example.com.", "example.net."));
	assert_name_text(&out, "untouched.");
	assert_true(replace(&out, "foo.example.com.", "Example.com.", "example.net."));
	assert_name_text(&out, "foo.example.net.");
	assert_true(replace(&out, "a.x.example.com.", "x.example.com.", "example.net."));
	assert_name_text(&out, "a.example.net.");
	assert_true(replace(&out, "foo.example.com.", "example.com.", "y.example.net."));
	assert_name_text(&out, "foo.y.example.net.");
	assert_true(replace(&out, "cyc.example.com.", "example.com.", "example.com."));
	assert_name_text(&out, "cyc.example.com.");
	assert_true(replace(&out, "shortloop.x.x.", "x.", "."));
	assert_name_text(&out, "shortloop.x.");
	assert_true(replace(&out, "a.b.", ".", "c.d."));
	assert_name_text(&out, "a.b.c.d.");
}

TEST(name_suffix_replacing_may_be_too_long)
{
	const struct qn_name from = test_name("z");
	const struct qn_name to = test_name(LABEL_63 "." LABEL_63 "." LABEL_63);
	struct qn_name name = test_name(LABEL_61 ".z");

	/* 62 + 193 octets are 255; one more is too many. */
	assert_true(qn_name_replace_suffix(&name, &name, &from, &to));
	assert_int_equal(name.len, QN_NAME_MAX);
	name = test_name(LABEL_61 "x.z");
	assert_false(qn_name_replace_suffix(&name, &name, &from, &to));
	assert_name_text(&name, LABEL_61 "x.z.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(name_texts),
	    cmocka_unit_test(name_refuses_other_texts),
	    cmocka_unit_test(name_text_may_hold_zeros),
	    cmocka_unit_test(name_limits),
	    cmocka_unit_test(name_longest_text_fits),
	    cmocka_unit_test(name_every_octet_round_trips),
	    cmocka_unit_test(name_from_wire_takes_one_name),
	    cmocka_unit_test(name_from_wire_length_limits),
	    cmocka_unit_test(name_equality_folds_ascii_only),
	    cmocka_unit_test(name_octets_fold),
	    cmocka_unit_test(name_lower_folds_letters_only),
	    cmocka_unit_test(name_within_counts_whole_labels),
	    cmocka_unit_test(name_order_is_canonical),
	    cmocka_unit_test(name_order_folds_case),
	    cmocka_unit_test(name_suffixes),
	    cmocka_unit_test(name_parents),
	    cmocka_unit_test(name_common_labels),
	    cmocka_unit_test(name_suffix_replacing),
	    cmocka_unit_test(name_suffix_replacing_may_be_too_long),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
