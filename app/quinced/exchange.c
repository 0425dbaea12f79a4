/* SPDX-License-Identifier: BSD-2-Clause */
#include "exchange.h"

#include "host/log.h"
#include "line_buffer.h"
#include "lookup.h"
#include "report.h"
#include "servers.h"
#include "shard/client.h"
#include "stall.h"
#include "tracing.h"
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request is one line; a sentence quotes no more than one part of it. */
#define SENTENCE_MAX (LINE_BUFFER_MAX + 256)

void
exchange_refuse(struct exchange *exchange, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	exchange->reply = json_pack("{s:s}", "error", sentence);
}

/* What is to be done, to which node, at what time. */
struct request {
	struct node *node;
	const json_t *arguments;
	struct qn_now now;
};

/* Arguments. */

/* The text under `key`; NULL, with the reply made, when there is none. */
static const char *
text_argument(struct exchange *exchange, const struct request *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request->arguments, key));

	if (text == NULL)
		exchange_refuse(exchange, "The request has no \"%s\".", key);
	return text;
}

static bool
name_argument(struct exchange *exchange, const struct request *request, struct qn_name *name)
{
	const char *text = text_argument(exchange, request, "name");

	if (text == NULL)
		return false;
	if (qn_name_from_text(name, text, strlen(text)))
		return true;
	exchange_refuse(exchange, "\"%s\" is not a domain name.", text);
	return false;
}

/* Name and type, in class IN. */
static bool
question_arguments(
    struct exchange *exchange, const struct request *request, struct qn_question *question)
{
	const char *type;

	question->class = QN_CLASS_IN;
	if (!name_argument(exchange, request, &question->name))
		return false;
	type = text_argument(exchange, request, "type");
	if (type == NULL)
		return false;
	if (qn_type_from_text(&question->type, type))
		return true;
	exchange_refuse(exchange, "\"%s\" is not a record type.", type);
	return false;
}

/* The address of a client, which may be left out. */
static bool
client_argument(struct exchange *exchange, const struct request *request, struct qn_address *client)
{
	*client = (struct qn_address){.family = QN_FAMILY_NONE};
	if (json_object_get(request->arguments, "client") == NULL)
		return true;
	const char *text = text_argument(exchange, request, "client");

	if (text == NULL)
		return false;
	if (qn_address_from_text(client, text))
		return true;
	exchange_refuse(exchange, "\"%s\" is not an IPv4 or IPv6 address.", text);
	return false;
}

/* Commands. */

static void
run_status(struct exchange *exchange, const struct request *request)
{
	exchange->reply = report_status(request->node, request->now);
}

static void
run_stats(struct exchange *exchange, const struct request *request)
{
	exchange->reply = report_stats(request->node);
}

static void
run_ports(struct exchange *exchange, const struct request *request)
{
	exchange->reply = report_ports(request->node);
}

static void
run_lookup(struct exchange *exchange, const struct request *request)
{
	struct qn_question question;
	struct qn_address client;

	if (question_arguments(exchange, request, &question) &&
	    client_argument(exchange, request, &client))
		exchange->reply = lookup_report(request->node, &question, &client, request->now);
}

/* Of an address, of the zone that a name is in, or without either of all. */
static void
run_ns(struct exchange *exchange, const struct request *request)
{
	const json_t *argument = json_object_get(request->arguments, "name");
	const char *text = json_string_value(argument);
	struct qn_address address;
	struct qn_name name;

	if (argument == NULL)
		exchange->reply = servers_report(request->node, request->now);
	else if (text != NULL && qn_address_from_text(&address, text))
		exchange->reply = servers_report_address(request->node, &address, request->now);
	else if (name_argument(exchange, request, &name))
		exchange->reply = servers_report_zone(request->node, &name, request->now);
}

static void
run_trace(struct exchange *exchange, const struct request *request)
{
	struct qn_question question;
	struct qn_address client;
	const char *why;

	if (!question_arguments(exchange, request, &question) ||
	    !client_argument(exchange, request, &client))
		return;
	if (!qn_client_resolves(question.type, question.class)) {
		exchange_refuse(exchange, "Questions of this type are not resolved.");
		return;
	}
	why = tracing_begin(request->node, &request->node->tracing, &question, &client,
	    QN_RESOLVE_TASK_US, request->now);
	if (why != NULL) {
		exchange_refuse(exchange, "%s", why);
		return;
	}
	exchange->tracing = request->node->tracing;
	exchange->wait = EXCHANGE_WAIT_TRACE;
}

static bool
flush_on_worker(struct command *command, struct qn_shard *shard, struct qn_now now)
{
	struct flush *flush = (struct flush *)command;
	uint32_t count;

	(void)now;
	if (!qn_shard_flush(shard, &flush->name, &count))
		return false;
	atomic_fetch_add_explicit(&flush->entry_count, count, memory_order_relaxed);
	return true;
}

static void
run_flush(struct exchange *exchange, const struct request *request)
{
	struct flush *flush = &exchange->flush;

	if (!name_argument(exchange, request, &flush->name))
		return;
	atomic_store_explicit(&flush->entry_count, 0, memory_order_relaxed);
	flush->command.run = flush_on_worker;
	flush->command.sliced = true;
	node_command(request->node, &flush->command);
	exchange->wait = EXCHANGE_WAIT_FLUSH;
}

static void
run_reload(struct exchange *exchange, const struct request *request)
{
	char restart[CONFIG_RESTART_MAX];

	if (!node_reload(request->node, restart)) {
		exchange_refuse(exchange,
		    "%s has errors, and nothing was changed; the log names each with its line.",
		    request->node->config_path);
		return;
	}
	exchange->reply = json_pack("{s:b, s:s}", "reloaded", 1, "waiting_for_restart", restart);
}

