/* SPDX-License-Identifier: BSD-2-Clause */
#include "player.h"

#include "authorities.h"
#include "clients.h"
#include "describe.h"
#include "expression.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How long a step waits for what it wants. */
#define PATIENCE_US (30 * QN_US_PER_S)

/* No step lets more time pass: ten years. */
#define ELAPSE_MAX_S (3650.0 * 86400)

/* More turns of the world than any scenario takes whose resolver comes to rest. */
#define TURN_MAX 1000000u

struct player {
	const struct scenario *scenario;
	const struct player_options *options;
	struct world *world;
	struct authorities authorities;
	struct clients clients;
	struct region region;
	struct variable *variables;
	unsigned check_count;
	unsigned turn_count;
	char *reason;
};

/* --- Telling ---------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
tell(const struct player *player, const char *format, ...)
{
	va_list arguments;

	if (!player->options->verbose)
		return;
	fprintf(stderr, "%12.3f ", (double)world_now(player->world).mono.us / QN_US_PER_S);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Says why the scenario fails; returns false. */
__attribute__((format(printf, 2, 3))) static bool
fail(struct player *player, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(player->reason, REASON_MAX, format, arguments);
	va_end(arguments);
	return false;
}

static bool
fail_step(struct player *player, const struct step *step, const char *what)
{
	return fail(player, "step %u %s (line %u): %s", step->id, step_kind_word(step->kind),
	    step->line, what);
}

/* --- The world's events ----------------------------------------------------------------- */

static void
on_query(void *context, const struct world_query *query)
{
	struct player *player = context;
	const struct upstream *upstream = authorities_query(&player->authorities, query);
	char address[QN_ADDRESS_TEXT_MAX], question[DESCRIBE_MAX];

	qn_address_to_text(&query->path.server.address, address);
	if (upstream != NULL)
		tell(player, "%s is asked %s%s%s", address,
		    describe_query(upstream->message, question),
		    upstream->path.tcp ? " over TCP" : "",
		    upstream->open ? " and has no answer" : "");
}

static void
on_answer(void *context, const struct qn_endpoint *client, struct qn_view octets)
{
	struct player *player = context;
	const struct ask *ask = clients_answer(&player->clients, client, octets);
	char address[QN_ADDRESS_TEXT_MAX], reply[DESCRIBE_MAX];

	qn_address_to_text(&client->address, address);
	if (ask != NULL && ask->answer != NULL)
		tell(player, "%s is told %s", address, describe_reply(ask->answer, reply));
}

/* --- Time ------------------------------------------------------------------------------- */

static struct qn_mono
patience_end(const struct player *player)
{
	return qn_mono_after_us(world_now(player->world).mono, PATIENCE_US);
}

/* Lets one thing happen; false when there is none before `until`. */
static bool
turn(struct player *player, struct qn_mono until)
{
	if (player->turn_count == TURN_MAX)
		return false;
	player->turn_count++;
	return world_turn(player->world, until);
}

/* Lets arrive what is on its way. */
static void
settle(struct player *player)
{
	while (world_has_traffic(player->world) && turn(player, patience_end(player)))
		;
}

static bool
worth_waiting(const struct player *player, struct qn_mono until)
{
	return !qn_mono_reached(until, world_now(player->world).mono) &&
	       !world_is_idle(player->world, until);
}

/* --- Steps ------------------------------------------------------------------------------ */

/* The step to which belongs what happens because of `step`. */
static const struct step *
step_in_force(const struct player *player, const struct step *step)
{
	if (player->scenario->dialect == DIALECT_FLAT || step->next == NULL)
		return step;
	return step->next;
}

static bool
play_query(struct player *player, const struct step *step)
{
	const struct qn_mono until = patience_end(player);

	authorities_begin_question(&player->authorities);
	authorities_enter(&player->authorities, step_in_force(player, step));
	if (!clients_ask(&player->clients, step))
		return fail_step(player, step, "the entry makes no message");
	if (player->scenario->dialect == DIALECT_SECTIONED || step->entry->first.raw != NULL)
		return true;
	while (!clients_last_answered(&player->clients) && worth_waiting(player, until) &&
	       turn(player, until))
		;
	return true;
}

