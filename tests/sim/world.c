/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/world.h"

/* Servers have numbers in 10.0.0.0/8 and fd00:5::/32; lies lead to 66.6.0.0/16, fd00:666::/32. */
#define SERVER_NET_IPV4 10
#define NUMBER_AT_IPV6  14

static const uint8_t server_net_ipv6[] = {0xfd, 0x00, 0x00, 0x05};
static const uint8_t poison_net_ipv4[] = {66, 6};
static const uint8_t poison_net_ipv6[] = {0xfd, 0x00, 0x06, 0x66};

/* --- Building --------------------------------------------------------------------------- */

void
sim_world_init(struct sim_world *world)
{
	world->zone_count = 0;
	world->host_count = 0;
	world->server_count = 0;
	world->set_count = 0;
	world->byte_count = 0;
	world->change = (struct qn_mono){UINT64_MAX};
	world->use_ipv4 = true;
	world->use_ipv6 = true;
	world->use_tcp = true;
	world->forged = false;
}

struct sim_zone *
sim_world_add_zone(
    struct sim_world *world, const struct qn_name *origin, uint8_t parent, uint8_t epochs)
{
	qn_assert(world->zone_count < SIM_ZONE_MAX);
	struct sim_zone *zone = &world->zones[world->zone_count++];

	*zone = (struct sim_zone){.parent = parent, .epochs = epochs};
	qn_name_copy(&zone->origin, origin);
	return zone;
}

uint16_t
sim_world_add_host(struct sim_world *world, const struct qn_name *name)
{
	qn_assert(world->host_count < SIM_HOST_MAX);
	struct sim_host *host = &world->hosts[world->host_count];

	qn_name_copy(&host->name, name);
	host->server_count = 0;
	return world->host_count++;
}

static struct qn_address
address_numbered(uint8_t family, uint16_t number)
{
	struct qn_address address = {.family = family};

	if (family == QN_FAMILY_IPV6) {
		memcpy(address.octets, server_net_ipv6, sizeof(server_net_ipv6));
		qn_store_be16(address.octets + NUMBER_AT_IPV6, number);
	} else {
		address.octets[0] = SERVER_NET_IPV4;
		qn_store_be16(address.octets + 2, number);
	}
	return address;
}

struct sim_server *
sim_world_add_server(struct sim_world *world, uint16_t host, uint8_t family)
{
	struct sim_host *owner = &world->hosts[host];

	qn_assert(world->server_count < SIM_SERVER_MAX);
	qn_assert(owner->server_count < SIM_HOST_SERVER_MAX);
	const uint16_t number = world->server_count++;
	struct sim_server *server = &world->servers[number];

	*server = (struct sim_server){
	    .address = address_numbered(family, (uint16_t)(number + 1)),
	    .host = host,
	    .manner = SIM_HONEST,
	    .port = SIM_DNS_PORT,
	    .last_cut = {.len = 1},
	};
	owner->servers[owner->server_count++] = number;
	return server;
}

static void
server_serve(struct sim_server *server, uint8_t zone, int8_t epoch)
{
	for (uint8_t i = 0; i < server->zone_count; i++)
		if (server->zones[i].zone == zone)
			return;
	qn_assert(server->zone_count < SIM_SERVER_ZONE_MAX);
	server->zones[server->zone_count].zone = zone;
	server->zones[server->zone_count].epoch = epoch;
	server->zone_count++;
}

void
sim_world_serve(struct sim_world *world, uint16_t host, uint8_t zone, int8_t epoch)
{
	const struct sim_host *owner = &world->hosts[host];

	for (uint8_t i = 0; i < owner->server_count; i++)
		server_serve(&world->servers[owner->servers[i]], zone, epoch);
}

struct sim_set *
sim_world_add_set(struct sim_world *world, struct sim_zone *zone, const struct qn_name *owner,
    uint16_t type, uint32_t ttl_s, uint8_t epochs)
{
	for (uint16_t i = 0; i < zone->set_count; i++) {
		struct sim_set *set = zone->sets[i];

		if (set->epochs == epochs && set->rrset.type == type &&
		    qn_name_equal(&set->rrset.owner, owner))
			return set;
	}
	qn_assert(world->set_count < SIM_SET_MAX && zone->set_count < SIM_ZONE_SET_MAX);
	struct sim_set *set = &world->sets[world->set_count++];

	set->rrset.type = type;
	set->rrset.class = QN_CLASS_IN;
	set->rrset.ttl_s = ttl_s;
	set->rrset.count = 0;
	set->rrset.rdatas = (struct qn_view){NULL, 0};
	qn_name_copy(&set->rrset.owner, owner);
	set->epochs = epochs;
	set->delivered_ever = false;
	set->delivered = (struct qn_mono){0};
	zone->sets[zone->set_count++] = set;
	return set;
}

