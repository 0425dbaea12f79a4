/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/streams.h"

#include "host/log.h"
#include "stream/socket.h"
#include "stream/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* Connections that one listening socket accepts before others have their turn. */
#define ACCEPT_MAX 16

/* How long nobody is accepted when the kernel gives no more files. */
#define ACCEPT_PAUSE_US (100 * QN_US_PER_MS)

/* Records of one worker that are handled before replies are sent. */
#define RECORD_MAX 1024

/* Descriptors for everything but clients. */
#define OTHER_FDS 1024

/* --- Listening sockets ------------------------------------------------------------------ */

static void listener_ready(uv_poll_t *poll, int status, int events);

static void
listeners_poll(struct qn_streams *streams)
{
	for (uint16_t i = 0; i < streams->listener_count; i++)
		uv_poll_start(&streams->listeners[i].poll, UV_READABLE, listener_ready);
}

static void
pause_expired(struct qn_streams *streams, struct qn_stream_timed *timed)
{
	(void)timed;
	listeners_poll(streams);
}

/*
 * Who waits to be accepted and cannot be would have the loop turn without end: nobody is looked
 * after for a while, in which others may close.
 */
static void
listeners_pause(struct qn_streams *streams)
{
	QN_STREAM_COUNT(streams, stream_accept_paused);
	for (uint16_t i = 0; i < streams->listener_count; i++)
		uv_poll_stop(&streams->listeners[i].poll);
	qn_wheel_start(&streams->wheel, &streams->pause.timer,
	    qn_mono_after_us(streams->now.mono, ACCEPT_PAUSE_US));
}

/* Whether the kernel is short of something, rather than that nobody is there any more. */
static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void
listener_ready(uv_poll_t *poll, int status, int events)
{
	struct qn_stream_listener *listener = qn_list_entry(poll, struct qn_stream_listener, poll);
	struct qn_streams *streams = listener->streams;
	struct qn_endpoint client;

	(void)status;
	(void)events;
	qn_stream_awake(streams);
	/* Somebody waits, and will still do so when there is time for him, or a place. */
	if (listener->encrypted && qn_stream_clients_greeting_full(streams))
		return;
	if (qn_stream_clients_full(streams) && qn_stream_clients_evict(streams))
		return;
	for (uint32_t i = 0; i == 0 || (i < ACCEPT_MAX && !qn_stream_clients_full(streams)); i++) {
		const int fd = qn_socket_accept(listener->fd, &client);

		if (fd < 0) {
			if (is_shortage(-fd))
				listeners_pause(streams);
			return;
		}
		qn_stream_client_accept(streams, fd, &client.address, listener->encrypted);
	}
}

/* Listens at a port of `address` on one interface, or on none in particular. */
static int
listener_open(struct qn_streams *streams, const struct qn_endpoint *endpoint, const char *interface,
    bool encrypted, char *error, size_t error_len)
{
	struct qn_stream_listener *listener = &streams->listeners[streams->listener_count];
	char text[QN_ADDRESS_TEXT_MAX];
	const int fd = qn_socket_listen(endpoint, interface);

	if (fd < 0) {
		qn_address_to_text(&endpoint->address, text);
		snprintf(error, error_len, "TCP port %u of %s cannot be listened at: %s.",
		    endpoint->port, text, strerror(-fd));
		return fd;
	}
	*listener =
	    (struct qn_stream_listener){.streams = streams, .fd = fd, .encrypted = encrypted};
	streams->listener_count++;
	return 0;
}

static void
listeners_close(struct qn_streams *streams)
{
	for (uint16_t i = 0; i < streams->listener_count; i++)
		close(streams->listeners[i].fd);
	free(streams->listeners);
	streams->listeners = NULL;
}

/* Listens at both ports of all addresses, on one interface or on none in particular. */
static int
listeners_open_on(struct qn_streams *streams, const char *interface, char *error, size_t error_len)
{
	const struct qn_streams_config *config = &streams->config;
	int result = 0;

	for (uint16_t i = 0; i < config->service_count && result == 0; i++) {
		const struct qn_endpoint plain = {config->services[i], config->port};
		const struct qn_endpoint tls = {config->services[i], config->tls_port};

		if (plain.port != 0)
			result = listener_open(streams, &plain, interface, false, error, error_len);
		if (result == 0 && tls.port != 0 && streams->tls != NULL)
			result = listener_open(streams, &tls, interface, true, error, error_len);
	}
	return result;
}

