/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to the kernel about links: any process may ask them.
 */
#include "kernel/netlink.h"
#include "support/test.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#define LOOPBACK_INDEX 1u
#define NOBODYS_INDEX  0x7ffffff0u

/* Has an answer come that nobody takes: to a question that bears a number of its own. */
static void
leave_answer(struct qn_netlink *netlink)
{
	char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	message->nlmsg_type = RTM_GETLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = 7777777;
	link->ifi_index = (int)LOOPBACK_INDEX;
	assert_true(mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) > 0);
}

TEST(links_are_known_by_index)
{
	struct qn_netlink netlink;

	assert_int_equal(qn_netlink_open(&netlink), 0);
	assert_true(qn_netlink_link_is_up(&netlink, LOOPBACK_INDEX) >= 0);
	assert_int_equal(qn_netlink_link_is_up(&netlink, NOBODYS_INDEX), -ENODEV);
	qn_netlink_close(&netlink);
}

TEST(answers_to_earlier_questions_are_not_taken_for_this_ones)
{
	struct qn_netlink netlink;
	int before;

	assert_int_equal(qn_netlink_open(&netlink), 0);
	before = qn_netlink_link_is_up(&netlink, LOOPBACK_INDEX);
	leave_answer(&netlink);
	assert_int_equal(qn_netlink_link_is_up(&netlink, NOBODYS_INDEX), -ENODEV);
	leave_answer(&netlink);
	leave_answer(&netlink);
	assert_int_equal(qn_netlink_link_is_up(&netlink, LOOPBACK_INDEX), before);
	qn_netlink_close(&netlink);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(links_are_known_by_index),
	    cmocka_unit_test(answers_to_earlier_questions_are_not_taken_for_this_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
