/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream/tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* The protocol's name for ALPN (RFC 7301), with its length in front. */
static const unsigned char alpn_dot[] = {3, 'd', 'o', 't'};

/* Most clients name no protocol; one that names others is taken at its port. */
static int
alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
    unsigned int in_len, void *context)
{
	unsigned char *chosen;

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto(&chosen, out_len, alpn_dot, sizeof(alpn_dot), in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* Says what OpenSSL found wrong with `path`. */
static void
explain(char *error, size_t error_len, const char *path, const char *what)
{
	const unsigned long code = ERR_get_error(); /* The first: what all else follows from. */
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror((int)ERR_GET_REASON(code))
	                                            : ERR_reason_error_string(code);

	snprintf(error, error_len, "%s %s: %s.", path, what, reason == NULL ? "unknown" : reason);
	ERR_clear_error();
}

/* A key that is encrypted cannot be used: nobody is there to be asked for the password. */
static int
no_password(char *password, int len, int writing, void *context)
{
	(void)password;
	(void)len;
	(void)writing;
	(void)context;
	return 0;
}

static void
context_configure(SSL_CTX *context)
{
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Replies wait in a buffer of ours that may move; an idle connection keeps none of theirs. */
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	/* A call reads one record: who sends but new keys, without end, must not keep the thread. */
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	/* Sessions are resumed with tickets, which the client keeps. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(context, alpn_select, NULL);
	SSL_CTX_set_default_passwd_cb(context, no_password);
}

SSL_CTX *
qn_tls_load(const char *certificate, const char *key, char *error, size_t error_len)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL) {
		snprintf(error, error_len, "OpenSSL gives no context: out of memory.");
		return NULL;
	}
	context_configure(context);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		explain(error, error_len, certificate, "is no certificate that can be used");
	/* The second look is for a key of another kind than the certificate's, RSA for one. */
	else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
		 SSL_CTX_check_private_key(context) != 1)
		explain(error, error_len, key, "is no key that can be used with the certificate");
	else
		return context;
	SSL_CTX_free(context);
	return NULL;
}
