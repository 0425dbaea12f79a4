/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets gathered into bursts for a port or another worker, against a port and a mailbox that
 * take as little as the test likes: every packet is sent or freed, once, and counted.
 */
#include "handover.h"
#include "outgoing.h"
#include "support/test.h"

#include <string.h>

#define PACKET_COUNT 1000

/* What the port, or the mailbox, takes of each call: 0 when it is full. */
static uint32_t taken_a_call;
static uint32_t call_count;
/* What became of each packet; `len` numbers them. */
static unsigned sent[PACKET_COUNT];
static unsigned freed[PACKET_COUNT];

uint32_t
qn_port_transmit(
    struct qn_port *port, uint16_t queue, const struct qn_packet *packets, uint32_t count)
{
	const uint32_t taken = count < taken_a_call ? count : taken_a_call;

	(void)port;
	assert_int_equal(queue, 3);
	assert_true(count > 0 && count <= QN_PORT_BURST_MAX);
	call_count++;
	for (uint32_t i = 0; i < taken; i++)
		sent[packets[i].len]++;
	return taken;
}

uint32_t
qn_mailbox_send(struct qn_mailbox *mailbox, const struct qn_mail *mails, uint32_t count)
{
	const uint32_t taken = count < taken_a_call ? count : taken_a_call;

	(void)mailbox;
	assert_true(count > 0 && count <= QN_MAILBOX_BURST_MAX);
	call_count++;
	for (uint32_t i = 0; i < taken; i++) {
		assert_int_equal(mails[i].link, mails[i].packet.len % 3);
		assert_int_equal(mails[i].is_query, mails[i].packet.len % 2);
		sent[mails[i].packet.len]++;
	}
	return taken;
}

void
qn_port_free(const struct qn_packet *packet)
{
	freed[packet->len]++;
}

void
qn_port_free_bulk(const struct qn_packet *packets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		qn_port_free(&packets[i]);
}

static uint32_t
sum(const unsigned *counts)
{
	uint32_t total = 0;

	for (unsigned i = 0; i < PACKET_COUNT; i++)
		total += counts[i];
	return total;
}

static void
begin(uint32_t taken)
{
	taken_a_call = taken;
	call_count = 0;
	memset(sent, 0, sizeof(sent));
	memset(freed, 0, sizeof(freed));
}

static void
assert_each_ends_once(void)
{
	for (unsigned i = 0; i < PACKET_COUNT; i++)
		assert_int_equal(sent[i] + freed[i], 1);
}

static void
transmit_all(struct worker_counters *counters, uint32_t taken)
{
	struct outgoing outgoing = {.counters = counters, .queue = 3};

	begin(taken);
	for (uint32_t i = 0; i < PACKET_COUNT; i++)
		outgoing_add(&outgoing, &(struct qn_packet){.len = i});
	outgoing_flush(&outgoing);
	assert_int_equal(outgoing.count, 0);
	assert_each_ends_once();
}

TEST(a_port_that_takes_all_gets_full_bursts)
{
	struct worker_counters counters = {0};

	transmit_all(&counters, UINT32_MAX);
	assert_int_equal(sum(sent), PACKET_COUNT);
	assert_int_equal(call_count, (PACKET_COUNT + QN_PORT_BURST_MAX - 1) / QN_PORT_BURST_MAX);
	assert_int_equal(counters.values[COUNT_worker_transmit_drop], 0);
}

TEST(a_port_that_takes_little_is_asked_again_and_then_given_up)
{
	struct worker_counters counters = {0};

	/* Nearly all of a burst at a time: the second try takes the rest. */
	transmit_all(&counters, QN_PORT_BURST_MAX - 1);
	assert_int_equal(sum(sent), PACKET_COUNT);

	transmit_all(&counters, 1);
	assert_true(sum(sent) > 0);
	assert_int_equal(counters.values[COUNT_worker_transmit_drop], sum(freed));

	counters = (struct worker_counters){0};
	transmit_all(&counters, 0);
	assert_int_equal(sum(sent), 0);
	assert_int_equal(counters.values[COUNT_worker_transmit_drop], PACKET_COUNT);
}

TEST(flushing_nothing_calls_nobody)
{
	struct worker_counters counters = {0};
	struct outgoing outgoing = {.counters = &counters, .queue = 3};
	struct handover handover = {.counters = &counters};

	begin(UINT32_MAX);
	outgoing_flush(&outgoing);
	handover_flush(&handover);
	assert_int_equal(call_count, 0);
}

static void
hand_over_all(struct worker_counters *counters, uint32_t taken)
{
	struct handover handover = {.counters = counters};

	begin(taken);
	for (uint32_t i = 0; i < PACKET_COUNT; i++)
		handover_add(
		    &handover, &(struct qn_mail){{.len = i}, (uint16_t)(i % 3), i % 2 == 1});
	handover_flush(&handover);
	assert_int_equal(handover.count, 0);
	assert_each_ends_once();
	assert_int_equal(counters->values[COUNT_worker_handover_sent], sum(sent));
	assert_int_equal(counters->values[COUNT_worker_handover_drop], sum(freed));
}

TEST(a_mailbox_takes_what_fits_and_the_rest_is_dropped)
{
	struct worker_counters counters = {0};

	hand_over_all(&counters, UINT32_MAX);
	assert_int_equal(sum(sent), PACKET_COUNT);
	counters = (struct worker_counters){0};
	hand_over_all(&counters, 10);
	assert_true(sum(freed) > 0 && sum(sent) > 0);
	counters = (struct worker_counters){0};
	hand_over_all(&counters, 0);
	assert_int_equal(sum(freed), PACKET_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_port_that_takes_all_gets_full_bursts),
	    cmocka_unit_test(a_port_that_takes_little_is_asked_again_and_then_given_up),
	    cmocka_unit_test(flushing_nothing_calls_nobody),
	    cmocka_unit_test(a_mailbox_takes_what_fits_and_the_rest_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
