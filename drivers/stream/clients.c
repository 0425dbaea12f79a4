/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/state.h"

#include <stdlib.h>
#include <unistd.h>

/* Longest question taken; real ones, padded and signed, have some hundred octets. */
#define QUESTION_MAX 4096

/* Messages of one client that workers have at a time; the next ones wait in the socket. */
#define PIPELINE_MAX 64

/* Reads of one client before others have their turn: each may bring but an octet. */
#define READ_MAX 64

/* Replies of one client, and of all, that wait to be taken. */
#define OUTPUT_MAX     (1u << 20)
#define OUTPUT_ALL_MAX (64u << 20)

/* How long a turn goes on with handshakes: each takes up to some milliseconds of computing. */
#define GREET_US (1 * QN_US_PER_MS)

/*
 * Handshakes at a time: a tenth of all connections, but not fewer than the least, and of one network
 * as large a part as it may have of the connections. Each may take 143 KiB: OpenSSL has room for a
 * first message of 128 KiB as soon as one is announced.
 */
#define HANDSHAKE_PART  10
#define HANDSHAKE_LEAST 256

/*
 * Of these, how many may wait for the thread before nobody else is let begin. It is much less, so
 * that a handshake is not ended to make room for others before its turn has come.
 */
#define GREETING_PART 8
#define GREETING_MOST 64

/* Who owes the rest of something for so long gives way to others, if there is no place. */
#define YIELD_US (1 * QN_US_PER_S)

/* A worker answers within 5 s; an answer lost on its way must not keep a place for ever. */
#define LOST_FACTOR 3

struct qn_stream_client {
	struct qn_connection connection;
	struct qn_streams *streams;
	struct qn_stream_network *network;
	struct qn_stream_timed timed;
	struct qn_list link;      /* In the list of its phase, or clients_free. */
	struct qn_list held;      /* In clients_held or clients_greeting, or in no list. */
	struct qn_list dirty;     /* In clients_dirty, or in no list. */
	struct qn_list neighbour; /* In its network's handshakes, or in no list. */
	struct qn_address address;
	struct qn_mono since;       /* When what its deadline is about has begun. */
	uint8_t phase;              /* enum phase */
	uint32_t generation;        /* Counts the connections of this place. */
	uint32_t outstanding_count; /* Messages that workers have. */
	bool open;
	bool encrypted;
	bool ended; /* Will send no more. */
};

/* What a connection is at: each has its own time. */
enum phase {
	PHASE_HANDSHAKE,
	PHASE_IDLE,
	PHASE_READING, /* A message has begun to come. */
	PHASE_ASKED,   /* Waits for workers. */
	PHASE_SENDING, /* Replies wait to be taken. */
};

static void client_ready(uv_poll_t *poll, int status, int events);
static void client_expired(struct qn_streams *streams, struct qn_stream_timed *timed);

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
handshakes_init(struct qn_streams *streams)
{
	const struct qn_streams_config *config = &streams->config;
	const uint32_t all =
	    least(most(config->client_max / HANDSHAKE_PART, HANDSHAKE_LEAST), config->client_max);
	const uint64_t part = (uint64_t)all * config->client_network_max / config->client_max;

	streams->handshake_max = all;
	streams->handshake_network_max = (uint32_t)part + (part == 0);
	streams->greeting_max = most(least(all / GREETING_PART, GREETING_MOST), 1);
	qn_list_init(&streams->clients_handshaking);
	qn_list_init(&streams->clients_greeting);
	for (uint32_t i = 0; i < QN_STREAM_NETWORK_SLOTS; i++)
		qn_list_init(&streams->networks[i].handshakes);
}

bool
qn_stream_clients_init(struct qn_streams *streams)
{
	handshakes_init(streams);
	qn_list_init(&streams->clients_free);
	qn_list_init(&streams->clients_idle);
	qn_list_init(&streams->clients_begun);
	qn_list_init(&streams->clients_asked);
	qn_list_init(&streams->clients_sending);
	qn_list_init(&streams->clients_held);
	qn_list_init(&streams->clients_dirty);
	streams->clients = calloc(streams->config.client_max, sizeof(*streams->clients));
	return streams->clients != NULL;
}