static bool
play_check_answer(struct player *player, const struct step *step)
{
	const struct qn_mono until = patience_end(player);
	struct mismatch mismatch;

	while (!clients_check(&player->clients, step, &mismatch))
		if (!worth_waiting(player, until) || !turn(player, until))
			return fail_step(player, step,
			    mismatch.text[0] == '\0' ? "there is no answer" : mismatch.text);
	authorities_forgive(&player->authorities);
	player->check_count++;
	return true;
}

/* Deckard does not look at what was asked, and its files do not always mean it. */
static bool
play_check_out_query(struct player *player, const struct step *step)
{
	const struct qn_mono until = patience_end(player);

	if (player->scenario->dialect == DIALECT_FLAT)
		return true;
	while (!authorities_check(&player->authorities, step))
		if (!worth_waiting(player, until) || !turn(player, until))
			return fail_step(player, step, "the resolver has not asked this");
	return true;
}

static bool
play_reply(struct player *player, const struct step *step)
{
	authorities_enter(&player->authorities, step_in_force(player, step));
	authorities_reply(&player->authorities, step);
	return true;
}

/* Waits for a query to drop, and then for what the resolver makes of that. */
static bool
play_timeout(struct player *player, const struct step *step)
{
	const struct qn_mono until = patience_end(player);

	while (!authorities_drop(&player->authorities, step))
		if (!worth_waiting(player, until) || !turn(player, until))
			return fail_step(player, step, "no query waits for an answer");
	authorities_enter(&player->authorities, step_in_force(player, step));
	const uint32_t asked = player->authorities.count;
	const uint32_t answered = player->clients.answer_count;

	while (player->authorities.count == asked && player->clients.answer_count == answered &&
	       worth_waiting(player, until) && turn(player, until))
		;
	return true;
}

static struct expression_context
expression_context(const struct player *player)
{
	const struct qn_now now = world_now(player->world);
	const struct qn_mono due = world_due(player->world, patience_end(player));

	return (struct expression_context){
	    .variables = player->variables,
	    .time_s = (double)now.wall.s,
	    .timeout_s = (double)qn_mono_since_us(now.mono, due) / QN_US_PER_S,
	};
}

static bool
play_time_passes(struct player *player, const struct step *step)
{
	const struct expression_context context = expression_context(player);
	const char *text = step->text + strcspn(step->text, " \t");
	char error[EXPRESSION_MAX];
	double elapse_s;

	if (!expression_number(&context, text, error, &elapse_s))
		return fail_step(player, step, error);
	if (!(elapse_s >= 0 && elapse_s <= ELAPSE_MAX_S))
		return fail_step(player, step, "that much time cannot pass");
	const struct qn_mono until =
	    qn_mono_after_us(world_now(player->world).mono, (uint64_t)(elapse_s * QN_US_PER_S));

	while (turn(player, until))
		;
	return true;
}

static bool
play_assign(struct player *player, const struct step *step)
{
	const struct expression_context context = expression_context(player);
	const size_t name_len = strcspn(step->text, " \t=");
	const char *equals = strchr(step->text, '=');
	struct variable *variable;
	char value[EXPRESSION_MAX];

	if (equals == NULL)
		return fail_step(player, step, "there is no \"=\"");
	equals++;
	if (!expression_value(&context, equals + strspn(equals, " \t"), value))
		return fail_step(player, step, value);
	variable = region_take(&player->region, sizeof(*variable));
	variable->name = region_text(&player->region, step->text, name_len);
	variable->value = region_text(&player->region, value, strlen(value));
	variable->next = player->variables;
	player->variables = variable;
	return true;
}

/* There is no making a message expire; forgetting it comes closest. */
static bool
play_flush(struct player *player, const struct step *step)
{
	const size_t len = strcspn(step->text, " \t");
	struct qn_name name;

	if (!qn_name_from_text(&name, step->text, len))
		return fail_step(player, step, "there is no name");
	world_flush(player->world, &name);
	return true;
}

