/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The node's streams: drivers/stream, set up as the configuration says.
 *
 * Owner:  the control thread.
 */
#include "node.h"
#include "stream/streams.h"

/**
 * Opens the sockets and gives each worker its link; leaves node->streams NULL where the
 * configuration has none. Returns 0, or -errno with the reason logged.
 */
QN_MUST_USE int streams_create(struct node *node);

/** Starts the thread, if there is one to start. Returns 0, or -errno with the reason logged. */
QN_MUST_USE int streams_start(struct node *node);

/** Closes all connections; the workers may still run. */
void streams_stop(struct node *node);

/** Frees everything; the workers no longer run. */
void streams_destroy(struct node *node);

/**
 * Reads the certificate and its key again, of `next`, into `*tls`; NULL where the node or that one
 * has none. False, with the reason logged, when they are not good.
 */
QN_MUST_USE bool streams_load_tls(
    const struct node *node, const struct config_streams *next, SSL_CTX **tls);

/** Has new connections use what streams_load_tls() gave, which is taken over; NULL changes nothing. */
void streams_set_tls(struct node *node, SSL_CTX *tls);