void
qn_stream_clients_fini(struct qn_streams *streams)
{
	free(streams->clients);
	streams->clients = NULL;
}

/* --- Places ----------------------------------------------------------------------------- */

/* The network a client comes from, or one that shares its slot. */
static struct qn_stream_network *
network_of(struct qn_streams *streams, const struct qn_address *address)
{
	return &streams->networks[qn_hash(&streams->config.hash_key,
				      qn_address_client_network(address)) %
				  QN_STREAM_NETWORK_SLOTS];
}

static void
handshake_begin(struct qn_stream_client *client)
{
	qn_list_append(&client->network->handshakes, &client->neighbour);
	client->network->handshake_count++;
	qn_counter_add(&client->streams->counters.stream_handshakes, 1);
}

/* It is done, or given up; harmless where there is none. */
static void
handshake_end(struct qn_stream_client *client)
{
	if (qn_list_empty(&client->neighbour))
		return;
	qn_list_remove(&client->neighbour);
	client->network->handshake_count--;
	qn_counter_sub(&client->streams->counters.stream_handshakes, 1);
}

/* Puts it behind those whose handshake the thread goes on with. */
static void
greeting_add(struct qn_stream_client *client)
{
	qn_list_append(&client->streams->clients_greeting, &client->held);
	client->streams->greeting_count++;
}

static void
greeting_remove(struct qn_stream_client *client)
{
	qn_list_remove(&client->held);
	client->streams->greeting_count--;
}

/* Takes it out of clients_held or clients_greeting, if it waits there. */
static void
client_forget_held(struct qn_stream_client *client)
{
	if (qn_list_empty(&client->held))
		return;
	if (client->connection.handshaking)
		greeting_remove(client);
	else
		qn_list_remove(&client->held);
}

/* libuv has let go of it: the place may be taken again. */
static void
client_closed(uv_handle_t *handle)
{
	struct qn_stream_client *client =
	    qn_list_entry(handle, struct qn_stream_client, connection.poll);

	qn_list_append(&client->streams->clients_free, &client->link);
}

static void
client_close(struct qn_stream_client *client)
{
	struct qn_streams *streams = client->streams;

	if (!client->open)
		return;
	client->open = false;
	client->generation++; /* Answers that come now find nobody. */
	qn_wheel_stop(&streams->wheel, &client->timed.timer);
	qn_list_remove(&client->link);
	client_forget_held(client);
	qn_list_remove(&client->dirty);
	handshake_end(client);
	client->network->client_count--;
	qn_counter_sub(&streams->counters.stream_clients, 1);
	qn_counter_sub(
	    &streams->counters.stream_client_octets, qn_connection_held(&client->connection));
	qn_connection_close(&client->connection, client_closed);
}

void
qn_stream_clients_close(struct qn_streams *streams)
{
	for (uint32_t i = 0; i < streams->client_used; i++)
		client_close(&streams->clients[i]);
}

/* A place for a new connection; NULL when there is none. */
static struct qn_stream_client *
client_take(struct qn_streams *streams)
{
	struct qn_list *link = qn_list_pop(&streams->clients_free);
	struct qn_stream_client *client;

	if (link != NULL)
		return qn_list_entry(link, struct qn_stream_client, link);
	if (streams->client_used == streams->config.client_max)
		return NULL;
	client = &streams->clients[streams->client_used++];
	client->streams = streams;
	client->timed.expired = client_expired;
	qn_timer_init(&client->timed.timer);
	qn_list_init(&client->link);
	qn_list_init(&client->held);
	qn_list_init(&client->dirty);
	qn_list_init(&client->neighbour);
	return client;
}

bool
qn_stream_clients_full(const struct qn_streams *streams)
{
	return qn_list_empty(&streams->clients_free) &&
	       streams->client_used == streams->config.client_max;
}

/* The first of a list that `link` is the link of; NULL when it is empty. */
static struct qn_stream_client *
client_first(const struct qn_list *list)
{
	return qn_list_empty(list) ? NULL
	                           : qn_list_entry(list->next, struct qn_stream_client, link);
}

