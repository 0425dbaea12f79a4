/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the iterator counts: the one list, from which names and places are made.
 */
#include "base/counter.h"

/* X(name): counters, which only grow. */
#define QN_RESOLVE_COUNTERS(X)                                                                    \
	X(tasks_started)          /* Questions taken up, those for nameserver addresses too. */   \
	X(tasks_joined)           /* Askers that joined a question already being resolved. */     \
	X(tasks_shed)             /* Questions refused because all places were taken. */          \
	X(tasks_shed_zone)        /* Ended because too many others ask the same zone. */          \
	X(tasks_shed_rate)        /* Ended because their zone or its servers are asked enough. */ \
	X(tasks_answered)         /* Ended with an answer, positive or negative. */               \
	X(tasks_failed)           /* Ended with SERVFAIL or REFUSED. */                           \
	X(task_deadline)          /* Of these: out of time. */                                    \
	X(task_budget)            /* Of these: out of upstream queries. */                        \
	X(task_alias_limit)       /* Of these: too many aliases in a row. */                      \
	X(task_unreachable)       /* Of these: no nameserver address left to ask. */              \
	X(refreshes)              /* Questions asked before their answer ended. */                \
	X(last_resorts)           /* Questions put to servers that are no authorities. */         \
	X(task_persisted)         /* Queries to silent servers with nobody else to ask. */        \
	X(lookups)                /* Questions for nameserver addresses. */                       \
	X(lookup_cycle)           /* Not started: nameservers that need each other. */            \
	X(lookup_budget)          /* Not started: the client question has had its share. */       \
	X(lookup_depth)           /* Not started: nested too deep. */                             \
	X(zones_unresolved)       /* Zones given up: their nameservers have no addresses. */      \
	X(lookup_known_failure)   /* Not started: failed a moment ago. */                         \
	X(upstream_minimized)     /* Queries with a shortened name. */                            \
	X(upstream_followed)      /* Queries spared: another task had sent the same. */           \
	X(upstream_retried)       /* Queries to an address that was asked before. */              \
	X(upstream_without_edns)  /* Queries in plain DNS. */                                     \
	X(upstream_suspect)       /* Asked again over TCP: wrong id or letter case in a reply. */ \
	X(hedges)                 /* Queries to another server, because the first is late. */     \
	X(hedges_won)             /* Of these: answered before the first. */                      \
	X(hedges_withheld)        /* Not sent: they would be too many. */                         \
	X(probes)                 /* Queries that only measure their server. */                   \
	X(servers_deprioritized)  /* Times that a server fell silent. */                          \
	X(servers_trusted)        /* Times that one was trusted again. */                         \
	X(upstream_unsent)        /* Queries the transport could not send. */                     \
	X(upstream_timeouts)      /* Queries that were not answered in time. */                   \
	X(reply_answer)           /* Replies with the answer. */                                  \
	X(reply_alias)            /* Replies with an alias to a name elsewhere. */                \
	X(reply_negative)         /* Replies with NXDOMAIN or without data. */                    \
	X(reply_referral)         /* Replies that lead closer. */                                 \
	X(reply_truncated)        /* Replies with TC. */                                          \
	X(reply_bad_cookie)       /* Replies that ask for the server's cookie. */                 \
	X(reply_no_edns)          /* Replies of servers that do not understand EDNS. */           \
	X(reply_refused)          /* Replies with REFUSED. */                                     \
	X(reply_servfail)         /* Replies with another useless response code. */               \
	X(reply_lame)             /* Replies of servers that do not serve the zone. */            \
	X(minimization_abandoned) /* Questions that went on with the full name (RFC 9156 s2.3). */

#define QN_COUNTER_MEMBER(name) qn_counter name;

struct qn_resolve_counters {
	QN_RESOLVE_COUNTERS(QN_COUNTER_MEMBER)
};
