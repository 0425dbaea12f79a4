/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Certificates that are made for a test, and are nobody's.
 */
#include "base/assert.h"

/** A directory with the two files, until certificate_remove(). */
struct certificate {
	char directory[32];
	char path[64];     /* Of the certificate, ... */
	char key_path[64]; /* ... and of its key. */
};

/** Makes a key of `type`, "EC" or "RSA", and a certificate for it; fails the test when it cannot. */
void certificate_make(struct certificate *certificate, const char *type);

/** Writes the key again, encrypted with a password. */
void certificate_encrypt_key(const struct certificate *certificate);

void certificate_remove(const struct certificate *certificate);
