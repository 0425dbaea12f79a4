/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/address.h"

#include <string.h>

#define IPV4_OCTETS   4
#define IPV6_OCTETS   16
#define IPV6_GROUPS   8
#define NO_GAP        SIZE_MAX
#define DECIMAL_LIMIT 1000u /* No number in the text of an address or prefix reaches this. */

/* Blocks that RFC 6890 gives no destination in, as far as a name server goes. */
static const struct qn_prefix unreachable[] = {
    {{{0}, QN_FAMILY_IPV4}, 8},
    {{{127}, QN_FAMILY_IPV4}, 8},
    {{{169, 254}, QN_FAMILY_IPV4}, 16},
    {{{224}, QN_FAMILY_IPV4}, 4},
    {{{240}, QN_FAMILY_IPV4}, 4},                /* Reserved; the broadcast address is its last. */
    {{{0}, QN_FAMILY_IPV6}, 127},                /* Unspecified and loopback. */
    {{{[10] = 0xff, 0xff}, QN_FAMILY_IPV6}, 96}, /* IPv4 in disguise. */
    {{{0xfe, 0x80}, QN_FAMILY_IPV6}, 10},
    {{{0xff}, QN_FAMILY_IPV6}, 8},
};

struct qn_address
qn_address_ipv4(const uint8_t *octets)
{
	struct qn_address address = {.family = QN_FAMILY_IPV4};

	memcpy(address.octets, octets, IPV4_OCTETS);
	return address;
}

struct qn_address
qn_address_ipv6(const uint8_t *octets)
{
	struct qn_address address = {.family = QN_FAMILY_IPV6};

	memcpy(address.octets, octets, IPV6_OCTETS);
	return address;
}

bool
qn_prefix_contains(const struct qn_prefix *prefix, const struct qn_address *address)
{
	const size_t whole = prefix->len_bits / 8;
	const unsigned rest_bits = prefix->len_bits % 8;
	const uint8_t *a = prefix->address.octets;
	const uint8_t *b = address->octets;

	if (prefix->address.family != address->family || memcmp(a, b, whole) != 0)
		return false;
	return rest_bits == 0 || (a[whole] ^ b[whole]) >> (8 - rest_bits) == 0;
}

bool
qn_address_reachable(const struct qn_address *address)
{
	for (size_t i = 0; i < sizeof(unreachable) / sizeof(*unreachable); i++)
		if (qn_prefix_contains(&unreachable[i], address))
			return false;
	return address->family != QN_FAMILY_NONE;
}

/*
 * The readers below take what they know off the front of `text` and return what is behind
 * it, NULL when the front is not theirs.
 */

/* A decimal number without sign or leading zeros, up to `most`. */
static const char *
decimal_parse(const char *text, unsigned most, uint8_t *value)
{
	const char *start = text;
	unsigned sum = 0;

	for (; *text >= '0' && *text <= '9' && sum < DECIMAL_LIMIT; text++)
		sum = sum * 10 + (unsigned)(*text - '0');
	if (text == start || sum > most || (*start == '0' && text != start + 1))
		return NULL;
	*value = (uint8_t)sum;
	return text;
}

static const char *
ipv4_parse(const char *text, uint8_t octets[IPV4_OCTETS])
{
	uint8_t parts[IPV4_OCTETS];

	for (size_t i = 0; i < IPV4_OCTETS; i++) {
		if (i > 0 && *text++ != '.')
			return NULL;
		text = decimal_parse(text, UINT8_MAX, &parts[i]);
		if (text == NULL)
			return NULL;
	}
	memcpy(octets, parts, sizeof(parts));
	return text;
}

/* The value of a hexadecimal digit; 16 for any other character. */
static unsigned
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return (unsigned)(digit - '0');
	if (digit >= 'a' && digit <= 'f')
		return (unsigned)(digit - 'a') + 10;
	if (digit >= 'A' && digit <= 'F')
		return (unsigned)(digit - 'A') + 10;
	return 16;
}

/* One to four hexadecimal digits; the caller has seen the first. */
static const char *
group_parse(const char *text, uint8_t octets[2])
{
	const char *start = text;
	unsigned sum = 0;

	for (; hex_value(*text) < 16; text++) {
		if (text == start + 4)
			return NULL;
		sum = sum << 4 | hex_value(*text);
	}
	octets[0] = (uint8_t)(sum >> 8);
	octets[1] = (uint8_t)sum;
	return text;
}

