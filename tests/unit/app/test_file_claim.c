/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file belongs to one at a time; what the dead have left is in nobody's way.
 */
#include "file_claim.h"
#include "support/test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREAD_COUNT 3
#define TURN_COUNT   2000

static char directory[] = "/tmp/quince-claim-XXXXXX";
static char path[sizeof(directory) + 16];
static char lock[sizeof(path) + 8];

static int
enter(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/kept", directory);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	return rmdir(directory);
}

TEST(one_has_it_and_leaves_nothing)
{
	struct file_claim first, second;

	assert_int_equal(file_claim_take(&first, path), 0);
	assert_int_equal(file_claim_take(&second, path), -EWOULDBLOCK);
	/* Who was turned away gives nothing up. */
	file_claim_release(&second);
	assert_int_equal(file_claim_take(&second, path), -EWOULDBLOCK);
	file_claim_release(&first);
	assert_int_equal(access(lock, F_OK), -1);
	assert_int_equal(file_claim_take(&second, path), 0);
	file_claim_release(&second);
	assert_int_equal(access(lock, F_OK), -1);
}

TEST(files_are_claimed_each_for_itself)
{
	struct file_claim first, second;
	char other[sizeof(path) + 8];

	snprintf(other, sizeof(other), "%s.too", path);
	assert_int_equal(file_claim_take(&first, path), 0);
	assert_int_equal(file_claim_take(&second, other), 0);
	file_claim_release(&second);
	file_claim_release(&first);
}

TEST(what_the_dead_left_is_taken)
{
	struct file_claim claim;

	fclose(fopen(lock, "w"));
	assert_int_equal(file_claim_take(&claim, path), 0);
	file_claim_release(&claim);
	assert_int_equal(access(lock, F_OK), -1);
}

static atomic_int owners;
static atomic_bool shared; /* Two have had it at the same time. */

static void *
take_turns(void *argument)
{
	int taken = 0;

	(void)argument;
	while (taken < TURN_COUNT) {
		struct file_claim claim;

		if (file_claim_take(&claim, path) != 0) {
			sched_yield();
			continue;
		}
		if (atomic_fetch_add(&owners, 1) != 0)
			shared = true;
		sched_yield();
		atomic_fetch_sub(&owners, 1);
		file_claim_release(&claim);
		taken++;
	}
	return NULL;
}

/* Who opens what is being given up must not think that the lock on it keeps anybody away. */
TEST(one_has_it_however_fast_it_changes_hands)
{
	pthread_t threads[THREAD_COUNT];

	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
	for (int i = 0; i < THREAD_COUNT; i++)
		pthread_join(threads[i], NULL);
	assert_false(shared);
	assert_int_equal(access(lock, F_OK), -1);
}

TEST(without_a_place_nobody_has_it)
{
	struct file_claim claim;
	char nowhere[sizeof(path) + 16];

	snprintf(nowhere, sizeof(nowhere), "%s/no/kept", directory);
	assert_int_equal(file_claim_take(&claim, nowhere), -ENOENT);
	file_claim_release(&claim);
	assert_int_equal(mkdir(lock, 0700), 0);
	assert_int_equal(file_claim_take(&claim, path), -EISDIR);
	file_claim_release(&claim);
	assert_int_equal(rmdir(lock), 0);
}

TEST(no_path_claims_nothing)
{
	struct file_claim claim;

	assert_int_equal(file_claim_take(&claim, ""), 0);
	assert_int_equal(claim.fd, -1);
	file_claim_release(&claim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_has_it_and_leaves_nothing),
	    cmocka_unit_test(files_are_claimed_each_for_itself),
	    cmocka_unit_test(what_the_dead_left_is_taken),
	    cmocka_unit_test(one_has_it_however_fast_it_changes_hands),
	    cmocka_unit_test(without_a_place_nobody_has_it),
	    cmocka_unit_test(no_path_claims_nothing),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
