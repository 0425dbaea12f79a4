/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Sockets of the kernel: those that clients connect to, and those to servers.
 */
#include "base/address.h"

#include <stddef.h>
#include <sys/socket.h>

/** The same as a struct of the kernel's; returns its length. */
socklen_t qn_sockaddr_of(const struct qn_endpoint *endpoint, struct sockaddr_storage *address);

/** The other way round; false when it is of another family. */
QN_MUST_USE bool qn_sockaddr_read(
    struct qn_endpoint *endpoint, const struct sockaddr_storage *address);

/**
 * Opens a socket that listens at `endpoint`, whether or not the interface has that address yet.
 * It keeps to that interface, unless `interface` is NULL. Returns it, or -errno.
 */
QN_MUST_USE int qn_socket_listen(const struct qn_endpoint *endpoint, const char *interface);

/** Accepts the next connection: the socket, which does not block, or -errno. */
QN_MUST_USE int qn_socket_accept(int listener, struct qn_endpoint *client);

/**
 * Begins to connect to `server` from `source`, by `interface` unless that is NULL, without waiting
 * for the end. Returns the socket, or -errno.
 */
QN_MUST_USE int qn_socket_connect(
    const struct qn_endpoint *server, const struct qn_address *source, const char *interface);
