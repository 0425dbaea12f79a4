/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"
#include "base/wheel.h"
#include "support/test.h"

#define TIMER_COUNT 200u
#define HOUR_US     (3600 * QN_US_PER_S)
#define WHEEL_US    (((1ull << (QN_WHEEL_SLOT_BITS * QN_WHEEL_LEVELS)) - 1) * QN_WHEEL_TICK_US)

/* A timer of the wheel and, beside it, what a plain list would know. */
struct item {
	struct qn_timer timer;
	uint64_t deadline_us;
	bool active;
};

struct model {
	struct qn_wheel wheel;
	struct qn_random random;
	struct qn_mono now;
	struct item items[TIMER_COUNT];
};

static void
model_init(struct model *model, uint64_t start_us, uint8_t seed_octet)
{
	const uint8_t seed[QN_RANDOM_SEED_LEN] = {seed_octet};

	model->now = (struct qn_mono){start_us};
	qn_random_init(&model->random, seed);
	qn_wheel_init(&model->wheel, model->now);
	for (size_t i = 0; i < TIMER_COUNT; i++) {
		qn_timer_init(&model->items[i].timer);
		model->items[i].active = false;
	}
}

static void
model_start(struct model *model, struct item *item, uint64_t delay_us)
{
	item->deadline_us = model->now.us + delay_us;
	item->active = true;
	qn_wheel_start(&model->wheel, &item->timer, qn_mono_after_us(model->now, delay_us));
}

static void
model_stop(struct model *model, struct item *item)
{
	item->active = false;
	qn_wheel_stop(&model->wheel, &item->timer);
}

/* A timer fires in the first tick that begins at or after its deadline. */
static uint64_t
fires_us(const struct item *item)
{
	return (item->deadline_us + QN_WHEEL_TICK_US - 1) / QN_WHEEL_TICK_US * QN_WHEEL_TICK_US;
}

/* Time of the next firing; UINT64_MAX when no timer runs. */
static uint64_t
model_next_us(const struct model *model)
{
	uint64_t next_us = UINT64_MAX;

	for (size_t i = 0; i < TIMER_COUNT; i++)
		if (model->items[i].active && fires_us(&model->items[i]) < next_us)
			next_us = fires_us(&model->items[i]);
	return next_us;
}

/* Takes all that is due, each of which must be, and leaves nothing due behind. */
static unsigned
model_expire(struct model *model)
{
	struct qn_timer *timer;
	unsigned count = 0;

	while ((timer = qn_wheel_expire(&model->wheel, model->now)) != NULL) {
		struct item *item = (struct item *)(void *)timer;

		assert_true(item->active);
		assert_true(fires_us(item) <= model->now.us);
		assert_false(qn_timer_active(timer));
		item->active = false;
		count++;
	}
	assert_true(model_next_us(model) > model->now.us);
	return count;
}

static void
assert_rest(const struct model *model, uint64_t most_us)
{
	const uint64_t next_us = model_next_us(model);
	const uint64_t rest_us = qn_wheel_rest_us(&model->wheel, model->now, most_us);

	assert_true(rest_us <= most_us);
	if (next_us != UINT64_MAX)
		assert_true(model->now.us + rest_us <= next_us || rest_us == 0);
}

/* A delay of any size: each number of bits is as likely. */
static uint64_t
random_delay_us(struct model *model, unsigned bits_most)
{
	const unsigned bits = qn_random_below(&model->random, bits_most + 1);

	return qn_random_u64(&model->random) & ((1ull << bits) - 1);
}

