/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/certificate.h"

#include "support/test.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RSA_BITS 2048
#define DAY_S    86400

static EVP_PKEY *
make_key(const char *type)
{
	return strcmp(type, "EC") == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(RSA_BITS);
}

static X509 *
sign(EVP_PKEY *key)
{
	X509 *x509 = X509_new();
	X509_NAME *name;

	assert_non_null(x509);
	name = X509_get_subject_name(x509);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)"quince.test", -1, -1, 0),
	    1);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x509), DAY_S);
	assert_int_equal(X509_set_issuer_name(x509, name), 1);
	assert_int_equal(X509_set_pubkey(x509, key), 1);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	return x509;
}

static FILE *
open_file(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	assert_non_null(file);
	return file;
}

void
certificate_make(struct certificate *certificate, const char *type)
{
	EVP_PKEY *key = make_key(type);
	X509 *x509;
	FILE *file;

	assert_non_null(key);
	strcpy(certificate->directory, "/tmp/quince-test-XXXXXX");
	assert_non_null(mkdtemp(certificate->directory));
	snprintf(certificate->path, sizeof(certificate->path), "%s/certificate.pem",
	    certificate->directory);
	snprintf(certificate->key_path, sizeof(certificate->key_path), "%s/key.pem",
	    certificate->directory);
	x509 = sign(key);
	file = open_file(certificate->path, "w");
	assert_int_equal(PEM_write_X509(file, x509), 1);
	fclose(file);
	file = open_file(certificate->key_path, "w");
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	X509_free(x509);
	EVP_PKEY_free(key);
}

void
certificate_encrypt_key(const struct certificate *certificate)
{
	FILE *file = open_file(certificate->key_path, "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);

	fclose(file);
	assert_non_null(key);
	file = open_file(certificate->key_path, "w");
	assert_int_equal(
	    PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), NULL, 0, NULL, (void *)"secret"), 1);
	fclose(file);
	EVP_PKEY_free(key);
}

void
certificate_remove(const struct certificate *certificate)
{
	unlink(certificate->path);
	unlink(certificate->key_path);
	rmdir(certificate->directory);
}
