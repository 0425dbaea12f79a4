/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What the files that draw a world share; only they include this.
 *
 *   generate.c          the plan, and all in order     generate_zones.c  which zones there are
 *   generate_servers.c  nameservers and delegations    generate_data.c   what stands in the zones
 */
#include "sim/generate.h"

struct sim_draw {
	struct sim_plan *plan;
	struct sim_world *world;
	struct qn_random *random;
	struct qn_mono start;
};

/* generate.c */

/** Longest name that anything is put at: clients and servers put more in front. */
#define SIM_OWNER_LEN_MAX 150

/** Longest origin of a zone: it leaves room for its nameservers. */
#define SIM_ORIGIN_LEN_MAX 120

/** Puts `label` in front of `name`; false, leaving it alone, when it would get too long. */
bool sim_name_prepend_text(struct qn_name *name, const char *label);

/** A name of one drawn label below `parent`; false when it would get too long. */
bool sim_draw_below(struct sim_draw *draw, struct qn_name *name, const struct qn_name *parent);

/** A TTL of any size. */
uint32_t sim_draw_ttl_s(struct qn_random *random);

/* generate_servers.c */

/** The name of nameserver `number` in the zone at `origin`. */
void sim_name_number(
    struct qn_name *name, const char *stem, unsigned number, const struct qn_name *origin);

/** Adds one to three addresses, of a family that the node uses nearly always. */
void sim_draw_addresses(struct sim_draw *draw, uint16_t host, bool infrastructure);

/** Adds what stands at a nameserver's name to a zone: its addresses. */
void sim_publish_host(
    struct sim_draw *draw, struct sim_zone *zone, uint16_t host, uint32_t ttl_s, uint8_t epochs);

/** Makes `host` a nameserver of `zone` in `epochs`: in the parent, in the zone, and as a server. */
void sim_delegate(
    struct sim_draw *draw, struct sim_zone *zone, uint16_t host, uint8_t epochs, bool glue);

/** A nameserver whose name is in the zone itself: the parent has to give its address. */
void sim_delegate_inside(
    struct sim_draw *draw, struct sim_zone *zone, uint8_t epochs, unsigned number);

/** Draws all nameservers of a zone. */
void sim_draw_hosts(struct sim_draw *draw, struct sim_zone *zone, uint8_t epochs);

/** A nameserver of which the parent does not know: whoever asks it has believed the child. */
void sim_add_private_host(struct sim_draw *draw, struct sim_zone *zone);

/** Whether a zone's data may be needed to find another's servers: those that stay put. */
bool sim_zone_is_provider(const struct sim_zone *zone);

/* generate_zones.c */

void sim_draw_zones(struct sim_draw *draw);

/* generate_data.c */

void sim_draw_data(struct sim_draw *draw);
