/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"
#include "wire/constants.h"
#include "wire/text.h"

#include <string.h>

TEST(type_mnemonics)
{
	static const struct {
		uint16_t type;
		const char *text;
	} cases[] = {
	    {QN_TYPE_A, "A"},
	    {QN_TYPE_AAAA, "AAAA"},
	    {QN_TYPE_NSEC3PARAM, "NSEC3PARAM"},
	    {QN_TYPE_HTTPS, "HTTPS"},
	    {QN_TYPE_ANY, "ANY"},
	    {23, "NSAP-PTR"},
	    {257, "CAA"},
	    {32769, "DLV"},
	    {0, "TYPE0"},
	    {54, "TYPE54"},
	    {1000, "TYPE1000"},
	    {65535, "TYPE65535"},
	};
	char text[QN_MNEMONIC_MAX];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_ptr_equal(qn_type_to_text(cases[i].type, text), text);
		assert_string_equal(text, cases[i].text);
	}
}

TEST(types_round_trip)
{
	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		char text[QN_MNEMONIC_MAX];
		uint16_t back = (uint16_t)~type;

		memset(text, 'x', sizeof(text));
		qn_type_to_text((uint16_t)type, text);
		assert_non_null(memchr(text, '\0', sizeof(text)));
		assert_true(qn_type_from_text(&back, text));
		assert_int_equal(back, type);
	}
}

TEST(types_are_read_in_any_case)
{
	uint16_t type = 0;

	assert_true(qn_type_from_text(&type, "aaaa"));
	assert_int_equal(type, QN_TYPE_AAAA);
	assert_true(qn_type_from_text(&type, "cName"));
	assert_int_equal(type, QN_TYPE_CNAME);
	assert_true(qn_type_from_text(&type, "type28"));
	assert_int_equal(type, QN_TYPE_AAAA);
	assert_true(qn_type_from_text(&type, "TYPE00001"));
	assert_int_equal(type, QN_TYPE_A);
}

TEST(other_texts_are_no_types)
{
	static const char *const texts[] = {"", "AA", "AAAAA", "A ", " A", "*", "IN", "TYPE",
	    "TYPE-1", "TYPE65536", "TYPE1x", "TYPE99999999999999999999", "TYP1", "TYPE 1", "1"};
	uint16_t type = 77;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (qn_type_from_text(&type, texts[i]))
			fail_msg("taken for a type: '%s'", texts[i]);
	assert_int_equal(type, 77);
}

TEST(rcode_mnemonics)
{
	char text[QN_MNEMONIC_MAX];

	assert_string_equal(qn_rcode_to_text(QN_RCODE_NOERROR, text), "NOERROR");
	assert_string_equal(qn_rcode_to_text(QN_RCODE_NXDOMAIN, text), "NXDOMAIN");
	assert_string_equal(qn_rcode_to_text(QN_RCODE_BADVERS, text), "BADVERS");
	assert_string_equal(qn_rcode_to_text(QN_RCODE_BADCOOKIE, text), "BADCOOKIE");
	assert_string_equal(qn_rcode_to_text(15, text), "RCODE15");
	assert_string_equal(qn_rcode_to_text(4095, text), "RCODE4095");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(type_mnemonics),
	    cmocka_unit_test(types_round_trip),
	    cmocka_unit_test(types_are_read_in_any_case),
	    cmocka_unit_test(other_texts_are_no_types),
	    cmocka_unit_test(rcode_mnemonics),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