/* Of two, who has been at it for longer; either may be NULL. */
static struct qn_stream_client *
client_older(struct qn_stream_client *a, struct qn_stream_client *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return qn_mono_reached(a->since, b->since) ? a : b;
}

/* Whether a client has been at what it is at for so long that others may have its place. */
static bool
client_may_yield(const struct qn_streams *streams, const struct qn_stream_client *client)
{
	return client != NULL &&
	       qn_mono_reached(qn_mono_after_us(client->since, YIELD_US), streams->now.mono);
}

/*
 * The first to give way to others; NULL when there is none: who is idle, else who owes the rest of a
 * message or handshake, else who waits for answers or does not take them.
 */
static struct qn_stream_client *
client_expendable(const struct qn_streams *streams)
{
	struct qn_stream_client *client = client_first(&streams->clients_idle);

	if (client != NULL)
		return client;
	client = client_older(
	    client_first(&streams->clients_begun), client_first(&streams->clients_handshaking));
	if (client_may_yield(streams, client))
		return client;
	client = client_older(
	    client_first(&streams->clients_asked), client_first(&streams->clients_sending));
	return client_may_yield(streams, client) ? client : NULL;
}

/*
 * Whose handshake has to end for another of `network` to begin; NULL when there is room. A network
 * with more than its part takes from itself, as soon as half of all are taken: so nobody else loses
 * anything to one network.
 */
static struct qn_stream_client *
handshake_expendable(const struct qn_streams *streams, const struct qn_stream_network *network)
{
	const uint64_t count = qn_counter_get(&streams->counters.stream_handshakes);

	if (count >= (streams->handshake_max + 1) / 2 &&
	    network->handshake_count >= streams->handshake_network_max)
		return qn_list_entry(network->handshakes.next, struct qn_stream_client, neighbour);
	return count >= streams->handshake_max ? client_first(&streams->clients_handshaking) : NULL;
}

static void
handshake_make_room(struct qn_streams *streams, const struct qn_stream_network *network)
{
	struct qn_stream_client *client = handshake_expendable(streams, network);

	if (client == NULL)
		return;
	QN_STREAM_COUNT(streams, stream_tls_yielded);
	client_close(client);
}

bool
qn_stream_clients_evict(struct qn_streams *streams)
{
	struct qn_stream_client *client = client_expendable(streams);

	if (client == NULL)
		return false;
	QN_STREAM_COUNT(streams, stream_evicted);
	client_close(client);
	return true;
}

/* --- Deadlines -------------------------------------------------------------------------- */

static enum phase
phase_of(const struct qn_stream_client *client)
{
	if (client->connection.handshaking)
		return PHASE_HANDSHAKE;
	if (qn_connection_pending(&client->connection) > 0)
		return PHASE_SENDING;
	if (client->outstanding_count > 0)
		return PHASE_ASKED;
	if (client->connection.input.buffer.data != NULL)
		return PHASE_READING;
	return PHASE_IDLE;
}

/* The list of those who are at the same. */
static struct qn_list *
phase_list(struct qn_streams *streams, enum phase phase)
{
	switch (phase) {
	case PHASE_IDLE:
		break;
	case PHASE_HANDSHAKE:
		return &streams->clients_handshaking;
	case PHASE_READING:
		return &streams->clients_begun;
	case PHASE_ASKED:
		return &streams->clients_asked;
	case PHASE_SENDING:
		return &streams->clients_sending;
	}
	return &streams->clients_idle;
}

/*
 * Sets the deadline of what the connection is at now. It is counted from when that began, and
 * octets that trickle do not move it. `progress`: a whole message came.
 */
static void
client_rearm(struct qn_stream_client *client, bool progress)
{
	struct qn_streams *streams = client->streams;
	const enum phase phase = phase_of(client);
	const uint64_t factor = phase == PHASE_ASKED ? LOST_FACTOR : 1;

	if (phase == client->phase && !progress)
		return;
	client->phase = (uint8_t)phase;
	client->since = streams->now.mono;
	qn_list_remove(&client->link);
	qn_list_append(phase_list(streams, phase), &client->link);
	qn_wheel_start(&streams->wheel, &client->timed.timer,
	    qn_mono_after_us(client->since, factor * qn_stream_time_us(streams)));
}

