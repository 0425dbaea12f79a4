/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One core's resolver: packets in, packets out.
 *
 * A query's life: input() parses the frame, answers from the cache in the same buffer, or
 * parks a copy of what the answer will need and hands the question to the iterator
 * (lib/resolve). What the iterator and the links want to send waits inside until output()
 * is given an empty buffer to write it into. expire() runs timers. Nothing else happens.
 *
 * Owner:   one worker; only the functions that say so may be called by other threads.
 * Memory:  lives in the block given to init; never outgrows it.
 * Time:    reads no clock; every call takes `now`.
 * Sharing: with the other workers' shards it shares the links (neighbours), the caches
 *          (read) and the source ports (claimed by compare-and-swap).
 */
#include "base/address.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/time.h"
#include "net/link.h"
#include "net/packet.h"
#include "policy/access.h"
#include "policy/prefix_map.h"
#include "resolve/config.h"
#include "shard/ports.h"

#define QN_SHARD_WORKER_MAX  64
#define QN_SHARD_LINK_MAX    8
#define QN_SHARD_SERVICE_MAX 64
#define QN_SHARD_VIEW_MAX    64
#define QN_SHARD_ID_MAX      128 /* Octets of the node's name, the final zero included. */

/** Serving answers past their TTL when there is nothing better (RFC 8767). */
struct qn_shard_stale {
	uint32_t age_max_s; /* How far past its TTL an answer may be; 0: never served stale. */
	uint32_t ttl_s;     /* TTL it goes out with; not 0. */
	uint32_t wait_ms;   /* How long a client waits for a better one; 0: not at all. */
};

struct qn_zones;

/** What clients of certain prefixes see: local data of their own. */
struct qn_shard_view {
	char name[QN_SHARD_ID_MAX];
	const struct qn_zones *local;
};

/** What an operator may change while the node runs: an immutable snapshot. */
struct qn_shard_config {
	char node_id[QN_SHARD_ID_MAX];                   /* NSID (RFC 5001) and id.server CH TXT. */
	struct qn_address service[QN_SHARD_SERVICE_MAX]; /* Where clients may ask. */
	uint16_t service_count;
	struct qn_prefix_map access;  /* To enum qn_access; nobody may ask who is not in it. */
	const struct qn_zones *local; /* Local data (zone/zones.h), or NULL; not freed here. */
	struct qn_prefix_map view_of; /* To 1 and the index of a client's view; 0: none. */
	struct qn_shard_view views[QN_SHARD_VIEW_MAX];
	uint16_t view_count;
	struct qn_hash_key cookie_secret; /* The same on all nodes behind an anycast address. */
	char version[QN_SHARD_ID_MAX];    /* version.bind CH TXT; empty: not told. */
	struct qn_shard_stale stale;
	uint16_t stream_idle_ds; /* How long streams may idle, in 0.1 s: told by RFC 7828. */
	struct qn_resolve_config resolve;
};

/** What is fixed at start. */
struct qn_shard_limits {
	uint16_t worker; /* This one: 0 to worker_count - 1. */
	uint16_t worker_count;
	uint16_t link_count;
	uint32_t client_max;   /* Parked clients. */
	uint32_t task_max;     /* Questions being resolved. */
	uint32_t upstream_max; /* Upstream queries in flight. */
	bool kernel; /* Frames for the kernel reach it; what it has to learn of neighbours, too. */
	bool tcp; /* The caller serves take_stream(); without it, nothing is asked over TCP. */
};

struct qn_standings;

/** The parts that the shards of a node have in common. */
struct qn_shard_shared {
	struct qn_link *links[QN_SHARD_LINK_MAX];
	struct qn_cache *caches[QN_SHARD_WORKER_MAX]; /* By worker; each writes its own only. */
	struct qn_port_table *ports;
	const struct qn_standings *standings; /* What all know of authorities, or NULL. */
	struct qn_hash_key hash_key;          /* Places questions on workers and in caches. */
};

/** What to do with a packet that input() has seen. */
enum qn_shard_verdict {
	QN_SHARD_SEND,     /* Holds a reply now: transmit it on the port it came from. */
	QN_SHARD_DONE,     /* Nothing left in it: give the buffer back. */
	QN_SHARD_HANDOVER, /* Belongs to another worker: give it to that one's input(). */
	QN_SHARD_PUNT,     /* Not DNS over UDP: for the kernel side. */
};

