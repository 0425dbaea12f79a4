/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine has, and whether that is enough.
 */
#include "budget.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static const char *
cores_text(const int *cores, size_t count)
{
	static char text[MACHINE_CORES_TEXT_MAX];
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < count; i++)
		CPU_SET(cores[i], &set);
	machine_cores_text(&set, text);
	return text;
}

#define CORES_TEXT(...) \
	cores_text((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

TEST(cores_are_written_in_runs)
{
	assert_string_equal(cores_text(NULL, 0), "");
	assert_string_equal(CORES_TEXT(0), "0");
	assert_string_equal(CORES_TEXT(0, 1, 2, 5, 7, 8), "0-2,5,7-8");
	assert_string_equal(CORES_TEXT(CPU_SETSIZE - 2, CPU_SETSIZE - 1), "1022-1023");
}

TEST(too_many_cores_end_in_dots)
{
	char text[MACHINE_CORES_TEXT_MAX];
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int core = 0; core < CPU_SETSIZE; core += 2)
		CPU_SET(core, &set);
	machine_cores_text(&set, text);
	assert_memory_equal(text, "0,2,4,", 6);
	assert_string_equal(text + strlen(text) - 3, "...");
}

TEST(this_machine_has_something)
{
	struct machine machine;

	assert_int_equal(machine_read(&machine), 0);
	assert_true(CPU_COUNT(&machine.cores) > 0);
	assert_true(machine.memory_bytes > 0);
}

static const struct config_fixed fixed = {
    .cache_bytes = 1ull << 30,
    .cache_line = 3,
    .worker_count = 4,
    .port_count = 2,
};

TEST(a_budget_holds_the_cache_and_every_worker)
{
	const struct budget budget = budget_of(&fixed);

	assert_true(budget.cache_bytes <= fixed.cache_bytes / 4);
	assert_true(budget.cache_bytes > fixed.cache_bytes / 4 - 4096);
	assert_int_equal(budget.total_bytes,
	    budget.shared_bytes + 4 * (budget.shard_bytes + budget.cache_bytes));
}

/* What is said with so much ordinary memory and so much in hugepages; the caller frees it. */
static char *
said_with(uint64_t memory_bytes, uint64_t hugepage_bytes)
{
	const struct machine machine = {
	    .memory_bytes = memory_bytes,
	    .hugepage_bytes = hugepage_bytes,
	};
	struct diagnostics errors;
	char *said = NULL;
	size_t said_len;
	FILE *out = open_memstream(&said, &said_len);

	assert_non_null(out);
	diagnostics_init(&errors, "file");
	budget_check(&fixed, &machine, &errors);
	diagnostics_print(&errors, out);
	diagnostics_fini(&errors);
	assert_int_equal(fclose(out), 0);
	return said;
}

TEST(too_little_memory_is_an_error)
{
	static const char begin[] = "file:3: node.cache: too little memory: ";
	static const char end[] = " MiB are needed for the cache, the workers and the ports, and "
				  "1024 MiB are free; make the cache smaller.\n";
	const uint64_t total_bytes = budget_of(&fixed).total_bytes;
	char *said = said_with(1ull << 30, 0);

	assert_memory_equal(said, begin, strlen(begin));
	assert_non_null(strstr(said, end));
	free(said);

	/* Neither kind of memory is enough alone, and they cannot be joined. */
	said = said_with(total_bytes - 1, total_bytes - 1);
	assert_memory_equal(said, begin, strlen(begin));
	free(said);
}

TEST(either_kind_of_memory_will_do)
{
	char *said = said_with(8ull << 30, 0);

	assert_string_equal(said, "");
	free(said);
	said = said_with(0, 8ull << 30);
	assert_string_equal(said, "");
	free(said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cores_are_written_in_runs),
	    cmocka_unit_test(too_many_cores_end_in_dots),
	    cmocka_unit_test(this_machine_has_something),
	    cmocka_unit_test(a_budget_holds_the_cache_and_every_worker),
	    cmocka_unit_test(too_little_memory_is_an_error),
	    cmocka_unit_test(either_kind_of_memory_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