static bool
play_step(struct player *player, const struct step *step)
{
	tell(player, "step %u %s %s", step->id, step_kind_word(step->kind), step->text);
	switch (step->kind) {
	case STEP_QUERY:
		return play_query(player, step);
	case STEP_CHECK_ANSWER:
		return play_check_answer(player, step);
	case STEP_CHECK_OUT_QUERY:
		return play_check_out_query(player, step);
	case STEP_REPLY:
		return play_reply(player, step);
	case STEP_TIMEOUT:
	case STEP_ERROR:
		return play_timeout(player, step);
	case STEP_TIME_PASSES:
		return play_time_passes(player, step);
	case STEP_ASSIGN:
		return play_assign(player, step);
	case STEP_FLUSH_MESSAGE:
	case STEP_EXPIRE_MESSAGE:
		return play_flush(player, step);
	case STEP_NOTHING:
	case STEP_TRAFFIC:
	case STEP_INFRA_RTT: /* What Unbound thinks of a server's distance is its own affair. */
	case STEP_CHECK_FILE:
		break;
	}
	return true;
}

static bool
play_steps(struct player *player)
{
	for (const struct step *step = player->scenario->steps; step != NULL; step = step->next) {
		authorities_enter(&player->authorities, step);
		/* An answer that is there already is looked at before anything else happens. */
		if (step->kind != STEP_CHECK_ANSWER)
			settle(player);
		if (!play_step(player, step))
			return false;
		if (player->turn_count == TURN_MAX)
			return fail_step(player, step, "the resolver does not come to rest");
	}
	return true;
}

/* --- The whole -------------------------------------------------------------------------- */

static bool
is_playable(const struct scenario *scenario, char reason[REASON_MAX])
{
	for (const struct step *step = scenario->steps; step != NULL; step = step->next)
		if (step->kind == STEP_CHECK_FILE) {
			snprintf(reason, REASON_MAX,
			    "line %u: needs files that the resolver writes", step->line);
			return false;
		}
	return true;
}

static bool
check_mandatory(struct player *player)
{
	for (const struct range *range = player->scenario->ranges; range != NULL;
	     range = range->next)
		for (const struct entry *entry = range->entries; entry != NULL; entry = entry->next)
			if (entry->mandatory && !entry->used)
				return fail(player, "the entry on line %u was never asked for",
				    entry->line);
	return true;
}

static bool
check_unexpected(struct player *player)
{
	const struct ask *ask = clients_unexpected(&player->clients);
	char address[QN_ADDRESS_TEXT_MAX];

	if (ask == NULL)
		return true;
	qn_address_to_text(&ask->client.address, address);
	return fail(player, "%s was answered, which no step expects", address);
}

static bool
play_all(struct player *player)
{
	if (!play_steps(player) || !check_mandatory(player) || !check_unexpected(player))
		return false;
	if (player->clients.told_unasked)
		return fail(player, "a client was answered twice, or without having asked");
	if (player->authorities.asked_garbage)
		return fail(player, "a server was asked what is no DNS message");
	return true;
}

/* Puts the query that the scenario does not script in front of the reason. */
static enum verdict
judge_failure(struct player *player)
{
	const struct upstream *upstream = authorities_unscripted(&player->authorities);
	char address[QN_ADDRESS_TEXT_MAX], question[DESCRIBE_MAX], reason[REASON_MAX];

	if (upstream == NULL)
		return VERDICT_FAIL;
	memcpy(reason, player->reason, REASON_MAX);
	qn_address_to_text(&upstream->path.server.address, address);
	fail(player, "%s was asked %s, which is not scripted; %.600s", address,
	    describe_query(upstream->message, question), reason);
	return VERDICT_UNDEF;
}

enum verdict
player_play(struct scenario *scenario, const struct settings *settings,
    const struct player_options *options, char reason[REASON_MAX])
{
	struct player player = {.scenario = scenario, .options = options, .reason = reason};
	const struct world_setup setup = {
	    .config = &settings->shard,
	    .wall = settings->wall,
	    .seed = options->seed,
	    .events = {&player, on_query, on_answer},
	};
	enum verdict verdict = VERDICT_PASS;

	if (!is_playable(scenario, reason))
		return VERDICT_SKIP;
	player.world = world_create(&setup);
	authorities_init(
	    &player.authorities, scenario, player.world, options->strict, options->scripted_only);
	clients_init(&player.clients, scenario, player.world, options->strict);
	if (play_all(&player))
		fail(&player, "%u answers as expected", player.check_count);
	else
		verdict = judge_failure(&player);
	clients_free(&player.clients);
	authorities_free(&player.authorities);
	region_free(&player.region);
	world_destroy(player.world);
	return verdict;
}
