/* SPDX-License-Identifier: BSD-2-Clause */
#include "clients.h"

#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_FIRST 20000u
#define PORT_COUNT 40000u

void
clients_init(
    struct clients *clients, const struct scenario *scenario, struct world *world, bool strict)
{
	*clients = (struct clients){.scenario = scenario, .world = world, .strict = strict};
}

void
clients_free(struct clients *clients)
{
	while (clients->newest != NULL) {
		struct ask *ask = clients->newest;

		clients->newest = ask->next;
		ldns_pkt_free(ask->answer);
		free(ask->octets.data);
		free(ask);
	}
}

/* Every question comes from a port of its own, by which its answer is known. */
static struct qn_endpoint
client_of(const struct clients *clients, const struct step *step)
{
	static const struct qn_address loopback = {{127, [3] = 1}, QN_FAMILY_IPV4};

	return (struct qn_endpoint){
	    .address = world_client_address(step->has_address ? &step->address : &loopback),
	    .port = (uint16_t)(PORT_FIRST + clients->count % PORT_COUNT),
	};
}

bool
clients_ask(struct clients *clients, const struct step *step)
{
	struct ask *ask = memory_take(sizeof(*ask));
	struct message_octets octets;

	ask->next = clients->newest;
	ask->client = client_of(clients, step);
	ask->tcp = step->entry->match & MATCH_TCP;
	clients->newest = ask;
	clients->count++;
	if (!reply_make(&octets, step->entry, &step->entry->first, NULL))
		return false;
	world_ask(clients->world, &ask->client, (struct qn_view){octets.data, octets.len});
	free(octets.data);
	return true;
}

static struct ask *
find_ask(const struct clients *clients, const struct qn_endpoint *client)
{
	for (struct ask *ask = clients->newest; ask != NULL; ask = ask->next)
		if (ask->client.port == client->port &&
		    qn_address_equal(&ask->client.address, &client->address))
			return ask;
	return NULL;
}

const struct ask *
clients_answer(struct clients *clients, const struct qn_endpoint *client, struct qn_view octets)
{
	struct ask *ask = find_ask(clients, client);

	if (ask == NULL || ask->answered) {
		clients->told_unasked = true;
		return ask;
	}
	ask->answered = true;
	ask->octets = (struct message_octets){memory_take(octets.len + 1), octets.len};
	memcpy(ask->octets.data, octets.data, octets.len);
	if (ldns_wire2pkt(&ask->answer, octets.data, octets.len) != LDNS_STATUS_OK)
		ask->answer = NULL;
	clients->answer_count++;
	return ask;
}

bool
clients_last_answered(const struct clients *clients)
{
	return clients->newest != NULL && clients->newest->answered;
}

static bool
octets_fit(const struct ask *ask, const struct packet *packet, struct mismatch *mismatch)
{
	if (ask->octets.len == packet->raw_len &&
	    memcmp(ask->octets.data, packet->raw, packet->raw_len) == 0)
		return true;
	snprintf(mismatch->text, sizeof(mismatch->text), "the octets of the answer differ");
	return false;
}

static bool
ask_fits(const struct clients *clients, const struct ask *ask, const struct entry *entry,
    struct mismatch *mismatch)
{
	if (entry->first.raw != NULL)
		return octets_fit(ask, &entry->first, mismatch);
	if (ask->answer == NULL) {
		snprintf(mismatch->text, sizeof(mismatch->text), "the answer is no DNS message");
		return false;
	}
	return match_entry(
	    entry, ask->answer, (struct match_rules){clients->strict, ask->tcp}, mismatch);
}

static bool
ask_eligible(const struct clients *clients, const struct ask *ask, const struct step *step)
{
	if (!ask->answered || ask->checked)
		return false;
	if (clients->scenario->dialect == DIALECT_FLAT)
		return ask == clients->newest;
	if (!step->has_address)
		return true;
	const struct qn_address address = world_client_address(&step->address);

	return qn_address_equal(&ask->client.address, &address);
}

bool
clients_check(struct clients *clients, const struct step *step, struct mismatch *mismatch)
{
	mismatch->text[0] = '\0';
	for (struct ask *ask = clients->newest; ask != NULL; ask = ask->next)
		if (ask_eligible(clients, ask, step) &&
		    ask_fits(clients, ask, step->entry, mismatch)) {
			ask->checked = true;
			return true;
		}
	return false;
}

const struct ask *
clients_unexpected(const struct clients *clients)
{
	if (clients->scenario->dialect == DIALECT_FLAT)
		return NULL;
	for (const struct ask *ask = clients->newest; ask != NULL; ask = ask->next)
		if (ask->answered && !ask->checked)
			return ask;
	return NULL;
}
