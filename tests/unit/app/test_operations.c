/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's manual names every figure that the daemon shows.
 */
#include "kernel/kernel.h"
#include "port/port.h"
#include "shard/shard.h"
#include "stream/streams.h"
#include "support/test.h"
#include "worker_counters.h"

#include <stdio.h>
#include <string.h>

#define MANUAL_MAX 131072

static char manual[MANUAL_MAX];

static int
read_manual(void **state)
{
	FILE *file = fopen(QN_OPERATIONS_MANUAL, "r");
	size_t len;

	(void)state;
	if (file == NULL)
		return -1;
	len = fread(manual, 1, sizeof(manual) - 1, file);
	manual[len] = '\0';
	fclose(file);
	return len > 0 && len < sizeof(manual) - 1 ? 0 : -1;
}

static void
assert_named(const char *prefix, const char *name)
{
	char quoted[128];

	snprintf(quoted, sizeof(quoted), "`%s%s`", prefix, name);
	if (strstr(manual, quoted) == NULL)
		fail_msg("docs/operations.md does not name %s", quoted);
}

TEST(names_the_figures_of_a_shard)
{
	for (uint32_t i = 0; i < qn_shard_figure_count(); i++)
		assert_named(qn_shard_figure(i).prefix, qn_shard_figure(i).name);
}

TEST(names_the_counters_of_a_worker)
{
	for (unsigned i = 0; i < WORKER_COUNTER_COUNT; i++)
		assert_named("", worker_counter_name(i));
}

TEST(names_the_counters_of_a_port)
{
	for (unsigned i = 0; i < QN_PORT_COUNTER_COUNT; i++)
		assert_named("", qn_port_counter_name(i));
}

TEST(names_the_figures_of_streams)
{
	for (uint32_t i = 0; i < qn_stream_figure_count(); i++)
		assert_named("", qn_stream_figure_name(i));
}

TEST(names_the_counters_of_the_kernel_side)
{
	for (unsigned i = 0; i < QN_KERNEL_COUNTER_COUNT; i++) {
		char name[QN_KERNEL_NAME_MAX];

		qn_kernel_counter_name(i, name);
		assert_named("", name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_figures_of_a_shard),
	    cmocka_unit_test(names_the_counters_of_a_worker),
	    cmocka_unit_test(names_the_counters_of_a_port),
	    cmocka_unit_test(names_the_figures_of_streams),
	    cmocka_unit_test(names_the_counters_of_the_kernel_side),
	};

	return cmocka_run_group_tests(tests, read_manual, NULL);
}