struct qn_shard_result {
	enum qn_shard_verdict verdict;
	uint16_t worker; /* With QN_SHARD_HANDOVER. */
};

/** The view of a client; NULL when it has none. */
const struct qn_shard_view *qn_shard_view_of(
    const struct qn_shard_config *config, const struct qn_address *client);

/** The local data that a client sees; NULL when there are none. */
const struct qn_zones *qn_shard_local_of(
    const struct qn_shard_config *config, const struct qn_address *client);

struct qn_shard;

/** Bytes that init needs for these limits. */
size_t qn_shard_size(const struct qn_shard_limits *limits);

/**
 * Builds a shard inside `block`, aligned to QN_ARENA_ALIGN, at least qn_shard_size() long.
 * `seed` must be unpredictable in production; `config` must stay valid until replaced.
 */
struct qn_shard *qn_shard_init(struct qn_span block, const struct qn_shard_limits *limits,
    const struct qn_shard_shared *shared, const struct qn_shard_config *config,
    const uint8_t seed[QN_RANDOM_SEED_LEN], struct qn_now now);

/** Takes a new snapshot, valid until the next; the worker calls it at the start of every turn. */
void qn_shard_configure(struct qn_shard *shard, const struct qn_shard_config *config);

/** Packets that answer_hits() takes at most. */
#define QN_SHARD_BURST_MAX 64

/** What answer_hits() has made of a packet. */
enum qn_shard_hit {
	QN_SHARD_HIT,      /* Holds a reply now: transmit it on the port it came from. */
	QN_SHARD_KNOWN,    /* A client's query, untouched: input() has the answer, give it now. */
	QN_SHARD_NO_HIT,   /* A client's query, untouched: give it to input() when there is time. */
	QN_SHARD_NO_QUERY, /* Untouched, and something else: the same. */
};

/**
 * Answers those of `count` frames received on `link` that the cache has a plain answer to, in
 * place and at the lowest cost; `outcomes` says which. The replies are those that input()
 * would have made, so it need not be called.
 */
void qn_shard_answer_hits(struct qn_shard *shard, uint16_t link, struct qn_packet *packets,
    uint32_t count, enum qn_shard_hit *outcomes, struct qn_now now);

/** Starts the memory loads that reading a packet will want. */
void qn_shard_prefetch(const struct qn_packet *packet);

/** Handles one received frame of link `link`; rewrites it in place when there is a reply at once. */
QN_MUST_USE struct qn_shard_result qn_shard_input(
    struct qn_shard *shard, uint16_t link, struct qn_packet *packet, struct qn_now now);

/**
 * Answers a question of the node to itself, in a frame as a client would send it, and rewrites it in
 * place: out of the cache, else with REFUSED. Who may ask, and what local data say, does not matter,
 * and nothing is counted. Not for frames that were received: anybody can write any source.
 */
void qn_shard_self_answer(struct qn_shard *shard, struct qn_packet *packet, struct qn_now now);

/** Whether output() may have something to write: cheap, for every turn. */
bool qn_shard_has_output(const struct qn_shard *shard, struct qn_now now);

/**
 * Writes the next frame to send into `packet` (its `data` and `capacity` are given, `len`
 * is set) and the link it goes out of into `*link`; false when there is nothing to send.
 */
QN_MUST_USE bool qn_shard_output(
    struct qn_shard *shard, uint16_t *link, struct qn_packet *packet, struct qn_now now);

/* Clients of streams (TCP, DNS over TLS), whose sockets and frames are the caller's. */

/** Room that any reply over a stream fits in, in octets. */
#define QN_SHARD_STREAM_REPLY_LEN 65535

/** Whom a question over a stream came from. */
struct qn_shard_stream_client {
	uint64_t token; /* Names the question towards take_stream_answer(). */
	struct qn_address address;
	bool encrypted; /* Its replies are padded where it wants that (RFC 8467). */
};

enum qn_shard_stream_verdict {
	QN_SHARD_STREAM_REPLY, /* The reply is there. */
	QN_SHARD_STREAM_WAIT, /* take_stream_answer() will give it, as soon as a client over UDP. */
	QN_SHARD_STREAM_NONE, /* There will be none: not a query, or to be dropped. */
};

