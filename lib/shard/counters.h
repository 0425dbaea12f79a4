/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What a shard counts: every reason for which a packet or a query ends.
 *
 * lib/net and lib/resolve bring lists of their own; shard/figures.c joins them all.
 */
#include "base/counter.h"
#include "net/frame.h"
#include "net/link.h"

/* X(name): counters, which only grow. */
#define QN_SHARD_COUNTERS(X)                                                             \
	X(frames)            /* Frames handed to input(), handed over ones too. */       \
	X(frame_not_ours)    /* For another station, network tag or address. */          \
	X(frame_punted)      /* Neither DNS over UDP nor a link's own business. */       \
	X(frame_handed_over) /* Given to the worker they belong to. */                   \
	X(link_replies)      /* ARP, neighbour and echo replies. */                      \
	X(link_requests)     /* ARP requests and neighbour solicitations sent. */        \
	X(echo_limited)      /* Echo requests over the limit. */                         \
	X(client_queries)    /* Questions from clients that got as far as a decision. */ \
	X(client_stream)     /* Messages from streams. */                                \
	X(client_replies)    /* Replies made, to parked clients too. */                  \
	X(client_runts)      /* Dropped: under 12 octets. */                             \
	X(client_not_query)  /* Dropped: a response. */                                  \
	X(client_formerr)    /* Broken, or not one question. */                          \
	X(client_notimp)     /* Opcode, class or type not served. */                     \
	X(client_cookie)     /* Queries with a valid server cookie of ours. */           \
	X(client_badvers)    /* EDNS version other than 0. */                            \
	X(client_refused)    /* May not ask. */                                          \
	X(client_dropped)    /* May not even be told so. */                              \
	X(client_cache_only) /* RD=0, and nothing in the cache. */                       \
	X(client_local)      /* Answered from local data, or dropped by it. */           \
	X(client_any)        /* Type ANY: RFC 8482. */                                   \
	X(client_chaos)      /* Answered in class CH. */                                 \
	X(cache_hits)        /* Answered from the cache. */                              \
	X(cache_misses)      /* Parked until the iterator has an answer. */              \
	X(client_shed)       /* No place to park, or none for the question. */           \
	X(client_answered)   /* Parked clients sent an answer. */                        \
	X(client_deadlines)  /* Of these: told SERVFAIL while their question goes on. */ \
	X(client_stale)      /* Answered with data past its TTL (RFC 8767). */           \
	X(client_truncated)  /* Answers that did not fit: TC. */                         \
	X(rcode_noerror)                                                                 \
	X(rcode_servfail)                                                                \
	X(rcode_nxdomain)                                                                \
	X(rcode_refused)                                                                 \
	X(rcode_other)                                                                   \
	X(upstream_queries)        /* Datagrams sent to authorities. */                  \
	X(upstream_held)           /* Of these: waited for a neighbour's address. */     \
	X(upstream_no_route)       /* Not sent: no link leads there. */                  \
	X(upstream_no_port)        /* Not sent: no free source port found. */            \
	X(upstream_streams)        /* Queries taken for TCP. */                          \
	X(upstream_no_tcp)         /* Not sent: TCP was wanted. */                       \
	X(upstream_replies)        /* Replies that matched and were used. */             \
	X(upstream_stray)          /* Dropped: nothing waits on this port. */            \
	X(upstream_wrong_peer)     /* Dropped: from elsewhere than the server asked. */  \
	X(upstream_wrong_id)       /* Dropped: right peer, wrong id (near miss). */      \
	X(upstream_wrong_question) /* Dropped: right id, another question. */            \
	X(upstream_wrong_case)     /* Dropped: right question, letter case changed. */   \
	X(upstream_wrong_cookie)   /* Dropped: right question, wrong or no cookie. */    \
	X(upstream_broken)         /* Dropped: malformed; the wait goes on. */

struct qn_shard_counters {
#define QN_COUNTER_MEMBER_OF_SHARD(name) qn_counter name;
	QN_SHARD_COUNTERS(QN_COUNTER_MEMBER_OF_SHARD)
#undef QN_COUNTER_MEMBER_OF_SHARD
	qn_counter frame_drop[QN_FRAME_DROP_COUNT];
	qn_counter link_ignored[QN_LINK_IGNORED_COUNT];
};
