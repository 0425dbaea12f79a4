/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * A certificate and its key, as a context of OpenSSL for DNS over TLS.
 *
 * RFC: 7858 s3, 8446 (TLS 1.3), 5246 (TLS 1.2, the oldest allowed: RFC 8996).
 */
#include "base/assert.h"

#include <openssl/ssl.h>
#include <stddef.h>

/** Room for any sentence of this header, the final zero included. */
#define QN_TLS_ERROR_MAX 512

/**
 * Reads a chain of certificates and its key, both PEM files. NULL with one sentence in `error`
 * when they cannot be used; else free it with SSL_CTX_free(), as soon as no new connection is to
 * have it.
 */
QN_MUST_USE SSL_CTX *qn_tls_load(
    const char *certificate, const char *key, char *error, size_t error_len);