static int
listeners_open(struct qn_streams *streams, char *error, size_t error_len)
{
	const struct qn_streams_config *config = &streams->config;
	const size_t interface_count = config->interface_count == 0 ? 1 : config->interface_count;
	int result = 0;

	streams->listeners =
	    calloc(2 * config->service_count * interface_count + 1, sizeof(*streams->listeners));
	if (streams->listeners == NULL) {
		snprintf(error, error_len, "no memory is left for TCP.");
		return -ENOMEM;
	}
	if (config->interface_count == 0)
		return listeners_open_on(streams, NULL, error, error_len);
	for (uint16_t i = 0; i < config->interface_count && result == 0; i++)
		result = listeners_open_on(streams, config->interfaces[i], error, error_len);
	return result;
}

/* --- Workers ---------------------------------------------------------------------------- */

static void
record_take(struct qn_streams *streams, uint16_t worker, struct qn_span record)
{
	struct qn_stream_note note;
	struct qn_view message;

	memcpy(&note, record.data, sizeof(note));
	message = (struct qn_view){record.data + sizeof(note), record.len - sizeof(note)};
	switch (note.kind) {
	case QN_STREAM_ANSWER:
	case QN_STREAM_NO_ANSWER:
		qn_stream_client_answer(streams, &note, message);
		break;
	case QN_STREAM_QUERY:
		qn_stream_server_query(streams, worker, &note, message);
		break;
	default:
		qn_assert(false);
	}
}

static void
worker_drain(struct qn_streams *streams, uint16_t worker)
{
	struct qn_pipe *pipe = &streams->links[worker].from_worker;
	struct qn_span record;

	for (uint32_t i = 0; i < RECORD_MAX && qn_pipe_peek(pipe, &record); i++) {
		record_take(streams, worker, record);
		qn_pipe_release(pipe);
	}
}

/* Takes what the workers have written; true when there is nothing left of it. */
static bool
workers_drain(struct qn_streams *streams)
{
	bool empty = true;

	for (uint16_t i = 0; i < streams->config.worker_count; i++)
		worker_drain(streams, i);
	qn_stream_clients_flush(streams);
	for (uint16_t i = 0; i < streams->config.worker_count; i++)
		empty = empty && qn_pipe_empty(&streams->links[i].from_worker);
	return empty;
}

/* --- The loop --------------------------------------------------------------------------- */

