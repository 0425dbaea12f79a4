/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread moves frames between the workers' rings and the interfaces.
 *
 * It sleeps in poll(2) when there is nothing to do. A worker that has punted then wakes it with
 * one system call; a thread that is busy, as under a flood, costs the workers none.
 */
#include "kernel/kernel.h"

#include "base/counter.h"
#include "kernel/interface.h"
#include "kernel/limit.h"
#include "kernel/ring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PORT_MAX 8

/* Frames of one ring, or one interface, that are moved before others have their turn. */
#define BURST_MAX 32

/* Places of the rings: what comes in while the thread is not running, 10 ms or so. */
#define FROM_PLACES 1024
static const uint32_t lane_places[QN_LANE_COUNT] = {
    [QN_LANE_NEIGHBOUR] = 128,
    [QN_LANE_ROUTING] = 256,
    [QN_LANE_SERVICE] = 512,
    [QN_LANE_OTHER] = 512,
};

/* What routing and neighbours need at the most, and no flood may take from the others. */
#define NEIGHBOUR_RATE 1000
#define ROUTING_RATE   20000

#define TAG_LEN        4u
#define STATIONS_LEN   12u /* Both station addresses. */
#define TYPE_VLAN_HIGH 0x81

/* What a worker shares with the thread. */
struct side {
	struct qn_ring *to[QN_LANE_COUNT];
	struct qn_ring *from;
	bool punted; /* Since the last wake; the worker's own. */
	/* The first ones are written by the worker, those from REFUSED on by the thread. */
	_Alignas(64) qn_counter punt_counters[QN_KERNEL_REFUSED];
	_Alignas(64) qn_counter thread_counters[QN_KERNEL_COUNTER_COUNT - QN_KERNEL_REFUSED];
};

struct qn_kernel {
	uint16_t worker_count;
	uint16_t port_count;
	struct qn_link *links[PORT_MAX];
	struct qn_tap taps[PORT_MAX]; /* As many as are open; fd -1 behind. */
	bool services_alone;
	struct qn_netlink netlink;   /* Of the thread that created all this. */
	_Atomic bool lost[PORT_MAX]; /* Interfaces that somebody has deleted. */
	struct qn_limit limits[QN_LANE_COUNT];
	int wake_fd;
	pthread_t thread;
	bool thread_runs;
	_Atomic bool stop;
	_Alignas(64) _Atomic bool asleep;
	struct side sides[];
};

/* The thread. */

static void
count_in_thread(struct side *side, enum qn_kernel_counter counter)
{
	qn_counter_add(&side->thread_counters[counter - QN_KERNEL_REFUSED], 1);
}

/* Moves frames of one ring to the interfaces; returns how many. */
static unsigned
ring_to_kernel(struct qn_kernel *kernel, struct side *side, struct qn_ring *ring)
{
	unsigned count;

	for (count = 0; count < BURST_MAX; count++) {
		const struct qn_ring_frame *frame = qn_ring_front(ring);

		if (frame == NULL)
			break;
		if (qn_tap_write(
			&kernel->taps[frame->port], frame->octets + frame->at, frame->len) != 0)
			count_in_thread(side, QN_KERNEL_REFUSED);
		qn_ring_pop(ring);
	}
	return count;
}

static unsigned
lanes_to_kernel(struct qn_kernel *kernel)
{
	unsigned count = 0;

	for (unsigned lane = 0; lane < QN_LANE_COUNT; lane++)
		for (uint16_t i = 0; i < kernel->worker_count; i++)
			count +=
			    ring_to_kernel(kernel, &kernel->sides[i], kernel->sides[i].to[lane]);
	return count;
}

