/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums that the kernel has left to a device.
 */
#include "base/endian.h"
#include "port/partial.h"
#include "support/test.h"

#include <string.h>

#define FRAME_MAX 128

/*
 * A query of a local socket as it came over a veth: 10.9.0.1 port 40000 to 10.9.0.2 port 53,
 * "hi" inside. The sum of its pseudo-header is 0a09 + 0001 + 0a09 + 0002 + 0011 + 000a = 1430.
 */
static const char ipv4_udp[] = "5a0000000049 020000000001 0800"
			       "4500001e 00004000 40110000 0a090001 0a090002"
			       "9c40 0035 000a 1430 6869";

/* The same over IPv6, fd00:9::1 to fd00:9::2; its sum is 2 * (fd00 + 9) + 1 + 2 + 11 + a. */
static const char ipv6_udp[] = "5a0000000049 020000000001 86dd"
			       "60000000 000a1140 fd000009000000000000000000000001"
			       "fd000009000000000000000000000002"
			       "9c40 0035 000a fa31 6869";

struct frame {
	uint8_t octets[FRAME_MAX];
	uint32_t len;
};

static struct frame
frame_of(const char *hex)
{
	struct frame frame;

	frame.len = (uint32_t)test_hex((struct qn_span){frame.octets, FRAME_MAX}, hex).len;
	return frame;
}

static void
left_alone(struct frame *frame)
{
	const struct frame before = *frame;

	assert_false(qn_partial_fill(frame->octets, frame->len));
	assert_memory_equal(frame->octets, before.octets, frame->len);
}

TEST(fills_udp_over_ipv4)
{
	struct frame frame = frame_of(ipv4_udp);

	/* ~(1430 + 9c40 + 0035 + 000a + 6869), carries added in. */
	assert_true(qn_partial_fill(frame.octets, frame.len));
	assert_int_equal(qn_load_be16(frame.octets + 40), 0xe6e6);
	left_alone(&frame);
}

TEST(fills_udp_over_ipv6)
{
	struct frame frame = frame_of(ipv6_udp);

	/* ~(fa31 + 9c40 + 0035 + 000a + 6869) */
	assert_true(qn_partial_fill(frame.octets, frame.len));
	assert_int_equal(qn_load_be16(frame.octets + 60), 0x00e5);
}

TEST(fills_behind_a_tag)
{
	struct frame frame = frame_of(ipv4_udp);

	memmove(frame.octets + 16, frame.octets + 12, frame.len - 12);
	qn_store_be16(frame.octets + 12, 0x8100);
	qn_store_be16(frame.octets + 14, 7);
	assert_true(qn_partial_fill(frame.octets, frame.len + 4));
	assert_int_equal(qn_load_be16(frame.octets + 44), 0xe6e6);
}

TEST(fills_tcp)
{
	/* A SYN; the sum of its pseudo-header is 0a09 + 0001 + 0a09 + 0002 + 0006 + 0014. */
	struct frame frame = frame_of("5a0000000049 020000000001 0800"
				      "45000028 00004000 40060000 0a090001 0a090002"
				      "9c400035 00000001 00000000 5002ffff 142f 0000");

	/* ~(142f + 9c40 + 0035 + 0001 + 5002 + ffff) */
	assert_true(qn_partial_fill(frame.octets, frame.len));
	assert_int_equal(qn_load_be16(frame.octets + 50), 0xff57);
}

/* A sum of zero is sent as ffff, because 0 says that there is none (RFC 768). */
TEST(never_fills_in_zero)
{
	struct frame frame = frame_of(ipv4_udp);

	/* 1430 + 9c40 + 0035 + 000a + 4f50 is ffff. */
	qn_store_be16(frame.octets + 42, 0x4f50);
	assert_true(qn_partial_fill(frame.octets, frame.len));
	assert_int_equal(qn_load_be16(frame.octets + 40), 0xffff);
}

TEST(ignores_octets_behind_the_packet)
{
	struct frame frame = frame_of(ipv4_udp);

	memset(frame.octets + frame.len, 0xaa, 18);
	assert_true(qn_partial_fill(frame.octets, frame.len + 18));
	assert_int_equal(qn_load_be16(frame.octets + 40), 0xe6e6);
}

TEST(leaves_other_checksums_alone)
{
	struct frame frame = frame_of(ipv4_udp);

	qn_store_be16(frame.octets + 40, 0x1431);
	left_alone(&frame);
	qn_store_be16(frame.octets + 40, 0);
	left_alone(&frame);
}

TEST(leaves_what_no_socket_makes_alone)
{
	struct frame frame = frame_of(ipv4_udp);

	qn_store_be16(frame.octets + 20, 0x2000); /* More fragments. */
	left_alone(&frame);
	frame = frame_of(ipv4_udp);
	qn_store_be16(frame.octets + 20, 0x0001); /* Not the first. */
	left_alone(&frame);
	frame = frame_of(ipv4_udp);
	qn_store_be16(frame.octets + 38, 9); /* UDP says another length than IP. */
	left_alone(&frame);
	frame = frame_of(ipv4_udp);
	qn_store_be16(frame.octets + 16, 31); /* Longer than the frame. */
	left_alone(&frame);
	frame = frame_of(ipv4_udp);
	frame.octets[14] = 0x44; /* A header shorter than a header. */
	left_alone(&frame);
	frame = frame_of(ipv4_udp);
	frame.octets[23] = 1; /* ICMP */
	left_alone(&frame);
	frame = frame_of(ipv6_udp);
	qn_store_be16(frame.octets + 18, 11);
	left_alone(&frame);
	frame = frame_of(ipv4_udp);
	qn_store_be16(frame.octets + 12, 0x0806); /* ARP */
	left_alone(&frame);
}

/* Frames end right behind what is there, so that a sanitizer sees a read beyond. */
TEST(reads_nothing_beyond_a_short_frame)
{
	static const char *const frames[] = {ipv4_udp, ipv6_udp};

	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		const struct frame whole = frame_of(frames[i]);

		for (uint32_t len = 0; len < whole.len; len++) {
			uint8_t *cut = test_malloc(len);

			memcpy(cut, whole.octets, len);
			assert_false(qn_partial_fill(cut, len));
			test_free(cut);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fills_udp_over_ipv4),
	    cmocka_unit_test(fills_udp_over_ipv6),
	    cmocka_unit_test(fills_behind_a_tag),
	    cmocka_unit_test(fills_tcp),
	    cmocka_unit_test(never_fills_in_zero),
	    cmocka_unit_test(ignores_octets_behind_the_packet),
	    cmocka_unit_test(leaves_other_checksums_alone),
	    cmocka_unit_test(leaves_what_no_socket_makes_alone),
	    cmocka_unit_test(reads_nothing_beyond_a_short_frame),
	};

	return cmocka_run_group_tests_name("partial checksums", tests, NULL, NULL);
}