static void
client_expired(struct qn_streams *streams, struct qn_stream_timed *timed)
{
	struct qn_stream_client *client = qn_list_entry(timed, struct qn_stream_client, timed);

	if (client->phase == PHASE_IDLE)
		QN_STREAM_COUNT(streams, stream_closed_idle);
	else
		QN_STREAM_COUNT(streams, stream_closed_slow);
	client_close(client);
}

/* --- Questions -------------------------------------------------------------------------- */

/* Gives a message to its worker; false when that one's pipe has no room for clients. */
static bool
ask(struct qn_stream_client *client, struct qn_view message)
{
	struct qn_streams *streams = client->streams;
	const uint16_t worker = streams->config.home(streams->config.home_context, message);
	struct qn_pipe *pipe = &streams->links[worker].to_worker;
	const uint32_t index = (uint32_t)(client - streams->clients);
	const struct qn_stream_note note = {
	    .token = (uint64_t)client->generation << 32 | index,
	    .peer = {client->address, 0},
	    .kind = QN_STREAM_QUESTION,
	    .encrypted = client->encrypted,
	};
	uint8_t *record = qn_pipe_reserve(pipe, sizeof(note) + message.len + QN_STREAM_SERVER_ROOM);

	if (record == NULL)
		return false;
	memcpy(record, &note, sizeof(note));
	memcpy(record + sizeof(note), message.data, message.len);
	qn_pipe_commit(pipe, sizeof(note) + message.len);
	client->outstanding_count++;
	QN_STREAM_COUNT(streams, stream_questions);
	return true;
}

/* Whether the client may ask more now: who does not take replies has to do that first. */
static bool
may_ask(const struct qn_stream_client *client)
{
	return client->outstanding_count < PIPELINE_MAX && qn_list_empty(&client->held) &&
	       qn_connection_pending(&client->connection) == 0;
}

/* Asks what has come. MORE when all of it has been taken, MESSAGE when some has to wait. */
static enum qn_stream_input_state
client_ask_all(struct qn_stream_client *client, bool *progress)
{
	struct qn_stream_input *input = &client->connection.input;
	struct qn_view message;

	while (may_ask(client)) {
		const enum qn_stream_input_state state =
		    qn_connection_next(&client->connection, &message);

		if (state != QN_STREAM_MESSAGE)
			return state;
		if (!ask(client, message)) {
			qn_stream_input_unget(input, message);
			qn_list_append(&client->streams->clients_held, &client->held);
			QN_STREAM_COUNT(client->streams, stream_held);
			break;
		}
		*progress = true;
	}
	return QN_STREAM_MESSAGE;
}

/* Reads and asks as long as there is something and it may; false when it is to be closed. */
static bool
client_read(struct qn_stream_client *client, bool *progress)
{
	for (uint32_t count = 0;; count++) {
		switch (client_ask_all(client, progress)) {
		case QN_STREAM_MESSAGE:
			return true;
		case QN_STREAM_TOO_LONG:
			return false;
		case QN_STREAM_MORE:
			break;
		}
		if (client->ended ||
		    (count >= READ_MAX && !qn_connection_has_more(&client->connection)))
			return true;
		switch (qn_connection_read(&client->connection)) {
		case QN_CONNECTION_OK:
			break;
		case QN_CONNECTION_ENDED:
			client->ended = true;
			return true;
		case QN_CONNECTION_WAIT:
			return true;
		case QN_CONNECTION_BROKEN:
			return false;
		}
	}
}

/* Sends what waits; false when that cannot be. */
static bool
client_send(struct qn_stream_client *client)
{
	const size_t before = qn_connection_held(&client->connection);
	const enum qn_connection_state state = qn_connection_flush(&client->connection);

	qn_counter_sub(&client->streams->counters.stream_client_octets,
	    before - qn_connection_held(&client->connection));
	return state != QN_CONNECTION_BROKEN;
}