/* Puts the port's tag behind the stations of a frame that lies TAG_LEN into its room. */
static void
tag_frame(struct qn_ring_frame *frame, uint16_t vlan_id)
{
	uint8_t *octets = frame->octets;

	memmove(octets, octets + TAG_LEN, STATIONS_LEN);
	octets[STATIONS_LEN] = TYPE_VLAN_HIGH;
	octets[STATIONS_LEN + 1] = 0;
	octets[STATIONS_LEN + 2] = (uint8_t)(vlan_id >> 8);
	octets[STATIONS_LEN + 3] = (uint8_t)vlan_id;
	frame->at = 0;
	frame->len = (uint16_t)(frame->len + TAG_LEN);
}

/* Takes one frame off an interface for the worker of `side`; false when there is none. */
static bool
frame_from_kernel(struct qn_kernel *kernel, uint16_t port, struct side *side)
{
	const struct qn_link_config *link = qn_link_config_of(kernel->links[port]);
	struct qn_ring_frame *frame = qn_ring_room(side->from);
	struct qn_ring_frame scrap;
	ssize_t len;

	/* Without room the frame is taken all the same: who sends more than that has to lose. */
	if (frame == NULL)
		frame = &scrap;
	len = qn_tap_read(
	    &kernel->taps[port], frame->octets + TAG_LEN, sizeof(frame->octets) - TAG_LEN);
	if (len < (ssize_t)(STATIONS_LEN + 2))
		return false;
	if (frame == &scrap) {
		count_in_thread(side, QN_KERNEL_FROM_FULL);
		return true;
	}
	frame->port = port;
	frame->at = TAG_LEN;
	frame->len = (uint16_t)len;
	if (link->tagged)
		tag_frame(frame, link->vlan_id);
	count_in_thread(side, QN_KERNEL_FROM);
	qn_ring_push(side->from);
	return true;
}

/* All frames of a port leave by one worker, so that they stay in order. */
static unsigned
taps_from_kernel(struct qn_kernel *kernel)
{
	unsigned count = 0;

	for (uint16_t port = 0; port < kernel->port_count; port++) {
		struct side *side = &kernel->sides[port % kernel->worker_count];

		for (unsigned i = 0; i < BURST_MAX; i++) {
			if (!frame_from_kernel(kernel, port, side))
				break;
			count++;
		}
	}
	return count;
}

static bool
anything_punted(struct qn_kernel *kernel)
{
	for (uint16_t i = 0; i < kernel->worker_count; i++)
		for (unsigned lane = 0; lane < QN_LANE_COUNT; lane++)
			if (qn_ring_front(kernel->sides[i].to[lane]) != NULL)
				return true;
	return false;
}

static void
sleep_until_frames(struct qn_kernel *kernel)
{
	struct pollfd polls[PORT_MAX + 1] = {{.fd = kernel->wake_fd, .events = POLLIN}};
	uint64_t count;

	for (uint16_t i = 0; i < kernel->port_count; i++)
		polls[i + 1] = (struct pollfd){
		    .fd = atomic_load(&kernel->lost[i]) ? -1 : kernel->taps[i].fd,
		    .events = POLLIN,
		};
	/* First said, then looked: who punts from now on sees that it has to wake us. */
	atomic_store(&kernel->asleep, true);
	atomic_thread_fence(memory_order_seq_cst);
	if (!anything_punted(kernel) && !atomic_load(&kernel->stop))
		poll(polls, kernel->port_count + 1u, -1);
	atomic_store(&kernel->asleep, false);
	(void)!read(kernel->wake_fd, &count, sizeof(count));
	for (uint16_t i = 0; i < kernel->port_count; i++)
		if (polls[i + 1].revents & (POLLERR | POLLHUP))
			atomic_store(&kernel->lost[i], true);
}

static void *
run(void *argument)
{
	struct qn_kernel *kernel = argument;

	while (!atomic_load_explicit(&kernel->stop, memory_order_relaxed))
		if (lanes_to_kernel(kernel) + taps_from_kernel(kernel) == 0)
			sleep_until_frames(kernel);
	return NULL;
}

