/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/text.h"

struct mnemonic {
	uint16_t number;
	const char *text; /* At most QN_MNEMONIC_MAX - 1 characters. */
};

/* IANA "Resource Record (RR) TYPEs". */
static const struct mnemonic types[] = {
    {1, "A"},
    {2, "NS"},
    {3, "MD"},
    {4, "MF"},
    {5, "CNAME"},
    {6, "SOA"},
    {7, "MB"},
    {8, "MG"},
    {9, "MR"},
    {10, "NULL"},
    {11, "WKS"},
    {12, "PTR"},
    {13, "HINFO"},
    {14, "MINFO"},
    {15, "MX"},
    {16, "TXT"},
    {17, "RP"},
    {18, "AFSDB"},
    {19, "X25"},
    {20, "ISDN"},
    {21, "RT"},
    {22, "NSAP"},
    {23, "NSAP-PTR"},
    {24, "SIG"},
    {25, "KEY"},
    {26, "PX"},
    {27, "GPOS"},
    {28, "AAAA"},
    {29, "LOC"},
    {30, "NXT"},
    {31, "EID"},
    {32, "NIMLOC"},
    {33, "SRV"},
    {34, "ATMA"},
    {35, "NAPTR"},
    {36, "KX"},
    {37, "CERT"},
    {38, "A6"},
    {39, "DNAME"},
    {40, "SINK"},
    {41, "OPT"},
    {42, "APL"},
    {43, "DS"},
    {44, "SSHFP"},
    {45, "IPSECKEY"},
    {46, "RRSIG"},
    {47, "NSEC"},
    {48, "DNSKEY"},
    {49, "DHCID"},
    {50, "NSEC3"},
    {51, "NSEC3PARAM"},
    {52, "TLSA"},
    {53, "SMIMEA"},
    {55, "HIP"},
    {56, "NINFO"},
    {57, "RKEY"},
    {58, "TALINK"},
    {59, "CDS"},
    {60, "CDNSKEY"},
    {61, "OPENPGPKEY"},
    {62, "CSYNC"},
    {63, "ZONEMD"},
    {64, "SVCB"},
    {65, "HTTPS"},
    {66, "DSYNC"},
    {99, "SPF"},
    {100, "UINFO"},
    {101, "UID"},
    {102, "GID"},
    {103, "UNSPEC"},
    {104, "NID"},
    {105, "L32"},
    {106, "L64"},
    {107, "LP"},
    {108, "EUI48"},
    {109, "EUI64"},
    {128, "NXNAME"},
    {249, "TKEY"},
    {250, "TSIG"},
    {251, "IXFR"},
    {252, "AXFR"},
    {253, "MAILB"},
    {254, "MAILA"},
    {255, "ANY"},
    {256, "URI"},
    {257, "CAA"},
    {258, "AVC"},
    {259, "DOA"},
    {260, "AMTRELAY"},
    {261, "RESINFO"},
    {262, "WALLET"},
    {263, "CLA"},
    {264, "IPN"},
    {32768, "TA"},
    {32769, "DLV"},
};

/* IANA "DNS RCODEs"; 16 is BADVERS here, as TSIG's use of it never reaches a header. */
static const struct mnemonic rcodes[] = {
    {0, "NOERROR"},
    {1, "FORMERR"},
    {2, "SERVFAIL"},
    {3, "NXDOMAIN"},
    {4, "NOTIMP"},
    {5, "REFUSED"},
    {6, "YXDOMAIN"},
    {7, "YXRRSET"},
    {8, "NXRRSET"},
    {9, "NOTAUTH"},
    {10, "NOTZONE"},
    {11, "DSOTYPENI"},
    {16, "BADVERS"},
    {17, "BADKEY"},
    {18, "BADTIME"},
    {19, "BADMODE"},
    {20, "BADNAME"},
    {21, "BADALG"},
    {22, "BADTRUNC"},
    {23, "BADCOOKIE"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* Writes `from` without its final zero; returns the place behind it, as number_write does. */
static char *
text_write(char *at, const char *from)
{
	while (*from != '\0')
		*at++ = *from++;
	return at;
}

static char *
number_write(char *at, uint16_t number)
{
	unsigned power = 1;

	while (number / power >= 10)
		power *= 10;
	for (; power > 0; power /= 10)
		*at++ = (char)('0' + number / power % 10);
	return at;
}

/* The mnemonic of `number` out of `table`, or `prefix` and the number itself. */
static const char *
mnemonic_write(const struct mnemonic *table, size_t count, const char *prefix, uint16_t number,
    char text[QN_MNEMONIC_MAX])
{
	char *end = NULL;

	for (size_t i = 0; i < count && end == NULL; i++)
		if (table[i].number == number)
			end = text_write(text, table[i].text);
	if (end == NULL)
		end = number_write(text_write(text, prefix), number);
	*end = '\0';
	return text;
}

const char *
qn_type_to_text(uint16_t type, char text[QN_MNEMONIC_MAX])
{
	return mnemonic_write(types, COUNT_OF(types), "TYPE", type, text);
}

const char *
qn_rcode_to_text(uint16_t rcode, char text[QN_MNEMONIC_MAX])
{
	return mnemonic_write(rcodes, COUNT_OF(rcodes), "RCODE", rcode, text);
}

static char
upper(char letter)
{
	return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

/* What follows `prefix`, itself in upper case, at the front of `text`; NULL without it. */
static const char *
prefix_skip(const char *text, const char *prefix)
{
	for (; *prefix != '\0'; text++, prefix++)
		if (upper(*text) != *prefix)
			return NULL;
	return text;
}

/* All of `text` as a number from 0 to 65535. */
static bool
number_parse(const char *text, uint16_t *number)
{
	unsigned sum = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		sum = sum * 10 + (unsigned)(*text - '0');
		if (sum > UINT16_MAX)
			return false;
	}
	*number = (uint16_t)sum;
	return true;
}

bool
qn_type_from_text(uint16_t *type, const char *text)
{
	const char *rest;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		rest = prefix_skip(text, types[i].text);
		if (rest != NULL && *rest == '\0') {
			*type = types[i].number;
			return true;
		}
	}
	rest = prefix_skip(text, "TYPE");
	return rest != NULL && number_parse(rest, type);
}