/* Whether a client that sends no more has got all that it can get. */
static bool
client_is_through(const struct qn_stream_client *client)
{
	return client->ended && client->outstanding_count == 0 &&
	       qn_connection_pending(&client->connection) == 0 && qn_list_empty(&client->held);
}

/* Goes on with a connection as far as it can without waiting. */
static void
client_advance(struct qn_stream_client *client)
{
	struct qn_streams *streams = client->streams;
	bool progress = false;

	switch (qn_connection_handshake(&client->connection)) {
	case QN_CONNECTION_OK:
		handshake_end(client);
		break;
	case QN_CONNECTION_WAIT:
		qn_connection_wait(&client->connection, false, client_ready);
		return;
	case QN_CONNECTION_ENDED:
	case QN_CONNECTION_BROKEN:
		QN_STREAM_COUNT(streams, stream_tls_failed);
		client_close(client);
		return;
	}
	if (!client_send(client) || !client_read(client, &progress)) {
		QN_STREAM_COUNT(streams, stream_closed_broken);
		client_close(client);
		return;
	}
	if (client_is_through(client)) {
		client_close(client);
		return;
	}
	qn_connection_rest(&client->connection);
	client_rearm(client, progress);
	qn_connection_wait(&client->connection, !client->ended && may_ask(client), client_ready);
}

static void
client_ready(uv_poll_t *poll, int status, int events)
{
	struct qn_stream_client *client =
	    qn_list_entry(poll, struct qn_stream_client, connection.poll);

	(void)events;
	qn_stream_awake(client->streams);
	if (status != 0) {
		QN_STREAM_COUNT(client->streams, stream_closed_broken);
		client_close(client);
		return;
	}
	if (!client->connection.handshaking) {
		client_advance(client);
		return;
	}
	qn_connection_pause(&client->connection);
	greeting_add(client);
	qn_stream_greet_soon(client->streams);
}

bool
qn_stream_clients_greeting_full(const struct qn_streams *streams)
{
	return streams->greeting_count >= streams->greeting_max;
}

bool
qn_stream_clients_greet(struct qn_streams *streams)
{
	const struct qn_mono end = qn_mono_after_us(qn_clock_read().mono, GREET_US);

	while (!qn_list_empty(&streams->clients_greeting)) {
		struct qn_stream_client *client =
		    qn_list_entry(streams->clients_greeting.next, struct qn_stream_client, held);

		qn_stream_awake(streams);
		greeting_remove(client);
		client_advance(client);
		if (qn_mono_reached(end, qn_clock_read().mono))
			break;
	}
	return !qn_list_empty(&streams->clients_greeting);
}

bool
qn_stream_clients_retry(struct qn_streams *streams)
{
	struct qn_list again;
	struct qn_list *link;

	qn_list_init(&again);
	qn_list_splice(&again, &streams->clients_held);
	while ((link = qn_list_pop(&again)) != NULL)
		client_advance(qn_list_entry(link, struct qn_stream_client, held));
	return !qn_list_empty(&streams->clients_held);
}

/* --- Answers ---------------------------------------------------------------------------- */

static struct qn_stream_client *
client_of_token(struct qn_streams *streams, uint64_t token)
{
	struct qn_stream_client *client = &streams->clients[(uint32_t)token];

	return client->open && client->generation == token >> 32 ? client : NULL;
}

/* Whether `len` more octets of replies leave the client, and all, within bounds. */
static bool
client_may_hold(const struct qn_stream_client *client, size_t len, bool all)
{
	const struct qn_connection *connection = &client->connection;
	const size_t others = qn_counter_get(&client->streams->counters.stream_client_octets) -
	                      qn_connection_held(connection);
	const size_t held = qn_connection_held_with(connection, len);

	return held <= OUTPUT_MAX && (!all || others + held <= OUTPUT_ALL_MAX);
}

static void
client_close_for_memory(struct qn_stream_client *client)
{
	QN_STREAM_COUNT(client->streams, stream_closed_memory);
	client_close(client);
}