/* A set's rdata stands in one piece: one that grows late moves to the end. */
void
sim_set_add(struct sim_world *world, struct sim_set *set, struct qn_view rdata)
{
	struct qn_rrset *rrset = &set->rrset;
	struct qn_span room = {
	    world->bytes + world->byte_count, sizeof(world->bytes) - world->byte_count};
	size_t len = 0;

	if (qn_rdatas_contain(rrset->rdatas, rdata))
		return;
	if (rrset->rdatas.len > 0 && rrset->rdatas.data + rrset->rdatas.len == room.data) {
		room.data -= rrset->rdatas.len;
		room.len += rrset->rdatas.len;
		len = rrset->rdatas.len;
	} else if (rrset->rdatas.len > 0) {
		qn_assert(rrset->rdatas.len <= room.len);
		memcpy(room.data, rrset->rdatas.data, rrset->rdatas.len);
		len = rrset->rdatas.len;
	}
	const bool fits = qn_rdatas_append(room, &len, rdata);

	qn_assert(fits);
	rrset->rdatas = (struct qn_view){room.data, len};
	rrset->count++;
	world->byte_count = (size_t)(room.data + len - world->bytes);
}

void
sim_set_add_name(struct sim_world *world, struct sim_set *set, const struct qn_name *name)
{
	sim_set_add(world, set, qn_name_view(name));
}

void
sim_set_add_address(struct sim_world *world, struct sim_set *set, const struct qn_address *address)
{
	sim_set_add(
	    world, set, (struct qn_view){address->octets, qn_family_octets(address->family)});
}

/* --- Addresses -------------------------------------------------------------------------- */

struct sim_server *
sim_world_server(struct sim_world *world, const struct qn_address *address)
{
	const uint8_t *number_at =
	    address->octets + (address->family == QN_FAMILY_IPV6 ? NUMBER_AT_IPV6 : 2);
	const uint16_t number = qn_load_be16(number_at);

	if (number == 0 || number > world->server_count)
		return NULL;
	struct sim_server *server = &world->servers[number - 1];

	return qn_address_equal(&server->address, address) ? server : NULL;
}

bool
sim_address_is_poison(const struct qn_address *address)
{
	if (address->family == QN_FAMILY_IPV6)
		return memcmp(address->octets, poison_net_ipv6, sizeof(poison_net_ipv6)) == 0;
	return memcmp(address->octets, poison_net_ipv4, sizeof(poison_net_ipv4)) == 0;
}

struct qn_address
sim_poison_address(uint8_t family, uint8_t number)
{
	struct qn_address address = {.family = family};

	if (family == QN_FAMILY_IPV6) {
		memcpy(address.octets, poison_net_ipv6, sizeof(poison_net_ipv6));
		address.octets[15] = number;
	} else {
		memcpy(address.octets, poison_net_ipv4, sizeof(poison_net_ipv4));
		address.octets[3] = number;
	}
	return address;
}

/* --- Looking up ------------------------------------------------------------------------- */

static bool
set_stands(const struct sim_set *set, unsigned epoch)
{
	return set->epochs >> epoch & 1;
}

struct sim_set *
sim_zone_set(
    const struct sim_zone *zone, unsigned epoch, const struct qn_name *owner, uint16_t type)
{
	for (uint16_t i = 0; i < zone->set_count; i++) {
		struct sim_set *set = zone->sets[i];

		if (set->rrset.type == type && set_stands(set, epoch) &&
		    qn_name_equal(&set->rrset.owner, owner))
			return set;
	}
	return NULL;
}

/* The highest set of `type` at or above `name`, the zone's own excluded. */
static struct sim_set *
highest_above(
    const struct sim_zone *zone, unsigned epoch, const struct qn_name *name, uint16_t type)
{
	struct sim_set *highest = NULL;

	for (uint16_t i = 0; i < zone->set_count; i++) {
		struct sim_set *set = zone->sets[i];

		if (set->rrset.type == type && set_stands(set, epoch) &&
		    !qn_name_equal(&set->rrset.owner, &zone->origin) &&
		    qn_name_within(name, &set->rrset.owner) &&
		    (highest == NULL || set->rrset.owner.len < highest->rrset.owner.len))
			highest = set;
	}
	return highest;
}

