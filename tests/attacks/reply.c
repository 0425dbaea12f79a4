/* SPDX-License-Identifier: BSD-2-Clause */
#include "attacks/reply.h"

#include <string.h>

#define TTL_S 3600

bool
query_starts(const struct net_query *query, char letter)
{
	return qn_octet_lower(query->name->octets[1]) == letter;
}

void
reply_begin(struct reply *reply, const struct net_query *query, uint16_t flags)
{
	reply->writer = qn_writer_of((struct qn_span){reply->bytes, sizeof(reply->bytes)});
	memset(reply->counts, 0, sizeof(reply->counts));
	reply->delay_us = REPLY_DELAY_US;
	qn_write_header(&reply->writer, query->message->id, QN_FLAG_QR | flags, 1);
	qn_write_question(&reply->writer, &query->message->question);
}

bool
reply_add(struct reply *reply, enum qn_section section, const struct qn_name *owner, uint16_t type,
    uint32_t ttl_s, struct qn_view rdata)
{
	const struct qn_writer_mark mark = qn_writer_mark(&reply->writer);

	qn_write_record(&reply->writer, owner, type, QN_CLASS_IN, ttl_s, rdata);
	if (reply->writer.overflowed) {
		qn_writer_rewind(&reply->writer, mark);
		return false;
	}
	reply->counts[section]++;
	return true;
}

bool
reply_add_name(struct reply *reply, enum qn_section section, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, const struct qn_name *target)
{
	return reply_add(reply, section, owner, type, ttl_s, qn_name_view(target));
}

bool
reply_add_server(struct reply *reply, enum qn_section section, const struct qn_name *owner,
    uint32_t ttl_s, uint8_t server)
{
	const struct qn_address address = net_address(server);

	return reply_add(reply, section, owner, QN_TYPE_A, ttl_s,
	    (struct qn_view){address.octets, qn_family_octets(address.family)});
}

struct qn_view
reply_end(struct reply *reply)
{
	for (unsigned i = 0; i < QN_SECTION_COUNT; i++)
		qn_write_section_count(&reply->writer, i, reply->counts[i]);
	return (struct qn_view){reply->bytes, reply->writer.at};
}

void
reply_server(struct reply *reply, const struct net_query *query, uint8_t server)
{
	reply_begin(reply, query, QN_FLAG_AA);
	reply_add_server(reply, QN_SECTION_ANSWER, query->name, TTL_S, server);
}

void
reply_alias(struct reply *reply, const struct net_query *query, const struct qn_name *target)
{
	reply_begin(reply, query, QN_FLAG_AA);
	reply_add_name(reply, QN_SECTION_ANSWER, query->name, QN_TYPE_CNAME, TTL_S, target);
}

void
reply_negative(
    struct reply *reply, const struct net_query *query, const struct qn_name *zone, uint16_t rcode)
{
	/* Two names of one octet, and five numbers: the last is the negative TTL. */
	static const uint8_t rdata[2 + 5 * 4] = {[20] = 300 >> 8, [21] = 300 & 0xff};

	reply_begin(reply, query, QN_FLAG_AA | rcode);
	reply_add(reply, QN_SECTION_AUTHORITY, zone, QN_TYPE_SOA, TTL_S,
	    (struct qn_view){rdata, sizeof(rdata)});
}

void
reply_refer(struct reply *reply, const struct net_query *query, const struct qn_name *zone,
    uint32_t ttl_s, uint8_t server)
{
	char text[QN_NAME_TEXT_MAX];

	qn_name_to_text(zone, text);
	const struct qn_name ns = net_name("ns.%s", text);

	reply_begin(reply, query, 0);
	reply_add_name(reply, QN_SECTION_AUTHORITY, zone, QN_TYPE_NS, ttl_s, &ns);
	reply_add_server(reply, QN_SECTION_ADDITIONAL, &ns, ttl_s, server);
}

bool
reply_root(struct net *net, const struct net_query *query, struct reply *reply)
{
	static const struct {
		const char *zone;
		uint8_t server;
	} delegations[] = {
	    {"evil.", NET_EVIL},
	    {"evil2.", NET_EVIL},
	    {"victim.", NET_VICTIM},
	    {"silent.", NET_SILENT},
	};
	const struct qn_name server = net_name("ns.root-servers.");

	(void)net;
	for (size_t i = 0; i < sizeof(delegations) / sizeof(*delegations); i++) {
		const struct qn_name zone = net_name("%s", delegations[i].zone);

		if (!qn_name_within(query->name, &zone))
			continue;
		reply_refer(reply, query, &zone, TTL_S, delegations[i].server);
		return true;
	}
	if (query->name->len > qn_name_root.len || query->type != QN_TYPE_NS) {
		reply_negative(reply, query, &qn_name_root, QN_RCODE_NXDOMAIN);
		return true;
	}
	reply_begin(reply, query, QN_FLAG_AA);
	reply_add_name(reply, QN_SECTION_ANSWER, &qn_name_root, QN_TYPE_NS, TTL_S, &server);
	reply_add_server(reply, QN_SECTION_ADDITIONAL, &server, TTL_S, NET_ROOT);
	return true;
}

bool
reply_victim(struct net *net, const struct net_query *query, struct reply *reply)
{
	const struct qn_name zone = net_name("victim.");
	const struct qn_name www = net_name("www.victim.");
	const struct qn_name ns = net_name("ns.victim.");
	const bool exists = qn_name_equal(query->name, &zone) || qn_name_equal(query->name, &www) ||
	                    qn_name_equal(query->name, &ns);

	(void)net;
	if (query->type == QN_TYPE_A && exists && !qn_name_equal(query->name, &zone))
		reply_server(reply, query, NET_VICTIM);
	else
		reply_negative(reply, query, &zone, exists ? QN_RCODE_NOERROR : QN_RCODE_NXDOMAIN);
	return true;
}

bool
reply_itself(struct net *net, const struct net_query *query, struct reply *reply)
{
	(void)net;
	reply_server(reply, query, query->server);
	return true;
}

bool
reply_nothing(struct net *net, const struct net_query *query, struct reply *reply)
{
	(void)net;
	(void)query;
	(void)reply;
	return false;
}