static void
wake(struct qn_kernel *kernel)
{
	const uint64_t one = 1;

	/* It can only fail when the count is full, and then the thread is as good as awake. */
	(void)!write(kernel->wake_fd, &one, sizeof(one));
}

/* Making and taking apart. */

__attribute__((format(printf, 3, 4))) static int
fail(char error[QN_KERNEL_ERROR_MAX], int result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, QN_KERNEL_ERROR_MAX, format, arguments);
	va_end(arguments);
	return result;
}

static int
rings_create(struct qn_kernel *kernel)
{
	bool ok = true;

	for (uint16_t i = 0; i < kernel->worker_count; i++) {
		struct side *side = &kernel->sides[i];

		for (unsigned lane = 0; lane < QN_LANE_COUNT; lane++) {
			side->to[lane] = qn_ring_create(lane_places[lane]);
			ok = ok && side->to[lane] != NULL;
		}
		side->from = qn_ring_create(FROM_PLACES);
		ok = ok && side->from != NULL;
	}
	return ok ? 0 : -ENOMEM;
}

/* The service addresses are on the first port's. */
static struct qn_kernel_interface
interface_of(const struct qn_kernel *kernel, uint16_t port)
{
	return (struct qn_kernel_interface){
	    .link = qn_link_config_of(kernel->links[port]),
	    .services = port == 0,
	    .services_alone = kernel->services_alone,
	};
}

static int
interfaces_open(struct qn_kernel *kernel, const char *prefix, char error[QN_KERNEL_ERROR_MAX])
{
	int result = qn_netlink_open(&kernel->netlink);

	if (result != 0)
		return fail(error, result, "the kernel offers no netlink: %s", strerror(-result));
	for (uint16_t i = 0; i < kernel->port_count && result == 0; i++) {
		const struct qn_kernel_interface interface = interface_of(kernel, i);
		char name[IFNAMSIZ];
		const char *what;

		snprintf(name, sizeof(name), "%.*s%c", QN_KERNEL_PREFIX_MAX - 1, prefix, '0' + i);
		result = qn_kernel_interface_open(
		    &kernel->taps[i], &kernel->netlink, name, &interface, &what);
		if (result != 0)
			fail(error, result, "the interface %s cannot %s: %s", name, what,
			    strerror(-result));
	}
	return result;
}

static int
thread_start(struct qn_kernel *kernel, char error[QN_KERNEL_ERROR_MAX])
{
	int result;

	kernel->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (kernel->wake_fd < 0)
		return fail(error, -errno, "no event descriptor: %s", strerror(errno));
	result = -pthread_create(&kernel->thread, NULL, run, kernel);
	kernel->thread_runs = result == 0;
	if (result != 0)
		return fail(error, result, "no thread: %s", strerror(-result));
	pthread_setname_np(kernel->thread, "quince-kernel");
	return 0;
}

static uint32_t
lane_rate(const struct qn_kernel_config *config, enum qn_lane lane)
{
	if (lane == QN_LANE_NEIGHBOUR)
		return NEIGHBOUR_RATE;
	return lane == QN_LANE_ROUTING ? ROUTING_RATE : config->rate;
}

/* A burst is a tenth of a second, or what one ring holds if that is more. */
static void
limit_init(struct qn_limit *limit, uint32_t rate, uint32_t places)
{
	qn_limit_init(limit, rate, rate / 10 > places ? rate / 10 : places);
}

static struct qn_kernel *
allocate(const struct qn_kernel_config *config)
{
	const size_t len = sizeof(struct qn_kernel) + config->worker_count * sizeof(struct side);
	struct qn_kernel *kernel = aligned_alloc(64, len);

	if (kernel == NULL)
		return NULL;
	memset(kernel, 0, len);
	kernel->worker_count = config->worker_count;
	kernel->port_count = config->link_count;
	kernel->services_alone = config->services_alone;
	kernel->wake_fd = -1;
	for (uint16_t i = 0; i < config->link_count; i++) {
		kernel->links[i] = config->links[i];
		kernel->taps[i].fd = -1;
	}
	for (unsigned lane = 0; lane < QN_LANE_COUNT; lane++)
		limit_init(&kernel->limits[lane], lane_rate(config, lane), lane_places[lane]);
	return kernel;
}

