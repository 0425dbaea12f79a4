/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quinced: reads its configuration, starts the node, and stops it when told to.
 */
#include "base/broken.h"
#include "budget.h"
#include "control.h"
#include "host/log.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

struct options {
	const char *config_path;
	bool check;
	bool broken;
};

static void
print_usage(FILE *out)
{
	fputs("usage: quinced -c FILE [--check | --broken]\n"
	      "\n"
	      "  -c, --config FILE  the configuration\n"
	      "      --check        reads the configuration, says every error in it, and ends\n"
	      "      --broken       serves even from a build that breaks a rule, for a test\n"
	      "  -h, --help         prints this and ends\n"
	      "  -V, --version      prints the version and ends\n"
	      "\n"
	      "Runs in the foreground and logs on standard error. SIGHUP reads the configuration\n"
	      "again; SIGTERM and SIGINT stop.\n",
	    out);
}

/* Reads the options; -1 to go on, else the status to exit with. */
static int
read_options(struct options *options, int argc, char **argv)
{
	enum { OPTION_CHECK = 256, OPTION_BROKEN };
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, OPTION_CHECK},
	    {"broken", no_argument, NULL, OPTION_BROKEN},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config_path = optarg;
			break;
		case OPTION_CHECK:
			options->check = true;
			break;
		case OPTION_BROKEN:
			options->broken = true;
			break;
		case 'h':
			print_usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("quinced " QN_VERSION);
			return EXIT_SUCCESS;
		default:
			print_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (options->config_path == NULL || optind < argc) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

/* Whether this build may serve: not one that breaks a rule, but for a test that says so. */
static bool
may_serve(const struct options *options)
{
	if (QN_BREAK(none))
		return true;
	if (options->broken) {
		qn_log(QN_LOG_ERROR, "quinced",
		    "THIS BUILD BREAKS A RULE ON PURPOSE (%s) and can be attacked: for tests only.",
		    QN_BROKEN_NAME);
		return true;
	}
	fprintf(stderr,
	    "quinced: this build breaks a rule on purpose (%s), to try the tests; it does not "
	    "serve. Build with -Dbreak=none.\n",
	    QN_BROKEN_NAME);
	return false;
}

static bool
load(struct config *config, struct machine *machine, const char *path)
{
	struct diagnostics errors;
	const int result = machine_read(machine);
	bool ok;

	if (result != 0) {
		fprintf(stderr, "quinced: the kernel does not tell what this machine has: %s.\n",
		    strerror(-result));
		return false;
	}
	diagnostics_init(&errors, path);
	if (config_load(config, machine, &errors))
		budget_check(&config->fixed, machine, &errors);
	ok = diagnostics_empty(&errors);
	diagnostics_print(&errors, stderr);
	diagnostics_fini(&errors);
	return ok;
}

static int
run_node(struct control_socket *socket, const char *config_path, const struct machine *machine,
    const struct config *config)
{
	/* Too large for a stack, and there is one of each. */
	static struct node node;
	static struct control control;
	int result = node_start(&node, config_path, machine, config);

	if (result != 0)
		return result;
	result = control_init(&control, socket, &node);
	if (result == 0)
		control_run(&control);
	node_stop(&node);
	if (result == 0)
		control_fini(&control);
	return result;
}

static int
run(const char *config_path, const struct machine *machine, const struct config *config)
{
	struct control_socket socket;
	struct file_claim claim;
	int result;

	control_block_signals();
	/* First: a second daemon must find out before it touches the ports. */
	result = control_socket_open(&socket, config->fixed.socket);
	if (result != 0)
		return result;
	result = statistics_claim(&claim, config->fixed.statistics);
	if (result == 0) {
		result = run_node(&socket, config_path, machine, config);
		file_claim_release(&claim);
	}
	control_socket_close(&socket);
	return result;
}

int
main(int argc, char **argv)
{
	static struct config config;
	struct machine machine;
	struct options options = {0};
	const int status = read_options(&options, argc, argv);

	if (status >= 0)
		return status;
	if (!may_serve(&options) || !load(&config, &machine, options.config_path))
		return EXIT_FAILURE;
	if (options.check) {
		puts("configuration ok");
		return EXIT_SUCCESS;
	}
	return run(options.config_path, &machine, &config) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
