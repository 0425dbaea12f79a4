/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker.h"

#include "host/clock.h"

#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <urcu/urcu-qsbr.h>

/*
 * What one turn does at most beside the hits it answers: 16 packets that were no hits and 16
 * messages of streams (courier.c), at 5 to 15 us each, what is due, and what all of that wants to
 * send. What is left over is done in the next turn, which follows at once. Hits wait for four of
 * those packets, or for the rest: the worker looks for hits that often. To make the turns shorter
 * instead would cost a quarter of the misses where each burst is a system call. Hits that are not
 * plain, at a microsecond or two, are bounded by the bursts they come in.
 */
#define BACKLOG_COUNT_MAX 16
#define LOOK_INTERVAL     4 /* Packets that were no hits. */
#define EXPIRE_COUNT_MAX  16
#define OUTPUT_COUNT_MAX  64
#define KERNEL_COUNT_MAX  64

static void
worker_add(struct worker *w, enum worker_counter counter, uint64_t amount)
{
	worker_count(&w->counters, counter, amount);
}

static void
worker_dispatch(
    struct worker *w, const struct qn_mail *mail, struct qn_shard_result result, struct qn_now now)
{
	const struct qn_packet *packet = &mail->packet;

	switch (result.verdict) {
	case QN_SHARD_SEND:
		outgoing_add(&w->outgoing[mail->link], packet);
		break;
	case QN_SHARD_DONE:
		qn_port_free(packet);
		break;
	case QN_SHARD_HANDOVER:
		handover_add(&w->peers[result.worker], mail);
		break;
	case QN_SHARD_PUNT:
		if (w->kernel != NULL)
			qn_kernel_punt(
			    w->kernel, w->index, mail->link, qn_packet_view(packet), now);
		else
			worker_add(w, COUNT_worker_punt_drop, 1);
		qn_port_free(packet);
		break;
	}
}

/*
 * A packet changes hands once. Should it belong to a third worker now, as a reply can whose
 * port was given to another in the meantime, then nobody waits for it.
 */
static void
worker_input(struct worker *w, struct backlog_entry *entry, struct qn_now now)
{
	struct qn_mail *mail = &entry->mail;
	const struct qn_shard_result result =
	    qn_shard_input(w->shard, mail->link, &mail->packet, now);

	if (result.verdict == QN_SHARD_HANDOVER && entry->handed_over) {
		worker_add(w, COUNT_worker_handover_stray, 1);
		qn_port_free(&mail->packet);
		return;
	}
	worker_dispatch(w, mail, result, now);
}

/* Whether a frame is of what keeps the node on the wire and on the map: ARP, ND, BGP, BFD. */
static bool
worker_must_take(const struct worker *w, const struct qn_mail *mail)
{
	const struct qn_view octets = qn_packet_view(&mail->packet);
	struct qn_frame frame;

	switch (qn_frame_read(&frame, octets)) {
	case QN_FRAME_ARP:
	case QN_FRAME_ND:
		return true;
	case QN_FRAME_UDP:
	case QN_FRAME_ECHO:
	case QN_FRAME_OTHER:
		return qn_lane_of(w->links[mail->link], octets) == QN_LANE_ROUTING;
	case QN_FRAME_DROP:
		break;
	}
	return false;
}

/* What cannot be answered at once waits, or is shed, but for what has to be taken at any time. */
static void
worker_defer(struct worker *w, struct backlog_entry *entry, struct qn_now now)
{
	if (backlog_add(&w->backlog, entry))
		return;
	if (!entry->mail.is_query && worker_must_take(w, &entry->mail)) {
		worker_input(w, entry, now);
		return;
	}
	worker_add(w, COUNT_worker_backlog_drop, 1);
	qn_port_free(&entry->mail.packet);
}

