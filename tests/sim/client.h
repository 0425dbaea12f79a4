/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Clients: what they ask, when, and what became of it.
 */
#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "net/frame.h"
#include "wire/message.h"

struct sim;

#define SIM_QUERY_MAX 4096

/** Time that the node may take beyond its deadline: timers and turns are that coarse. */
#define SIM_CLIENT_SLACK_US (50 * QN_US_PER_MS)

/** What a client has to get for what it sent. */
enum sim_due {
	SIM_DUE_ANSWER,  /* An answer that the oracle calls right. */
	SIM_DUE_CACHED,  /* RD=0: the same, or REFUSED; never a query on its behalf. */
	SIM_DUE_RCODE,   /* The response code `rcode`, and no records. */
	SIM_DUE_HEADER,  /* The same, without the question. */
	SIM_DUE_ANY,     /* Any one answer of its own (ANY, class CH). */
	SIM_DUE_SILENCE, /* Nothing. */
};

enum sim_query_state {
	SIM_QUERY_WAITING,
	SIM_QUERY_DONE,
	SIM_QUERY_SHED,
};

/** One datagram of a client. */
struct sim_query {
	struct qn_question question;
	struct qn_endpoint client;
	struct qn_endpoint service;
	uint16_t id;
	uint16_t flags;
	uint16_t udp_size; /* The longest reply that it takes. */
	uint16_t rcode;
	bool has_edns;
	enum sim_due due;
	enum sim_query_state state;
	struct qn_mono sent;
	bool has_cookie;
	struct qn_mono fresh_until; /* The answer it got lives at least that long. */
};

struct sim_clients {
	struct qn_random random;
	struct sim_query *queries;
	uint32_t query_count;
	uint32_t oldest; /* No query before this one waits. */
	uint32_t round;
	struct qn_mono last; /* When a query was last sent, or something else begun. */
	bool round_planned;
};

/** Octets of a client's cookie, and of the whole that it gets back (RFC 7873, RFC 9018). */
#define SIM_COOKIE_LEN       8
#define SIM_COOKIE_WHOLE_LEN 24

/** False without memory. */
bool sim_clients_create(struct sim_clients *clients);
void sim_clients_destroy(struct sim_clients *clients);

void sim_clients_start(struct sim *sim);

/** Asks the next question, once or many times. */
void sim_clients_round(struct sim *sim);

/** Plans the next round when it is time to; false when there is none left. */
bool sim_clients_plan(struct sim *sim, bool idle);

/** Takes a datagram from the node to a client. */
void sim_clients_receive(struct sim *sim, const struct qn_frame *frame, struct qn_view payload);

/** The node has shed the query in `frame`. */
void sim_clients_shed(struct sim *sim, struct qn_view frame);

/** What answers have said about their lifetime counts no longer: the cache was flushed. */
void sim_clients_forget(struct sim *sim);

/** Looks whether anybody has waited for too long. */
void sim_clients_check(struct sim *sim);
