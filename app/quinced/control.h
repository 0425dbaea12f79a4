/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * The control thread's loop: signals, clients of the control socket, the service manager.
 *
 * Bounds: CONTROL_CLIENT_MAX clients at once; one more is told so and hung up on.
 */
#include "client.h"
#include "control_socket.h"
#include "notify.h"

/*
 * Each may have one command on its way to the workers, beside those of nobody: a trace that is no
 * longer waited for, two of the node's health, and one that stalls a worker.
 */
#define CONTROL_CLIENT_MAX (COMMAND_BOX_MAX - 4)

struct control {
	struct control_socket *socket;
	struct node *node;
	bool stopping; /* As soon as traffic has gone elsewhere. */
	int signals;   /* signalfd(2) for what control_block_signals() blocks. */
	struct client clients[CONTROL_CLIENT_MAX];
	struct notify notify;
};

/** Blocks the signals that the loop takes, in this thread and those it will make. */
void control_block_signals(void);

/** Prepares the loop. Returns 0, or -errno with the reason logged. */
int control_init(struct control *control, struct control_socket *socket, struct node *node);

/** Runs until SIGTERM or SIGINT comes and traffic has gone elsewhere, or until another comes. */
void control_run(struct control *control);

/** Hangs up on all clients. The workers no longer run. */
void control_fini(struct control *control);
