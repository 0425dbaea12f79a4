/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.h"

#include "host/log.h"
#include "stream/streams.h"

#include <systemd/sd-daemon.h>

#define STARTING_REST_MS 10
#define RUNNING_REST_MS  1000
#define STOPPING_REST_S  5 /* For all of a stop but the drain. */

void
notify_init(struct notify *notify)
{
	*notify = (struct notify){0};
	if (sd_watchdog_enabled(0, &notify->watchdog_us) <= 0)
		notify->watchdog_us = 0;
}

/* Says what a node that is ready lacks, if anything. A link can go down and come up all day. */
static void
say_state(const char *missing)
{
	if (missing == NULL) {
		qn_log_limited(QN_LOG_NOTICE, "node", "answering.");
		sd_notify(0, "STATUS=Answering.");
	} else {
		qn_log_limited(QN_LOG_WARNING, "node", "answering, but waiting for %s.", missing);
		sd_notifyf(0, "STATUS=Answering, but waiting for %s.", missing);
	}
}

static void
tick_readiness(struct notify *notify, struct node *node, struct qn_now now)
{
	const char *missing = node_waits_for(node, now);
	const bool was_ready = node->ready;

	if (missing == NULL || qn_mono_since_us(node->started.mono, now.mono) >= NOTIFY_READY_US)
		node->ready = true;
	/* One of a few constant texts, so that another pointer is another reason. */
	if (node->ready && (!was_ready || missing != notify->missing))
		say_state(missing);
	if (node->ready && !was_ready)
		sd_notify(0, "READY=1");
	notify->missing = missing;
}

/* Whether every worker, and the streams' thread, has turned since the last time this was asked. */
static bool
threads_live(struct notify *notify, const struct node *node)
{
	bool live = true;

	for (uint16_t i = 0; i < node->config.fixed.worker_count; i++) {
		const uint64_t turns = worker_turns(&node->workers[i]);

		live = live && turns != notify->turns[i];
		notify->turns[i] = turns;
	}
	if (node->streams != NULL) {
		const uint64_t turns = qn_streams_turns(node->streams);

		live = live && turns != notify->stream_turns;
		notify->stream_turns = turns;
	}
	return live;
}

static void
tick_watchdog(struct notify *notify, const struct node *node, struct qn_now now)
{
	if (notify->watchdog_us == 0 ||
	    qn_mono_since_us(notify->signed_at, now.mono) < notify->watchdog_us / 4)
		return;
	notify->signed_at = now.mono;
	if (threads_live(notify, node))
		sd_notify(0, "WATCHDOG=1");
}

void
notify_tick(struct notify *notify, struct node *node, struct qn_now now)
{
	tick_readiness(notify, node, now);
	tick_watchdog(notify, node, now);
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
notify_stopping(uint64_t drain_s)
{
	/* In place of TimeoutStopSec=, where that is less. */
	sd_notifyf(0, "STOPPING=1\nSTATUS=Stopping.\nEXTEND_TIMEOUT_USEC=%ju",
	    (uintmax_t)((drain_s + STOPPING_REST_S) * QN_US_PER_S));
}
