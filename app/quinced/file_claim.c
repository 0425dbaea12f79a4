/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640

/* Claims that others may give up just while this one is made. */
#define TRIES_MAX 100

/* Whether the name still is that of the open file: who gives a claim up removes it. */
static bool
is_named(int fd, const char *path)
{
	struct stat open_file;
	struct stat named;

	return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
	       open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/* Returns the locked file, or -errno. */
static int
open_locked(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	int result;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

int
file_claim_take(struct file_claim *claim, const char *path)
{
	claim->fd = -1;
	if (path[0] == '\0')
		return 0;
	snprintf(claim->lock, sizeof(claim->lock), "%s.lock", path);
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		const int fd = open_locked(claim->lock);

		if (fd < 0)
			return fd;
		if (is_named(fd, claim->lock)) {
			claim->fd = fd;
			return 0;
		}
		/* Given up, and removed, between the opening and the lock. */
		close(fd);
	}
	return -EWOULDBLOCK;
}

void
file_claim_release(struct file_claim *claim)
{
	if (claim->fd < 0)
		return;
	/* While it is locked: nobody has claimed it by this name yet. */
	unlink(claim->lock);
	close(claim->fd);
	claim->fd = -1;
}
