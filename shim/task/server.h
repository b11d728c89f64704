/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - ttrpc over a unix socket: connections, and the calls that come over them
 *
 * In       frames of clients; each of them must be the user that we are
 * Out      struct call, to a dispatcher; it is answered then or days later, in any order
 * Effects  accepts, reads and writes; a broken connection closes, and no other with it
 * Source   containerd/ttrpc, PROTOCOL.md and server.go
 *
 * Who has a call owns it until call_reply() or call_fail(), whatever becomes of its client.
 */
#ifndef KEDGE_SHIM_TASK_SERVER_H
#define KEDGE_SHIM_TASK_SERVER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/task/code.h"
#include "shim/task/loop.h"

struct conn;
struct call;

struct server {
	struct loop *loop;
	struct loop_source source; /* the listening socket */
	struct loop_timer pause;   /* of accepting, when there is no fd to be had */
	/*
	 * Takes a call and owns it. `payload` is the request's body, valid only now. What it is
	 * for is in call->method, and call->arg is the dispatcher's.
	 */
	void (*dispatch)(void *arg, struct call *call, const ProtobufCBinaryData *payload);
	void *arg;
	struct conn *conns;
	unsigned int n_looked; /* who have connected and left without a word, less who came after */
	unsigned long long looked_at_us; /* when the last of them did */
};

/* A request that hasn't been answered. */
struct call {
	struct conn *conn; /* NULL: the client has gone, and nobody hears the answer */
	uint32_t stream;
	bool is_answered; /* it took too long: the client has been told so */
	char *service;
	char *method;
	ProtobufCMessage *request; /* as the dispatcher has unpacked it; goes with the call */
	/* for who keeps the call: told once when the client no longer waits, and may then end it */
	void (*gone)(struct call *call);
	void *owner;
	struct loop *loop;
	struct loop_timer timer;   /* the client's patience */
	struct call *next, **link; /* of the connection's calls */
	struct call *next_waiter;  /* the owner's to use */
};

/*
 * Serve the listening socket `fd` (consumed). Errors: ERR_SYS.
 */
int server_init(struct server *server, struct loop *loop, int fd, struct err *err);

/* Whether answers are still to be written to a client. */
bool server_is_writing(const struct server *server);

/*
 * Whether a client is to come: somebody has just connected and not said anything, or has left like that a
 * moment ago, and no client has come since. So `start` looks whether there is a shim for a task, before
 * containerd connects for it.
 */
bool server_is_expecting(const struct server *server);

/* Close the socket and all connections. Calls that are still owned stay their owners'. */
void server_done(struct server *server);

/* Answer with a message; NULL is an empty one. The call is gone afterwards. */
void call_reply(struct call *call, const ProtobufCMessage *answer);

/* Answer with an error of our own. The call is gone afterwards. */
void call_fail(struct call *call, enum code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Answer with an error of core/: the code by its kind, its hint behind the message. */
void call_fail_err(struct call *call, const struct err *err);

#endif
