/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/state.h"

#include "base/endian.h"
#include "stream/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Connections to servers: in all, to those of one network, and to one. A network is the smallest
 * that the internet has routes for; a zone's owner has few of them, and cannot take all places.
 */
#define SERVER_MAX         256
#define SERVER_NETWORK_MAX 32
#define SERVER_ONE_MAX     4

/* Memory for these, and for some that were closed and that libuv has not let go of yet. */
#define PLACE_MAX (SERVER_MAX + 64)

#define NETWORK_BITS_V4 24
#define NETWORK_BITS_V6 48

/*
 * Queries of one connection. Only the first is sent until it has brought a reply, since some
 * servers answer one and hang up; then the others follow, and are on their way together.
 */
#define PIPELINE_MAX 8

/* A resolver waits less than this for a reply; a connection that brings none is of no use. */
#define REPLY_US (4 * QN_US_PER_S)

/* And one that brings none for so long gives way to another, when there may be no more. */
#define YIELD_US (1 * QN_US_PER_S)

/* How long a connection is kept for the next query; servers close theirs after about this. */
#define IDLE_US (5 * QN_US_PER_S)

/* Room for any query. */
#define QUERY_MAX 512

/* A query on its way. */
struct query {
	uint64_t token;
	uint16_t worker;
	uint16_t len;
	bool again; /* Was lost with another connection before. */
	bool sent;
	uint8_t message[QUERY_MAX];
};

struct qn_stream_server {
	struct qn_connection connection;
	struct qn_streams *streams;
	struct qn_stream_timed timed;
	struct qn_list link; /* In servers_free or servers_open. */
	struct qn_endpoint server;
	struct query queries[PIPELINE_MAX];
	uint8_t query_count;
	struct qn_mono since; /* When the last reply came, or when one was first waited for. */
	bool open;
	bool connecting;
	bool proven; /* Has brought a reply. */
};

static void server_ready(uv_poll_t *poll, int status, int events);
static void server_expired(struct qn_streams *streams, struct qn_stream_timed *timed);
static void server_abandon(struct qn_stream_server *server, bool again);

bool
qn_stream_servers_init(struct qn_streams *streams)
{
	qn_list_init(&streams->servers_free);
	qn_list_init(&streams->servers_open);
	streams->servers = calloc(PLACE_MAX, sizeof(*streams->servers));
	if (streams->servers == NULL)
		return false;
	for (uint32_t i = 0; i < PLACE_MAX; i++) {
		struct qn_stream_server *server = &streams->servers[i];

		server->streams = streams;
		server->timed.expired = server_expired;
		qn_timer_init(&server->timed.timer);
		qn_list_append(&streams->servers_free, &server->link);
	}
	return true;
}

void
qn_stream_servers_fini(struct qn_streams *streams)
{
	free(streams->servers);
	streams->servers = NULL;
}

/* --- To the workers --------------------------------------------------------------------- */

/* Writes to a worker; false when its pipe is full. */
static bool
tell(struct qn_streams *streams, const struct query *query, enum qn_stream_note_kind kind,
    struct qn_view message)
{
	struct qn_pipe *pipe = &streams->links[query->worker].to_worker;
	const struct qn_stream_note note = {.token = query->token, .kind = (uint8_t)kind};
	uint8_t *record = qn_pipe_reserve(pipe, sizeof(note) + message.len);

	if (record == NULL)
		return false;
	memcpy(record, &note, sizeof(note));
	if (message.len > 0)
		memcpy(record + sizeof(note), message.data, message.len);
	qn_pipe_commit(pipe, sizeof(note) + message.len);
	return true;
}

/* Without this, the worker's own patience ends the query: nothing is lost when it is full. */
static void
tell_failure(struct qn_streams *streams, const struct query *query)
{
	QN_STREAM_COUNT(streams, stream_server_failed);
	(void)!tell(streams, query, QN_STREAM_FAILURE, (struct qn_view){NULL, 0});
}

/* --- Connections ------------------------------------------------------------------------ */

static void
server_closed(uv_handle_t *handle)
{
	struct qn_stream_server *server =
	    qn_list_entry(handle, struct qn_stream_server, connection.poll);

	qn_list_append(&server->streams->servers_free, &server->link);
}

