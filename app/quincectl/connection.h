/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One question to the daemon over its control socket.
 *
 * Bounds: the whole takes at most the given time; a reply is at most CONNECTION_REPLY_MAX
 *         octets.
 */
#include <jansson.h>

#define CONNECTION_REPLY_MAX (16u << 20)

/** Room for any sentence of this header, the final zero included. */
#define CONNECTION_ERROR_MAX 512

/**
 * Sends `request` to the daemon at `path` and returns its reply, an object that the caller
 * owns; NULL with a sentence in `error` when there is none within `patience_s` seconds.
 */
json_t *connection_ask(
    const char *path, const json_t *request, unsigned patience_s, char error[CONNECTION_ERROR_MAX]);
