/* SPDX-License-Identifier: BSD-2-Clause */
#include "shard/shard_state.h"

/* --- Replies ---------------------------------------------------------------------------- */

static qn_counter *
match_counter(struct qn_shard_counters *counters, enum qn_transport_match match)
{
	switch (match) {
	case QN_MATCH_REPLY:
		return &counters->upstream_replies;
	case QN_MATCH_STRAY:
		return &counters->upstream_stray;
	case QN_MATCH_WRONG_PEER:
		return &counters->upstream_wrong_peer;
	case QN_MATCH_WRONG_ID:
		return &counters->upstream_wrong_id;
	case QN_MATCH_WRONG_QUESTION:
		return &counters->upstream_wrong_question;
	case QN_MATCH_WRONG_CASE:
		return &counters->upstream_wrong_case;
	case QN_MATCH_WRONG_COOKIE:
		return &counters->upstream_wrong_cookie;
	case QN_MATCH_BROKEN:
		break;
	}
	return &counters->upstream_broken;
}

/* Whether only the server itself or a lucky forger can have sent a reply that does not match. */
static bool
is_near_miss(enum qn_transport_match match)
{
	return match == QN_MATCH_WRONG_ID || match == QN_MATCH_WRONG_CASE ||
	       match == QN_MATCH_WRONG_COOKIE;
}

struct qn_shard_result
qn_shard_upstream_input(struct qn_shard *shard, const struct qn_packet *packet,
    const struct qn_frame *frame, struct qn_now now)
{
	const struct qn_view datagram = {packet->data + frame->payload_at, frame->payload_len};
	enum qn_transport_match match = QN_MATCH_STRAY;
	struct qn_message message;
	uint16_t worker;
	uint32_t slot;

	if (qn_port_owner(shard->shared.ports, frame->destination.port, &worker, &slot)) {
		if (worker != shard->limits.worker) {
			qn_counter_add(&shard->counters.frame_handed_over, 1);
			return (struct qn_shard_result){QN_SHARD_HANDOVER, worker};
		}
		match = qn_transport_match(&shard->transport, slot, frame, datagram, &message);
	}
	qn_counter_add(match_counter(&shard->counters, match), 1);
	if (match == QN_MATCH_REPLY)
		qn_resolver_reply(shard->resolver, slot, &message, true, now);
	/* A near miss: without TCP the wait simply goes on, as after any other wrong datagram. */
	else if (shard->limits.tcp && is_near_miss(match))
		qn_resolver_suspect(shard->resolver, slot, now);
	return qn_shard_result_of(QN_SHARD_DONE);
}

/* --- Queries ---------------------------------------------------------------------------- */

/* Finds the link and the way to a server: the first link that knows one, or will soon. */
static enum qn_link_route
find_route(struct qn_shard *shard, struct qn_sent *sent, struct qn_now now, uint16_t *link_index,
    struct qn_path *path)
{
	enum qn_link_route best = QN_LINK_NO_ROUTE;

	for (uint16_t i = 0; i < shard->limits.link_count; i++) {
		const enum qn_link_route route = qn_link_route(
		    shard->shared.links[i], &sent->query.server.address, now, path, &sent->local);

		if (route == QN_LINK_READY) {
			*link_index = i;
			return route;
		}
		if (route == QN_LINK_RESOLVING)
			best = route;
	}
	return best;
}

static void
write_query(struct qn_shard *shard, struct qn_packet *packet, const struct qn_sent *sent,
    const struct qn_path *path)
{
	const uint16_t payload_at = qn_frame_payload_at(path, sent->local.family);
	const struct qn_endpoint source = {sent->local, sent->port};
	const size_t len = qn_transport_write(
	    sent, (struct qn_span){packet->data + payload_at, packet->capacity - payload_at});

	packet->len = qn_frame_build_udp(
	    qn_packet_span(packet), path, &source, &sent->query.server, (uint16_t)len);
	qn_counter_add(&shard->counters.upstream_queries, 1);
}

/*
 * A query whose next hop was not known when it was to go out. Those whose neighbour stays
 * silent wait until their timeout, and must not keep the others.
 */
