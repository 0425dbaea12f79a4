/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Rules that a build can break on purpose, to prove that the simulation (tests/sim) notices.
 *
 * The meson option `break` names one. In every other build QN_BREAK() is a constant 0, and
 * the compiler drops what it guards.
 */
#include "base/broken_rule.h" /* QN_BROKEN, as the option has it. */

/* X(name): a rule; the line that breaks it says QN_BREAK(name). */
#define QN_BREAKS(X)                                                                       \
	X(none)                                                                            \
	X(id)             /* Replies need not have the query's id. */                      \
	X(question)       /* Nor its question. */                                          \
	X(letter_case)    /* Nor its letter case. */                                       \
	X(peer)           /* Nor come from the server asked. */                            \
	X(bailiwick)      /* Servers are believed about other zones. */                    \
	X(glue_answer)    /* Glue is given to clients. */                                  \
	X(promiscuous_ns) /* NS records beside an answer say whom to ask from then on. */  \
	X(child_ns)       /* A zone's own NS records do, not its parent's. */              \
	X(budget)         /* A question may cost any number of queries. */                 \
	X(ttl)            /* Answers from the cache are as fresh as on their first day. */ \
	X(negative_ttl)   /* The SOA's MINIMUM does not count. */                          \
	X(deadline)       /* Clients wait for as long as it takes. */                      \
	X(port)           /* Source ports are not given back. */                           \
	X(join)           /* Every asker gets a task of its own. */

#define QN_BREAK_ENUM(name) QN_BREAK_##name,
enum qn_break { QN_BREAKS(QN_BREAK_ENUM) };
#undef QN_BREAK_ENUM

/* Two steps each, so that QN_BROKEN is replaced before it is joined or quoted. */
#define QN_BREAK_JOIN(name)  QN_BREAK_##name
#define QN_BREAK_OF(name)    QN_BREAK_JOIN(name)
#define QN_BREAK_QUOTE(name) #name
#define QN_BREAK_TEXT(name)  QN_BREAK_QUOTE(name)

/** The name of the rule that this build breaks. */
#define QN_BROKEN_NAME QN_BREAK_TEXT(QN_BROKEN)

/** Whether this build breaks the rule `name`. */
#define QN_BREAK(name) (QN_BREAK_OF(QN_BROKEN) == QN_BREAK_##name)