/* RFC 4291 s2.2, all three forms. `gap` is where "::" stands among the octets. */
static const char *
ipv6_parse(const char *text, uint8_t octets[IPV6_OCTETS])
{
	uint8_t parts[IPV6_OCTETS];
	size_t used = 0;
	size_t gap = NO_GAP;

	if (text[0] == ':' && text[1] == ':') {
		gap = 0;
		text += 2;
	}
	while (hex_value(*text) < 16 && used < IPV6_OCTETS) {
		const char *end =
		    used + IPV4_OCTETS <= IPV6_OCTETS ? ipv4_parse(text, parts + used) : NULL;

		if (end != NULL) {
			used += IPV4_OCTETS;
			text = end;
			break;
		}
		text = group_parse(text, parts + used);
		if (text == NULL)
			return NULL;
		used += 2;
		if (*text != ':')
			break;
		text++;
		if (*text == ':' && gap == NO_GAP) {
			gap = used;
			text++;
		} else if (hex_value(*text) == 16) {
			return NULL;
		}
	}
	/* "::" stands for at least one group. */
	if (gap == NO_GAP ? used != IPV6_OCTETS : used > IPV6_OCTETS - 2)
		return NULL;

	const size_t head = gap == NO_GAP ? used : gap;
	const size_t tail = used - head;

	memset(octets, 0, IPV6_OCTETS);
	memcpy(octets, parts, head);
	memcpy(octets + IPV6_OCTETS - tail, parts + head, tail);
	return text;
}

static const char *
address_parse(struct qn_address *address, const char *text)
{
	struct qn_address parsed = {.family = QN_FAMILY_IPV4};
	const char *end = ipv4_parse(text, parsed.octets);

	if (end == NULL) {
		parsed.family = QN_FAMILY_IPV6;
		end = ipv6_parse(text, parsed.octets);
	}
	if (end != NULL)
		*address = parsed;
	return end;
}

bool
qn_address_from_text(struct qn_address *address, const char *text)
{
	struct qn_address parsed;
	const char *end = address_parse(&parsed, text);

	if (end == NULL || *end != '\0')
		return false;
	*address = parsed;
	return true;
}

bool
qn_prefix_from_text(struct qn_prefix *prefix, const char *text)
{
	struct qn_prefix parsed;
	const char *end = address_parse(&parsed.address, text);

	if (end == NULL)
		return false;
	parsed.len_bits = (uint8_t)(qn_family_octets(parsed.address.family) * 8);
	if (*end == '/')
		end = decimal_parse(end + 1, parsed.len_bits, &parsed.len_bits);
	if (end == NULL || *end != '\0')
		return false;
	*prefix = parsed;
	return true;
}

static char *
decimal_write(char *at, uint8_t value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

static char *
ipv4_write(char *at, const uint8_t *octets)
{
	for (size_t i = 0; i < IPV4_OCTETS; i++) {
		if (i > 0)
			*at++ = '.';
		at = decimal_write(at, octets[i]);
	}
	return at;
}

static unsigned
group_at(const uint8_t *octets, size_t group)
{
	return (unsigned)octets[2 * group] << 8 | octets[2 * group + 1];
}

static char *
group_write(char *at, unsigned value)
{
	unsigned shift = 12;

	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		*at++ = "0123456789abcdef"[value >> shift & 15];
		if (shift == 0)
			return at;
	}
}

/* RFC 5952 s4.2: the first of the longest runs of zero groups, if it is longer than one. */
static size_t
zero_run_find(const uint8_t *octets, size_t *run_len)
{
	size_t best = IPV6_GROUPS;

	*run_len = 1;
	for (size_t start = 0; start < IPV6_GROUPS; start++) {
		size_t end = start;

		while (end < IPV6_GROUPS && group_at(octets, end) == 0)
			end++;
		if (end - start > *run_len) {
			best = start;
			*run_len = end - start;
		}
	}
	return best;
}

static char *
ipv6_write(char *at, const uint8_t *octets)
{
	size_t run_len;
	const size_t run = zero_run_find(octets, &run_len);

	for (size_t i = 0; i < IPV6_GROUPS; i++) {
		if (i == run) {
			*at++ = ':';
			*at++ = ':';
			i += run_len - 1;
			continue;
		}
		if (i > 0 && at[-1] != ':')
			*at++ = ':';
		at = group_write(at, group_at(octets, i));
	}
	return at;
}

/* RFC 5952 s5: an IPv4-mapped address shows the IPv4 address. */
static char *
ipv6_mapped_write(char *at, const uint8_t *octets)
{
	static const char head[] = "::ffff:";

	memcpy(at, head, sizeof(head) - 1);
	return ipv4_write(at + sizeof(head) - 1, octets + IPV6_OCTETS - IPV4_OCTETS);
}

static bool
ipv6_is_mapped(const uint8_t *octets)
{
	static const uint8_t head[IPV6_OCTETS - IPV4_OCTETS] = {[10] = 0xff, 0xff};

	return memcmp(octets, head, sizeof(head)) == 0;
}

size_t
qn_address_to_text(const struct qn_address *address, char text[QN_ADDRESS_TEXT_MAX])
{
	char *end;

	if (address->family == QN_FAMILY_IPV4)
		end = ipv4_write(text, address->octets);
	else if (ipv6_is_mapped(address->octets))
		end = ipv6_mapped_write(text, address->octets);
	else
		end = ipv6_write(text, address->octets);
	*end = '\0';
	return (size_t)(end - text);
}
