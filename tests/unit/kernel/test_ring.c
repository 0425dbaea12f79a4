/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ring.h"
#include "support/test.h"

#include <pthread.h>
#include <string.h>

#define PLACES 8

static void
push(struct qn_ring *ring, uint32_t number)
{
	struct qn_ring_frame *frame = qn_ring_room(ring);

	assert_non_null(frame);
	frame->len = (uint16_t)sizeof(number);
	memcpy(frame->octets, &number, sizeof(number));
	qn_ring_push(ring);
}

static uint32_t
number_of(const struct qn_ring_frame *frame)
{
	uint32_t number;

	memcpy(&number, frame->octets, sizeof(number));
	return number;
}

TEST(ring_is_empty_then_full_then_empty)
{
	struct qn_ring *ring = qn_ring_create(PLACES);

	assert_non_null(ring);
	for (uint32_t round = 0; round < 3; round++) {
		assert_null(qn_ring_front(ring));
		for (uint32_t i = 0; i < PLACES; i++)
			push(ring, i);
		assert_null(qn_ring_room(ring));
		for (uint32_t i = 0; i < PLACES; i++) {
			assert_int_equal(number_of(qn_ring_front(ring)), i);
			qn_ring_pop(ring);
		}
	}
	qn_ring_destroy(ring);
}

TEST(ring_has_a_power_of_two_of_places)
{
	assert_is_bug(qn_ring_create(0));
	assert_is_bug(qn_ring_create(12));
}

#define THREAD_FRAMES 200000u

static void *
write_all(void *argument)
{
	struct qn_ring *ring = argument;

	for (uint32_t i = 0; i < THREAD_FRAMES; i++) {
		struct qn_ring_frame *frame;

		do
			frame = qn_ring_room(ring);
		while (frame == NULL);
		frame->len = (uint16_t)sizeof(i);
		memcpy(frame->octets, &i, sizeof(i));
		qn_ring_push(ring);
	}
	return NULL;
}

/* A reader beside the writer sees every frame once, whole, in order. */
TEST(ring_passes_frames_between_threads)
{
	struct qn_ring *ring = qn_ring_create(64);
	pthread_t writer;
	uint32_t wanted = 0;

	assert_non_null(ring);
	assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
	while (wanted < THREAD_FRAMES) {
		const struct qn_ring_frame *frame = qn_ring_front(ring);

		if (frame == NULL)
			continue;
		assert_int_equal(number_of(frame), wanted);
		wanted++;
		qn_ring_pop(ring);
	}
	pthread_join(writer, NULL);
	assert_null(qn_ring_front(ring));
	qn_ring_destroy(ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ring_is_empty_then_full_then_empty),
	    cmocka_unit_test(ring_has_a_power_of_two_of_places),
	    cmocka_unit_test(ring_passes_frames_between_threads),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