/** The worker, one of `worker_count`, that resolves and caches the question with this hash. */
uint16_t qn_shard_home_of(uint32_t hash, uint16_t worker_count);

/**
 * The worker to ask about `message`, one of `worker_count`: its home worker. Any thread; touches
 * nothing but the hash key.
 */
uint16_t qn_shard_stream_home(
    const struct qn_shard_shared *shared, uint16_t worker_count, struct qn_view message);

/**
 * Handles one message of a client (RFC 7766), without the length field in front, just as a
 * datagram, but that the reply may have any size. A reply at once goes into `*reply`, at least
 * QN_SHARD_STREAM_REPLY_LEN octets, whose length is set.
 */
QN_MUST_USE enum qn_shard_stream_verdict qn_shard_stream_ask(struct qn_shard *shard,
    const struct qn_shard_stream_client *client, struct qn_view message, struct qn_span *reply,
    struct qn_now now);

/**
 * Takes the reply to the next client that waits on a stream, as above; false when it is not the
 * turn of one. Answers come out in one order here and by output(): ask both by turns.
 */
QN_MUST_USE bool qn_shard_take_stream_answer(
    struct qn_shard *shard, uint64_t *token, struct qn_span *reply, struct qn_now now);

/** Room that any query for TCP fits in, in octets. */
#define QN_SHARD_STREAM_LEN 512

/** A query to be asked over TCP (RFC 7766) by whoever owns sockets. */
struct qn_shard_stream {
	uint64_t token; /* Names the query towards stream_reply() and stream_failed(). */
	struct qn_endpoint server;
	size_t len; /* Octets of the message, without the length field in front. */
};

/** Writes the next query for TCP into `message`, at least QN_SHARD_STREAM_LEN octets. */
QN_MUST_USE bool qn_shard_take_stream(
    struct qn_shard *shard, struct qn_shard_stream *stream, struct qn_span message);

/** The reply to a query taken for TCP. One that came too late is dropped. */
void qn_shard_stream_reply(
    struct qn_shard *shard, uint64_t token, struct qn_view message, struct qn_now now);

/** A query taken for TCP got no reply: not connected, closed, broken. */
void qn_shard_stream_failed(struct qn_shard *shard, uint64_t token, struct qn_now now);

/** Runs at most `count_max` timers that are due; returns how many ran. */
uint32_t qn_shard_expire(struct qn_shard *shard, struct qn_now now, uint32_t count_max);

/** How long the worker may rest if no packet comes: microseconds, at most `most_us`. */
uint64_t qn_shard_rest_us(const struct qn_shard *shard, struct qn_now now, uint64_t most_us);

struct qn_trace;

/**
 * Traces the question of `trace` (lib/resolve/trace.h) if it belongs to this worker. False
 * when it does but cannot be traced now; nothing happens on the other workers.
 */
QN_MUST_USE bool qn_shard_trace(struct qn_shard *shard, struct qn_trace *trace, struct qn_now now);

/**
 * Forgets all that the cache of this shard holds at or below `name`, a slice of the cache at
 * each call; the first takes what is held for `name` itself, but for rare types. True at the
 * end, with the number of entries in `*count`; until then, call again with the same name.
 */
QN_MUST_USE bool qn_shard_flush(
    struct qn_shard *shard, const struct qn_name *name, uint32_t *count);

struct qn_sample_ring;

/** What the shard has seen of authorities, to be folded for all (lib/nsdb). Any one thread. */
struct qn_sample_ring *qn_shard_samples(struct qn_shard *shard);

/* Figures for the operator. All of these may be called from any thread at any time. */

/** Counters only grow; gauges go both ways. Index 0 to qn_shard_figure_count() - 1. */
struct qn_shard_figure {
	const char *prefix; /* "frame_drop_", say, or empty: goes in front of the name. */
	const char *name;   /* "client_query", say: words joined by underscores. */
	bool gauge;
};

uint32_t qn_shard_figure_count(void);
struct qn_shard_figure qn_shard_figure(uint32_t index);
uint64_t qn_shard_figure_value(const struct qn_shard *shard, uint32_t index);