/* Takes a burst off a port; hits, plain or not, are answered, everything else waits. */
static uint32_t
worker_receive(struct worker *w, uint16_t link, struct qn_now now)
{
	struct qn_packet packets[QN_PORT_BURST_MAX];
	enum qn_shard_hit outcomes[QN_PORT_BURST_MAX];
	const uint32_t count =
	    qn_port_receive(w->outgoing[link].port, w->index, packets, QN_PORT_BURST_MAX);

	qn_shard_answer_hits(w->shard, link, packets, count, outcomes, now);
	for (uint32_t i = 0; i < count; i++) {
		if (outcomes[i] == QN_SHARD_HIT) {
			outgoing_add(&w->outgoing[link], &packets[i]);
			continue;
		}
		struct backlog_entry entry = {
		    .mail = {packets[i], link, outcomes[i] == QN_SHARD_NO_HIT},
		};

		if (outcomes[i] == QN_SHARD_KNOWN)
			worker_input(w, &entry, now);
		else
			worker_defer(w, &entry, now);
	}
	return count;
}

static void
worker_transmit(struct worker *w)
{
	for (uint16_t link = 0; link < w->port_count; link++)
		outgoing_flush(&w->outgoing[link]);
}

/* Looks for hits on all ports; if anything came, sends what there is to send. */
static uint32_t
worker_look(struct worker *w, struct qn_now now)
{
	uint32_t count = 0;

	for (uint16_t link = 0; link < w->port_count; link++)
		count += worker_receive(w, link, now);
	if (count > 0)
		worker_transmit(w);
	return count;
}

/* Packets from one other worker: that one has looked for hits. */
static uint32_t
worker_mailbox(struct worker *w, struct qn_mailbox *mailbox, struct qn_now now)
{
	struct qn_mail mails[QN_MAILBOX_BURST_MAX];
	const uint32_t count = qn_mailbox_receive(mailbox, mails, QN_MAILBOX_BURST_MAX);

	for (uint32_t i = 0; i < count; i++)
		worker_defer(
		    w, &(struct backlog_entry){.mail = mails[i], .handed_over = true}, now);
	worker_add(w, COUNT_worker_handover_received, count);
	return count;
}

static uint32_t
worker_mailboxes(struct worker *w, struct qn_now now)
{
	uint32_t count = 0;

	for (uint16_t i = 0; i < w->worker_count; i++)
		if (w->peers[i].from != NULL)
			count += worker_mailbox(w, w->peers[i].from, now);
	return count;
}

/* Works on what waits, up to a bound, and looks for hits in between. */
static uint32_t
worker_backlog(struct worker *w, struct qn_now now)
{
	struct backlog_entry entry;
	uint32_t count = 0;

	for (; count < BACKLOG_COUNT_MAX && backlog_take(&w->backlog, &entry); count++) {
		worker_input(w, &entry, now);
		if (count % LOOK_INTERVAL == LOOK_INTERVAL - 1)
			worker_look(w, now);
	}
	return count;
}

/* What the shard wants to send of its own accord: queries, late answers, neighbour requests. */
static uint32_t
worker_output(struct worker *w, struct qn_now now)
{
	uint32_t count;

	for (count = 0; count < OUTPUT_COUNT_MAX && qn_shard_has_output(w->shard, now); count++) {
		struct qn_packet packet;
		uint16_t link;

		if (courier_answer(&w->courier, w->shard, now))
			continue;
		/* Any port can send any port's buffers, so they all come from the first. */
		if (!qn_port_alloc(w->outgoing[0].port, w->index, &packet)) {
			worker_add(w, COUNT_worker_output_starved, 1);
			break;
		}
		if (!qn_shard_output(w->shard, &link, &packet, now)) {
			qn_port_free(&packet);
			break;
		}
		outgoing_add(&w->outgoing[link], &packet);
	}
	return count;
}

/* What the kernel sends, copied into buffers of the port that it leaves by. */
static uint32_t
worker_kernel(struct worker *w)
{
	uint32_t count;

	for (count = 0; count < KERNEL_COUNT_MAX; count++) {
		struct qn_packet packet;
		uint16_t port;
		const struct qn_view frame = qn_kernel_next(w->kernel, w->index, &port);

		if (frame.data == NULL)
			break;
		if (!qn_port_alloc(w->outgoing[port].port, w->index, &packet)) {
			worker_add(w, COUNT_worker_output_starved, 1);
			break;
		}
		memcpy(packet.data, frame.data, frame.len);
		packet.len = (uint32_t)frame.len;
		qn_kernel_done(w->kernel, w->index);
		outgoing_add(&w->outgoing[port], &packet);
	}
	return count;
}

