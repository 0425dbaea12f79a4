/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/hugepages.h"

#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/*
 * What is locked: there wherever there are hugepages, in all network namespaces the same, and
 * nothing that could be left behind.
 */
#define CLAIM_FILE "/proc/sys/vm/nr_hugepages"

#define CLAIM_WAIT_S   10
#define CLAIM_PAUSE_MS 10

static int claim_fd = -1;

/* A number that a file of the kernel begins with; 0 when there is none. */
static uint64_t
file_number(const char *directory, const char *name)
{
	char path[300];
	uint64_t number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNu64, &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

uint64_t
qn_hugepages_free(void)
{
	glob_t sizes;
	uint64_t bytes = 0;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*kB", 0, NULL, &sizes) != 0)
		return 0;
	for (size_t i = 0; i < sizes.gl_pathc; i++) {
		const char *directory = sizes.gl_pathv[i];
		const uint64_t page_kib = strtoull(strrchr(directory, '-') + 1, NULL, 10);
		const uint64_t free_count = file_number(directory, "free_hugepages");
		const uint64_t promised_count = file_number(directory, "resv_hugepages");

		if (free_count > promised_count)
			bytes += (free_count - promised_count) * page_kib * 1024;
	}
	globfree(&sizes);
	return bytes;
}

/* Tries for as long as a node may take to start: one that has stopped must not stop others. */
static bool
claim_lock(int fd)
{
	const struct timespec pause = {.tv_nsec = CLAIM_PAUSE_MS * 1000000L};

	for (int tries = 0; tries < CLAIM_WAIT_S * 1000 / CLAIM_PAUSE_MS; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

void
qn_hugepages_claim(void)
{
	claim_fd = open(CLAIM_FILE, O_RDONLY | O_CLOEXEC);
	if (claim_fd >= 0 && !claim_lock(claim_fd))
		qn_log(QN_LOG_WARNING, "port",
		    "memory: another program keeps " CLAIM_FILE " locked; hugepages are counted "
		    "beside it, and it may take them");
}

void
qn_hugepages_release(void)
{
	if (claim_fd >= 0)
		close(claim_fd);
	claim_fd = -1;
}
