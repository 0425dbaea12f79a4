/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A scenario as its file has it: configuration, what the world answers, and the steps.
 *
 * The .rpl format comes from Unbound's test player; Deckard has one of its own for it. Here
 * is the union of both. Reading checks the form of everything, so that who plays a scenario
 * meets no surprise; what cannot be read leaves one sentence in `problem`.
 *
 * Memory: all of it belongs to the scenario and goes with scenario_free().
 * Bounds: a file of at most 16 MiB.
 * Trust:  files may be truncated or garbled; nothing in one crashes the reader.
 */
#include "base/address.h"
#include "region.h"

#include <ldns/ldns.h>

/** Whose conventions a file follows, as the form of its configuration tells. */
enum dialect {
	/**
	 * Deckard's: keys without sections. A QUERY waits for its answer, and what is sent
	 * meanwhile belongs to its own step.
	 */
	DIALECT_FLAT,
	/**
	 * Unbound's: "server:", "stub-zone:" and so on. A QUERY does not wait, and what is sent
	 * because of it belongs to the step that comes next.
	 */
	DIALECT_SECTIONED,
};

/** One "key: value"; quotes around the whole value are gone. */
struct setting {
	struct setting *next;
	unsigned line;
	const char *key;
	const char *value;
};

/** The settings under one "section:", or those in front of any, whose name is empty. */
struct section {
	struct section *next;
	unsigned line;
	const char *name;
	struct setting *settings;
};

/** What of a message has to be as the entry has it: the words of MATCH lines. */
enum match_field {
	MATCH_OPCODE = 1u << 0,
	MATCH_QTYPE = 1u << 1,
	MATCH_QNAME = 1u << 2,
	MATCH_QCASE = 1u << 3,
	MATCH_SUBDOMAIN = 1u << 4,
	MATCH_RCODE = 1u << 5,
	MATCH_FLAGS = 1u << 6,
	MATCH_ANSWER = 1u << 7,
	MATCH_AUTHORITY = 1u << 8,
	MATCH_ADDITIONAL = 1u << 9,
	MATCH_TTL = 1u << 10,
	MATCH_EDNS = 1u << 11,
	MATCH_NO_EDNS = 1u << 12,
	MATCH_EDNS_DATA = 1u << 13,
	MATCH_DO = 1u << 14,
	MATCH_CO = 1u << 15,
	MATCH_UDP = 1u << 16,
	MATCH_TCP = 1u << 17,
	MATCH_SERIAL = 1u << 18,
	MATCH_EDE = 1u << 19,
	MATCH_EDE_ANY = 1u << 20,
	MATCH_CLIENT_COOKIE = 1u << 21,
	MATCH_SERVER_COOKIE = 1u << 22,

	MATCH_QUESTION = MATCH_QTYPE | MATCH_QNAME,
	MATCH_ALL_NO_EDNS = MATCH_OPCODE | MATCH_RCODE | MATCH_FLAGS | MATCH_QUESTION |
	                    MATCH_ANSWER | MATCH_AUTHORITY | MATCH_ADDITIONAL,
	MATCH_ALL = MATCH_ALL_NO_EDNS | MATCH_EDNS,
};

/** How a reply is made out of what the entry has: the words of ADJUST lines. */
enum adjustment {
	ADJUST_COPY_ID = 1u << 0,
	ADJUST_COPY_QUERY = 1u << 1,
	ADJUST_COPY_CLIENT_SUBNET = 1u << 2,
	ADJUST_INCREMENT_SCOPE = 1u << 3,
	ADJUST_DO_NOT_ANSWER = 1u << 4,
};

/** One message of an entry. */
struct packet {
	struct packet *next;       /* EXTRA_PACKET: sent after this one. */
	struct packet *next_owned; /* Of all packets of the scenario. */
	ldns_pkt *message;         /* What queries and answers are compared with. */
	uint8_t *raw;              /* Sent instead of `message` if not NULL. */
	size_t raw_len;
	unsigned sleep_s; /* Before this packet. */
};

struct entry {
	struct entry *next;
	unsigned line;
	uint32_t match;      /* enum match_field */
	uint32_t serial;     /* With MATCH_SERIAL. */
	uint16_t ede;        /* With MATCH_EDE. */
	uint32_t adjust;     /* enum adjustment */
	unsigned sleep_s;    /* Before the first packet. */
	bool mandatory;      /* Has to have been used when the scenario ends. */
	bool used;           /* Set by the player. */
	struct packet first; /* Always there, perhaps without any record. */
};

struct address_item {
	struct address_item *next;
	struct qn_endpoint endpoint; /* Port 0: any. */
};

/** Entries with which servers answer while steps `first` to `last` are played. */
struct range {
	struct range *next;
	unsigned line;
	uint32_t first;
	uint32_t last;
	struct address_item *addresses; /* Empty: any server. */
	struct entry *entries;
};

enum step_kind {
	STEP_NOTHING,
	STEP_QUERY,           /* A client asks. */
	STEP_CHECK_ANSWER,    /* It has got this answer. */
	STEP_CHECK_OUT_QUERY, /* The resolver has asked this. */
	STEP_REPLY,           /* A query that no range answers is answered. */
	STEP_TRAFFIC,         /* What is under way arrives. */
	STEP_TIMEOUT,         /* A query is never answered. */
	STEP_ERROR,           /* Neither, and the network says so. */
	STEP_TIME_PASSES,     /* `text` is a number of seconds, or an expression. */
	STEP_ASSIGN,          /* `text` is "variable = expression". */
	STEP_INFRA_RTT,
	STEP_FLUSH_MESSAGE,  /* `text` begins with the name to forget. */
	STEP_EXPIRE_MESSAGE, /* The same, but it may be served stale. */
	STEP_CHECK_FILE,     /* A file that the resolver has written. */
};

struct step {
	struct step *next;
	unsigned line;
	uint32_t id;
	enum step_kind kind;
	bool has_address;
	struct qn_address address;
	const char *text;    /* The rest of the line; never NULL. */
	struct entry *entry; /* NULL where the kind needs none. */
};

/** Room for the sentence about what cannot be read, the final zero included. */
#define SCENARIO_PROBLEM_MAX 256

struct scenario {
	struct region region;
	const char *title;
	enum dialect dialect;
	struct section *sections;
	struct range *ranges;
	struct step *steps;
	struct packet *packets; /* All of them, through next_owned. */
	char problem[SCENARIO_PROBLEM_MAX];
};

/**
 * Reads the file at `path`. False with "line N: sentence" or a sentence about the whole file
 * in `problem` when it cannot be read; scenario_free() is due in either case.
 */
QN_MUST_USE bool scenario_read(struct scenario *scenario, const char *path);

void scenario_free(struct scenario *scenario);

/** Reads a decimal number of at most `most`; false when it is none. */
QN_MUST_USE bool number_read(const char *word, uint32_t most, uint32_t *number);

/** Reads "address" or "address@port", the port 0 where there is none; false when it is neither. */
QN_MUST_USE bool endpoint_read(const char *word, struct qn_endpoint *endpoint);

/** The word that stands for a kind of step in files. */
const char *step_kind_word(enum step_kind kind);