static void
worker_hand_over(struct worker *w)
{
	for (uint16_t i = 0; i < w->worker_count; i++)
		handover_flush(&w->peers[i]);
}

/* Everything that is there to be done, hits first; returns how much it was. */
static uint32_t
worker_turn(struct worker *w, struct qn_now now)
{
	uint32_t count = 0;

	qn_shard_configure(w->shard, snapshot_read(w->config));
	count += worker_look(w, now);
	count += worker_mailboxes(w, now);
	count += worker_backlog(w, now);
	count += command_run_all(&w->commands, w->shard, now);
	count += qn_shard_expire(w->shard, now, EXPIRE_COUNT_MAX);
	count += courier_receive(&w->courier, w->shard, now);
	count += worker_output(w, now);
	courier_send(&w->courier, w->shard);
	worker_hand_over(w);
	if (w->kernel != NULL)
		count += worker_kernel(w);
	worker_transmit(w);
	if (w->kernel != NULL)
		qn_kernel_wake(w->kernel, w->index);
	return count;
}

static void
worker_account(struct worker *w, bool busy, uint64_t start, uint64_t end, uint64_t cycles_per_us)
{
	const uint64_t cycles = end - start;
	const uint64_t turn_us = cycles / cycles_per_us;

	worker_add(w, COUNT_worker_turn, 1);
	if (busy)
		worker_add(w, COUNT_worker_turn_busy, 1);
	worker_add(w, busy ? COUNT_worker_busy_cycles : COUNT_worker_idle_cycles, cycles);
	worker_add(w, worker_counter_of_turn(turn_us), 1);
	if (absence_is_due(&w->absence, end / cycles_per_us) &&
	    absence_explains(&w->absence, end / cycles_per_us, turn_us, qn_clock_thread_us()))
		worker_add(w, COUNT_worker_turn_taken, 1);
}

static void
sleep_us(uint64_t duration_us)
{
	const struct timespec duration = {
	    .tv_sec = (time_t)(duration_us / QN_US_PER_S),
	    .tv_nsec = (long)(duration_us % QN_US_PER_S * 1000),
	};

	/* Woken early by a signal, the loop only turns once more than it had to. */
	nanosleep(&duration, NULL);
}

/* Reports that the turn holds on to nothing; sleeps when there is nothing to do. */
static void
worker_rest(struct worker *w, bool busy, struct qn_now now)
{
	uint64_t rest_us = 0;

	if (w->poll == CONFIG_POLL_ADAPTIVE)
		rest_us = rest_after_turn(&w->rest, busy, now.mono);
	if (rest_us > 0)
		rest_us = qn_shard_rest_us(w->shard, now, rest_us);
	if (rest_us == 0) {
		urcu_qsbr_quiescent_state();
		return;
	}
	urcu_qsbr_thread_offline();
	sleep_us(rest_us);
	urcu_qsbr_thread_online();
	worker_add(w, COUNT_worker_rest, 1);
	worker_add(w, COUNT_worker_rest_us, rest_us);
}

int
worker_run(void *argument)
{
	struct worker *w = argument;
	const uint64_t cycles_per_us = qn_port_cycles_hz() / QN_US_PER_S;

	/* The kernel may otherwise add 50 us to every sleep, to gather wake-ups. */
	prctl(PR_SET_TIMERSLACK, 1);
	urcu_qsbr_register_thread();
	while (!atomic_load_explicit(w->stop, memory_order_relaxed)) {
		const struct qn_now now = qn_clock_read(); /* Once a turn. */
		const uint64_t start = qn_port_cycles();
		const bool busy = worker_turn(w, now) > 0;

		worker_account(w, busy, start, qn_port_cycles(), cycles_per_us);
		worker_rest(w, busy, now);
	}
	urcu_qsbr_unregister_thread();
	return 0;
}
