/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One question to the daemon over its control socket.
 *
 * Bounds: the whole takes at most CONNECTION_PATIENCE_MS; a reply is at most
 *         CONNECTION_REPLY_MAX octets.
 */
#include <jansson.h>

#define CONNECTION_PATIENCE_MS 8000
#define CONNECTION_REPLY_MAX   (16u << 20)

/** Room for any sentence of this header, the final zero included. */
#define CONNECTION_ERROR_MAX 512

/**
 * Sends `request` to the daemon at `path` and returns its reply, an object that the caller
 * owns; NULL with a sentence in `error` when there is none.
 */
json_t *connection_ask(const char *path, const json_t *request, char error[CONNECTION_ERROR_MAX]);
