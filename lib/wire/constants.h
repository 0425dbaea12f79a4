/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * Numbers of the DNS protocol, as the IANA "Domain Name System (DNS) Parameters" list them.
 */

/** Record types that the resolver treats in some way of their own. */
enum qn_type {
	QN_TYPE_A = 1,
	QN_TYPE_NS = 2,
	QN_TYPE_MD = 3,
	QN_TYPE_MF = 4,
	QN_TYPE_CNAME = 5,
	QN_TYPE_SOA = 6,
	QN_TYPE_MB = 7,
	QN_TYPE_MG = 8,
	QN_TYPE_MR = 9,
	QN_TYPE_PTR = 12,
	QN_TYPE_HINFO = 13,
	QN_TYPE_MINFO = 14,
	QN_TYPE_MX = 15,
	QN_TYPE_TXT = 16,
	QN_TYPE_RP = 17,
	QN_TYPE_AFSDB = 18,
	QN_TYPE_RT = 21,
	QN_TYPE_SIG = 24,
	QN_TYPE_PX = 26,
	QN_TYPE_AAAA = 28,
	QN_TYPE_NXT = 30,
	QN_TYPE_SRV = 33,
	QN_TYPE_NAPTR = 35,
	QN_TYPE_KX = 36,
	QN_TYPE_DNAME = 39,
	QN_TYPE_OPT = 41,
	QN_TYPE_DS = 43,
	QN_TYPE_RRSIG = 46,
	QN_TYPE_NSEC = 47,
	QN_TYPE_DNSKEY = 48,
	QN_TYPE_NSEC3 = 50,
	QN_TYPE_NSEC3PARAM = 51,
	QN_TYPE_SVCB = 64,
	QN_TYPE_HTTPS = 65,
	QN_TYPE_TKEY = 249,
	QN_TYPE_TSIG = 250,
	QN_TYPE_IXFR = 251,
	QN_TYPE_AXFR = 252,
	QN_TYPE_MAILB = 253,
	QN_TYPE_MAILA = 254,
	QN_TYPE_ANY = 255,
};

enum qn_class {
	QN_CLASS_IN = 1,
	QN_CLASS_CH = 3,
	QN_CLASS_NONE = 254,
	QN_CLASS_ANY = 255,
};

enum qn_opcode {
	QN_OPCODE_QUERY = 0,
	QN_OPCODE_NOTIFY = 4,
	QN_OPCODE_UPDATE = 5,
};

/** Response codes; those over 15 need EDNS (RFC 6891 s6.1.3). */
enum qn_rcode {
	QN_RCODE_NOERROR = 0,
	QN_RCODE_FORMERR = 1,
	QN_RCODE_SERVFAIL = 2,
	QN_RCODE_NXDOMAIN = 3,
	QN_RCODE_NOTIMP = 4,
	QN_RCODE_REFUSED = 5,
	QN_RCODE_YXDOMAIN = 6,
	QN_RCODE_BADVERS = 16,
	QN_RCODE_BADCOOKIE = 23,
};

/** Header flags, in the 16-bit word that also holds opcode and rcode. */
#define QN_FLAG_QR 0x8000u
#define QN_FLAG_AA 0x0400u
#define QN_FLAG_TC 0x0200u
#define QN_FLAG_RD 0x0100u
#define QN_FLAG_RA 0x0080u
#define QN_FLAG_AD 0x0020u
#define QN_FLAG_CD 0x0010u

#define QN_FLAGS_OPCODE_MASK   0x7800u
#define QN_FLAGS_OPCODE(flags) (((flags)&QN_FLAGS_OPCODE_MASK) >> 11)
#define QN_FLAGS_RCODE(flags)  ((flags)&0xfu)

enum qn_edns_option_code {
	QN_EDNS_NSID = 3,
	QN_EDNS_CLIENT_SUBNET = 8,
	QN_EDNS_COOKIE = 10,
	QN_EDNS_KEEPALIVE = 11,
	QN_EDNS_PADDING = 12,
	QN_EDNS_ERROR = 15,
};

/** Extended errors (RFC 8914 s4); QN_EDE_NONE stands for "no error to tell". */
enum qn_ede {
	QN_EDE_OTHER = 0,
	QN_EDE_STALE_ANSWER = 3,
	QN_EDE_FORGED_ANSWER = 4,
	QN_EDE_CACHED_ERROR = 13,
	QN_EDE_NOT_READY = 14,
	QN_EDE_BLOCKED = 15,
	QN_EDE_PROHIBITED = 18,
	QN_EDE_STALE_NXDOMAIN = 19,
	QN_EDE_NOT_AUTHORITATIVE = 20,
	QN_EDE_NOT_SUPPORTED = 21,
	QN_EDE_NO_REACHABLE_AUTHORITY = 22,
	QN_EDE_NETWORK_ERROR = 23,
	QN_EDE_INVALID_DATA = 24,
	QN_EDE_NONE = 0xffff,
};

#define QN_DNS_PORT        53
#define QN_HEADER_LEN      12
#define QN_EDNS_UDP_BUFFER 1232 /* DNS flag day 2020: fits every path unfragmented. */
