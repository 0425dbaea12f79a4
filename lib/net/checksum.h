/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The Internet checksum: a one's complement sum of 16-bit words (RFC 1071).
 *
 * Sums are taken over the words as they lie in memory: the result, stored as it is, comes
 * out right in either byte order (RFC 1071 s2 B). Words are added 4 octets at a time into
 * 64 bits, which no packet can overflow, and folded once at the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** What a folded sum is when the checksum it covers was right. */
#define QN_CHECKSUM_RIGHT 0xffff

/** `sum` and the 8 octets at `at`. */
static inline uint64_t
qn_checksum_add8(uint64_t sum, const uint8_t *at)
{
	uint64_t words;

	memcpy(&words, at, sizeof(words));
	return sum + (uint32_t)words + (words >> 32);
}

/** `sum` and the 4 octets at `at`. */
static inline uint64_t
qn_checksum_add4(uint64_t sum, const uint8_t *at)
{
	uint32_t words;

	memcpy(&words, at, sizeof(words));
	return sum + words;
}

/** `sum` and a word given in host byte order. */
static inline uint64_t
qn_checksum_add_word(uint64_t sum, uint16_t word)
{
	return sum + __builtin_bswap16(word);
}

/**
 * `sum` and the `len` octets at `data`, a zero octet behind them when `len` is odd. What was
 * summed before must have had even length.
 */
static inline uint64_t
qn_checksum_add(uint64_t sum, const uint8_t *data, size_t len)
{
	uint64_t other = 0; /* Two chains of additions run side by side. */
	uint16_t word;

	for (; len >= 16; data += 16, len -= 16) {
		sum = qn_checksum_add8(sum, data);
		other = qn_checksum_add8(other, data + 8);
	}
	sum += other;
	if (len & 8) {
		sum = qn_checksum_add8(sum, data);
		data += 8;
	}
	if (len & 4) {
		sum = qn_checksum_add4(sum, data);
		data += 4;
	}
	if (len & 2) {
		memcpy(&word, data, sizeof(word));
		sum += word;
		data += 2;
	}
	return len & 1 ? sum + *data : sum;
}

/** `sum` as one 16-bit word, carries added back in; its complement is the checksum. */
static inline uint16_t
qn_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/** Stores the checksum that belongs to `sum` at `at`. */
static inline void
qn_checksum_store(uint8_t *at, uint64_t sum)
{
	const uint16_t checksum = (uint16_t)~qn_checksum_fold(sum);

	memcpy(at, &checksum, sizeof(checksum));
}
