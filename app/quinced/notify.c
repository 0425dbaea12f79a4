/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.h"

#include "host/log.h"

#include <systemd/sd-daemon.h>

#define STARTING_REST_MS 10
#define RUNNING_REST_MS  1000

void
notify_init(struct notify *notify)
{
	*notify = (struct notify){0};
	if (sd_watchdog_enabled(0, &notify->watchdog_us) <= 0)
		notify->watchdog_us = 0;
}

static void
say_ready(struct node *node, const char *missing)
{
	node->ready = true;
	if (missing == NULL)
		qn_log(QN_LOG_NOTICE, "node", "ready.");
	else
		qn_log(QN_LOG_WARNING, "node", "ready, though it still waits for %s.", missing);
	sd_notifyf(0, "READY=1\nSTATUS=Answering%s%s.", missing == NULL ? "" : ", waiting for ",
	    missing == NULL ? "" : missing);
}

static void
tick_starting(struct node *node, struct qn_now now)
{
	const char *missing = node_waits_for(node, now);

	if (missing == NULL || qn_mono_since_us(node->started.mono, now.mono) >= NOTIFY_READY_US)
		say_ready(node, missing);
}

/* Whether every worker has turned since the last time this was asked. */
static bool
workers_live(struct notify *notify, const struct node *node)
{
	bool live = true;

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		const uint64_t turns = worker_turns(&node->workers[i]);

		live = live && turns != notify->turns[i];
		notify->turns[i] = turns;
	}
	return live;
}

static void
tick_running(struct notify *notify, const struct node *node, struct qn_now now)
{
	if (notify->watchdog_us == 0 ||
	    qn_mono_since_us(notify->signed_at, now.mono) < notify->watchdog_us / 4)
		return;
	notify->signed_at = now.mono;
	if (workers_live(notify, node))
		sd_notify(0, "WATCHDOG=1");
}

void
notify_tick(struct notify *notify, struct node *node, struct qn_now now)
{
	if (node->ready)
		tick_running(notify, node, now);
	else
		tick_starting(node, now);
}

int
notify_rest_ms(const struct notify *notify, const struct node *node)
{
	const uint64_t sign_ms = notify->watchdog_us / 4 / QN_US_PER_MS;

	if (!node->ready)
		return STARTING_REST_MS;
	return sign_ms > 0 && sign_ms < RUNNING_REST_MS ? (int)sign_ms : RUNNING_REST_MS;
}

void
notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=Stopping.");
}
