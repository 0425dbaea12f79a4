/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The configuration: a YAML file, read and checked as a whole, then never changed.
 *
 * Memory: a plain value that may be copied; it points at nothing but its local data, which are
 *         the same for all copies and are freed once: by config_fini(), or by whoever has taken
 *         them over (snapshot.h).
 * Errors: every one in the file is noted with its line, not just the first.
 */
#include "diagnostics.h"
#include "machine.h"
#include "shard/shard.h"

#include <limits.h>

#define CONFIG_DEVICE_MAX    256 /* Octets of a device's description, the final zero included. */
#define CONFIG_ADDRESS_MAX   QN_LINK_ADDRESS_MAX
#define CONFIG_GATEWAY_MAX   (2 * QN_LINK_GATEWAY_MAX)
#define CONFIG_RANGE_MAX     16
#define CONFIG_PROBE_MAX     8
#define CONFIG_INTERFACE_MAX 14  /* Two digits may follow, and a final zero. */
#define CONFIG_PATH_MAX      108 /* As long as the name of a Unix socket may be. */

/** Numbers from `first` to `last`, both included. */
struct config_range {
	uint16_t first;
	uint16_t last;
};

enum config_poll {
	CONFIG_POLL_ADAPTIVE, /* Rests when there is nothing to do. */
	CONFIG_POLL_BUSY,     /* Never sleeps. */
};

struct config_port {
	char device[CONFIG_DEVICE_MAX];
	struct qn_prefix addresses[CONFIG_ADDRESS_MAX]; /* Address and length of its network. */
	uint8_t address_count;
	struct qn_address gateways[CONFIG_GATEWAY_MAX];
	uint8_t gateway_count;
	uint16_t vlan; /* 0: untagged. */
	uint16_t mtu;  /* 0: what the device has. */
};

/** TCP and TLS. */
struct config_streams {
	bool listen;                /* TCP with clients. */
	bool upstream;              /* TCP with servers. */
	uint32_t connection_max;    /* Of clients, in all, ... */
	uint32_t network_max;       /* ... and of one network. */
	uint32_t idle_s;            /* How long one may idle. */
	char certificate[PATH_MAX]; /* Of TLS with clients; empty: none. */
	char key[PATH_MAX];
};

/** Whether there are any streams at all. */
static inline bool
config_has_streams(const struct config_streams *streams)
{
	return streams->listen || streams->upstream || streams->certificate[0] != '\0';
}

/** The kernel's side of the ports: drivers/kernel. */
struct config_kernel {
	bool off;
	char prefix[CONFIG_INTERFACE_MAX]; /* Of the interfaces' names. */
	uint32_t rate;                     /* Frames a second that a lane lets through. */
	struct config_range udp_ports[CONFIG_RANGE_MAX];
	uint8_t udp_port_count;
};

#define CONFIG_TABLE_MAIN 254 /* The kernel's number for its main routing table. */

/** The announcement of the service addresses, and what it depends on: health.h. */
struct config_announce {
	uint32_t table;   /* The kernel's number for it. */
	uint32_t after_s; /* Of fitness, before the addresses are announced. */
	uint32_t drain_s; /* That a stop waits at most for traffic to go elsewhere. */
	bool last_resort; /* Stays announced when nothing can be resolved. */
	struct qn_name probes[CONFIG_PROBE_MAX];
	uint8_t probe_count;
};

/** What is fixed from start to stop. */
struct config_fixed {
	uint64_t cache_bytes;                  /* Of the whole node. */
	unsigned cache_line;                   /* Where the file says so; 0 when it does not. */
	uint16_t workers[QN_SHARD_WORKER_MAX]; /* Cores. */
	uint16_t worker_count;
	enum config_poll poll;
	struct config_port ports[QN_SHARD_LINK_MAX];
	uint16_t port_count;
	struct config_streams streams; /* Its files may change, though. */
	struct config_kernel kernel;
	struct config_announce announce;
	char socket[CONFIG_PATH_MAX];
	char statistics[PATH_MAX]; /* Full path of the file; empty: none. */
};

struct config {
	struct config_fixed fixed;
	struct qn_shard_config live; /* What workers see; a reload changes most of it. */
	bool cookie_secret_given;    /* Else live.cookie_secret is left to the node. */
};

/**
 * Reads and checks the file that `errors` names. True with `config` filled; false, with at
 * least one error noted, when there is anything wrong with it.
 */
bool config_load(struct config *config, const struct machine *machine, struct diagnostics *errors);

/** Frees the local data. */
void config_fini(struct config *config);

/** The same, for who has taken a copy over. */
void config_free_local(struct qn_shard_config *live);

/** Room for what config_reload() says, the final zero included. */
#define CONFIG_RESTART_MAX 192

/**
 * Takes over from `next` what may change while the node runs. Names, joined by ", ", the keys
 * that differ too but wait for a restart; an empty text when there are none.
 */
void config_reload(
    struct config *config, const struct config *next, char restart[CONFIG_RESTART_MAX]);
