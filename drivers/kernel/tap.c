/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int
attach(int fd, const char *name)
{
	struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) != 0 || ioctl(fd, TUNSETOFFLOAD, 0) != 0)
		return -errno;
	return 0;
}

int
qn_tap_open(struct qn_tap *tap, const char *name)
{
	int result;

	*tap = (struct qn_tap){.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
	snprintf(tap->name, sizeof(tap->name), "%s", name);
	if (tap->fd < 0)
		return -errno;
	result = attach(tap->fd, name);
	tap->index = if_nametoindex(name);
	if (result == 0 && tap->index == 0)
		result = -ENODEV;
	if (result != 0)
		qn_tap_close(tap);
	return result;
}

void
qn_tap_close(struct qn_tap *tap)
{
	close(tap->fd);
	tap->fd = -1;
}

int
qn_tap_set(const struct qn_tap *tap, const char *family, const char *name, unsigned value)
{
	char path[128], text[16];
	const int text_len = snprintf(text, sizeof(text), "%u", value);
	int fd, result;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, tap->name, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = write(fd, text, (size_t)text_len) == text_len ? 0 : -errno;
	close(fd);
	return result;
}

ssize_t
qn_tap_read(const struct qn_tap *tap, uint8_t *frame, size_t room)
{
	const ssize_t got = read(tap->fd, frame, room);

	return got < 0 ? -errno : got;
}

int
qn_tap_write(const struct qn_tap *tap, const uint8_t *frame, size_t len)
{
	return write(tap->fd, frame, len) < 0 ? -errno : 0;
}
