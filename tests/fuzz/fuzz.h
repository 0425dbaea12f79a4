/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What every fuzz target is: one function that takes any bytes and must not fail an assertion.
 *
 * Built with -Dfuzzers=true it is linked with libFuzzer, otherwise with replay.c, which runs
 * stored inputs through it.
 */
#include "base/assert.h"
#include "base/span.h"

/** Tries one input; a fault shows as a failed qn_assert or a sanitizer's report. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