/*
 * Makes room for `len` octets: those who take their replies have it made by sending; where all
 * together have too many that wait, who has kept his for longest has to go.
 */
static bool
client_make_room(struct qn_stream_client *client, size_t len)
{
	struct qn_streams *streams = client->streams;

	if (client_may_hold(client, len, true))
		return true;
	if (!client_send(client) || !client_may_hold(client, len, false))
		return false;
	while (!client_may_hold(client, len, true)) {
		struct qn_list *slowest = streams->clients_sending.next;

		if (qn_list_empty(&streams->clients_sending) || slowest == &client->link)
			return false;
		client_close_for_memory(qn_list_entry(slowest, struct qn_stream_client, link));
	}
	return true;
}

/* Puts a reply behind those that wait; false when there is no room, or the client is gone. */
static bool
client_add(struct qn_stream_client *client, struct qn_view message)
{
	const size_t len = QN_STREAM_LENGTH_LEN + message.len;
	size_t before;

	if (!client_make_room(client, len))
		return false;
	before = qn_connection_held(&client->connection);
	if (!qn_connection_add(&client->connection, message))
		return false;
	qn_counter_add(&client->streams->counters.stream_client_octets,
	    qn_connection_held(&client->connection) - before);
	return true;
}

void
qn_stream_client_answer(
    struct qn_streams *streams, const struct qn_stream_note *note, struct qn_view message)
{
	struct qn_stream_client *client = client_of_token(streams, note->token);

	if (note->kind == QN_STREAM_ANSWER)
		QN_STREAM_COUNT(streams, stream_answers);
	else
		QN_STREAM_COUNT(streams, stream_unanswered);
	if (client == NULL)
		return;
	qn_assert(client->outstanding_count > 0);
	client->outstanding_count--;
	if (note->kind == QN_STREAM_ANSWER && !client_add(client, message)) {
		client_close_for_memory(client);
		return;
	}
	if (qn_list_empty(&client->dirty))
		qn_list_append(&streams->clients_dirty, &client->dirty);
}

void
qn_stream_clients_flush(struct qn_streams *streams)
{
	struct qn_list *link;

	while ((link = qn_list_pop(&streams->clients_dirty)) != NULL)
		client_advance(qn_list_entry(link, struct qn_stream_client, dirty));
}

/* --- Connections ------------------------------------------------------------------------ */

static void
client_begin(struct qn_stream_client *client, const struct qn_address *address,
    struct qn_stream_network *network, bool encrypted)
{
	struct qn_streams *streams = client->streams;

	client->address = *address;
	client->network = network;
	client->encrypted = encrypted;
	client->ended = false;
	client->outstanding_count = 0;
	client->open = true;
	network->client_count++;
	qn_counter_add(&streams->counters.stream_clients, 1);
	QN_STREAM_COUNT(streams, stream_accepted);
	if (encrypted) {
		handshake_begin(client);
		QN_STREAM_COUNT(streams, stream_accepted_tls);
	}
	client->phase = (uint8_t)phase_of(client);
	client_rearm(client, true);
}

void
qn_stream_client_accept(
    struct qn_streams *streams, int fd, const struct qn_address *address, bool encrypted)
{
	struct qn_stream_network *network = network_of(streams, address);
	struct qn_stream_client *client;

	if (network->client_count >= streams->config.client_network_max) {
		QN_STREAM_COUNT(streams, stream_refused_network);
		close(fd);
		return;
	}
	client = client_take(streams);
	if (client == NULL) {
		QN_STREAM_COUNT(streams, stream_refused_full);
		close(fd);
		return;
	}
	if (!qn_connection_open(&client->connection, &streams->loop, fd,
		encrypted ? streams->tls : NULL, QUESTION_MAX, UV_READABLE, client_ready)) {
		QN_STREAM_COUNT(streams, stream_closed_broken);
		qn_list_append(&streams->clients_free, &client->link);
		return;
	}
	if (encrypted)
		handshake_make_room(streams, network);
	client_begin(client, address, network, encrypted);
}
