/* SPDX-License-Identifier: BSD-2-Clause */
#include "control_socket.h"

#include "host/log.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Connections the kernel keeps until the thread takes them. A client beyond finds the socket
 * full, so it is more than ever ask at once, even while the thread waits for a processor.
 */
#define BACKLOG 128

/* The directory of `path`, written to `directory`, which is as long as the path. */
static const char *
directory_of(const char *path, char directory[sizeof(((struct sockaddr_un *)0)->sun_path)])
{
	strcpy(directory, path);
	return dirname(directory);
}

static bool
make_directory(const char *path)
{
	char room[sizeof(((struct sockaddr_un *)0)->sun_path)];

	return strncmp(path, "/run/", 5) == 0 && mkdir(directory_of(path, room), 0755) == 0;
}

static void
give_up_name(struct control_socket *control)
{
	char room[sizeof(((struct sockaddr_un *)0)->sun_path)];

	file_claim_release(&control->claim);
	if (control->made_directory)
		rmdir(directory_of(control->address.sun_path, room));
}

static int
bind_address(const struct control_socket *control)
{
	const struct sockaddr *address = (const struct sockaddr *)&control->address;

	return bind(control->fd, address, sizeof(control->address)) == 0 ? 0 : -errno;
}

/* Whether a process accepts connections at the address; -errno when that cannot be told. */
static int
is_answered(const struct control_socket *control)
{
	const struct sockaddr *address = (const struct sockaddr *)&control->address;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result;

	if (fd < 0)
		return -errno;
	/* EAGAIN: there is a listener whose queue is full. */
	if (connect(fd, address, sizeof(control->address)) == 0 || errno == EAGAIN)
		result = 1;
	else
		result = errno == ECONNREFUSED || errno == ENOENT ? 0 : -errno;
	close(fd);
	return result;
}

static int
is_taken(const char *path)
{
	qn_log(QN_LOG_ERROR, "control", "another daemon answers at %s; stop it first.", path);
	return -EADDRINUSE;
}

/* The name is taken: removes it when it is the socket of a process that is no more. */
static int
replace_stale(const struct control_socket *control)
{
	const char *path = control->address.sun_path;
	struct stat status;
	int answered;

	if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
		qn_log(QN_LOG_ERROR, "control", "%s is not a socket; remove it or choose another.",
		    path);
		return -EEXIST;
	}
	answered = is_answered(control);
	if (answered > 0)
		return is_taken(path);
	if (answered < 0)
		return answered;
	return unlink(path) == 0 || errno == ENOENT ? bind_address(control) : -errno;
}

static int
open_failed(struct control_socket *control, int result)
{
	/* What these two mean was said with more words. */
	if (result != -EEXIST && result != -EADDRINUSE)
		qn_log(QN_LOG_ERROR, "control", "no socket can be made at %s: %s.",
		    control->address.sun_path, strerror(-result));
	if (control->fd >= 0)
		close(control->fd);
	give_up_name(control);
	return result;
}

int
control_socket_open(struct control_socket *control, const char *path)
{
	int result;

	*control = (struct control_socket){.address.sun_family = AF_UNIX};
	strncpy(control->address.sun_path, path, sizeof(control->address.sun_path) - 1);
	control->made_directory = make_directory(path);
	control->fd = -1;
	result = file_claim_take(&control->claim, path);
	if (result != 0)
		return open_failed(control, result == -EWOULDBLOCK ? is_taken(path) : result);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The name gets the mode that the socket has when it is bound. */
	if (control->fd < 0 || fchmod(control->fd, 0600) != 0)
		return open_failed(control, -errno);
	result = bind_address(control);
	if (result == -EADDRINUSE)
		result = replace_stale(control);
	if (result != 0)
		return open_failed(control, result);
	if (listen(control->fd, BACKLOG) != 0) {
		result = -errno;
		unlink(path);
		return open_failed(control, result);
	}
	return 0;
}

void
control_socket_close(struct control_socket *control)
{
	close(control->fd);
	unlink(control->address.sun_path);
	give_up_name(control);
}
