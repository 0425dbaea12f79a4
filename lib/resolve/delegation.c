/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolve/delegation.h"

void
qn_delegation_init(struct qn_delegation *delegation, const struct qn_name *zone)
{
	qn_name_copy(&delegation->zone, zone);
	delegation->ttl_s = 0;
	delegation->configured = false;
	delegation->forwarded = false;
	delegation->server_count = 0;
	delegation->candidate_count = 0;
}

void
qn_delegation_copy(struct qn_delegation *to, const struct qn_delegation *from)
{
	qn_name_copy(&to->zone, &from->zone);
	to->ttl_s = from->ttl_s;
	to->configured = from->configured;
	to->forwarded = from->forwarded;
	to->server_count = from->server_count;
	to->candidate_count = from->candidate_count;
	for (unsigned i = 0; i < from->server_count; i++) {
		qn_name_copy(&to->servers[i].name, &from->servers[i].name);
		to->servers[i].address_count = from->servers[i].address_count;
		to->servers[i].looked_up = from->servers[i].looked_up;
	}
	memcpy(to->candidates, from->candidates, from->candidate_count * sizeof(*from->candidates));
}

void
qn_delegation_add_server(struct qn_delegation *delegation, const struct qn_name *name)
{
	if (delegation->server_count == QN_DELEGATION_SERVER_MAX)
		return;
	for (unsigned i = 0; i < delegation->server_count; i++)
		if (qn_name_equal(&delegation->servers[i].name, name))
			return;

	struct qn_nameserver *server = &delegation->servers[delegation->server_count++];

	qn_name_copy(&server->name, name);
	server->address_count = 0;
	server->looked_up = false;
}

void
qn_delegation_add_address(
    struct qn_delegation *delegation, uint8_t server, const struct qn_address *address)
{
	qn_assert(server < delegation->server_count);
	if (delegation->servers[server].address_count >= QN_DELEGATION_ADDRESS_MAX ||
	    delegation->candidate_count >= QN_DELEGATION_CANDIDATE_MAX ||
	    !qn_address_reachable(address))
		return;
	for (unsigned i = 0; i < delegation->candidate_count; i++)
		if (qn_address_equal(&delegation->candidates[i].address, address))
			return;
	delegation->servers[server].address_count++;
	delegation->candidates[delegation->candidate_count++] = (struct qn_candidate){
	    .address = *address,
	    .port = QN_DNS_PORT,
	    .server = server,
	};
}

void
qn_delegation_keep_families(
    struct qn_delegation *delegation, const struct qn_resolve_config *config)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < delegation->candidate_count; i++) {
		const struct qn_candidate *candidate = &delegation->candidates[i];

		if (candidate->address.family == QN_FAMILY_IPV6 ? config->use_ipv6
								: config->use_ipv4)
			delegation->candidates[kept++] = *candidate;
		else
			delegation->servers[candidate->server].address_count--;
	}
	delegation->candidate_count = kept;
}

void
qn_delegation_from_hints(struct qn_delegation *delegation, const struct qn_resolve_config *config)
{
	qn_delegation_init(delegation, &qn_name_root);
	delegation->configured = true;
	for (uint8_t i = 0; i < config->hint_count; i++) {
		const struct qn_hint *hint = &config->hints[i];
		const uint8_t server = delegation->server_count;

		qn_delegation_add_server(delegation, &hint->name);
		if (delegation->server_count == server)
			continue; /* The same name again. */
		delegation->servers[server].looked_up = true;
		for (unsigned k = 0; k < hint->address_count; k++)
			qn_delegation_add_address(delegation, server, &hint->addresses[k]);
	}
}

const struct qn_route *
qn_route_find(const struct qn_resolve_config *config, const struct qn_name *name)
{
	const struct qn_route *best = NULL;

	for (uint16_t i = 0; i < config->route_count; i++) {
		const struct qn_route *route = &config->routes[i];

		if (qn_name_within(name, &route->zone) &&
		    (best == NULL || route->zone.len > best->zone.len))
			best = route;
	}
	return best;
}

