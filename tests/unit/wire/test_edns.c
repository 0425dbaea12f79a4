/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/test.h"
#include "wire/constants.h"
#include "wire/edns.h"

#include <string.h>

static struct qn_view
options_of(const char *hex)
{
	static uint8_t room[256];

	return test_hex((struct qn_span){room, sizeof(room)}, hex);
}

TEST(edns_fields)
{
	struct qn_edns edns;

	assert_true(qn_edns_read(&edns, 1232, 0x01008000, options_of("")));
	assert_true(edns.present);
	assert_int_equal(edns.udp_size, 1232);
	assert_int_equal(edns.rcode_high, 1);
	assert_int_equal(edns.version, 0);
	assert_true(edns.dnssec_ok);
	assert_true(qn_edns_read(&edns, 0, 0xff007fff, options_of("")));
	assert_int_equal(edns.udp_size, 0);
	assert_int_equal(edns.rcode_high, 255);
	assert_false(edns.dnssec_ok);
}

TEST(edns_options_are_found)
{
	struct qn_edns edns;
	struct qn_view data;
	const struct qn_view options =
	    options_of("0003 0000 000a 0008 0102030405060708 fde9 0001 aa 000a 0001 bb");

	assert_true(qn_edns_read(&edns, 1232, 0, options));
	assert_true(qn_edns_option_find(&edns, QN_EDNS_NSID, &data));
	assert_int_equal(data.len, 0);
	/* The first of two. */
	assert_true(qn_edns_option_find(&edns, QN_EDNS_COOKIE, &data));
	assert_int_equal(data.len, 8);
	assert_ptr_equal(data.data, options.data + 8);
	assert_true(qn_edns_option_find(&edns, 65001, &data));
	assert_int_equal(data.len, 1);
	assert_false(qn_edns_option_find(&edns, QN_EDNS_PADDING, &data));
}

TEST(edns_options_are_walked_in_order)
{
	struct qn_view left = options_of("0003 0000 000c 0002 0000");
	struct qn_edns_option option;

	assert_true(qn_edns_option_next(&left, &option));
	assert_int_equal(option.code, 3);
	assert_true(qn_edns_option_next(&left, &option));
	assert_int_equal(option.code, 12);
	assert_int_equal(option.data.len, 2);
	assert_false(qn_edns_option_next(&left, &option));
	assert_int_equal(left.len, 0);
}

TEST(edns_refuses_broken_options)
{
	static const char *const broken[] = {"00", "0003", "000300", "00030001", "0003ffff00",
	    "0003 0000 00", "0003 0001 aa 0003 0002 aa"};
	struct qn_edns edns;

	for (size_t i = 0; i < COUNT_OF(broken); i++)
		if (qn_edns_read(&edns, 1232, 0, options_of(broken[i])))
			fail_msg("taken for options: %s", broken[i]);
}

/* The form of a later version's options is not known: they are neither checked nor shown. */
TEST(edns_leaves_later_versions_alone)
{
	struct qn_edns edns;
	struct qn_view data;

	assert_true(qn_edns_read(&edns, 1232, 0x00010000, options_of("0003 0001")));
	assert_int_equal(edns.version, 1);
	assert_true(qn_edns_read(&edns, 1232, 0x00ff0000, options_of("0003 0000")));
	assert_int_equal(edns.version, 255);
	assert_false(qn_edns_option_find(&edns, QN_EDNS_NSID, &data));
}

TEST(edns_limits_the_number_of_options)
{
	static const uint8_t options[4 * (QN_EDNS_OPTION_MAX + 1)];
	struct qn_edns edns;

	assert_true(qn_edns_read(&edns, 512, 0, (struct qn_view){options, 4 * QN_EDNS_OPTION_MAX}));
	assert_false(qn_edns_read(&edns, 512, 0, (struct qn_view){options, sizeof(options)}));
}

TEST(edns_is_written)
{
	uint8_t buffer[64], room[64];
	struct qn_writer writer = qn_writer_of((struct qn_span){buffer, sizeof(buffer)});

	qn_write_u8(&writer, 0xee);
	const size_t opt_at = qn_write_edns_begin(&writer, 1232, QN_RCODE_BADCOOKIE, true);

	assert_int_equal(opt_at, 1);
	qn_write_edns_option(&writer, QN_EDNS_NSID, test_octets("edge1"));
	qn_write_edns_option(&writer, QN_EDNS_COOKIE, (struct qn_view){NULL, 0});
	qn_write_edns_end(&writer, opt_at);
	const struct qn_view expected = test_hex((struct qn_span){room, sizeof(room)},
	    "ee 00 0029 04d0 01 00 8000 000d 0003 0005 6564676531 000a 0000");

	assert_false(writer.overflowed);
	assert_view_equal(((struct qn_view){buffer, writer.at}), expected);
}

/* What ends an OPT record that did not fit touches nothing. */
TEST(edns_may_not_fit)
{
	for (size_t cap = 0; cap < 11 + 9; cap++) {
		uint8_t buffer[32];

		memset(buffer, 0xee, sizeof(buffer));
		struct qn_writer writer = qn_writer_of((struct qn_span){buffer, cap});
		const struct qn_writer_mark mark = qn_writer_mark(&writer);
		const size_t opt_at = qn_write_edns_begin(&writer, 1232, 0, false);

		qn_write_edns_option(&writer, QN_EDNS_NSID, test_octets("edge1"));
		qn_write_edns_end(&writer, opt_at);
		assert_true(writer.overflowed);
		assert_int_equal(buffer[cap], 0xee);
		qn_writer_rewind(&writer, mark);
		assert_int_equal(writer.at, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(edns_fields),
	    cmocka_unit_test(edns_options_are_found),
	    cmocka_unit_test(edns_options_are_walked_in_order),
	    cmocka_unit_test(edns_refuses_broken_options),
	    cmocka_unit_test(edns_leaves_later_versions_alone),
	    cmocka_unit_test(edns_limits_the_number_of_options),
	    cmocka_unit_test(edns_is_written),
	    cmocka_unit_test(edns_may_not_fit),
	};

	return cmocka_run_group_tests_name("edns", tests, NULL, NULL);
}
