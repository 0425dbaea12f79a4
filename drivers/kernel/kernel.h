/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The kernel's side of the ports: everything that is not fast-path DNS crosses here, both ways.
 *
 * Each port has a TAP interface with the port's station address, addresses and MTU, so that
 * sockets of this machine are reached through the port: TCP, a BGP session, ssh. Frames for the
 * kernel pass from the workers to a thread here and on to the interface; what the kernel sends
 * comes back the same way and leaves by the port.
 *
 * Owner:    the control thread creates and destroys; each worker punts and takes for itself.
 * Memory:   fixed at create: about 3.6 MiB a worker. A frame that finds no room is dropped and
 *           counted; no packet buffer is ever held.
 * Bounds:   each lane (lib/net/lane.h) has a rate that all workers share, and a ring of its own to
 *           the thread, which empties them in the order of the lanes.
 * Routes:   the networks of the port, and its gateways as default routes with a metric that
 *           leaves any other default route of the machine alone. A socket bound to the
 *           interface (SO_BINDTODEVICE) goes by them all the same.
 * Lifetime: interface, addresses and routes are gone with the process, however it ends.
 *           Connections live through an interface that goes down and comes up again.
 */
#include "net/lane.h"
#include "net/packet.h"

#include <net/if.h>

#define QN_KERNEL_ERROR_MAX 256

/** What the name of an interface begins with; the number of its port follows. */
#define QN_KERNEL_PREFIX_MAX (IFNAMSIZ - 2)

struct qn_kernel_config {
	const char *prefix; /* "quince": the port 0 has "quince0". */
	uint32_t rate;      /* Frames a second, for each of the lanes "service" and "other". */
	uint16_t worker_count;
	struct qn_link *const *links; /* Of each port; they outlive the kernel's side. */
	uint16_t link_count;
	/*
	 * Service addresses are the near ends of point-to-points. A routing daemon that puts the
	 * networks of interfaces before all other routes then has none for them, so that it sees
	 * a route to such an address in the main table come and go.
	 */
	bool services_alone;
};

struct qn_kernel;

/**
 * Makes the interfaces and starts the thread, which runs where the caller may run. 0, or -errno
 * and a sentence in `error`, with nothing left behind.
 */
QN_MUST_USE int qn_kernel_create(struct qn_kernel **kernel, const struct qn_kernel_config *config,
    char error[QN_KERNEL_ERROR_MAX]);

/** Ends the thread and removes the interfaces; the workers no longer run. */
void qn_kernel_destroy(struct qn_kernel *kernel);

/**
 * Waits until workers, which still run, have taken all that the kernel has sent before the call, or
 * for `most_ms`. The thread that created it.
 */
void qn_kernel_flush(struct qn_kernel *kernel, uint32_t most_ms);

/** The interface of a port: its name and the kernel's number for it. */
const char *qn_kernel_interface(const struct qn_kernel *kernel, uint16_t port);
unsigned qn_kernel_interface_index(const struct qn_kernel *kernel, uint16_t port);

/**
 * Whether all interfaces are there and up: an operator can delete one, or take it down. The thread
 * that created it.
 */
bool qn_kernel_is_whole(struct qn_kernel *kernel);

/**
 * Brings back the addresses and routes that interfaces have lost, which happens when one is taken
 * down and up again. 0, or -errno. The thread that created it.
 */
QN_MUST_USE int qn_kernel_mend(struct qn_kernel *kernel);

/* For workers. */

/** Copies a frame that came in by `port` for the kernel, if its lane has room; counts it. */
void qn_kernel_punt(struct qn_kernel *kernel, uint16_t worker, uint16_t port, struct qn_view frame,
    struct qn_now now);

/** Has the thread see what was punted; once a turn, not once a frame. */
void qn_kernel_wake(struct qn_kernel *kernel, uint16_t worker);

/**
 * The next frame that the kernel sends by way of `worker`, to leave by `*port`; empty when there
 * is none. It stays until qn_kernel_done().
 */
struct qn_view qn_kernel_next(struct qn_kernel *kernel, uint16_t worker, uint16_t *port);
void qn_kernel_done(struct qn_kernel *kernel, uint16_t worker);

/* Figures: any thread. */

/** Counters by worker: what has passed it, or was dropped on the way. They only grow. */
enum qn_kernel_counter {
	QN_KERNEL_TO, /* Given to the kernel's thread, by lane. */
	QN_KERNEL_LIMITED = QN_KERNEL_TO + QN_LANE_COUNT,   /* Dropped: over the lane's rate. */
	QN_KERNEL_FULL = QN_KERNEL_LIMITED + QN_LANE_COUNT, /* Dropped: the lane's ring was full. */
	QN_KERNEL_REFUSED =
	    QN_KERNEL_FULL + QN_LANE_COUNT, /* Dropped: the interface took it not. */
	QN_KERNEL_FROM,                     /* From the kernel, given to the worker. */
	QN_KERNEL_FROM_FULL,                /* Dropped: the worker's ring was full. */
	QN_KERNEL_COUNTER_COUNT,
};

/** Room for the name of a counter, the final zero included. */
#define QN_KERNEL_NAME_MAX 40

/** Writes "kernel_to_routing", say. */
void qn_kernel_counter_name(unsigned counter, char name[QN_KERNEL_NAME_MAX]);

uint64_t qn_kernel_counter_value(const struct qn_kernel *kernel, uint16_t worker, unsigned counter);