static void
model_step(struct model *model)
{
	struct item *item = &model->items[qn_random_below(&model->random, TIMER_COUNT)];

	switch (qn_random_below(&model->random, 8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		model_start(model, item, random_delay_us(model, 36));
		break;
	case 4:
		model_stop(model, item);
		break;
	default:
		model->now.us += random_delay_us(model, 27);
		break;
	}
	assert_rest(model, random_delay_us(model, 30));
	/* Now and then timers pile up unseen. */
	if (qn_random_below(&model->random, 4) > 0)
		model_expire(model);
	assert_rest(model, UINT32_MAX);
}

static void
model_run(uint64_t start_us, uint8_t seed, unsigned steps)
{
	struct model *model = test_malloc(sizeof(*model));
	uint32_t active = 0;

	model_init(model, start_us, seed);
	for (unsigned step = 0; step < steps; step++)
		model_step(model);
	model_expire(model);
	for (size_t i = 0; i < TIMER_COUNT; i++) {
		assert_int_equal(model->items[i].active, qn_timer_active(&model->items[i].timer));
		active += model->items[i].active;
	}
	assert_int_equal(model->wheel.count, active);
	test_free(model);
}

TEST(wheel_agrees_with_a_plain_list)
{
	model_run(0, 1, 4000);
	model_run(1, 2, 4000);
	/* Shortly before the ticks carry into each level, and far up. */
	model_run((QN_WHEEL_SLOT_COUNT - 1) * QN_WHEEL_TICK_US, 3, 1000);
	model_run(WHEEL_US - 5000, 4, 1000);
	model_run(1ull << 60, 5, 1000);
}

/* Jumps of hours with timers running, up to beyond the wheel's whole turn. */
TEST(wheel_survives_long_jumps)
{
	static const uint64_t jumps_us[] = {HOUR_US, WHEEL_US - 1, WHEEL_US, WHEEL_US + 1,
	    WHEEL_US + QN_WHEEL_TICK_US, 10 * HOUR_US};
	struct model *model = test_malloc(sizeof(*model));

	model_init(model, 12345, 6);
	for (size_t i = 0; i < COUNT_OF(jumps_us); i++) {
		for (size_t at = 0; at < TIMER_COUNT; at++)
			model_start(model, &model->items[at], random_delay_us(model, 35));
		/* At the jump's end, before and behind it. */
		model_start(model, &model->items[0], jumps_us[i]);
		model_start(model, &model->items[1], jumps_us[i] - 2 * QN_WHEEL_TICK_US);
		model_start(model, &model->items[2], jumps_us[i] + 1);
		model->now.us += jumps_us[i];
		assert_true(model_expire(model) > 0);
		assert_false(model->items[1].active);
		assert_true(model->items[2].active);
	}
	test_free(model);
}

/* Sleeping just as long as rest_us says meets every deadline within its tick. */
TEST(wheel_rest_leads_to_the_deadline)
{
	static const uint64_t delays_us[] = {
	    0, 1, QN_WHEEL_TICK_US, 65 * QN_WHEEL_TICK_US, 3 * QN_US_PER_S, 600 * QN_US_PER_S};
	struct model *model = test_malloc(sizeof(*model));

	model_init(model, 777, 7);
	for (size_t i = 0; i < COUNT_OF(delays_us); i++) {
		model_start(model, &model->items[0], delays_us[i]);
		const uint64_t due_us = fires_us(&model->items[0]);
		unsigned naps = 0;

		while (model_expire(model) == 0) {
			const uint64_t rest_us =
			    qn_wheel_rest_us(&model->wheel, model->now, HOUR_US);

			assert_true(rest_us > 0);
			model->now.us += rest_us;
			naps++;
		}
		assert_true(model->now.us <= (due_us > model->now.us ? due_us : model->now.us));
		/* One nap a turn of the finest level, and one to align with it. */
		assert_true(naps <= delays_us[i] / (64 * QN_WHEEL_TICK_US) + 2);
	}
	test_free(model);
}

TEST(wheel_rests_when_empty)
{
	struct model *model = test_malloc(sizeof(*model));

	model_init(model, 5000, 8);
	assert_int_equal(qn_wheel_rest_us(&model->wheel, model->now, 250000), 250000);
	model->now.us += 1000 * HOUR_US;
	assert_int_equal(model_expire(model), 0);
	/* It has caught up: a timer started now fires in its time. */
	model_start(model, &model->items[0], 3 * QN_WHEEL_TICK_US);
	model->now.us += 2 * QN_WHEEL_TICK_US;
	assert_int_equal(model_expire(model), 0);
	model->now.us += 2 * QN_WHEEL_TICK_US;
	assert_int_equal(model_expire(model), 1);
	test_free(model);
}

TEST(wheel_fires_what_is_late_already)
{
	struct qn_wheel wheel;
	struct qn_timer timer;
	const struct qn_mono now = {10 * QN_US_PER_S};

	qn_wheel_init(&wheel, now);
	qn_timer_init(&timer);
	qn_wheel_start(&wheel, &timer, (struct qn_mono){1});
	assert_int_equal(qn_wheel_rest_us(&wheel, now, QN_US_PER_S), 0);
	assert_ptr_equal(qn_wheel_expire(&wheel, now), &timer);
	assert_null(qn_wheel_expire(&wheel, now));
}

TEST(wheel_stop_is_harmless_when_idle)
{
	struct qn_wheel wheel;
	struct qn_timer timer;

	qn_wheel_init(&wheel, (struct qn_mono){0});
	qn_timer_init(&timer);
	qn_wheel_stop(&wheel, &timer);
	qn_wheel_start(&wheel, &timer, (struct qn_mono){QN_US_PER_S});
	assert_true(qn_timer_active(&timer));
	qn_wheel_stop(&wheel, &timer);
	qn_wheel_stop(&wheel, &timer);
	assert_int_equal(wheel.count, 0);
	assert_null(qn_wheel_expire(&wheel, (struct qn_mono){2 * QN_US_PER_S}));
}

/* Thousands of timers in one coarse slot are moved in several calls, and none is lost. */
TEST(wheel_moves_a_few_at_a_time)
{
	static struct qn_timer timers[16 * QN_WHEEL_MOVES_MAX];
	const struct qn_mono start = {0};
	const struct qn_mono due = {20 * QN_US_PER_S};
	unsigned idle_calls = 0;
	unsigned fired = 0;
	struct qn_wheel wheel;

	qn_wheel_init(&wheel, start);
	for (size_t i = 0; i < COUNT_OF(timers); i++) {
		qn_timer_init(&timers[i]);
		qn_wheel_start(&wheel, &timers[i], due);
	}
	while (fired < COUNT_OF(timers)) {
		const struct qn_mono now = {due.us + QN_WHEEL_TICK_US};

		if (qn_wheel_expire(&wheel, now) != NULL) {
			fired++;
			continue;
		}
		assert_int_equal(qn_wheel_rest_us(&wheel, now, 1000), 0);
		idle_calls++;
		assert_true(idle_calls < 1000);
	}
	/* Twice, for they lie on the third level first. */
	assert_in_range(idle_calls, 16, 64);
	assert_int_equal(wheel.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wheel_agrees_with_a_plain_list),
	    cmocka_unit_test(wheel_survives_long_jumps),
	    cmocka_unit_test(wheel_rest_leads_to_the_deadline),
	    cmocka_unit_test(wheel_rests_when_empty),
	    cmocka_unit_test(wheel_fires_what_is_late_already),
	    cmocka_unit_test(wheel_stop_is_harmless_when_idle),
	    cmocka_unit_test(wheel_moves_a_few_at_a_time),
	};

	return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