static struct sim_set *
find_cut(const struct sim_zone *zone, unsigned epoch, const struct qn_name *name, uint16_t type)
{
	struct sim_set *cut = highest_above(zone, epoch, name, QN_TYPE_NS);

	/* A DS stands above the cut (RFC 4035 s3.1.4.1). */
	if (cut != NULL && type == QN_TYPE_DS && qn_name_equal(&cut->rrset.owner, name))
		return NULL;
	return cut;
}

/* The DNAME above `name`, which need not be below a cut: cuts go first. */
static struct sim_set *
find_dname(const struct sim_zone *zone, unsigned epoch, const struct qn_name *name)
{
	struct sim_set *dname = highest_above(zone, epoch, name, QN_TYPE_DNAME);

	return dname != NULL && !qn_name_equal(&dname->rrset.owner, name) ? dname : NULL;
}

/* What stands at the very name `owner`; false when nothing does. */
static bool
find_at(const struct sim_zone *zone, unsigned epoch, const struct qn_name *owner, uint16_t type,
    struct sim_find *find)
{
	bool exists = false;

	*find = (struct sim_find){.found = SIM_FOUND_NODATA};
	for (uint16_t i = 0; i < zone->set_count; i++) {
		struct sim_set *set = zone->sets[i];

		if (!set_stands(set, epoch) || !qn_name_equal(&set->rrset.owner, owner))
			continue;
		exists = true;
		if (set->rrset.type == type) {
			*find = (struct sim_find){.found = SIM_FOUND_DATA, .set = set};
			return true;
		}
		if (set->rrset.type == QN_TYPE_CNAME)
			*find = (struct sim_find){.found = SIM_FOUND_CNAME, .set = set};
	}
	return exists;
}

/* Whether a name exists, if only because others stand below it. */
static bool
name_exists(const struct sim_zone *zone, unsigned epoch, const struct qn_name *name)
{
	for (uint16_t i = 0; i < zone->set_count; i++)
		if (set_stands(zone->sets[i], epoch) &&
		    qn_name_within(&zone->sets[i]->rrset.owner, name))
			return true;
	return false;
}

/* What the wildcard at the closest encloser says (RFC 4592 s3.3.1). */
static struct sim_find
find_wildcard(
    const struct sim_zone *zone, unsigned epoch, const struct qn_name *name, uint16_t type)
{
	struct sim_find find;
	struct qn_name encloser, wildcard;

	qn_name_copy(&encloser, name);
	do {
		if (!qn_name_parent(&encloser, &encloser))
			break;
	} while (!name_exists(zone, epoch, &encloser));
	if (encloser.len + 2 > QN_NAME_MAX)
		return (struct sim_find){.found = SIM_FOUND_NXDOMAIN};
	wildcard.len = (uint8_t)(encloser.len + 2);
	wildcard.octets[0] = 1;
	wildcard.octets[1] = '*';
	memcpy(wildcard.octets + 2, encloser.octets, encloser.len);
	if (find_at(zone, epoch, &wildcard, type, &find))
		return find;
	return (struct sim_find){.found = SIM_FOUND_NXDOMAIN};
}

struct sim_find
sim_zone_find(
    const struct sim_zone *zone, unsigned epoch, const struct qn_name *name, uint16_t type)
{
	struct sim_find find;
	struct sim_set *set = find_cut(zone, epoch, name, type);

	if (set != NULL)
		return (struct sim_find){.found = SIM_FOUND_CUT, .set = set};
	set = find_dname(zone, epoch, name);
	if (set != NULL)
		return (struct sim_find){.found = SIM_FOUND_DNAME, .set = set};
	if (find_at(zone, epoch, name, type, &find))
		return find;
	if (name_exists(zone, epoch, name))
		return (struct sim_find){.found = SIM_FOUND_NODATA, .empty_non_terminal = true};
	return find_wildcard(zone, epoch, name, type);
}

const struct sim_zone *
sim_world_zone(
    const struct sim_world *world, unsigned epoch, const struct qn_name *name, uint16_t type)
{
	const struct sim_zone *deepest = &world->zones[0];

	for (uint8_t i = 1; i < world->zone_count; i++) {
		const struct sim_zone *zone = &world->zones[i];

		if ((zone->epochs >> epoch & 1) && zone->origin.len > deepest->origin.len &&
		    qn_name_within(name, &zone->origin) &&
		    !(type == QN_TYPE_DS && zone->route == SIM_ROUTE_NONE &&
			qn_name_equal(name, &zone->origin)))
			deepest = zone;
	}
	return deepest;
}