static void
server_close(struct qn_stream_server *server)
{
	struct qn_streams *streams = server->streams;

	server->open = false;
	qn_wheel_stop(&streams->wheel, &server->timed.timer);
	qn_list_remove(&server->link);
	qn_counter_sub(&streams->counters.stream_servers, 1);
	qn_connection_close(&server->connection, server_closed);
}

void
qn_stream_servers_close(struct qn_streams *streams)
{
	for (uint32_t i = 0; i < PLACE_MAX; i++)
		if (streams->servers[i].open)
			server_close(&streams->servers[i]);
}

/* Where to ask `server` from: in its network if there is a way, else by the first. */
static const struct qn_stream_source *
source_of(const struct qn_streams_config *config, const struct qn_address *server)
{
	const struct qn_stream_source *first = NULL;

	for (uint16_t i = 0; i < config->source_count; i++) {
		const struct qn_stream_source *source = &config->sources[i];

		if (source->network.address.family != server->family)
			continue;
		if (qn_prefix_contains(&source->network, server))
			return source;
		if (first == NULL)
			first = source;
	}
	return first;
}

/*
 * Whether there may be one more connection. When there are as many as may be, the one that has not
 * been used for longest is closed for it, or else the one that has brought no reply for longest.
 */
static bool
make_place(struct qn_streams *streams)
{
	struct qn_stream_server *slowest = NULL;

	if (qn_counter_get(&streams->counters.stream_servers) < SERVER_MAX)
		return true;
	for (struct qn_list *link = streams->servers_open.next; link != &streams->servers_open;
	     link = link->next) {
		struct qn_stream_server *server =
		    qn_list_entry(link, struct qn_stream_server, link);

		if (server->query_count == 0) {
			server_close(server);
			return true;
		}
		if (slowest == NULL || server->since.us < slowest->since.us)
			slowest = server;
	}
	if (slowest == NULL ||
	    !qn_mono_reached(qn_mono_after_us(slowest->since, YIELD_US), streams->now.mono))
		return false;
	QN_STREAM_COUNT(streams, stream_server_yielded);
	server_abandon(slowest, false);
	return true;
}

/* Begins to connect; NULL when that cannot be. */
static struct qn_stream_server *
server_open(struct qn_streams *streams, const struct qn_endpoint *endpoint)
{
	const struct qn_streams_config *config = &streams->config;
	const struct qn_stream_source *source = source_of(config, &endpoint->address);
	struct qn_list *link = make_place(streams) ? qn_list_pop(&streams->servers_free) : NULL;
	struct qn_stream_server *server;
	int fd = -1;

	if (link == NULL)
		return NULL;
	server = qn_list_entry(link, struct qn_stream_server, link);
	QN_STREAM_COUNT(streams, stream_server_connects);
	if (source != NULL)
		fd = qn_socket_connect(endpoint, &source->network.address,
		    config->interface_count == 0 ? NULL : config->interfaces[source->interface]);
	if (fd < 0 || !qn_connection_open(&server->connection, &streams->loop, fd, NULL,
			  QN_STREAM_MESSAGE_MAX, UV_WRITABLE, server_ready)) {
		QN_STREAM_COUNT(streams, stream_server_refused);
		qn_list_append(&streams->servers_free, &server->link);
		return NULL;
	}
	server->server = *endpoint;
	server->query_count = 0;
	server->open = true;
	server->connecting = true;
	server->proven = false;
	qn_list_append(&streams->servers_open, &server->link);
	qn_counter_add(&streams->counters.stream_servers, 1);
	return server;
}

static void
server_rearm(struct qn_stream_server *server)
{
	server->since = server->streams->now.mono;
	qn_wheel_start(&server->streams->wheel, &server->timed.timer,
	    qn_mono_after_us(server->since, server->query_count > 0 ? REPLY_US : IDLE_US));
}

/* --- Queries ---------------------------------------------------------------------------- */

static uint16_t
query_id(const struct query *query)
{
	return qn_load_be16(query->message);
}

/* Whether a connection takes another query; of two with one id, it takes but the first. */
static bool
server_takes(const struct qn_stream_server *server, uint16_t id)
{
	if (server->query_count == PIPELINE_MAX)
		return false;
	for (uint8_t i = 0; i < server->query_count; i++)
		if (query_id(&server->queries[i]) == id)
			return false;
	return true;
}

