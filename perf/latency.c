/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks for names that are known by heart, at a steady rate, and measures how long each answer
 * takes: from just before the query is sent until the kernel has the answer, which stamps it on
 * the core of whoever sends it. So a generator that has to wait for its own core, as it does
 * when others on it ask for other names, sends late but measures right.
 *
 *     latency ADDRESS RATE SECONDS NAME_COUNT      asks for h0.bulk.net, h1.bulk.net, ...
 *
 * Prints one line a result: name, value, unit.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define DNS_PORT        53
#define ID_COUNT        65536
#define NS_PER_S        1000000000ull
#define TICK_NS         50000ull /* Between two looks at the clock and the socket. */
#define LATE_NS         NS_PER_S /* What takes longer is lost. */
#define RECEIVE_BUF_LEN (8 << 20)
#define IN_A_ROW_MAX    64 /* Queries sent at once to make up for lost time. */

/* Counts of latencies: one bucket a microsecond, the last for all that is longer. */
#define BUCKET_COUNT 100001

struct run {
	int socket;
	uint64_t sent;
	uint64_t received;
	uint32_t name_count;
	uint64_t sent_ns[ID_COUNT]; /* When the query with this id was sent; 0: not under way. */
	uint64_t buckets[BUCKET_COUNT];
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	/* The clock that the kernel stamps packets with. */
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "latency: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
socket_open(const char *address)
{
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
	const int on = 1;
	const int len = RECEIVE_BUF_LEN;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (inet_pton(AF_INET, address, &server.sin_addr) != 1) {
		fprintf(stderr, "latency: %s is no IPv4 address\n", address);
		exit(2);
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0)
		fail(address);
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0)
		fail("SO_TIMESTAMPNS");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) != 0)
		fail("SO_RCVBUFFORCE");
	return fd;
}

/* A question for the address of hNUMBER.bulk.net; returns its length. */
static size_t
query_write(uint8_t *message, uint16_t id, uint32_t number)
{
	static const uint8_t header[10] = {1, 0, 0, 1};        /* RD; one question. */
	static const uint8_t rest[] = "\4bulk\3net\0\0\1\0\1"; /* Type A, class IN. */
	char host[16];
	const int host_len = snprintf(host, sizeof(host), "h%u", number);
	uint8_t *at = message;

	*at++ = (uint8_t)(id >> 8);
	*at++ = (uint8_t)id;
	memcpy(at, header, sizeof(header));
	at += sizeof(header);
	*at++ = (uint8_t)host_len;
	memcpy(at, host, (size_t)host_len);
	at += host_len;
	memcpy(at, rest, sizeof(rest) - 1);
	at += sizeof(rest) - 1;
	return (size_t)(at - message);
}

static void
send_one(struct run *run)
{
	const uint16_t id = (uint16_t)run->sent;
	const uint32_t number = (uint32_t)(run->sent % run->name_count);
	uint8_t message[64];
	const size_t len = query_write(message, id, number);

	run->sent++;
	run->sent_ns[id] = now_ns();
	if (send(run->socket, message, len, 0) < 0 && errno != EAGAIN && errno != ENOBUFS)
		fail("send");
}

/* When the kernel had the message. */
static uint64_t
stamp_of(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	struct timespec stamp;

	if (control == NULL || control->cmsg_type != SCM_TIMESTAMPNS)
		fail("a message without a time stamp");
	memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
	return (uint64_t)stamp.tv_sec * NS_PER_S + (uint64_t)stamp.tv_nsec;
}

static void
count_one(struct run *run, const uint8_t *message, uint64_t stamp_ns)
{
	const uint16_t id = (uint16_t)(message[0] << 8 | message[1]);
	uint64_t waited_us;

	if (run->sent_ns[id] == 0 || (message[3] & 15) != 0)
		return;
	/* Both clocks are one, but it may have been set in between. */
	waited_us = stamp_ns > run->sent_ns[id] ? (stamp_ns - run->sent_ns[id]) / 1000 : 0;
	run->sent_ns[id] = 0;
	run->received++;
	run->buckets[waited_us < BUCKET_COUNT ? waited_us : BUCKET_COUNT - 1]++;
}

static void
receive_all(struct run *run)
{
	for (;;) {
		uint8_t message[1500];
		char control[128];
		struct iovec part = {message, sizeof(message)};
		struct msghdr header = {
		    .msg_iov = &part,
		    .msg_iovlen = 1,
		    .msg_control = control,
		    .msg_controllen = sizeof(control),
		};
		const ssize_t len = recvmsg(run->socket, &header, MSG_DONTWAIT);

		if (len < 0 && (errno == EAGAIN || errno == ECONNREFUSED))
			return;
		if (len < 0)
			fail("recvmsg");
		if (len >= 12)
			count_one(run, message, stamp_of(&header));
	}
}

static void
wait_until(uint64_t time_ns)
{
	const struct timespec time = {
	    .tv_sec = (time_t)(time_ns / NS_PER_S), .tv_nsec = (long)(time_ns % NS_PER_S)};

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL);
}

/* Asks at `rate` for so long. What could not be sent in time is not made up for. */
static void
ask(struct run *run, uint64_t rate, uint64_t seconds)
{
	const uint64_t begin = now_ns();
	const uint64_t end = begin + seconds * NS_PER_S;
	uint64_t skipped = 0;

	for (uint64_t now = begin; now < end; now = now_ns()) {
		uint64_t due = (now - begin) * rate / NS_PER_S;

		if (due - skipped - run->sent > IN_A_ROW_MAX)
			skipped = due - run->sent - IN_A_ROW_MAX;
		while (run->sent + skipped < due)
			send_one(run);
		receive_all(run);
		wait_until(now + TICK_NS);
	}
	wait_until(end + LATE_NS);
	receive_all(run);
}

static uint64_t
percentile_us(const struct run *run, double share)
{
	const uint64_t wanted = (uint64_t)((double)run->received * share);
	uint64_t count = 0;

	for (uint64_t us = 0; us < BUCKET_COUNT; us++) {
		count += run->buckets[us];
		if (count > wanted)
			return us;
	}
	return BUCKET_COUNT;
}

static unsigned long
number_of(const char *text)
{
	char *end;
	const unsigned long number = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number == 0) {
		fprintf(stderr, "latency: %s is no number above 0\n", text);
		exit(2);
	}
	return number;
}

int
main(int argc, char **argv)
{
	static struct run run;
	unsigned long seconds;

	if (argc != 5) {
		fprintf(stderr, "usage: latency ADDRESS RATE SECONDS NAME_COUNT\n");
		return 2;
	}
	seconds = number_of(argv[3]);
	run.name_count = (uint32_t)number_of(argv[4]);
	run.socket = socket_open(argv[1]);
	ask(&run, number_of(argv[2]), seconds);
	printf("sent %lu 1/s\n", (unsigned long)(run.sent / seconds));
	printf("lost %lu 1\n", (unsigned long)(run.sent - run.received));
	printf("p50 %lu us\n", (unsigned long)percentile_us(&run, 0.5));
	printf("p90 %lu us\n", (unsigned long)percentile_us(&run, 0.9));
	printf("p99 %lu us\n", (unsigned long)percentile_us(&run, 0.99));
	printf("p99.9 %lu us\n", (unsigned long)percentile_us(&run, 0.999));
	return 0;
}
