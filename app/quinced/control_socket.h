/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The Unix socket that the daemon is controlled through, as a name in the file system.
 *
 * Only the user that runs the daemon may connect. A socket that a dead daemon left is
 * replaced, one that somebody answers at is not.
 */
#include "file_claim.h"

#include <stdbool.h>
#include <sys/un.h>

struct control_socket {
	struct sockaddr_un address;
	struct file_claim claim; /* Of two daemons that start together, one gets the name. */
	int fd;
	bool made_directory; /* Below /run, where directories are gone after a boot. */
};

/** Listens at `path`. Returns 0, or -errno with the reason logged and nothing left behind. */
int control_socket_open(struct control_socket *control, const char *path);

/** Closes the socket and removes its name. */
void control_socket_close(struct control_socket *control);