/* The servers have no names: one nameserver stands for all of them. */
void
qn_delegation_from_route(struct qn_delegation *delegation, const struct qn_route *route)
{
	qn_delegation_init(delegation, &route->zone);
	delegation->configured = true;
	delegation->forwarded = route->kind == QN_ROUTE_FORWARD;
	qn_delegation_add_server(delegation, &route->zone);
	delegation->servers[0].looked_up = true;
	delegation->servers[0].address_count = route->server_count;
	for (uint8_t i = 0; i < route->server_count; i++)
		delegation->candidates[delegation->candidate_count++] = (struct qn_candidate){
		    .address = route->servers[i].address,
		    .port = route->servers[i].port,
		};
}

/* Cached form: for each nameserver its name, the number of its addresses, and these. */
static void
delegation_write(struct qn_writer *writer, const struct qn_delegation *delegation)
{
	for (uint8_t i = 0; i < delegation->server_count; i++) {
		const struct qn_nameserver *server = &delegation->servers[i];

		qn_write_bytes(writer, qn_name_view(&server->name));
		qn_write_u8(writer, server->address_count);
		for (unsigned k = 0; k < delegation->candidate_count; k++) {
			const struct qn_candidate *candidate = &delegation->candidates[k];

			if (candidate->server != i)
				continue;
			qn_write_u8(writer, candidate->address.family);
			qn_write_bytes(writer, (struct qn_view){candidate->address.octets,
						   qn_family_octets(candidate->address.family)});
		}
	}
}

static void
address_read(struct qn_reader *reader, struct qn_address *address)
{
	const uint8_t family = qn_read_u8(reader);
	const struct qn_view octets = qn_read_bytes(reader, qn_family_octets(family));

	*address = (struct qn_address){.family = family};
	if (octets.data != NULL)
		memcpy(address->octets, octets.data, octets.len);
}

static bool
delegation_read(struct qn_delegation *delegation, struct qn_view value)
{
	struct qn_reader reader = qn_reader_of(value);

	while (qn_reader_left(&reader) > 0) {
		const uint8_t server = delegation->server_count;
		struct qn_address address;
		struct qn_name name;

		qn_read_name(&reader, &name);
		qn_delegation_add_server(delegation, &name);
		for (uint8_t left = qn_read_u8(&reader); left > 0; left--) {
			address_read(&reader, &address);
			qn_delegation_add_address(delegation, server, &address);
		}
	}
	return !reader.failed;
}

void
qn_store_put_delegation(
    struct qn_store *store, const struct qn_delegation *delegation, struct qn_now now)
{
	struct qn_writer writer =
	    qn_writer_of((struct qn_span){store->scratch, QN_CACHE_VALUE_MAX});
	struct qn_cache_key key;

	if (qn_name_label_count(&delegation->zone) > QN_STORE_LABEL_MAX)
		return; /* No walk would come across it. */
	delegation_write(&writer, delegation);
	qn_assert(!writer.overflowed);
	qn_cache_key_init(&key, store->hash_key, QN_CACHE_DELEGATION, &delegation->zone, 0);
	qn_cache_put(
	    store->cache, &key, delegation->ttl_s, (struct qn_view){writer.data, writer.at}, now);
}

void
qn_store_drop_delegations(
    struct qn_store *store, const struct qn_name *zone, const struct qn_name *above)
{
	struct qn_name between;

	qn_store_walk_from(&between, zone);
	while (qn_name_parent(&between, &between) && between.len > above->len) {
		struct qn_cache_key key;

		qn_cache_key_init(&key, store->hash_key, QN_CACHE_DELEGATION, &between, 0);
		qn_cache_remove(store->cache, &key);
	}
}

bool
qn_store_get_delegation(struct qn_store *store, const struct qn_name *name, struct qn_now now,
    struct qn_delegation *delegation)
{
	struct qn_name zone;
	bool found = false;

	qn_store_walk_from(&zone, name);
	do {
		struct qn_cache_item item;
		struct qn_cache_key key;

		qn_cache_key_init(&key, store->hash_key, QN_CACHE_DELEGATION, &zone, 0);
		switch (qn_cache_get(store->cache, &key, now, store->scratch, &item)) {
		case QN_CACHE_MISS:
			break;
		case QN_CACHE_STALE:
			/* Whether what is below still exists is for the zone above to say. */
			found = false;
			break;
		case QN_CACHE_FRESH:
			if (found)
				break;
			qn_delegation_init(delegation, &zone);
			delegation->ttl_s = item.ttl_s - item.age_s;
			found = delegation_read(
			    delegation, (struct qn_view){store->scratch, item.value_len});
			break;
		}
	} while (qn_name_parent(&zone, &zone));
	return found;
}