int
qn_kernel_create(struct qn_kernel **kernel, const struct qn_kernel_config *config,
    char error[QN_KERNEL_ERROR_MAX])
{
	struct qn_kernel *made;
	int result;

	qn_assert(config->link_count <= PORT_MAX && config->worker_count > 0);
	made = allocate(config);
	if (made == NULL)
		return fail(error, -ENOMEM, "no memory is left");
	result = rings_create(made);
	if (result != 0)
		fail(error, result, "no memory is left");
	if (result == 0)
		result = interfaces_open(made, config->prefix, error);
	if (result == 0)
		result = thread_start(made, error);
	if (result != 0) {
		qn_kernel_destroy(made);
		return result;
	}
	*kernel = made;
	return 0;
}

void
qn_kernel_destroy(struct qn_kernel *kernel)
{
	if (kernel->thread_runs) {
		atomic_store(&kernel->stop, true);
		wake(kernel);
		pthread_join(kernel->thread, NULL);
	}
	if (kernel->wake_fd >= 0)
		close(kernel->wake_fd);
	if (kernel->netlink.socket != NULL)
		qn_netlink_close(&kernel->netlink);
	for (uint16_t i = 0; i < kernel->port_count; i++)
		if (kernel->taps[i].fd >= 0)
			qn_tap_close(&kernel->taps[i]);
	for (uint16_t i = 0; i < kernel->worker_count; i++) {
		for (unsigned lane = 0; lane < QN_LANE_COUNT; lane++)
			qn_ring_destroy(kernel->sides[i].to[lane]);
		qn_ring_destroy(kernel->sides[i].from);
	}
	free(kernel);
}

/*
 * In this order: what is in no interface any more is in the thread's hand or in a ring, and while
 * the thread sleeps it has nothing in hand.
 */
static bool
is_flushed(struct qn_kernel *kernel)
{
	for (uint16_t i = 0; i < kernel->port_count; i++) {
		struct pollfd poll_one = {.fd = kernel->taps[i].fd, .events = POLLIN};

		if (!atomic_load(&kernel->lost[i]) && poll(&poll_one, 1, 0) > 0)
			return false;
	}
	if (!atomic_load(&kernel->asleep))
		return false;
	for (uint16_t i = 0; i < kernel->worker_count; i++)
		if (qn_ring_front(kernel->sides[i].from) != NULL)
			return false;
	return true;
}

void
qn_kernel_flush(struct qn_kernel *kernel, uint32_t most_ms)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (uint32_t ms = 0; ms < most_ms && !is_flushed(kernel); ms++)
		nanosleep(&pause, NULL);
}

const char *
qn_kernel_interface(const struct qn_kernel *kernel, uint16_t port)
{
	return kernel->taps[port].name;
}

unsigned
qn_kernel_interface_index(const struct qn_kernel *kernel, uint16_t port)
{
	return kernel->taps[port].index;
}

/* One that was deleted may have left its number to another. */
bool
qn_kernel_is_whole(struct qn_kernel *kernel)
{
	for (uint16_t i = 0; i < kernel->port_count; i++)
		if (atomic_load(&kernel->lost[i]) ||
		    qn_netlink_link_is_up(&kernel->netlink, kernel->taps[i].index) != 1)
			return false;
	return true;
}

int
qn_kernel_mend(struct qn_kernel *kernel)
{
	int result = 0;

	for (uint16_t i = 0; i < kernel->port_count && result == 0; i++) {
		const struct qn_kernel_interface interface = interface_of(kernel, i);

		result =
		    qn_kernel_interface_mend(&kernel->netlink, kernel->taps[i].index, &interface);
	}
	return result;
}

/* For workers. */

