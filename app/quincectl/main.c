/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quincectl: asks a running quinced, and prints what it replies.
 */
#include "connection.h"
#include "print.h"
#include "print_servers.h"
#include "print_trace.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE     2
#define SOCKET_DEFAULT "/run/quince/control.sock"
#define ARGUMENT_MAX   3

/* How long a reply may take: most come at once; a question, and a large cache, take their time. */
#define PATIENCE_S       8
#define PATIENCE_TRACE_S 12
#define PATIENCE_FLUSH_S 60

/* What can be asked, with the names of its arguments in the request. */
static const struct command {
	const char *name;
	const char *arguments[ARGUMENT_MAX];
	int optional_count; /* Of these, at the end. */
	void (*print)(const json_t *reply, FILE *out);
	unsigned patience_s;
} commands[] = {
    {"status", {NULL}, 0, print_reply, PATIENCE_S},
    {"stats", {NULL}, 0, print_stats, PATIENCE_S},
    {"ports", {NULL}, 0, print_reply, PATIENCE_S},
    {"lookup", {"name", "type", "client"}, 1, print_reply, PATIENCE_S},
    {"trace", {"name", "type", "client"}, 1, print_trace, PATIENCE_TRACE_S},
    {"ns", {"name"}, 1, print_servers, PATIENCE_S},
    {"flush", {"name"}, 0, print_reply, PATIENCE_FLUSH_S},
    {"reload", {NULL}, 0, print_reply, PATIENCE_S},
    {"log", {"level"}, 0, print_reply, PATIENCE_S},
    {"health", {NULL}, 0, print_reply, PATIENCE_S},
    {"drain", {NULL}, 0, print_reply, PATIENCE_S},
    {"undrain", {NULL}, 0, print_reply, PATIENCE_S},
};

struct options {
	const char *socket_path;
	bool json;
	const struct command *command;
	char **arguments;
	int argument_count;
};

static void
print_usage(FILE *out)
{
	fputs("usage: quincectl [--socket PATH] [--json] COMMAND\n"
	      "\n"
	      "  status            state, memory, and what is going on now\n"
	      "  stats             counters of all workers since the start\n"
	      "  ports             devices, addresses and packets\n"
	      "  lookup NAME TYPE [CLIENT]\n"
	      "                    what local data say and the cache holds; sends nothing\n"
	      "  trace NAME TYPE [CLIENT]\n"
	      "                    resolves anew, and shows each query and what came of it\n"
	      "  ns [ZONE|ADDRESS]\n"
	      "                    what is known of nameservers, and why one is asked or avoided\n"
	      "  flush NAME        forgets the name and everything below it\n"
	      "  reload            reads the configuration again\n"
	      "  health            whether the node is fit, and why not; status 0 only if it is\n"
	      "  drain             withdraws the addresses, so that traffic goes elsewhere\n"
	      "  undrain           lets them be announced again\n"
	      "  log LEVEL         logs up to error, warning, notice, info or debug\n"
	      "\n"
	      "CLIENT is an address whose view counts; without it, that of clients in no view.\n"
	      "\n"
	      "  -s, --socket PATH  the daemon's control socket; " SOCKET_DEFAULT " if not given\n"
	      "  -j, --json         prints JSON, as it also does when the output is no terminal\n"
	      "  -h, --help         prints this and ends\n"
	      "  -V, --version      prints the version and ends\n",
	    out);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool
takes_count(const struct command *command, int count)
{
	int most = 0;

	while (most < ARGUMENT_MAX && command->arguments[most] != NULL)
		most++;
	return count <= most && count >= most - command->optional_count;
}

static int
usage_error(void)
{
	print_usage(stderr);
	return EXIT_USAGE;
}

/* Reads the options; -1 to go on, else the status to exit with. */
static int
read_options(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"socket", required_argument, NULL, 's'},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:jhV", longs, NULL)) != -1) {
		switch (option) {
		case 's':
			options->socket_path = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			print_usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("quincectl " QN_VERSION);
			return EXIT_SUCCESS;
		default:
			return usage_error();
		}
	}
	if (optind == argc)
		return usage_error();
	options->command = find_command(argv[optind]);
	options->arguments = argv + optind + 1;
	options->argument_count = argc - optind - 1;
	if (options->command == NULL || !takes_count(options->command, options->argument_count))
		return usage_error();
	return -1;
}

/* NULL when an argument is not text that JSON can hold, which is UTF-8. */
static json_t *
make_request(const struct options *options)
{
	const struct command *command = options->command;
	json_t *request = json_pack("{s:s}", "command", command->name);

	for (int i = 0; i < options->argument_count; i++)
		if (json_object_set_new(
			request, command->arguments[i], json_string(options->arguments[i])) != 0) {
			json_decref(request);
			return NULL;
		}
	return request;
}

static int
fail(const char *sentence)
{
	fprintf(stderr, "quincectl: %s\n", sentence);
	return EXIT_FAILURE;
}

static int
print(const struct options *options, const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (error != NULL)
		return fail(error);
	if (options->json) {
		json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
		putchar('\n');
	} else {
		options->command->print(reply, stdout);
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("the output cannot be written.");
}

/* Only who asks for the health gets it as a status. */
static bool
is_unfit(const struct options *options, const json_t *reply)
{
	return strcmp(options->command->name, "health") == 0 &&
	       !json_is_true(json_object_get(reply, "fit"));
}

int
main(int argc, char **argv)
{
	struct options options = {.socket_path = SOCKET_DEFAULT, .json = !isatty(STDOUT_FILENO)};
	char error[CONNECTION_ERROR_MAX];
	json_t *request, *reply;
	int status = read_options(&options, argc, argv);

	if (status >= 0)
		return status;
	request = make_request(&options);
	if (request == NULL)
		return fail("the arguments must be UTF-8 text.");
	reply = connection_ask(options.socket_path, request, options.command->patience_s, error);
	status = reply == NULL ? fail(error) : print(&options, reply);
	if (status == EXIT_SUCCESS && is_unfit(&options, reply))
		status = EXIT_FAILURE;
	json_decref(request);
	json_decref(reply);
	return status;
}