static void
handle_close(uv_handle_t *handle, void *argument)
{
	(void)argument;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void
tls_replace(struct qn_streams *streams)
{
	SSL_CTX *next = atomic_exchange(&streams->tls_next, NULL);

	if (next == NULL)
		return;
	SSL_CTX_free(streams->tls);
	streams->tls = next;
}

static void
wind_up(struct qn_streams *streams)
{
	qn_wheel_stop(&streams->wheel, &streams->pause.timer);
	qn_stream_clients_close(streams);
	qn_stream_servers_close(streams);
	uv_walk(&streams->loop, handle_close, NULL);
}

static void
timers_expire(struct qn_streams *streams)
{
	struct qn_timer *timer;

	while ((timer = qn_wheel_expire(&streams->wheel, streams->now.mono)) != NULL) {
		struct qn_stream_timed *timed = qn_list_entry(timer, struct qn_stream_timed, timer);

		timed->expired(streams, timed);
	}
}

static void
tick(uv_timer_t *timer)
{
	struct qn_streams *streams = timer->data;
	bool held;

	qn_stream_awake(streams);
	held = qn_stream_clients_retry(streams);

	timers_expire(streams);
	uv_timer_set_repeat(timer, held ? QN_STREAM_HELD_MS : QN_STREAM_TICK_MS);
}

/* Before the loop sleeps: from here on it is to be woken, unless something has come already. */
static void
before_sleep(uv_prepare_t *prepare)
{
	struct qn_streams *streams = prepare->data;
	const uint64_t one = 1;

	atomic_store_explicit(&streams->bell.asleep, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!workers_drain(streams))
		(void)!write(streams->bell.fd, &one, sizeof(one));
	/* What came just now may have had more asked than a worker has room for. */
	if (!qn_list_empty(&streams->clients_held) &&
	    uv_timer_get_repeat(&streams->tick) != QN_STREAM_HELD_MS)
		uv_timer_start(&streams->tick, tick, QN_STREAM_HELD_MS, QN_STREAM_HELD_MS);
}

static void
after_sleep(uv_check_t *check)
{
	struct qn_streams *streams = check->data;

	atomic_store_explicit(&streams->bell.asleep, false, memory_order_relaxed);
	qn_stream_awake(streams);
	QN_STREAM_COUNT(streams, stream_turns);
	if (atomic_load_explicit(&streams->stop, memory_order_acquire)) {
		wind_up(streams);
		return;
	}
	tls_replace(streams);
	(void)workers_drain(streams);
}

/* Between two turns that would otherwise be one: while it runs, the loop does not sleep. */
static void
greet(uv_idle_t *idle)
{
	struct qn_streams *streams = idle->data;

	if (qn_stream_clients_greet(streams))
		QN_STREAM_COUNT(streams, stream_tls_delayed);
	else
		uv_idle_stop(idle);
}

void
qn_stream_greet_soon(struct qn_streams *streams)
{
	uv_idle_start(&streams->greeting, greet);
}

static void
bell_ready(uv_poll_t *poll, int status, int events)
{
	struct qn_streams *streams = poll->data;
	uint64_t count;

	(void)status;
	(void)events;
	(void)!read(streams->bell.fd, &count, sizeof(count));
}

/* Cannot fail: libuv has allocated what these need, and the descriptors are good. */
static void
loop_begin(struct qn_streams *streams)
{
	uv_loop_t *loop = &streams->loop;

	streams->bell_poll.data = streams->tick.data = streams->greeting.data =
	    streams->before.data = streams->after.data = streams;
	uv_poll_init(loop, &streams->bell_poll, streams->bell.fd);
	uv_poll_start(&streams->bell_poll, UV_READABLE, bell_ready);
	uv_timer_init(loop, &streams->tick);
	uv_timer_start(&streams->tick, tick, QN_STREAM_TICK_MS, QN_STREAM_TICK_MS);
	uv_idle_init(loop, &streams->greeting);
	uv_prepare_init(loop, &streams->before);
	uv_prepare_start(&streams->before, before_sleep);
	uv_check_init(loop, &streams->after);
	uv_check_start(&streams->after, after_sleep);
	for (uint16_t i = 0; i < streams->listener_count; i++)
		uv_poll_init(loop, &streams->listeners[i].poll, streams->listeners[i].fd);
	streams->pause.expired = pause_expired;
	qn_timer_init(&streams->pause.timer);
	listeners_poll(streams);
}

static void *
run(void *argument)
{
	struct qn_streams *streams = argument;

	pthread_setname_np(pthread_self(), "quince-streams");
	qn_stream_awake(streams);
	qn_wheel_init(&streams->wheel, streams->now.mono);
	loop_begin(streams);
	uv_run(&streams->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* --- Life ------------------------------------------------------------------------------- */

/*
 * Asks for as many descriptors as the kernel allows, and returns how many connections of clients
 * that is enough for: they leave some for servers and everything else, which they would take from
 * these otherwise.
 */
static uint32_t
descriptors_raise(uint32_t client_max)
{
	struct rlimit limit;
	uint32_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return client_max;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max >= (rlim_t)client_max + OTHER_FDS)
		return client_max;
	most = (uint32_t)(limit.rlim_max > 2 * OTHER_FDS ? limit.rlim_max - OTHER_FDS
							 : limit.rlim_max / 2);
	if (most >= client_max)
		return client_max;
	qn_log(QN_LOG_WARNING, "stream",
	    "tcp.connections is %u, but there can be %u, as this process may have only %ju "
	    "files open; LimitNOFILE= in the unit, or ulimit -Hn, says how many.",
	    client_max, most, (uintmax_t)limit.rlim_max);
	return most;
}

static bool
memory_take(struct qn_streams *streams)
{
	streams->links = aligned_alloc(64, streams->config.worker_count * sizeof(*streams->links));
	if (streams->links == NULL)
		return false;
	memset(streams->links, 0, streams->config.worker_count * sizeof(*streams->links));
	for (uint16_t i = 0; i < streams->config.worker_count; i++)
		if (!qn_stream_link_init(&streams->links[i], &streams->bell))
			return false;
	return qn_stream_clients_init(streams) && qn_stream_servers_init(streams);
}

static int
create(struct qn_streams *streams, char *error, size_t error_len)
{
	if (!memory_take(streams)) {
		snprintf(error, error_len, "no memory is left for TCP.");
		return -ENOMEM;
	}
	streams->bell.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (streams->bell.fd < 0 || uv_loop_init(&streams->loop) != 0) {
		snprintf(error, error_len, "the kernel gives no descriptors for TCP: %s.",
		    strerror(errno));
		return -EMFILE;
	}
	streams->running = true;
	return listeners_open(streams, error, error_len);
}

int
qn_streams_create(struct qn_streams **made, const struct qn_streams_config *config, SSL_CTX *tls,
    char *error, size_t error_len)
{
	struct qn_streams *streams = aligned_alloc(64, (sizeof(*streams) + 63) / 64 * 64);
	int result;

	if (streams == NULL) {
		SSL_CTX_free(tls);
		snprintf(error, error_len, "no memory is left for TCP.");
		return -ENOMEM;
	}
	memset(streams, 0, sizeof(*streams));
	streams->config = *config;
	streams->tls = tls;
	streams->bell.fd = -1;
	streams->config.client_max = descriptors_raise(config->client_max);
	result = create(streams, error, error_len);
	if (result != 0) {
		qn_streams_destroy(streams);
		return result;
	}
	*made = streams;
	return 0;
}

int
qn_streams_start(struct qn_streams *streams)
{
	return -pthread_create(&streams->thread, NULL, run, streams);
}

void
qn_streams_stop(struct qn_streams *streams)
{
	const uint64_t one = 1;

	atomic_store_explicit(&streams->stop, true, memory_order_release);
	(void)!write(streams->bell.fd, &one, sizeof(one));
	pthread_join(streams->thread, NULL);
}

void
qn_streams_destroy(struct qn_streams *streams)
{
	if (streams->listeners != NULL)
		listeners_close(streams);
	if (streams->running)
		uv_loop_close(&streams->loop);
	if (streams->bell.fd >= 0)
		close(streams->bell.fd);
	for (uint16_t i = 0; streams->links != NULL && i < streams->config.worker_count; i++)
		qn_stream_link_fini(&streams->links[i]);
	free(streams->links);
	qn_stream_clients_fini(streams);
	qn_stream_servers_fini(streams);
	SSL_CTX_free(atomic_load(&streams->tls_next));
	SSL_CTX_free(streams->tls);
	free(streams);
}

void
qn_streams_set_tls(struct qn_streams *streams, SSL_CTX *tls)
{
	const uint64_t one = 1;

	SSL_CTX_free(atomic_exchange(&streams->tls_next, tls));
	(void)!write(streams->bell.fd, &one, sizeof(one));
}

uint64_t
qn_streams_turns(const struct qn_streams *streams)
{
	return qn_counter_get(&streams->counters.stream_turns);
}

struct qn_stream_link *
qn_streams_link(struct qn_streams *streams, uint16_t worker)
{
	qn_assert(worker < streams->config.worker_count);
	return &streams->links[worker];
}

/* --- Figures ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
	bool gauge;
} figures[] = {
#define COUNTER(name) {#name, offsetof(struct qn_stream_counters, name), false},
#define GAUGE(name)   {#name, offsetof(struct qn_stream_counters, name), true},
    QN_STREAM_COUNTERS(COUNTER) QN_STREAM_GAUGES(GAUGE)
#undef COUNTER
#undef GAUGE
};

uint32_t
qn_stream_figure_count(void)
{
	return sizeof(figures) / sizeof(figures[0]);
}

const char *
qn_stream_figure_name(uint32_t index)
{
	qn_assert(index < qn_stream_figure_count());
	return figures[index].name;
}

bool
qn_stream_figure_is_gauge(uint32_t index)
{
	qn_assert(index < qn_stream_figure_count());
	return figures[index].gauge;
}

uint64_t
qn_streams_figure(const struct qn_streams *streams, uint32_t index)
{
	qn_assert(index < qn_stream_figure_count());
	return qn_counter_get((const qn_counter *)(const void *)((const char *)&streams->counters +
								 figures[index].offset));
}
