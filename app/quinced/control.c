/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include "host/clock.h"
#include "host/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Often enough for a reply to feel instant; only while workers have a command. */
#define BUSY_REST_MS 1

/* What the loop waits for: signals, new clients, and the clients in their order. */
enum { POLL_SIGNALS, POLL_SOCKET, POLL_CLIENTS, POLL_COUNT = POLL_CLIENTS + CONTROL_CLIENT_MAX };

static sigset_t
signal_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

void
control_block_signals(void)
{
	const sigset_t set = signal_set();

	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int
control_init(struct control *control, struct control_socket *socket, struct node *node)
{
	const sigset_t set = signal_set();

	memset(control, 0, sizeof(*control));
	control->socket = socket;
	control->node = node;
	for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
		control->clients[i].fd = -1;
	control->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (control->signals < 0) {
		const int result = -errno;

		qn_log(QN_LOG_ERROR, "control", "signals cannot be taken: %s.", strerror(errno));
		return result;
	}
	notify_init(&control->notify);
	return 0;
}

void
control_fini(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
		if (control->clients[i].fd >= 0)
			client_close(&control->clients[i]);
	close(control->signals);
}

/* The first signal to stop withdraws the addresses; the second does not wait for that. */
static bool
stop_now(struct control *control, int number, struct qn_now now)
{
	if (control->stopping)
		return true;
	control->stopping = true;
	qn_log(QN_LOG_NOTICE, "control", "stopping: %s.", strsignal(number));
	notify_stopping(control->node->config.fixed.announce.drain_s);
	health_drain_to_stop(&control->node->health, control->node, now);
	return false;
}

/* Takes the signals that have come; true when one of them says to stop at once. */
static bool
take_signals(struct control *control, struct qn_now now)
{
	struct signalfd_siginfo info;
	char restart[CONFIG_RESTART_MAX];

	while (read(control->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			if (stop_now(control, (int)info.ssi_signo, now))
				return true;
			continue;
		}
		/* What came of it is in the log. */
		(void)!node_reload(control->node, restart);
	}
	return false;
}

static struct client *
free_place(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	return NULL;
}

static void
accept_client(struct control *control, struct qn_now now)
{
	static const char full[] = "{\"error\": \"Too many clients are connected.\"}\n";
	const int fd = accept4(control->socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client = free_place(control);

	if (fd < 0)
		return;
	if (client == NULL) {
		send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		close(fd);
		return;
	}
	client_open(client, fd, now);
}

static int
rest_ms(struct control *control)
{
	int rest = notify_rest_ms(&control->notify, control->node);

	for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
		if (client_is_busy(&control->clients[i]))
			return BUSY_REST_MS;
	if (rest > STATISTICS_TURN_MS)
		rest = STATISTICS_TURN_MS;
	return rest < HEALTH_TICK_MS ? rest : HEALTH_TICK_MS;
}

static void
wait_for_events(struct control *control, struct pollfd polls[POLL_COUNT])
{
	polls[POLL_SIGNALS] = (struct pollfd){.fd = control->signals, .events = POLLIN};
	polls[POLL_SOCKET] = (struct pollfd){.fd = control->socket->fd, .events = POLLIN};
	for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++) {
		const struct client *client = &control->clients[i];
		const short events = client->fd >= 0 ? client_events(client) : 0;

		/* One that waits for workers is left out: poll would tell of a hang-up at once. */
		polls[POLL_CLIENTS + i] =
		    (struct pollfd){.fd = events != 0 ? client->fd : -1, .events = events};
	}
	/* Interrupted or not: the loop looks at everything again. */
	poll(polls, POLL_COUNT, rest_ms(control));
}

void
control_run(struct control *control)
{
	for (;;) {
		struct pollfd polls[POLL_COUNT];
		struct qn_now now;

		wait_for_events(control, polls);
		now = qn_clock_read();
		if (polls[POLL_SIGNALS].revents != 0 && take_signals(control, now))
			return;
		if (polls[POLL_SOCKET].revents != 0)
			accept_client(control, now);
		for (unsigned i = 0; i < CONTROL_CLIENT_MAX; i++)
			if (control->clients[i].fd >= 0)
				client_advance(&control->clients[i], control->node, now);
		statistics_turn(&control->node->statistics, now);
		notify_tick(&control->notify, control->node, now);
		health_tick(&control->node->health, control->node, now);
		if (control->stopping &&
		    health_is_drained(&control->node->health, control->node, now))
			return;
	}
}