/* Whether a query is better off on `a` than on `b`: where replies come, and few are awaited. */
static bool
server_is_better(const struct qn_stream_server *a, const struct qn_stream_server *b)
{
	return a->proven != b->proven ? a->proven : a->query_count < b->query_count;
}

/* What there is for a query: the open connections to its server and to that one's network. */
struct view {
	struct qn_stream_server *best; /* To the server, and takes the query; NULL: none does. */
	struct qn_stream_server *idle; /* To the network, the longest unused; NULL: all are used. */
	uint32_t server_count;
	uint32_t network_count;
};

/* Adds a connection to the network of `endpoint` to what there is. */
static void
view_add(struct view *view, struct qn_stream_server *server, const struct qn_endpoint *endpoint,
    uint16_t id)
{
	view->network_count++;
	if (view->idle == NULL && server->query_count == 0)
		view->idle = server;
	if (server->server.port != endpoint->port ||
	    !qn_address_equal(&server->server.address, &endpoint->address))
		return;
	view->server_count++;
	if (server_takes(server, id) &&
	    (view->best == NULL || server_is_better(server, view->best)))
		view->best = server;
}

static struct view
servers_view(const struct qn_streams *streams, const struct qn_endpoint *endpoint, uint16_t id)
{
	const bool v6 = endpoint->address.family == QN_FAMILY_IPV6;
	const struct qn_prefix network = {
	    endpoint->address, v6 ? NETWORK_BITS_V6 : NETWORK_BITS_V4};
	struct view view = {0};

	for (struct qn_list *link = streams->servers_open.next; link != &streams->servers_open;
	     link = link->next) {
		struct qn_stream_server *server =
		    qn_list_entry(link, struct qn_stream_server, link);

		if (qn_prefix_contains(&network, &server->server.address))
			view_add(&view, server, endpoint, id);
	}
	return view;
}

/* Sends what may be sent: all, once there has been a reply, else one. */
static void
server_send(struct qn_stream_server *server)
{
	const uint8_t count = server->proven ? server->query_count : 1;

	for (uint8_t i = 0; i < count && i < server->query_count; i++) {
		struct query *query = &server->queries[i];

		/* Without memory it is never sent, and fails with its connection. */
		if (!query->sent)
			query->sent = qn_connection_add(
			    &server->connection, (struct qn_view){query->message, query->len});
	}
	if (!server->connecting)
		qn_connection_wait(&server->connection, true, server_ready);
}

static void
server_add(struct qn_stream_server *server, const struct query *query)
{
	server->queries[server->query_count++] = *query;
	/* Behind those that have been used before. */
	qn_list_remove(&server->link);
	qn_list_append(&server->streams->servers_open, &server->link);
	if (server->query_count == 1)
		server_rearm(server);
	server_send(server);
}

/* Whether there may be one more to the network; one that nobody uses is closed for it. */
static bool
network_has_place(const struct view *view)
{
	if (view->network_count < SERVER_NETWORK_MAX)
		return true;
	if (view->idle == NULL)
		return false;
	server_close(view->idle);
	return true;
}

/*
 * Where a query goes: a connection there is, if that is idle or has brought replies, else a new
 * one, else any that takes it.
 */
static struct qn_stream_server *
server_choose(
    struct qn_streams *streams, const struct qn_endpoint *endpoint, const struct query *query)
{
	const struct view view = servers_view(streams, endpoint, query_id(query));
	struct qn_stream_server *best = view.best;

	if (best != NULL && !query->again && (best->proven || best->query_count == 0))
		return best;
	if (view.server_count < SERVER_ONE_MAX && network_has_place(&view)) {
		struct qn_stream_server *fresh = server_open(streams, endpoint);

		if (fresh != NULL)
			return fresh;
	}
	/* It may be the one that was closed to make a place. */
	return best != NULL && best->open ? best : NULL;
}

static void
dispatch(struct qn_streams *streams, const struct qn_endpoint *endpoint, struct query *query)
{
	struct qn_stream_server *server = server_choose(streams, endpoint, query);

	query->sent = false;
	if (server != NULL) {
		server_add(server, query);
		return;
	}
	QN_STREAM_COUNT(streams, stream_server_full);
	tell_failure(streams, query);
}

