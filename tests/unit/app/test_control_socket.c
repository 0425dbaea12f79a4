/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claiming the name of the control socket: from nobody, from the dead, never from the living.
 */
#include "control_socket.h"
#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/quince-socket-XXXXXX";
static char path[sizeof(directory) + 16];

static int
enter(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/control.sock", directory);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	return rmdir(directory);
}

/* Whether somebody listens at `path`. */
static bool
can_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool ok;

	assert_true(fd >= 0);
	strcpy(address.sun_path, path);
	ok = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return ok;
}

TEST(is_for_its_owner_and_leaves_nothing)
{
	struct control_socket control;
	struct stat status;

	assert_int_equal(control_socket_open(&control, path), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_true(can_connect());
	control_socket_close(&control);
	assert_int_equal(stat(path, &status), -1);
}

TEST(replaces_what_a_dead_daemon_left)
{
	struct control_socket dead, control;

	assert_int_equal(control_socket_open(&dead, path), 0);
	/* As the kernel does; the names stay. */
	close(dead.fd);
	close(dead.claim.fd);
	assert_false(can_connect());
	assert_int_equal(control_socket_open(&control, path), 0);
	assert_true(can_connect());
	control_socket_close(&control);
}

TEST(leaves_a_living_daemon_alone)
{
	struct control_socket living, control;

	assert_int_equal(control_socket_open(&living, path), 0);
	assert_int_equal(control_socket_open(&control, path), -EADDRINUSE);
	assert_true(can_connect());
	/* Nor when somebody has removed its claim. */
	file_claim_release(&living.claim);
	assert_int_equal(control_socket_open(&control, path), -EADDRINUSE);
	assert_true(can_connect());
	control_socket_close(&living);
}

/* Of two that find what a dead one left, the second must not remove what the first makes of it. */
TEST(leaves_alone_who_has_just_begun)
{
	struct control_socket first, second;

	assert_int_equal(control_socket_open(&first, path), 0);
	close(first.fd);
	assert_false(can_connect());
	assert_int_equal(control_socket_open(&second, path), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	first.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	control_socket_close(&first);
}

TEST(leaves_alone_what_is_no_socket)
{
	struct control_socket control;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(control_socket_open(&control, path), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
}

TEST(needs_a_directory)
{
	struct control_socket control;
	char nowhere[sizeof(path) + 16];

	snprintf(nowhere, sizeof(nowhere), "%s/no/control.sock", directory);
	assert_int_equal(control_socket_open(&control, nowhere), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_for_its_owner_and_leaves_nothing),
	    cmocka_unit_test(replaces_what_a_dead_daemon_left),
	    cmocka_unit_test(leaves_a_living_daemon_alone),
	    cmocka_unit_test(leaves_alone_who_has_just_begun),
	    cmocka_unit_test(leaves_alone_what_is_no_socket),
	    cmocka_unit_test(needs_a_directory),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
