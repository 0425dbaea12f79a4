/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/**
 * @file
 * What a worker and the thread of the streams write to each other: the head of every record of
 * their pipes, behind which the message follows.
 */
#include "base/address.h"

enum qn_stream_note_kind {
	/* To the worker. */
	QN_STREAM_QUESTION, /* A client's message. */
	QN_STREAM_REPLY,    /* A server's reply to a query. */
	QN_STREAM_FAILURE,  /* There will be no reply to a query. */
	/* From the worker. */
	QN_STREAM_ANSWER,    /* The reply to a client. */
	QN_STREAM_NO_ANSWER, /* There will be no reply to a client's message. */
	QN_STREAM_QUERY,     /* To be sent to a server. */
};

struct qn_stream_note {
	uint64_t token;          /* Goes both ways as whoever asked has made it. */
	struct qn_endpoint peer; /* The client of a question; the server of a query. */
	uint8_t kind;            /* enum qn_stream_note_kind */
	bool encrypted;          /* Of a question: nobody else has seen it. */
};
