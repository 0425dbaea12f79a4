/* SPDX-License-Identifier: BSD-2-Clause */
#include "zone/special.h"

#include "base/endian.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of a SOA that nobody transfers by: serial, refresh, retry, expire. */
#define SOA_SERIAL    1
#define SOA_REFRESH_S 3600
#define SOA_RETRY_S   1200
#define SOA_EXPIRE_S  604800

/* "nobody.invalid": where no complaint arrives. */
static const uint8_t nobody[] = "\6nobody\7invalid";

#define ZEROS_IP6 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"

static const uint8_t loopback_ipv4[] = {127, 0, 0, 1};
static const uint8_t loopback_ipv6[] = {[15] = 1};
static const uint8_t localhost[] = "\11localhost"; /* The final zero is the root's label. */

static const struct qn_zone_special_record localhost_records[] = {
    {"localhost", {loopback_ipv4, sizeof(loopback_ipv4)}, QN_TYPE_A},
    {"localhost", {loopback_ipv6, sizeof(loopback_ipv6)}, QN_TYPE_AAAA},
};
static const struct qn_zone_special_record loopback_ipv4_records[] = {
    {"1.0.0.127.in-addr.arpa", {localhost, sizeof(localhost)}, QN_TYPE_PTR},
};
static const struct qn_zone_special_record loopback_ipv6_records[] = {
    {"1." ZEROS_IP6, {localhost, sizeof(localhost)}, QN_TYPE_PTR},
};

#define WITH(records) records, COUNT(records)
#define EMPTY         NULL, 0

static const struct {
	const char *zone;
	enum qn_zone_kind kind;
	const struct qn_zone_special_record *records;
	size_t record_count;
} zones[] = {
    {"localhost", QN_ZONE_REDIRECT, WITH(localhost_records)},
    {"invalid", QN_ZONE_STATIC, EMPTY},
    {"test", QN_ZONE_STATIC, EMPTY},
    {"local", QN_ZONE_STATIC, EMPTY},
    {"onion", QN_ZONE_STATIC, EMPTY},
    {"home.arpa", QN_ZONE_STATIC, EMPTY},
    {"resolver.arpa", QN_ZONE_REDIRECT, EMPTY}, /* No data, whatever the name. */
    {"service.arpa", QN_ZONE_STATIC, EMPTY},

    /* Private networks; more below. */
    {"10.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"168.192.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"d.f.ip6.arpa", QN_ZONE_STATIC, EMPTY},

    /* This host, links, documentation, broadcast. */
    {"0.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"127.in-addr.arpa", QN_ZONE_STATIC, WITH(loopback_ipv4_records)},
    {"254.169.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"2.0.192.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"100.51.198.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"113.0.203.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"255.255.255.255.in-addr.arpa", QN_ZONE_STATIC, EMPTY},
    {"0." ZEROS_IP6, QN_ZONE_STATIC, EMPTY},
    {"1." ZEROS_IP6, QN_ZONE_STATIC, WITH(loopback_ipv6_records)},
    {"8.e.f.ip6.arpa", QN_ZONE_STATIC, EMPTY},
    {"9.e.f.ip6.arpa", QN_ZONE_STATIC, EMPTY},
    {"a.e.f.ip6.arpa", QN_ZONE_STATIC, EMPTY},
    {"b.e.f.ip6.arpa", QN_ZONE_STATIC, EMPTY},
    {"8.b.d.0.1.0.0.2.ip6.arpa", QN_ZONE_STATIC, EMPTY},
};

/* Networks that need a zone for each value of their second octet. */
static const struct {
	const char *below;
	uint8_t first;
	uint8_t last;
} ranges[] = {
    {"172.in-addr.arpa", 16, 31},  /* 172.16.0.0/12 (RFC 1918). */
    {"100.in-addr.arpa", 64, 127}, /* 100.64.0.0/10, behind carriers (RFC 6598, RFC 7793). */
};

static void
name_read(struct qn_name *name, const char *text)
{
	const bool ok = qn_name_from_text(name, text, strlen(text));

	qn_assert(ok);
}

/* The name of an octet in decimal digits below `below`. */
static void
name_of_octet(struct qn_name *name, uint8_t octet, const char *below)
{
	char text[32];
	size_t len = 0;

	if (octet >= 100)
		text[len++] = (char)('0' + octet / 100);
	if (octet >= 10)
		text[len++] = (char)('0' + octet / 10 % 10);
	text[len++] = (char)('0' + octet % 10);
	text[len++] = '.';
	memcpy(text + len, below, strlen(below) + 1);
	name_read(name, text);
}

bool
qn_zone_special(struct qn_zone_special *special, size_t index)
{
	if (index < COUNT(zones)) {
		name_read(&special->zone, zones[index].zone);
		special->kind = zones[index].kind;
		special->records = zones[index].records;
		special->record_count = zones[index].record_count;
		return true;
	}
	index -= COUNT(zones);
	for (size_t i = 0; i < COUNT(ranges); i++) {
		const size_t count = ranges[i].last - ranges[i].first + 1u;

		if (index < count) {
			name_of_octet(
			    &special->zone, (uint8_t)(ranges[i].first + index), ranges[i].below);
			special->kind = QN_ZONE_STATIC;
			special->records = NULL;
			special->record_count = 0;
			return true;
		}
		index -= count;
	}
	return false;
}

size_t
qn_zone_soa(uint8_t rdata[QN_ZONE_SOA_LEN_MAX], const struct qn_name *zone, uint32_t ttl_s)
{
	const uint32_t numbers[] = {SOA_SERIAL, SOA_REFRESH_S, SOA_RETRY_S, SOA_EXPIRE_S, ttl_s};
	uint8_t *at = rdata;

	memcpy(at, zone->octets, zone->len);
	at += zone->len;
	memcpy(at, nobody, sizeof(nobody));
	at += sizeof(nobody);
	for (size_t i = 0; i < COUNT(numbers); i++, at += sizeof(uint32_t))
		qn_store_be32(at, numbers[i]);
	return (size_t)(at - rdata);
}
