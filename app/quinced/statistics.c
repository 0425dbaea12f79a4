/* SPDX-License-Identifier: BSD-2-Clause */
#include "statistics.h"

#include "host/log.h"
#include "nsdb/archive.h"
#include "port/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Addresses, and addresses that were useless for a zone, of the whole node. */
#define ROW_MAX 32768

/* What a power failure may cost. */
#define SAVE_EVERY_US (300 * QN_US_PER_S)

#define FILE_MODE 0640

/* --- The file --------------------------------------------------------------------------- */

static void
say_unread(const char *path, const char *why)
{
	qn_log(QN_LOG_WARNING, "statistics",
	    "%s %s; it is not used, and servers are measured anew.", path, why);
}

/* All bytes of an open file, at most `most` of them; NULL, with the reason logged, without. */
static uint8_t *
read_whole(int fd, const char *path, size_t most, size_t *len)
{
	struct stat stat;
	uint8_t *bytes;

	if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
		say_unread(path, "is not a file");
		return NULL;
	}
	if ((uint64_t)stat.st_size > most) {
		say_unread(path, "is too large");
		return NULL;
	}
	*len = (size_t)stat.st_size;
	bytes = malloc(*len + 1);
	if (bytes != NULL && read(fd, bytes, *len) == (ssize_t)*len)
		return bytes;
	free(bytes);
	say_unread(path, "cannot be read");
	return NULL;
}

static void
restore(struct statistics *statistics, struct qn_view bytes, struct qn_now now)
{
	uint32_t count;
	const enum qn_archive_result result = qn_archive_read(statistics->nsdb, bytes, now, &count);

	if (result == QN_ARCHIVE_OK)
		qn_log(QN_LOG_INFO, "statistics", "%u addresses are known from %s.", count,
		    statistics->path);
	else
		say_unread(statistics->path, qn_archive_result_text(result));
}

static void
load(struct statistics *statistics, struct qn_now now)
{
	const int fd = open(statistics->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes;
	size_t len;

	if (fd < 0) {
		if (errno != ENOENT)
			say_unread(statistics->path, strerror(errno));
		return;
	}
	bytes = read_whole(fd, statistics->path, qn_archive_len_max(statistics->nsdb), &len);
	if (bytes != NULL)
		restore(statistics, (struct qn_view){bytes, len}, now);
	free(bytes);
	close(fd);
}

/* Writes the bytes to a file; to the disk when that is `awaited`. 0, or -1 with errno set. */
static int
write_whole(const char *path, struct qn_view bytes, bool awaited)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	int result;

	if (fd < 0)
		return -1;
	errno = EIO; /* Of a write that is cut short. */
	result = write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len ? 0 : -1;
	if (result == 0 && awaited)
		result = fsync(fd);
	return close(fd) == 0 ? result : -1;
}

/*
 * While the node serves, the disk is not `awaited`: a busy one would keep the control thread from
 * its signs of life. What a power failure then leaves may be no whole file, which is seen.
 */
static void
save(struct statistics *statistics, bool awaited, struct qn_now now)
{
	const size_t len_max = qn_archive_len_max(statistics->nsdb);
	struct qn_span bytes = {malloc(len_max), len_max};
	char beside[PATH_MAX + 8];

	if (bytes.data == NULL)
		return;
	bytes.len = qn_archive_write(statistics->nsdb, bytes, now);
	snprintf(beside, sizeof(beside), "%s.new", statistics->path);
	/* Every few minutes, so no louder than this: a machine may well have no place for it. */
	if (write_whole(beside, qn_view_of(bytes), awaited) != 0 ||
	    rename(beside, statistics->path) != 0)
		qn_log(QN_LOG_NOTICE, "statistics", "%s cannot be written: %s.", statistics->path,
		    strerror(errno));
	free(bytes.data);
}

int
statistics_claim(struct file_claim *claim, const char *path)
{
	const int result = file_claim_take(claim, path);

	if (result == -EWOULDBLOCK) {
		qn_log(QN_LOG_ERROR, "statistics",
		    "another node keeps %s; give this one a node.statistics of its own.", path);
		return -EADDRINUSE;
	}
	if (result != 0)
		qn_log(QN_LOG_NOTICE, "statistics",
		    "%s cannot be made (%s): another node that keeps %s, too, would not be "
		    "noticed.",
		    claim->lock, strerror(-result), path);
	return 0;
}

/* --- Turns ------------------------------------------------------------------------------ */

size_t
statistics_size(void)
{
	return qn_nsdb_size(ROW_MAX);
}

bool
statistics_create(struct statistics *statistics, const char *path,
    const struct qn_hash_key *hash_key, struct qn_now now)
{
	struct qn_span block = {NULL, statistics_size()};

	*statistics = (struct statistics){.path = path, .saved_at = now.mono};
	block.data = qn_port_memory_alloc(block.len, 0);
	if (block.data == NULL)
		return false;
	statistics->nsdb = qn_nsdb_init(block, ROW_MAX, *hash_key, QN_NSDB_THREADS);
	if (path[0] != '\0')
		load(statistics, now);
	return true;
}

void
statistics_add(struct statistics *statistics, struct qn_shard *shard)
{
	qn_assert(statistics->ring_count < QN_SHARD_WORKER_MAX);
	statistics->rings[statistics->ring_count++] = qn_shard_samples(shard);
}

void
statistics_turn(struct statistics *statistics, struct qn_now now)
{
	qn_nsdb_fold(statistics->nsdb, statistics->rings, statistics->ring_count);
	if (statistics->path[0] == '\0' ||
	    qn_mono_since_us(statistics->saved_at, now.mono) < SAVE_EVERY_US)
		return;
	statistics->saved_at = now.mono;
	save(statistics, false, now);
}

void
statistics_close(struct statistics *statistics, struct qn_now now)
{
	qn_nsdb_fold(statistics->nsdb, statistics->rings, statistics->ring_count);
	if (statistics->path[0] != '\0')
		save(statistics, true, now);
}

void
statistics_destroy(struct statistics *statistics)
{
	if (statistics->nsdb == NULL)
		return;
	qn_nsdb_fini(statistics->nsdb);
	qn_port_memory_free(statistics->nsdb);
	statistics->nsdb = NULL;
}
