/* SPDX-License-Identifier: BSD-2-Clause */
#include "exchange.h"

#include "host/clock.h"
#include "host/log.h"
#include "line_buffer.h"
#include "lookup.h"
#include "report.h"
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

/* Arguments. */

/* The text under `key`; NULL, with the reply made, when there is none. */
static const char *
text_argument(struct exchange *exchange, const json_t *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request, key));

	if (text == NULL)
		exchange_refuse(exchange, "The request has no \"%s\".", key);
	return text;
}

static bool
name_argument(struct exchange *exchange, const json_t *request, struct qn_name *name)
{
	const char *text = text_argument(exchange, request, "name");

	if (text == NULL)
		return false;
	if (qn_name_from_text(name, text, strlen(text)))
		return true;
	exchange_refuse(exchange, "\"%s\" is not a domain name.", text);
	return false;
}

/* Commands. */

static void
run_status(struct exchange *exchange, struct node *node, const json_t *request)
{
	(void)request;
	exchange->reply = report_status(node, qn_clock_read());
}

static void
run_stats(struct exchange *exchange, struct node *node, const json_t *request)
{
	(void)request;
	exchange->reply = report_stats(node);
}

static void
run_ports(struct exchange *exchange, struct node *node, const json_t *request)
{
	(void)request;
	exchange->reply = report_ports(node);
}

static void
run_lookup(struct exchange *exchange, struct node *node, const json_t *request)
{
	struct qn_name name;
	const char *type_text;
	uint16_t type;

	if (!name_argument(exchange, request, &name))
		return;
	type_text = text_argument(exchange, request, "type");
	if (type_text == NULL)
		return;
	if (!qn_type_from_text(&type, type_text)) {
		exchange_refuse(exchange, "\"%s\" is not a record type.", type_text);
		return;
	}
	exchange->reply = lookup_report(node, &name, type, qn_clock_read());
}

static bool
flush_on_worker(struct command *command, struct qn_shard *shard)
{
	struct flush *flush = (struct flush *)command;
	uint32_t count;

	if (!qn_shard_flush(shard, &flush->name, &count))
		return false;
	atomic_fetch_add_explicit(&flush->entry_count, count, memory_order_relaxed);
	return true;
}

static void
run_flush(struct exchange *exchange, struct node *node, const json_t *request)
{
	struct flush *flush = &exchange->flush;
	const uint16_t worker_count = node->config.fixed.worker_count;

	if (!name_argument(exchange, request, &flush->name))
		return;
	atomic_store_explicit(&flush->entry_count, 0, memory_order_relaxed);
	flush->command.run = flush_on_worker;
	atomic_store_explicit(&flush->command.left, worker_count, memory_order_relaxed);
	for (uint16_t i = 0; i < worker_count; i++)
		command_send(&node->workers[i].commands, &flush->command);
	exchange->flushing = true;
}

static void
run_reload(struct exchange *exchange, struct node *node, const json_t *request)
{
	char restart[CONFIG_RESTART_MAX];

	(void)request;
	if (!node_reload(node, restart)) {
		exchange_refuse(exchange,
		    "%s has errors, and nothing was changed; the log names each with its line.",
		    node->config_path);
		return;
	}
	exchange->reply = json_pack("{s:b, s:s}", "reloaded", 1, "waiting_for_restart", restart);
}

static void
run_log(struct exchange *exchange, struct node *node, const json_t *request)
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

	(void)node;
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
	void (*run)(struct exchange *exchange, struct node *node, const json_t *request);
} commands[] = {
    {"status", run_status},
    {"stats", run_stats},
    {"ports", run_ports},
    {"lookup", run_lookup},
    {"flush", run_flush},
    {"reload", run_reload},
    {"log", run_log},
};

static void
run(struct exchange *exchange, struct node *node, const json_t *request)
{
	const char *name = text_argument(exchange, request, "command");

	if (name == NULL)
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0) {
			commands[i].run(exchange, node, request);
			return;
		}
	exchange_refuse(exchange, "\"%s\" is not a command.", name);
}

void
exchange_begin(struct exchange *exchange, struct node *node, const char *line, size_t line_len)
{
	json_error_t error;
	json_t *request = json_loadb(line, line_len, JSON_REJECT_DUPLICATES, &error);

	if (request == NULL) {
		exchange_refuse(exchange, "The request is not JSON: %s.", error.text);
		return;
	}
	run(exchange, node, request);
	json_decref(request);
}

bool
exchange_is_waiting(struct exchange *exchange)
{
	struct flush *flush = &exchange->flush;
	char name[QN_NAME_TEXT_MAX];

	if (!exchange->flushing)
		return false;
	if (!command_is_done(&flush->command))
		return true;
	qn_name_to_text(&flush->name, name);
	exchange->reply = json_pack("{s:s, s:I}", "name", name, "flushed",
	    (json_int_t)atomic_load_explicit(&flush->entry_count, memory_order_relaxed));
	exchange->flushing = false;
	return false;
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