/* Copies a frame without its tag, which the interface does not know about. */
static void
copy_untagged(struct qn_ring_frame *place, struct qn_view frame)
{
	size_t from = 0;

	if (frame.data[STATIONS_LEN] == TYPE_VLAN_HIGH && frame.data[STATIONS_LEN + 1] == 0) {
		memcpy(place->octets, frame.data, STATIONS_LEN);
		from = STATIONS_LEN + TAG_LEN;
	}
	place->at = 0;
	place->len = (uint16_t)(frame.len - (from > 0 ? TAG_LEN : 0));
	memcpy(place->octets + (from > 0 ? STATIONS_LEN : 0), frame.data + from, frame.len - from);
}

void
qn_kernel_punt(struct qn_kernel *kernel, uint16_t worker, uint16_t port, struct qn_view frame,
    struct qn_now now)
{
	struct side *side = &kernel->sides[worker];
	const enum qn_lane lane = qn_lane_of(kernel->links[port], frame);
	struct qn_ring_frame *place;

	if (!qn_limit_pass(&kernel->limits[lane], now.mono)) {
		qn_counter_add(&side->punt_counters[QN_KERNEL_LIMITED + lane], 1);
		return;
	}
	place = qn_ring_room(side->to[lane]);
	/* A port hands up nothing longer; shorter than a tag needs, no kernel wants it. */
	if (place == NULL || frame.len > QN_RING_FRAME_MAX ||
	    frame.len < STATIONS_LEN + TAG_LEN + 2) {
		qn_counter_add(&side->punt_counters[QN_KERNEL_FULL + lane], 1);
		return;
	}
	copy_untagged(place, frame);
	place->port = port;
	qn_ring_push(side->to[lane]);
	qn_counter_add(&side->punt_counters[QN_KERNEL_TO + lane], 1);
	side->punted = true;
}

void
qn_kernel_wake(struct qn_kernel *kernel, uint16_t worker)
{
	struct side *side = &kernel->sides[worker];

	if (!side->punted)
		return;
	side->punted = false;
	/* Between what was pushed and the look at `asleep`; the thread does it the other way round. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&kernel->asleep, memory_order_relaxed) &&
	    atomic_exchange(&kernel->asleep, false))
		wake(kernel);
}

struct qn_view
qn_kernel_next(struct qn_kernel *kernel, uint16_t worker, uint16_t *port)
{
	const struct qn_ring_frame *frame = qn_ring_front(kernel->sides[worker].from);

	if (frame == NULL)
		return (struct qn_view){NULL, 0};
	*port = frame->port;
	return (struct qn_view){frame->octets + frame->at, frame->len};
}

void
qn_kernel_done(struct qn_kernel *kernel, uint16_t worker)
{
	qn_ring_pop(kernel->sides[worker].from);
}

/* Figures. */

void
qn_kernel_counter_name(unsigned counter, char name[QN_KERNEL_NAME_MAX])
{
	static const char *const prefixes[] = {"to", "limited", "full"};
	static const char *const rest[] = {"refused", "from", "from_full"};

	qn_assert(counter < QN_KERNEL_COUNTER_COUNT);
	if (counter >= QN_KERNEL_REFUSED)
		snprintf(name, QN_KERNEL_NAME_MAX, "kernel_%s", rest[counter - QN_KERNEL_REFUSED]);
	else
		snprintf(name, QN_KERNEL_NAME_MAX, "kernel_%s_%s",
		    prefixes[counter / QN_LANE_COUNT], qn_lane_name(counter % QN_LANE_COUNT));
}

uint64_t
qn_kernel_counter_value(const struct qn_kernel *kernel, uint16_t worker, unsigned counter)
{
	const struct side *side = &kernel->sides[worker];

	return counter < QN_KERNEL_REFUSED
	           ? qn_counter_get(&side->punt_counters[counter])
	           : qn_counter_get(&side->thread_counters[counter - QN_KERNEL_REFUSED]);
}
