/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h - one client's connection: bytes in, frames; frames, bytes out
 *
 * Effects  reads and writes one socket, without ever waiting for it
 */
#ifndef KEDGE_SHIM_TASK_CONN_H
#define KEDGE_SHIM_TASK_CONN_H

#include "shim/task/frame.h"
#include "shim/task/server.h"

/* A client that doesn't read its answers isn't listened to either until it has taken these. */
#define CONN_MAX_UNREAD_BYTES (8U << 20)

struct conn {
	struct server *server;
	struct loop_source source;
	struct frame_reader in;
	struct buf out;
	unsigned long long opened_us;
	size_t out_at;	      /* what of it has been written */
	uint32_t last_stream; /* a client's streams are odd and go up */
	struct call *calls;
	unsigned int busy; /* who is using it right now and will look whether it is dead */
	bool is_dead;
	struct conn *next;
};

/* Take an accepted socket (consumed). Closes it when that fails. */
void conn_open(struct server *server, int fd);

/* Send a frame, now or when the client takes it. */
void conn_send(struct conn *conn, const struct frame *frame);

/* Close it. Its calls go on without it. */
void conn_close(struct conn *conn);

/*
 * What a frame of a request means: make the call and hand it to the dispatcher, or say why not.
 * In call.c, for the tests.
 */
void call_take(struct conn *conn, const struct frame *frame);

/* The call's client has gone. */
void call_orphan(struct call *call);

/* Send a response without a call: what is wrong with a frame. */
void conn_refuse(struct conn *conn, uint32_t stream, enum code code, const char *text);

#endif
