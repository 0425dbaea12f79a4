/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/xdp.h"

#include "host/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

/* Name of the program that libxdp loads for AF_XDP sockets. */
#define SOCKET_PROGRAM "xsk_def_prog"

/* libxdp's dispatcher holds at most 10 programs (prog_dispatcher.h). */
#define PROGRAM_MAX 11

/* What sits on an interface: a program, or libxdp's dispatcher and the programs in it. */
struct attached {
	uint32_t ids[PROGRAM_MAX];
	uint32_t count;
	bool for_sockets; /* Nothing but libxdp's own for AF_XDP. */
	char name[64];    /* Of the first program that is not, else of the last. */
};

static void
attached_add(struct attached *attached, const struct xdp_program *program)
{
	if (program == NULL || attached->count == PROGRAM_MAX)
		return;
	attached->ids[attached->count++] = xdp_program__id(program);
}

static void
attached_judge(struct attached *attached, const struct xdp_program *program)
{
	if (!attached->for_sockets)
		return;
	snprintf(attached->name, sizeof(attached->name), "%s", xdp_program__name(program));
	attached->for_sockets = strcmp(attached->name, SOCKET_PROGRAM) == 0;
}

/* Reads what is attached; -ENOENT when nothing is. */
static int
attached_read(int index, struct attached *attached)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(index);
	const long rc = libxdp_get_error(all);

	if (rc != 0)
		return (int)rc;
	*attached = (struct attached){.for_sockets = true};
	attached_add(attached, xdp_multiprog__main_prog(all));
	attached_add(attached, xdp_multiprog__hw_prog(all));
	if (xdp_multiprog__is_legacy(all))
		attached_judge(attached, xdp_multiprog__main_prog(all));
	for (struct xdp_program *program = xdp_multiprog__next_prog(NULL, all); program != NULL;
	     program = xdp_multiprog__next_prog(program, all)) {
		attached_add(attached, program);
		attached_judge(attached, program);
	}
	xdp_multiprog__close(all);
	return 0;
}

static int
attached_remove(int index)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(index);
	int rc = (int)libxdp_get_error(all);

	if (rc != 0)
		return rc;
	rc = xdp_multiprog__detach(all);
	xdp_multiprog__close(all);
	return rc;
}

/* Whether the descriptor described by this file of /proc/PID/fdinfo is one of the programs. */
static bool
descriptor_is_program(int directory, const char *name, const struct attached *attached)
{
	char line[128];
	uint32_t id;
	bool found = false;
	const int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (file == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "prog_id: %u", &id) != 1)
			continue;
		for (uint32_t i = 0; i < attached->count; i++)
			found = found || attached->ids[i] == id;
	}
	fclose(file);
	return found;
}

static bool
process_holds(const char *process, const struct attached *attached)
{
	char path[300];
	DIR *directory;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", process);
	directory = opendir(path);
	if (directory == NULL)
		return false;
	for (struct dirent *entry = readdir(directory); entry != NULL && !found;
	     entry = readdir(directory))
		found = descriptor_is_program(dirfd(directory), entry->d_name, attached);
	closedir(directory);
	return found;
}

/*
 * Another living process that has one of the programs open; 0 when there is none. This one
 * does not count: it has no port on the interface yet, but libxdp has just looked at them.
 */
static long
owner_find(const struct attached *attached)
{
	DIR *directory = opendir("/proc");
	long owner = 0;

	if (directory == NULL)
		return 0;
	for (struct dirent *entry = readdir(directory); entry != NULL && owner == 0;
	     entry = readdir(directory)) {
		const long process = strtol(entry->d_name, NULL, 10);

		if (process > 0 && process != getpid() && process_holds(entry->d_name, attached))
			owner = process;
	}
	closedir(directory);
	return owner;
}

int
qn_xdp_clear(
    const char *device, const char *interface, int index, const struct qn_port_error *error)
{
	struct attached attached;
	long owner;
	int rc = attached_read(index, &attached);

	if (rc == -ENOENT)
		return 0;
	if (rc != 0)
		return qn_port_fail(error, rc,
		    "%s: cannot tell which XDP program is on %s: %s; remove it with \"ip link set "
		    "dev %s xdp off\" if nobody needs it",
		    device, interface, strerror(-rc), interface);
	if (!attached.for_sockets)
		return qn_port_fail(error, -EBUSY,
		    "%s: the XDP program %s is on %s already; remove it with \"ip link set dev %s "
		    "xdp off\" or use net_af_packet",
		    device, attached.name, interface, interface);
	owner = owner_find(&attached);
	if (owner != 0)
		return qn_port_fail(error, -EBUSY,
		    "%s: process %ld uses %s through AF_XDP already; stop it or use another "
		    "interface",
		    device, owner, interface);
	rc = attached_remove(index);
	if (rc != 0)
		return qn_port_fail(error, rc,
		    "%s: cannot remove the XDP program that a killed process left on %s: %s; try "
		    "\"ip link set dev %s xdp off\"",
		    device, interface, strerror(-rc), interface);
	qn_log(QN_LOG_NOTICE, "port",
	    "%s: removed the XDP program that a killed process left on %s", device, interface);
	return 0;
}

void
qn_xdp_remove(const char *interface, int index)
{
	struct attached attached;

	if (attached_read(index, &attached) != 0 || !attached.for_sockets)
		return;
	const int rc = attached_remove(index);

	if (rc != 0)
		qn_log(QN_LOG_WARNING, "port", "cannot remove our XDP program from %s: %s",
		    interface, strerror(-rc));
}
