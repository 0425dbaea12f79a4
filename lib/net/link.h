/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * One network interface as the resolver sees it: its addresses, neighbours and gateways.
 *
 * Answers ARP, neighbour solicitations and echo requests for its addresses, and finds the
 * station that a datagram to some address goes to.
 *
 * Owner:   shared: any worker calls any function at any time. What never changes is plain,
 *          neighbours are read and written with atomics; there are no locks.
 * Memory:  lives in the block given to init: 256 neighbours a family, gateways apart from
 *          them, so that no flood evicts a gateway.
 * Time:    reads no clock; a call that ages neighbours takes `now`.
 * Bounds:  a lookup reads at most 8 neighbours and 2 gateways; each is asked at most once a
 *          second, whatever makes us ask, so that about 500 requests a second is the most.
 * Trust:   frames are forged. Only route() adds neighbours. A reply counts only while a
 *          request of ours waits for it; requests to us, gratuitous ARP and unsolicited
 *          advertisements change a neighbour that route() added, not within a second of a
 *          proof, and have to be proved by an exchange of our own.
 * RFC:     826, 1122 s2.3.2.1, 4861 s7, 5227 s2.1.1 (probes), 4291 s2.7.1, 2464.
 */
#include "base/hash.h"
#include "base/time.h"
#include "net/frame.h"

#define QN_LINK_ADDRESS_MAX 16
#define QN_LINK_SERVICE_MAX 64
#define QN_LINK_GATEWAY_MAX 2 /* Of each family. */

/** Octets that a buffer needs for any frame that a link writes of its own. */
#define QN_LINK_BUFFER_MIN 128

/** What an interface is; copied by init. */
struct qn_link_config {
	uint8_t mac[QN_MAC_OCTETS];
	uint16_t mtu; /* Octets of the longest IP packet. */
	bool tagged;  /* Frames carry an 802.1Q tag with `vlan_id`, both ways. */
	uint16_t vlan_id;
	struct qn_prefix addresses[QN_LINK_ADDRESS_MAX]; /* Ours, in the networks on this link. */
	uint16_t address_count;
	struct qn_address services[QN_LINK_SERVICE_MAX]; /* Also ours: anycast, in no network. */
	uint16_t service_count;
	struct qn_address gateways[2 * QN_LINK_GATEWAY_MAX]; /* Either family; preferred first. */
	uint16_t gateway_count;
	struct qn_hash_key hash_key; /* Places neighbours in the table; unpredictable. */
};

struct qn_link;

/** Bytes that init needs. */
size_t qn_link_size(void);

/**
 * Builds a link inside `block`, aligned to QN_ARENA_ALIGN, at least qn_link_size() long.
 * Counts beyond the limits, and more gateways of a family than allowed, are bugs.
 */
struct qn_link *qn_link_init(struct qn_span block, const struct qn_link_config *config);

/**
 * Whether a received frame is meant for us: its destination station is ours, everybody, or
 * a group we listen to (all nodes, solicited nodes of our addresses), its source is one
 * station and not ours (some devices hand up what the host itself sends), and its tag is
 * the link's. An untagged link takes priority tags (VLAN 0) too. Any frame may be asked
 * about, dropped ones too: what is not for us need not be counted.
 */
bool qn_link_accepts(const struct qn_link *link, const struct qn_frame *frame);

/** Whether `address` is ours: an address or service of the configuration, or our link-local. */
bool qn_link_owns(const struct qn_link *link, const struct qn_address *address);

/** Whether `address` is on the link itself: in one of its networks, or link-local. */
bool qn_link_is_near(const struct qn_link *link, const struct qn_address *address);

/** What init was given: never changes. */
const struct qn_link_config *qn_link_config_of(const struct qn_link *link);

/** Most octets of UDP payload that fit the link's MTU in one packet. */
uint16_t qn_link_payload_max(const struct qn_link *link, uint8_t family);

enum qn_link_verdict {
	QN_LINK_REPLY,   /* The buffer holds a reply of `len` octets: send it on this link. */
	QN_LINK_DONE,    /* Learned from; nothing to send. */
	QN_LINK_IGNORED, /* Neither; `ignored` says why. */
};

/** Why input() ignored a frame. */
enum qn_link_ignored {
	QN_LINK_IGNORED_NONE,
	QN_LINK_IGNORED_NOT_OURS,  /* Asks for an address, or pings one, that is not ours. */
	QN_LINK_IGNORED_STRANGER,  /* Tells of a neighbour that we do not talk to. */
	QN_LINK_IGNORED_NOT_ASKED, /* A reply, but no request of ours waits for it. */
	QN_LINK_IGNORED_TOO_SOON,  /* Contradicts what was proved less than a second ago. */
	QN_LINK_IGNORED_CONFLICT,  /* Another station claims one of our addresses. */
	QN_LINK_IGNORED_MALFORMED, /* Breaks RFC 826 or RFC 4861 s7.1: option, target, station. */
	QN_LINK_IGNORED_TOO_LONG,  /* An echo request longer than the link's MTU. */
	QN_LINK_IGNORED_COUNT,
};

/** Words joined by underscores, for a counter's name; never NULL. */
const char *qn_link_ignored_name(enum qn_link_ignored ignored);

struct qn_link_result {
	enum qn_link_verdict verdict;
	enum qn_link_ignored ignored; /* With QN_LINK_IGNORED. */
	uint32_t len;                 /* With QN_LINK_REPLY. */
};

/**
 * Handles a frame of kind QN_FRAME_ARP, QN_FRAME_ND or QN_FRAME_ECHO that accepts() took.
 * `buffer` starts with the frame and is all the room there is, at least QN_LINK_BUFFER_MIN;
 * a reply is written over the frame. Limiting the rate of echo replies is the caller's.
 */
QN_MUST_USE struct qn_link_result qn_link_input(
    struct qn_link *link, struct qn_span buffer, const struct qn_frame *frame, struct qn_now now);

enum qn_link_route {
	QN_LINK_READY,     /* `path` and `source` are set. */
	QN_LINK_RESOLVING, /* The station is not known yet; output() has or had a request. */
	QN_LINK_NO_ROUTE,  /* Not from this link, or to ourselves. */
};

/**
 * The way to `destination`: a neighbour in one of our networks, or a gateway. A gateway that
 * stopped answering is used only when no other is better. `*source` is ours, of the same
 * family, and never a service address.
 */
QN_MUST_USE enum qn_link_route qn_link_route(struct qn_link *link,
    const struct qn_address *destination, struct qn_now now, struct qn_path *path,
    struct qn_address *source);

/** Whether output() may have a request to write: one load, for every turn. */
bool qn_link_has_output(const struct qn_link *link, struct qn_now now);

/**
 * Writes the next ARP request or neighbour solicitation that is due into `buffer`, at least
 * QN_LINK_BUFFER_MIN octets; returns the length of the frame, or 0 when none is due. Each
 * is given to one caller only. Neighbours in use are asked every second until they answer,
 * and again 15 s after that: three times the known station, then everybody.
 */
QN_MUST_USE uint32_t qn_link_output(struct qn_link *link, struct qn_span buffer, struct qn_now now);

/** Whether a gateway of that family answers (neighbour.h). True without any gateway. */
bool qn_link_gateway_resolved(const struct qn_link *link, uint8_t family, struct qn_now now);

/** The same of both families. */
bool qn_link_gateways_resolved(const struct qn_link *link, struct qn_now now);