void
qn_stream_server_query(struct qn_streams *streams, uint16_t worker,
    const struct qn_stream_note *note, struct qn_view message)
{
	struct query query = {.token = note->token, .worker = worker, .len = (uint16_t)message.len};

	qn_assert(message.len >= 2 && message.len <= QUERY_MAX);
	memcpy(query.message, message.data, message.len);
	QN_STREAM_COUNT(streams, stream_server_queries);
	dispatch(streams, &note->peer, &query);
}

/*
 * Gives a connection up. Its queries have failed, unless it was one that had worked before and
 * `again` is allowed: servers close idle connections just when the next query is on its way
 * (RFC 7766 s6.2.4), so that each gets one more try, on a new one.
 */
static void
server_abandon(struct qn_stream_server *server, bool again)
{
	struct qn_streams *streams = server->streams;
	const struct qn_endpoint endpoint = server->server;
	const bool proven = server->proven;
	const uint8_t count = server->query_count;
	struct query queries[PIPELINE_MAX];

	memcpy(queries, server->queries, count * sizeof(queries[0]));
	server_close(server);
	for (uint8_t i = 0; i < count; i++) {
		if (!again || !proven || queries[i].again) {
			tell_failure(streams, &queries[i]);
			continue;
		}
		queries[i].again = true;
		QN_STREAM_COUNT(streams, stream_server_again);
		dispatch(streams, &endpoint, &queries[i]);
	}
}

static void
server_expired(struct qn_streams *streams, struct qn_stream_timed *timed)
{
	(void)streams;
	server_abandon(qn_list_entry(timed, struct qn_stream_server, timed), false);
}

/* --- Replies ---------------------------------------------------------------------------- */

/* The query that a reply is to; NULL when it is to none. */
static struct query *
query_of(struct qn_stream_server *server, struct qn_view message)
{
	if (message.len < 2)
		return NULL;
	for (uint8_t i = 0; i < server->query_count; i++)
		if (query_id(&server->queries[i]) == qn_load_be16(message.data))
			return &server->queries[i];
	return NULL;
}

/* Hands over the replies that are whole; false when the connection is not to be trusted. */
static bool
server_take_replies(struct qn_stream_server *server)
{
	struct qn_streams *streams = server->streams;
	struct qn_view message;

	while (qn_connection_next(&server->connection, &message) == QN_STREAM_MESSAGE) {
		struct query *query = query_of(server, message);

		if (query == NULL) {
			QN_STREAM_COUNT(streams, stream_server_stray);
			return false;
		}
		/* A pipe that is full keeps no reply: the query has failed then. */
		if (tell(streams, query, QN_STREAM_REPLY, message))
			QN_STREAM_COUNT(streams, stream_server_replies);
		else
			tell_failure(streams, query);
		*query = server->queries[--server->query_count];
		server->proven = true;
		server_rearm(server);
	}
	server_send(server);
	return true;
}

/* Reads all that is there; false when the connection is over. */
static bool
server_read(struct qn_stream_server *server, bool *trusted)
{
	for (;;) {
		switch (qn_connection_read(&server->connection)) {
		case QN_CONNECTION_OK:
			*trusted = server_take_replies(server);
			if (!*trusted)
				return false;
			break;
		case QN_CONNECTION_WAIT:
			return true;
		case QN_CONNECTION_ENDED:
		case QN_CONNECTION_BROKEN:
			return false;
		}
	}
}

/* Whether the connection has been made; false too when it never will. */
static bool
server_connected(struct qn_stream_server *server)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(server->connection.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
	    error != 0)
		return false;
	server->connecting = false;
	return true;
}

static void
server_ready(uv_poll_t *poll, int status, int events)
{
	struct qn_stream_server *server =
	    qn_list_entry(poll, struct qn_stream_server, connection.poll);
	bool trusted = true;

	(void)events;
	qn_stream_awake(server->streams);
	if (server->connecting && (status != 0 || !server_connected(server))) {
		QN_STREAM_COUNT(server->streams, stream_server_refused);
		server_abandon(server, false);
		return;
	}
	if (status != 0 || qn_connection_flush(&server->connection) == QN_CONNECTION_BROKEN ||
	    !server_read(server, &trusted)) {
		server_abandon(server, trusted);
		return;
	}
	qn_connection_rest(&server->connection);
	qn_connection_wait(&server->connection, true, server_ready);
}
