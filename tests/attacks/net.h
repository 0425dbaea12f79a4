/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One worker's shard with an internet around it that a function plays, in virtual time.
 *
 * The function is called for each query that reaches a server and writes the reply. What the
 * node spends meanwhile is measured: queries, time inside the shard, memory in use.
 *
 * Memory: the shard has the sizes of a node in production; its blocks are kept from one
 *         attack to the next, and their pages are not touched before they are used.
 * Time:   virtual, but for the measurement of what the shard takes (attacks/meter.h).
 */
#include "attacks/meter.h"
#include "select/stats.h"
#include "shard/shard.h"
#include "wire/message.h"

/* Servers are numbered: the last octet of their address, 198.51.100.N. */
enum net_server {
	NET_ROOT = 1,
	NET_EVIL = 2,    /* The attacker's, authority of "evil." and "evil2." */
	NET_VICTIM = 3,  /* Authority of "victim.", which is honest. */
	NET_POISON = 66, /* Nobody but a liar says that this is a server of anything. */
	NET_SILENT = 99, /* Authority of "silent."; there is nobody. */
	NET_SERVER_COUNT = 256,
};

/** A query that has reached a server. */
struct net_query {
	uint8_t server;
	bool tcp;
	struct qn_endpoint node; /* Where a reply over UDP has to go to. */
	struct qn_endpoint to;
	const struct qn_message *message;
	const struct qn_name *name; /* Of its question. */
	uint16_t type;
};

/* Places of the node, as app/quinced has them for each worker. */
#define NET_CLIENT_MAX   100000u
#define NET_TASK_MAX     8192u
#define NET_UPSTREAM_MAX 8192u

/* Queries a second to one zone and to one server, as app/quinced has them by default. */
#define NET_RATE 10000u

/* Clients from here on have no part in an attack: whether they are served is counted. */
#define NET_BYSTANDER_FIRST 0xf000u

struct net;
struct reply;

/** Writes what a server says to a query; false when that is nothing. */
typedef bool net_authority(struct net *net, const struct net_query *query, struct reply *reply);

/** What the node has sent to a client. */
struct net_answer {
	bool came;
	uint16_t rcode;
	uint16_t record_count;
	struct qn_address address; /* Of the first A record. */
	uint64_t took_us;
};

/** What an attack has caused since net_measure(). */
struct net_cost {
	uint32_t question_count;
	uint32_t answer_count;
	uint32_t queries[NET_SERVER_COUNT];
	uint32_t query_count;
	uint32_t query_max;        /* Of one question of net_ask(), all servers together. */
	uint32_t victim_max;       /* The same, at NET_VICTIM. */
	uint32_t bystander_count;  /* Of the questions. */
	uint32_t bystander_served; /* Of these: answered, and not with SERVFAIL. */
};

/** A network with a node in it, to be started; NULL without memory. */
struct net *net_create(void);
void net_destroy(struct net *net);

/**
 * Builds the node anew, with an empty cache, and has it learn where the zones are. `victim`
 * plays the server of that name, `evil` all others but the root's and the silent one.
 */
void net_start(struct net *net, net_authority *evil, net_authority *victim);

/** A number that the attack's authority may use as it likes; 0 at the start. */
uint32_t *net_state(struct net *net);

/** Forgets how long calls took: what comes next is not the same attack again. */
void net_forget_times(struct net *net);

/** Begins to measure: what has been spent before counts for nothing. */
void net_measure(struct net *net);
struct net_cost net_cost(const struct net *net);
struct meter_reading net_reading(const struct net *net);

struct qn_mono net_now(const struct net *net);

/** Asks, and lets time pass until the node is at rest again. */
struct net_answer net_ask(struct net *net, const struct qn_name *name, uint16_t type);

/**
 * Asks `count` questions for addresses, one after the other: the name is `pattern` with a new
 * number for its %u. All of them have to be answered with `rcode`.
 */
void net_ask_fresh(struct net *net, const char *pattern, unsigned count, uint16_t rcode);

/** Asks as client number `client`, up to 0xffff each in a network of its own; does not wait. */
void net_submit(struct net *net, const struct qn_name *name, uint16_t type, uint32_t client);

/** What the node knows of a server now. */
struct qn_server_stats net_standing(struct net *net, uint8_t server);

/** The last answer that came to any client. */
struct net_answer net_last_answer(const struct net *net);

/** Lets time pass. */
void net_run(struct net *net, uint64_t us);

/** Sends the node a datagram that says that it comes from `source`. */
void net_send(struct net *net, const struct qn_endpoint *source,
    const struct qn_endpoint *destination, struct qn_view payload, uint64_t delay_us);

/** A figure of the shard by its name, prefix left out. */
uint64_t net_figure(const struct net *net, const char *name);

/** Notes what is wrong, unless `right`; an attack with anything wrong has succeeded. */
__attribute__((format(printf, 3, 4))) void net_expect(
    struct net *net, bool right, const char *format, ...);

/** The first thing that was wrong since net_start(); NULL when nothing was. */
const char *net_complaint(const struct net *net);

/** The name that `format` spells. */
__attribute__((format(printf, 1, 2))) struct qn_name net_name(const char *format, ...);

/** The address of a server. */
struct qn_address net_address(uint8_t server);