static void
run_health(struct exchange *exchange, const struct request *request)
{
	exchange->reply = health_report(&request->node->health, request->node);
}

static void
run_drain(struct exchange *exchange, const struct request *request)
{
	health_drain(&request->node->health, request->node, request->now);
	run_health(exchange, request);
}

static void
run_undrain(struct exchange *exchange, const struct request *request)
{
	if (!health_undrain(&request->node->health)) {
		exchange_refuse(exchange, "The node is stopping, and stays withdrawn.");
		return;
	}
	health_tick(&request->node->health, request->node, request->now);
	run_health(exchange, request);
}

#ifdef QN_TEST_VERBS
static void
run_stall(struct exchange *exchange, const struct request *request)
{
	const json_int_t ms =
	    json_integer_value(json_object_get(request->arguments, "milliseconds"));
	const char *why = stall_begin(request->node, ms > 0 ? (uint64_t)ms : 0);

	if (why != NULL)
		exchange_refuse(exchange, "%s", why);
	else
		exchange->reply = json_pack("{s:I}", "milliseconds", ms);
}
#endif

static void
run_log(struct exchange *exchange, const struct request *request)
{
	static const struct {
		const char *name;
		enum qn_log_level level;
	} levels[] = {
	    {"error", QN_LOG_ERROR},
	    {"warning", QN_LOG_WARNING},
	    {"notice", QN_LOG_NOTICE},
	    {"info", QN_LOG_INFO},
	    {"debug", QN_LOG_DEBUG},
	};
	const char *text = text_argument(exchange, request, "level");

	if (text == NULL)
		return;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(text, levels[i].name) == 0) {
			qn_log_level_set(levels[i].level);
			exchange->reply = json_pack("{s:s}", "level", levels[i].name);
			return;
		}
	exchange_refuse(exchange, "\"%s\" is not error, warning, notice, info or debug.", text);
}

static const struct {
	const char *name;
	void (*run)(struct exchange *exchange, const struct request *request);
} commands[] = {
    {"status", run_status},
    {"stats", run_stats},
    {"ports", run_ports},
    {"lookup", run_lookup},
    {"ns", run_ns},
    {"trace", run_trace},
    {"flush", run_flush},
    {"reload", run_reload},
    {"log", run_log},
    {"health", run_health},
    {"drain", run_drain},
    {"undrain", run_undrain},
#ifdef QN_TEST_VERBS
    {"stall", run_stall},
#endif
};

static void
run(struct exchange *exchange, const struct request *request)
{
	const char *name = text_argument(exchange, request, "command");

	if (name == NULL)
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0) {
			commands[i].run(exchange, request);
			return;
		}
	exchange_refuse(exchange, "\"%s\" is not a command.", name);
}

void
exchange_begin(struct exchange *exchange, struct node *node, const char *line, size_t line_len,
    struct qn_now now)
{
	json_error_t error;
	json_t *arguments = json_loadb(line, line_len, JSON_REJECT_DUPLICATES, &error);

	if (arguments == NULL) {
		exchange_refuse(exchange, "The request is not JSON: %s.", error.text);
		return;
	}
	run(exchange, &(struct request){node, arguments, now});
	json_decref(arguments);
}

/* Makes the reply to a flush; false until all workers have done it. */
static bool
flush_go_on(struct exchange *exchange)
{
	const struct flush *flush = &exchange->flush;
	char name[QN_NAME_TEXT_MAX];

	if (!command_is_done(&flush->command))
		return false;
	qn_name_to_text(&flush->name, name);
	exchange->reply = json_pack("{s:s, s:I}", "name", name, "flushed",
	    (json_int_t)atomic_load_explicit(&flush->entry_count, memory_order_relaxed));
	return true;
}

/* Makes the reply to a trace; false until it is over. */
static bool
trace_go_on(struct exchange *exchange, struct qn_now now)
{
	switch (tracing_state(exchange->tracing, now)) {
	case TRACING_RUNS:
		return false;
	case TRACING_DONE:
		exchange->reply = tracing_report(exchange->tracing);
		break;
	case TRACING_REFUSED:
		exchange_refuse(exchange, "The worker has no place for another question.");
		break;
	case TRACING_LATE:
		exchange_refuse(exchange, "The worker has not come to an end in %u s.",
		    (unsigned)(TRACING_TIME_US / QN_US_PER_S));
		break;
	}
	tracing_end(exchange->tracing);
	return true;
}

bool
exchange_go_on(struct exchange *exchange, struct qn_now now)
{
	bool over = true;

	switch (exchange->wait) {
	case EXCHANGE_WAIT_NOTHING:
		break;
	case EXCHANGE_WAIT_FLUSH:
		over = flush_go_on(exchange);
		break;
	case EXCHANGE_WAIT_TRACE:
		over = trace_go_on(exchange, now);
		break;
	}
	if (over)
		exchange->wait = EXCHANGE_WAIT_NOTHING;
	return over;
}

char *
exchange_take_reply(struct exchange *exchange)
{
	static const char no_memory[] = "{\"error\": \"The daemon is out of memory.\"}";
	char *text = NULL, *line = NULL;

	if (exchange->reply != NULL)
		text = json_dumps(exchange->reply, JSON_REAL_PRECISION(12));
	json_decref(exchange->reply);
	exchange->reply = NULL;
	if (asprintf(&line, "%s\n", text == NULL ? no_memory : text) < 0)
		line = NULL;
	free(text);
	return line;
}