static bool
output_held(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	struct qn_list *held = &shard->transport.held;
	struct qn_path path;

	if (!qn_mono_reached(shard->transport.held_try, now.mono))
		return false;
	for (unsigned looked_at = 0; looked_at < QN_HELD_LOOKS && !qn_list_empty(held);
	     looked_at++) {
		struct qn_sent *sent = qn_list_entry(qn_list_pop(held), struct qn_sent, link);

		if (find_route(shard, sent, now, link_index, &path) == QN_LINK_READY) {
			write_query(shard, packet, sent, &path);
			return true;
		}
		qn_list_append(held, &sent->link);
	}
	shard->transport.held_try = qn_mono_after_us(now.mono, QN_HELD_RETRY_US);
	return false;
}

/* Takes one query from the iterator; false when it could not be written into `packet`. */
static bool
send_query(struct qn_shard *shard, const struct qn_upstream_query *query, uint16_t *link_index,
    struct qn_packet *packet, struct qn_now now)
{
	const bool stream = query->transport == QN_TRANSPORT_TCP;
	struct qn_path path;

	if (stream && !shard->limits.tcp) {
		qn_counter_add(&shard->counters.upstream_no_tcp, 1);
		qn_resolver_unsent(shard->resolver, query->slot, now);
		return false;
	}
	struct qn_sent *sent = qn_transport_open(&shard->transport, query);

	if (sent == NULL) {
		qn_counter_add(&shard->counters.upstream_no_port, 1);
		qn_resolver_unsent(shard->resolver, query->slot, now);
		return false;
	}
	if (stream) {
		qn_list_append(&shard->transport.streams, &sent->link);
		return false;
	}
	switch (find_route(shard, sent, now, link_index, &path)) {
	case QN_LINK_READY:
		write_query(shard, packet, sent, &path);
		return true;
	case QN_LINK_RESOLVING:
		qn_counter_add(&shard->counters.upstream_held, 1);
		qn_list_append(&shard->transport.held, &sent->link);
		return false;
	case QN_LINK_NO_ROUTE:
		break;
	}
	qn_counter_add(&shard->counters.upstream_no_route, 1);
	qn_resolver_unsent(shard->resolver, query->slot, now);
	return false;
}

static bool
output_query(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	struct qn_upstream_query query;
	uint32_t slot;

	while (qn_resolver_take_release(shard->resolver, &slot))
		qn_transport_release(&shard->transport, slot);
	while (qn_resolver_take_send(shard->resolver, &query, now)) {
		if (send_query(shard, &query, link_index, packet, now))
			return true;
		/* What could not be sent has been released, and its slot may come again. */
		while (qn_resolver_take_release(shard->resolver, &slot))
			qn_transport_release(&shard->transport, slot);
	}
	return false;
}

bool
qn_shard_upstream_output(
    struct qn_shard *shard, uint16_t *link_index, struct qn_packet *packet, struct qn_now now)
{
	return output_held(shard, link_index, packet, now) ||
	       output_query(shard, link_index, packet, now);
}

bool
qn_shard_take_stream(struct qn_shard *shard, struct qn_shard_stream *stream, struct qn_span message)
{
	struct qn_list *link = qn_list_pop(&shard->transport.streams);

	if (link == NULL)
		return false;
	const struct qn_sent *sent = qn_list_entry(link, struct qn_sent, link);

	qn_assert(message.len >= QN_SHARD_STREAM_LEN);
	*stream = (struct qn_shard_stream){
	    .token = qn_transport_stream_token(sent),
	    .server = sent->query.server,
	    .len = qn_transport_write(sent, message),
	};
	qn_counter_add(&shard->counters.upstream_streams, 1);
	return true;
}

void
qn_shard_stream_reply(
    struct qn_shard *shard, uint64_t token, struct qn_view bytes, struct qn_now now)
{
	const struct qn_sent *sent = qn_transport_stream(&shard->transport, token);
	struct qn_message message;

	if (sent == NULL) {
		qn_counter_add(&shard->counters.upstream_stray, 1);
		return;
	}
	const enum qn_transport_match match = qn_transport_match_stream(sent, bytes, &message);

	qn_counter_add(match_counter(&shard->counters, match), 1);
	if (match == QN_MATCH_REPLY)
		qn_resolver_reply(shard->resolver, sent->query.slot, &message,
		    qn_transport_case_kept(sent, &message), now);
	else
		qn_resolver_unsent(shard->resolver, sent->query.slot, now);
}

void
qn_shard_stream_failed(struct qn_shard *shard, uint64_t token, struct qn_now now)
{
	const struct qn_sent *sent = qn_transport_stream(&shard->transport, token);

	if (sent != NULL)
		qn_resolver_unsent(shard->resolver, sent->query.slot, now);
}
